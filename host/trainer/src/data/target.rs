//! The size that images are brought to where no network says one.

use super::samples::ImageShape;
use std::fmt;
use std::str::FromStr;

/// Width and height for images of a dataset, which are stretched to them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TargetSize {
    /// The dataset's own: the most common one.
    #[default]
    Own,
    /// The dataset's own up to [`LARGEST`], else [`REDUCED`] both ways.
    Reduced,
    /// These.
    Exactly {
        /// Rows, at least 1.
        height: u16,
        /// Columns, at least 1.
        width: u16,
    },
}

/// Most rows or columns of images that were made for a small network, such as MNIST's or CIFAR's.
/// Photographs have more.
pub const LARGEST: usize = 64;
/// Rows and columns that photographs are brought to.
pub const REDUCED: usize = 32;

/// A text that is no size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a size: write own, one number for width and height such as 48, or WIDTHxHEIGHT")]
pub struct TargetSizeError;

impl TargetSize {
    /// The shape for images whose own shape is `own`.
    pub fn of(self, own: ImageShape) -> ImageShape {
        let (height, width) = match self {
            Self::Own => (own.height, own.width),
            Self::Reduced if own.height.max(own.width) > LARGEST => (REDUCED, REDUCED),
            Self::Reduced => (own.height, own.width),
            Self::Exactly { height, width } => (height.into(), width.into()),
        };
        ImageShape {
            channels: own.channels,
            height,
            width,
        }
    }
}

impl FromStr for TargetSize {
    type Err = TargetSizeError;

    fn from_str(text: &str) -> Result<Self, TargetSizeError> {
        if text == "own" {
            return Ok(Self::Own);
        }
        let (width, height) = text.split_once('x').unwrap_or((text, text));
        let [width, height] = [width, height].map(|extent| match extent.parse() {
            Ok(0) | Err(_) => Err(TargetSizeError),
            Ok(extent) => Ok(extent),
        });
        Ok(Self::Exactly {
            height: height?,
            width: width?,
        })
    }
}

impl fmt::Display for TargetSize {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Own => formatter.write_str("own"),
            Self::Reduced => write!(formatter, "{REDUCED} for images above {LARGEST}x{LARGEST}"),
            Self::Exactly { height, width } => write!(formatter, "{width}x{height}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(size: TargetSize, height: usize, width: usize) -> [usize; 2] {
        let own = ImageShape {
            channels: 3,
            height,
            width,
        };
        let shape = size.of(own);
        assert_eq!(shape.channels, 3);
        [shape.height, shape.width]
    }

    #[test]
    fn only_photographs_are_reduced() {
        assert_eq!(of(TargetSize::Reduced, 64, 28), [64, 28]);
        assert_eq!(of(TargetSize::Reduced, 65, 28), [32, 32]);
        assert_eq!(of(TargetSize::Own, 480, 640), [480, 640]);
    }

    #[test]
    fn sizes_read_as_they_are_written() {
        let exactly =
            |height, width| Ok::<_, TargetSizeError>(TargetSize::Exactly { height, width });
        assert_eq!("48".parse(), exactly(48, 48));
        assert_eq!("32x24".parse(), exactly(24, 32));
        assert_eq!(exactly(24, 32).unwrap().to_string(), "32x24");
        assert_eq!("own".parse(), Ok(TargetSize::Own));
        for text in ["", "0", "-1", "32x", "x", "32x0", "32x32x3", "65536", "3.5"] {
            assert_eq!(text.parse::<TargetSize>(), Err(TargetSizeError), "{text}");
        }
    }
}

//! Why a picture is no input.

use core::fmt;

/// Why a picture is refused, or not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FrameError {
    /// It has no pixels.
    Empty {
        /// Pixels of a row.
        width: usize,
        /// Rows.
        height: usize,
    },
    /// It has more or fewer bytes than its pixels take.
    Length {
        /// Pixels of a row.
        width: usize,
        /// Rows.
        height: usize,
        /// Bytes of a pixel.
        pixel: usize,
        /// Bytes given.
        given: usize,
    },
    /// A rectangle that is empty, or not all in the picture.
    Rectangle {
        /// Its first row.
        row: usize,
        /// Its first column.
        column: usize,
        /// Pixels of its rows.
        width: usize,
        /// Its rows.
        height: usize,
        /// Pixels of the picture's rows.
        of_width: usize,
        /// The picture's rows.
        of_height: usize,
    },
    /// A network of neither 1 nor 3 channels.
    Channels {
        /// Channels of the shape.
        channels: usize,
    },
    /// Another number of bytes than the shape has.
    Input {
        /// Bytes of the shape: channels x rows x columns.
        needed: usize,
        /// Bytes given.
        given: usize,
    },
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Empty { width, height } => {
                write!(f, "a picture of {width} x {height} has no pixels")
            }
            Self::Length {
                width,
                height,
                pixel,
                given,
            } => write!(
                f,
                "{given} bytes are no picture of {width} x {height} with {pixel} bytes a pixel; check \
                 size and format"
            ),
            Self::Rectangle {
                row,
                column,
                width,
                height,
                of_width,
                of_height,
            } => write!(
                f,
                "the rectangle of {width} x {height} from row {row}, column {column} is empty or not in \
                 the picture of {of_width} x {of_height}"
            ),
            Self::Channels { channels } => write!(
                f,
                "a picture has 1 or 3 channels, but the network takes {channels}"
            ),
            Self::Input { needed, given } => write!(
                f,
                "there is room for {given} bytes, but the input has {needed}: channels x rows x columns"
            ),
        }
    }
}

impl core::error::Error for FrameError {}

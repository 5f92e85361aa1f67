//! Labelled images as bytes that are used where they lie: what a firmware carries to show what its
//! model can do.
//!
//! | bytes | content |
//! | --- | --- |
//! | 0..4 | `KSMP` |
//! | 4..6 | format version, 1 |
//! | 6..8 | zero |
//! | 8..20 | channels, height and width of every image, 4 bytes each |
//! | 20..24 | number of samples |
//! | 24.. | the label of each sample, 2 bytes each |
//! | | the images one after another, a byte a value, in the order (channel, row, column) |
//! | last 4 | CRC-32 of everything before |
//!
//! Numbers are little-endian; nothing needs alignment.

use crate::{Shape, crc32::crc32};
use core::fmt;

const MAGIC: [u8; 4] = *b"KSMP";
const VERSION: u16 = 1;
const PREFIX_LEN: usize = 24;
const CHECKSUM_LEN: usize = 4;

/// A samples file, opened in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SamplesFile<'a> {
    shape: Shape,
    labels: &'a [u8],
    pixels: &'a [u8],
}

/// What a samples file is made of.
#[derive(Clone, Copy, Debug)]
pub struct SamplesParts<'a> {
    /// Shape of every image.
    pub shape: Shape,
    /// The label of each sample.
    pub labels: &'a [u16],
    /// The images one after another, a byte a value, in the order (channel, row, column).
    pub pixels: &'a [u8],
}

/// Why bytes are not a samples file, or parts do not make one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SamplesError {
    /// The bytes do not start like a samples file.
    NotSamples,
    /// A format version this build does not read.
    Version {
        /// The version in the file.
        found: u16,
    },
    /// The file is cut short, or something follows it.
    Length {
        /// Bytes the file says it has, or at least needs.
        expected: u64,
        /// Bytes there are.
        found: u64,
    },
    /// The bytes do not have the checksum stored with them.
    Checksum,
    /// The images have no values, or more than 2^28 each.
    Shape,
    /// There are not as many pixels as the shape and the number of labels say.
    Pixels {
        /// Pixels there should be.
        expected: u64,
        /// Pixels there are.
        found: u64,
    },
    /// The file would be longer than 4 GiB, or than this machine can address.
    TooLarge,
}

impl<'a> SamplesFile<'a> {
    /// Opens a samples file that fills `bytes`. Accepts any bytes.
    ///
    /// # Errors
    ///
    /// What is wrong with the bytes.
    pub fn open(bytes: &'a [u8]) -> Result<Self, SamplesError> {
        let (shape, count) = read_prefix(bytes)?;
        let expected = total_len(shape, count)?;
        let found = bytes.len() as u64;
        if expected != found {
            return Err(SamplesError::Length { expected, found });
        }
        let (content, stored) = bytes.split_at(bytes.len() - CHECKSUM_LEN);
        if stored != crc32(content).to_le_bytes() {
            return Err(SamplesError::Checksum);
        }
        let (labels, pixels) = content[PREFIX_LEN..].split_at(2 * count as usize);
        Ok(Self {
            shape,
            labels,
            pixels,
        })
    }

    /// Shape of every image.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// Number of samples.
    pub fn len(&self) -> usize {
        self.labels.len() / 2
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The samples in order: label, and image as bytes in the order (channel, row, column).
    pub fn samples(&self) -> impl Iterator<Item = (u16, &'a [u8])> + use<'a> {
        let labels = self.labels.as_chunks::<2>().0.iter();
        labels
            .map(|label| u16::from_le_bytes(*label))
            .zip(self.pixels.chunks_exact(self.shape.elements()))
    }
}

impl SamplesParts<'_> {
    /// Length in bytes of the file these parts make.
    ///
    /// # Errors
    ///
    /// If the parts do not fit one another or the file would be too large.
    pub fn encoded_len(&self) -> Result<usize, SamplesError> {
        let count = u32::try_from(self.labels.len()).map_err(|_| SamplesError::TooLarge)?;
        let total = total_len(self.shape, count)?;
        let expected = self.shape.elements() as u64 * u64::from(count);
        let found = self.pixels.len() as u64;
        if expected != found {
            return Err(SamplesError::Pixels { expected, found });
        }
        usize::try_from(total).map_err(|_| SamplesError::TooLarge)
    }

    /// Writes the file to the start of `out` and returns its length.
    ///
    /// # Errors
    ///
    /// As [`SamplesParts::encoded_len`], and if `out` is shorter than that; `out` is then
    /// unchanged.
    pub fn write(&self, out: &mut [u8]) -> Result<usize, SamplesError> {
        let needed = self.encoded_len()?;
        let found = out.len() as u64;
        let file = out.get_mut(..needed).ok_or(SamplesError::Length {
            expected: needed as u64,
            found,
        })?;
        let (content, checksum) = file.split_at_mut(needed - CHECKSUM_LEN);
        let (prefix, body) = content.split_at_mut(PREFIX_LEN);
        prefix[..4].copy_from_slice(&MAGIC);
        prefix[4..6].copy_from_slice(&VERSION.to_le_bytes());
        prefix[6..8].fill(0);
        let Shape {
            channels,
            height,
            width,
        } = self.shape;
        let numbers = [channels, height, width, self.labels.len() as u32];
        for (bytes, number) in prefix[8..].chunks_exact_mut(4).zip(numbers) {
            bytes.copy_from_slice(&number.to_le_bytes());
        }
        let (labels, pixels) = body.split_at_mut(2 * self.labels.len());
        for (bytes, label) in labels.chunks_exact_mut(2).zip(self.labels) {
            bytes.copy_from_slice(&label.to_le_bytes());
        }
        pixels.copy_from_slice(self.pixels);
        checksum.copy_from_slice(&crc32(content).to_le_bytes());
        Ok(needed)
    }
}

/// Shape and number of samples.
fn read_prefix(bytes: &[u8]) -> Result<(Shape, u32), SamplesError> {
    if !MAGIC.starts_with(&bytes[..bytes.len().min(MAGIC.len())]) {
        return Err(SamplesError::NotSamples);
    }
    let prefix = bytes
        .first_chunk::<PREFIX_LEN>()
        .ok_or(SamplesError::Length {
            expected: PREFIX_LEN as u64,
            found: bytes.len() as u64,
        })?;
    let mut numbers = [0; PREFIX_LEN / 4];
    for (number, bytes) in numbers.iter_mut().zip(prefix.as_chunks::<4>().0) {
        *number = u32::from_le_bytes(*bytes);
    }
    let [_, version, channels, height, width, count] = numbers;
    if version != u32::from(VERSION) {
        let found = version as u16;
        return Err(SamplesError::Version { found });
    }
    Ok((Shape::new(channels, height, width), count))
}

/// Length of the whole file, which fits 32 bits.
fn total_len(shape: Shape, count: u32) -> Result<u64, SamplesError> {
    let size = match shape.checked_elements() {
        None | Some(0) => return Err(SamplesError::Shape),
        Some(size) => u64::from(size),
    };
    let total = (PREFIX_LEN + CHECKSUM_LEN) as u64 + u64::from(count) * (2 + size);
    if total > u64::from(u32::MAX) {
        return Err(SamplesError::TooLarge);
    }
    Ok(total)
}

impl fmt::Display for SamplesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::NotSamples => f.write_str("not a Kiln samples file"),
            Self::Version { found } => write!(
                f,
                "samples file format {found}, but this build reads format {VERSION}; \
                 export it again with this Kiln"
            ),
            Self::Length { expected, found } => write!(
                f,
                "the samples file should have {expected} bytes, but {found} are there; \
                 copy it again"
            ),
            Self::Checksum => {
                f.write_str("the samples file is damaged (its checksum differs); copy it again")
            }
            Self::Shape => f.write_str("the images have no values, or more than 2^28 each"),
            Self::Pixels { expected, found } => {
                write!(
                    f,
                    "the images should have {expected} pixels, but {found} are given"
                )
            }
            Self::TooLarge => f.write_str("the samples file would be larger than 4 GiB"),
        }
    }
}

impl core::error::Error for SamplesError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::properties;
    use proptest::prelude::*;

    const PARTS: SamplesParts<'_> = SamplesParts {
        shape: Shape::new(1, 2, 3),
        labels: &[7, 300],
        pixels: &[1, 2, 3, 4, 5, 6, 10, 20, 30, 40, 50, 60],
    };

    fn encoded() -> [u8; 44] {
        let mut bytes = [0; 44];
        assert_eq!(PARTS.write(&mut bytes), Ok(44));
        bytes
    }

    #[test]
    fn what_is_written_is_read() {
        let bytes = encoded();
        let file = SamplesFile::open(&bytes).unwrap();
        assert_eq!((file.shape(), file.len()), (PARTS.shape, 2));
        assert!(file.samples().eq([
            (7, &[1, 2, 3, 4, 5, 6][..]),
            (300, &[10, 20, 30, 40, 50, 60])
        ]));
    }

    #[test]
    fn every_altered_byte_and_every_length_is_refused() {
        let bytes = encoded();
        for at in 0..bytes.len() {
            let mut altered = bytes;
            altered[at] ^= 0x10;
            assert!(SamplesFile::open(&altered).is_err(), "byte {at}");
            assert!(SamplesFile::open(&bytes[..at]).is_err(), "{at} bytes");
        }
    }

    #[test]
    fn parts_that_do_not_fit_are_refused() {
        let fewer = SamplesParts {
            labels: &[1],
            ..PARTS
        };
        let (expected, found) = (6, 12);
        assert_eq!(
            fewer.encoded_len(),
            Err(SamplesError::Pixels { expected, found })
        );
        let empty = SamplesParts {
            shape: Shape::new(1, 0, 3),
            ..PARTS
        };
        assert_eq!(empty.encoded_len(), Err(SamplesError::Shape));
        assert!(PARTS.write(&mut [0; 43]).is_err());
    }

    properties! {
        #[test]
        fn any_bytes_give_a_value_or_an_error(mut bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = SamplesFile::open(&bytes);
            let magic = bytes.len().min(4);
            bytes[..magic].copy_from_slice(&MAGIC[..magic]);
            if bytes.len() > 8 {
                bytes[4..8].copy_from_slice(&1_u32.to_le_bytes());
            }
            let _ = SamplesFile::open(&bytes);
        }
    }
}

//! The IDX format: a magic number, the size of each dimension, then bytes; gzipped or not.

mod error;

pub use error::IdxError;

use std::io::{self, BufRead, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use super::samples::{ImageShape, Samples};
use crate::memory_limit::{self, MemoryError};

const IMAGES_MAGIC: u32 = 0x0000_0803;
const LABELS_MAGIC: u32 = 0x0000_0801;
/// Memory set aside on the word of a header alone, or as much as the file has shown to hold.
const MAX_RESERVED: usize = 16 << 20;

/// An IDX file to read, with the path that its errors name.
pub(super) struct IdxFile<'a, R> {
    pub(super) path: &'a Path,
    pub(super) content: R,
}

/// Reads a file of images and the file of their labels.
pub(super) fn samples<R: BufRead>(
    images: IdxFile<'_, R>,
    labels: IdxFile<'_, R>,
) -> Result<Samples, IdxError> {
    let (images_path, labels_path) = (images.path, labels.path);
    let (_, label_bytes) = data::<R, 1>(labels, LABELS_MAGIC)?;
    let ([count, height, width], pixels) = data(images, IMAGES_MAGIC)?;
    if height == 0 || width == 0 {
        return Err(IdxError::NoPixels {
            path: images_path.into(),
            height,
            width,
        });
    }
    if label_bytes.len() != count {
        return Err(IdxError::Count {
            images_path: images_path.into(),
            images: count,
            labels_path: labels_path.into(),
            labels: label_bytes.len(),
        });
    }
    let shape = ImageShape {
        channels: 1,
        height,
        width,
    };
    let labels = label_bytes.into_iter().map(u16::from).collect();
    Ok(Samples::of_bytes(pixels, labels, shape))
}

/// The sizes of the dimensions and the bytes they announce: exactly so many, or an error.
fn data<R: BufRead, const RANK: usize>(
    mut file: IdxFile<'_, R>,
    magic: u32,
) -> Result<([usize; RANK], Vec<u8>), IdxError> {
    let start = file.content.fill_buf().map_err(|cause| IdxError::Read {
        path: file.path.into(),
        cause,
    })?;
    if start.starts_with(&[0x1f, 0x8b]) {
        plain_data(MultiGzDecoder::new(file.content), file.path, magic)
    } else {
        plain_data(file.content, file.path, magic)
    }
}

fn plain_data<const RANK: usize>(
    mut reader: impl Read,
    path: &Path,
    magic: u32,
) -> Result<([usize; RANK], Vec<u8>), IdxError> {
    let sizes = header(&mut reader, path, magic)?;
    let bytes = read_exactly(reader, &sizes, path)?;
    Ok((sizes, bytes))
}

/// The sizes of the dimensions.
fn header<const RANK: usize>(
    reader: &mut impl Read,
    path: &Path,
    magic: u32,
) -> Result<[usize; RANK], IdxError> {
    let expected = 4 + 4 * RANK;
    let bytes = read_up_to(reader, expected, path)?;
    let mut numbers = bytes
        .as_chunks::<4>()
        .0
        .iter()
        .copied()
        .map(u32::from_be_bytes);
    if let Some(found) = numbers.next()
        && found != magic
    {
        return Err(IdxError::Magic {
            path: path.into(),
            expected: magic,
            found,
        });
    }
    if bytes.len() < expected {
        return Err(IdxError::Header {
            path: path.into(),
            expected,
            found: bytes.len(),
        });
    }
    let mut sizes = [0; RANK];
    for (size, number) in sizes.iter_mut().zip(numbers) {
        *size = number as usize;
    }
    Ok(sizes)
}

/// All the bytes that `sizes` announce, and not one more. The memory taken grows with what is really there.
fn read_exactly(reader: impl Read, sizes: &[usize], path: &Path) -> Result<Vec<u8>, IdxError> {
    // At most three sizes of 32 bits each: no overflow.
    let expected: u128 = sizes.iter().map(|&size| size as u128).product();
    let mut bytes = Vec::new();
    let announced = usize::try_from(expected).unwrap_or(usize::MAX);
    let result = fill(reader, announced, &mut bytes);
    let found = bytes.len() as u128;
    let path = path.into();
    match result {
        Err(FillError::Memory(cause)) => Err(IdxError::Memory { path, cause }),
        Err(FillError::Read(cause))
            if cause.kind() != io::ErrorKind::UnexpectedEof || found >= expected =>
        {
            Err(IdxError::Read { path, cause })
        }
        _ if found < expected => Err(IdxError::Truncated {
            path,
            expected,
            found: bytes.len() as u64,
        }),
        Ok(true) => Err(IdxError::Trailing { path, expected }),
        _ => Ok(bytes),
    }
}

/// What ends reading before the end.
enum FillError {
    Read(io::Error),
    Memory(MemoryError),
}

impl From<io::Error> for FillError {
    fn from(cause: io::Error) -> Self {
        Self::Read(cause)
    }
}

/// Reads `count` bytes, as far as there are so many, and says whether there are more.
fn fill(mut reader: impl Read, count: usize, bytes: &mut Vec<u8>) -> Result<bool, FillError> {
    while bytes.len() < count {
        let part = (count - bytes.len()).min(MAX_RESERVED.max(bytes.len()));
        if bytes.len() <= MAX_RESERVED {
            // As a whole, once the file is no small one that says it were large.
            let needed = if bytes.is_empty() {
                part
            } else {
                count - bytes.len()
            };
            memory_limit::check(needed, "what its header announces").map_err(FillError::Memory)?;
        }
        bytes.try_reserve_exact(part).map_err(io::Error::from)?;
        if reader.by_ref().take(part as u64).read_to_end(bytes)? < part {
            return Ok(false);
        }
    }
    // One more shows whether any are left, and lets gzip check its own sum.
    Ok(reader.take(1).read_to_end(&mut Vec::new())? > 0)
}

/// The next `count` bytes, or fewer at the end of the file.
fn read_up_to(reader: &mut impl Read, count: usize, path: &Path) -> Result<Vec<u8>, IdxError> {
    let mut bytes = Vec::with_capacity(count);
    match reader.take(count as u64).read_to_end(&mut bytes) {
        Err(cause) if cause.kind() != io::ErrorKind::UnexpectedEof => Err(IdxError::Read {
            path: path.into(),
            cause,
        }),
        _ => Ok(bytes),
    }
}

#[cfg(test)]
mod tests;

//! The IDX format: a magic number, the size of each dimension, then bytes; gzipped or not.

use std::io::{self, BufRead, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;

use super::samples::{ImageShape, Samples};
use crate::memory_limit::{self, MemoryError};

const IMAGES_MAGIC: u32 = 0x0000_0803;
const LABELS_MAGIC: u32 = 0x0000_0801;
/// Memory set aside on the word of a header alone, or as much as the file has shown to hold.
const MAX_RESERVED: usize = 16 << 20;

/// Why an IDX file cannot be used; every message is one line.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IdxError {
    /// Reading or decompressing failed.
    #[error("cannot read {}: {cause}; check the file or fetch it again", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system or the decompressor said.
        cause: io::Error,
    },
    /// The file is of another kind than its name says.
    #[error(
        "{} starts with {} where {} was expected: it is misnamed or no IDX file of bytes; \
         check its name or fetch it again",
        path.display(), magic_name(*found), magic_name(*expected)
    )]
    Magic {
        /// The file.
        path: PathBuf,
        /// The magic number of the kind of file.
        expected: u32,
        /// The first four bytes, big-endian.
        found: u32,
    },
    /// The file is shorter than its header.
    #[error(
        "{} is truncated: its header takes {expected} bytes, {found} found; fetch it again",
        path.display()
    )]
    Header {
        /// The file.
        path: PathBuf,
        /// Bytes that a header takes.
        expected: usize,
        /// Bytes there are.
        found: usize,
    },
    /// The file is shorter than its header says.
    #[error(
        "{} is truncated: its header announces {expected} bytes of data, {found} found; fetch \
         it again",
        path.display()
    )]
    Truncated {
        /// The file.
        path: PathBuf,
        /// Bytes of data announced.
        expected: u128,
        /// Bytes of data there are.
        found: u64,
    },
    /// There is not so much memory as the header announces.
    #[error("{}: {cause}", path.display())]
    Memory {
        /// The file.
        path: PathBuf,
        /// What is needed, and what there is.
        cause: MemoryError,
    },
    /// The file is longer than its header says.
    #[error(
        "{} has trailing bytes: its header announces {expected} bytes of data, more found; \
         fetch it again",
        path.display()
    )]
    Trailing {
        /// The file.
        path: PathBuf,
        /// Bytes of data announced.
        expected: u128,
    },
    /// Images without rows or columns.
    #[error(
        "{} announces images of {height} rows and {width} columns: both must be at least 1; \
         fetch it again",
        path.display()
    )]
    NoPixels {
        /// The file.
        path: PathBuf,
        /// Rows an image.
        height: usize,
        /// Columns an image.
        width: usize,
    },
    /// The files of images and labels do not belong together.
    #[error(
        "{} has {images} images, but {} has {labels} labels: use two files of the same set",
        images_path.display(), labels_path.display()
    )]
    Count {
        /// The file of images.
        images_path: PathBuf,
        /// Images in it.
        images: usize,
        /// The file of labels.
        labels_path: PathBuf,
        /// Labels in it.
        labels: usize,
    },
    /// A label of a dataset whose classes are known is none of them.
    #[error(
        "{}: label number {number} is {label}, but there are {classes} classes, counted from 0: \
         it is damaged or of another dataset; fetch it again",
        path.display()
    )]
    Label {
        /// The file of labels, as it is called when not compressed.
        path: PathBuf,
        /// Which label, counted from 1.
        number: usize,
        /// The label.
        label: u16,
        /// How many classes the dataset has.
        classes: usize,
    },
    /// One of the two files of a set is not there.
    #[error("{} is there but {missing} is not: add it, gzipped or not", found.display())]
    Missing {
        /// The file that is there.
        found: PathBuf,
        /// The name of the file that is not.
        missing: String,
    },
    /// The training and the test images differ in size.
    #[error(
        "{} holds training images of {train} but test images of {test}: use files of one \
         dataset",
        folder.display()
    )]
    Shapes {
        /// The folder with both.
        folder: PathBuf,
        /// The shape of the training images.
        train: ImageShape,
        /// The shape of the test images.
        test: ImageShape,
    },
}

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

fn magic_name(magic: u32) -> String {
    let kind = match magic {
        IMAGES_MAGIC => " (images)",
        LABELS_MAGIC => " (labels)",
        _ => "",
    };
    format!("{magic:#010x}{kind}")
}

#[cfg(test)]
mod tests;

//! Single images, for a network to say what they show.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::decoded::Decoded;
use super::error::DataError;
use super::image_bytes::ImageBytes;
use super::open_image::{self, OwnPicture, PictureError};
use super::samples::{ImageShape, Samples};
use super::{check_channels, image_folder, thread_pool};
use crate::memory_gate::MemoryGate;
use crate::plain_file;

/// More bytes than this are no image that could be decoded.
pub(in crate::data) const MAX_BYTES: u64 = 1 << 29;

/// Where an image is to be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImageSource {
    /// A file.
    File(PathBuf),
    /// The standard input, which holds one image.
    StandardInput,
}

/// Images in the shape that a network takes.
#[derive(Clone, Debug)]
pub struct Images {
    /// The images in the order of their sources. What they show is not known: every label is 0.
    pub samples: Samples,
    /// What was done to the images that a user should know, one sentence each.
    pub notices: Vec<String>,
}

/// Why an image cannot be used; every message is one line that names it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImageFileError {
    /// The operating system refused to read it.
    #[error("cannot read {name}: {cause}; check that it exists and may be read")]
    Unreadable {
        /// The file.
        name: String,
        /// What the operating system said.
        cause: io::Error,
    },
    /// A folder was given that has no images in it.
    #[error("{name} is a folder without images: give image files, or a folder with some in it")]
    Folder {
        /// The folder.
        name: String,
    },
    /// There is not a single byte.
    #[error("{name} is empty: give a PNG, JPEG, WebP or BMP image")]
    Empty {
        /// The file.
        name: String,
    },
    /// There is no end of it.
    #[error("{name} has more than {MAX_BYTES} bytes: give a PNG, JPEG, WebP or BMP image")]
    TooLong {
        /// The file.
        name: String,
    },
    /// The content is no image, or a damaged one.
    #[error("cannot decode {name}: {cause}; give a whole PNG, JPEG, WebP or BMP image")]
    Undecodable {
        /// The file.
        name: String,
        /// What the decoder said.
        cause: String,
    },
    /// The images cannot be brought to the shape, or the threads not be started.
    #[error(transparent)]
    Data(#[from] DataError),
}

/// The files in a folder, and in folders in it, that are images by their names, in natural order.
///
/// # Errors
///
/// If the folder cannot be read, or there are none.
pub fn images_in(folder: &Path) -> Result<Vec<PathBuf>, ImageFileError> {
    let images = image_folder::image_files(folder)?;
    match images.is_empty() {
        true => Err(ImageFileError::Folder {
            name: folder.display().to_string(),
        }),
        false => Ok(images),
    }
}

/// Reads the images and brings them to `shape` as the images of a folder are; 0 threads are one
/// per core. The standard input is read once for each time that it is among the sources.
///
/// # Errors
///
/// An [`ImageFileError`], if any of the images cannot be used.
pub fn load_images(
    sources: &[ImageSource],
    shape: ImageShape,
    threads: usize,
) -> Result<Images, ImageFileError> {
    check_channels(Some(shape))?;
    let decoded = thread_pool(threads)?.install(|| {
        Decoded::of(sources, shape, |source, gate| {
            source.picture(gate, shape).map(Some)
        })
    })?;
    Ok(Images {
        notices: decoded.notices(),
        samples: Samples::of_bytes(decoded.pixels, vec![0; sources.len()], shape),
    })
}

/// The image in these bytes, in `shape`, as [`load_images`] brings it there.
///
/// # Errors
///
/// As [`load_images`].
#[doc(hidden)]
pub fn decoded_image(content: Vec<u8>, shape: ImageShape) -> Result<Samples, ImageFileError> {
    let decoded = Decoded::of(&[content], shape, |content, gate| {
        let own = open_image::picture_of_bytes(gate, shape, content.clone());
        own.map(Some)
            .map_err(|error| undecodable("it".into(), error))
    })?;
    Ok(Samples::of_bytes(decoded.pixels, vec![0], shape))
}

/// Width and height of the image in these bytes, as its header has them, where it has any.
#[doc(hidden)]
pub fn image_size(content: Vec<u8>) -> Option<(u32, u32)> {
    open_image::size(ImageBytes::Memory(io::Cursor::new(content))).ok()
}

fn undecodable(name: String, error: PictureError) -> ImageFileError {
    match error {
        PictureError::Memory(error) => ImageFileError::Data(error.of(name).into()),
        PictureError::Image(cause) => ImageFileError::Undecodable {
            name,
            cause: cause.to_string(),
        },
    }
}

impl ImageSource {
    /// What messages call it.
    pub fn name(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::StandardInput => "standard input".into(),
        }
    }

    fn picture<'a>(
        &self,
        gate: &'a MemoryGate,
        shape: ImageShape,
    ) -> Result<OwnPicture<'a>, ImageFileError> {
        let picture = match self {
            Self::File(path) => {
                let read = || plain_file::read(path, MAX_BYTES);
                open_image::picture_of_file(gate, shape, self.length(path)?, read)
            }
            Self::StandardInput => {
                open_image::picture_of_bytes(gate, shape, self.standard_input()?)
            }
        };
        picture.map_err(|error| undecodable(self.name(), error))
    }

    /// Bytes of a file that may be an image.
    fn length(&self, path: &Path) -> Result<u64, ImageFileError> {
        if path.is_dir() {
            return Err(ImageFileError::Folder { name: self.name() });
        }
        let length = || Ok(plain_file::open(path)?.metadata()?.len());
        self.checked(length().map_err(|cause| self.unreadable(cause))?)
    }

    /// All bytes there are.
    fn standard_input(&self) -> Result<Vec<u8>, ImageFileError> {
        let mut content = Vec::new();
        // One more than an image may have tells of those that have more.
        let mut reader = io::stdin().lock().take(MAX_BYTES + 1);
        let length = reader.read_to_end(&mut content);
        self.checked(length.map_err(|cause| self.unreadable(cause))? as u64)?;
        Ok(content)
    }

    fn checked(&self, length: u64) -> Result<u64, ImageFileError> {
        let name = self.name();
        match length {
            0 => Err(ImageFileError::Empty { name }),
            1..=MAX_BYTES => Ok(length),
            _ => Err(ImageFileError::TooLong { name }),
        }
    }

    fn unreadable(&self, cause: io::Error) -> ImageFileError {
        let name = self.name();
        ImageFileError::Unreadable { name, cause }
    }
}

//! Encoded images as one block of bytes, and what a user should know of how they got there.

use std::collections::BTreeMap;
use std::io::{self, BufRead, Cursor, Seek};

use image::metadata::Orientation;
use image::{
    DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, ImageResult, Limits,
};
use rayon::prelude::*;

use super::error::DataError;
use super::jpeg;
use super::picture::Picture;
use super::samples::{ImageShape, zeroed};

/// Width and height.
pub(super) type Size = (u32, u32);

/// Images, all in one shape.
#[derive(Debug)]
pub(super) struct Decoded {
    /// In the order of the images.
    pub(super) pixels: Vec<u8>,
    pub(super) shape: ImageShape,
    /// The size of each image as it was encoded.
    pub(super) sizes: Vec<Size>,
    /// How many have colour as they were encoded.
    pub(super) colour: usize,
}

impl Decoded {
    /// Brings the picture that `read` gives for each image to `shape`; an image without one stays
    /// black.
    pub(super) fn of<T: Sync, E: From<DataError> + Send>(
        images: &[T],
        shape: ImageShape,
        read: impl Fn(&T) -> Result<Option<(Picture, Size)>, E> + Sync,
    ) -> Result<Self, E> {
        let mut pixels = zeroed(images.len(), shape)?;
        let read = images
            .par_iter()
            .zip(pixels.par_chunks_mut(shape.size()))
            .map(|(image, out)| {
                let Some((picture, size)) = read(image)? else {
                    return Ok(((0, 0), false));
                };
                picture.write(shape, out);
                Ok((size, picture.is_colour()))
            })
            .collect::<Result<Vec<_>, E>>()?;
        let (sizes, colour): (Vec<_>, Vec<_>) = read.into_iter().unzip();
        Ok(Self {
            pixels,
            shape,
            sizes,
            colour: colour.into_iter().filter(|&is_colour| is_colour).count(),
        })
    }

    /// What was lost on the way, one sentence each.
    pub(super) fn notices(&self) -> Vec<String> {
        let turned_grey = (self.shape.channels == 1 && self.colour > 0).then(|| {
            let (colour, total) = (self.colour, self.sizes.len());
            format!("turned {colour} of {total} images from colour to grey")
        });
        self.resize_notice()
            .into_iter()
            .chain(turned_grey)
            .collect()
    }

    fn resize_notice(&self) -> Option<String> {
        let (width, height) = (self.shape.width, self.shape.height);
        let mut counts = BTreeMap::<Size, usize>::new();
        for &size in &self.sizes {
            *counts.entry(size).or_default() += 1;
        }
        counts.retain(|&(from_width, from_height), _| {
            (from_width as usize, from_height as usize) != (width, height)
        });
        let resized = counts.values().sum::<usize>();
        // Of several sizes, the most common one is named.
        let ((from_width, from_height), _) = counts.iter().max_by_key(|&(_, count)| count)?;
        let others = match counts.len() - 1 {
            0 => String::new(),
            1 => " and another size".into(),
            count => format!(" and {count} other sizes"),
        };
        Some(format!(
            "resized {resized} of {} images from {from_width}x{from_height}{others} to \
             {width}x{height}",
            self.sizes.len()
        ))
    }
}

/// Decodes the content of an image file, turned as the camera was held; with its size.
pub(super) fn picture(content: Vec<u8>) -> ImageResult<(Picture, Size)> {
    let is_jpeg = matches!(image::guess_format(&content), Ok(ImageFormat::Jpeg));
    if is_jpeg {
        jpeg::check(&content).map_err(|error| ends_early(&error.to_string()))?;
    }
    let (mut decoder, orientation) = decoder(Cursor::new(content))?;
    // A header may claim any size: this refuses those beyond half a gigabyte.
    let mut limits = Limits::default();
    limits.reserve(decoder.total_bytes())?;
    decoder.set_limits(limits)?;
    let mut image = DynamicImage::from_decoder(decoder)?;
    image.apply_orientation(orientation);
    let size = (image.width(), image.height());
    Ok((Picture::new(image), size))
}

/// A decoder for the format that the content shows, whatever the file's name; and how the
/// camera was held.
pub(super) fn decoder(
    mut reader: impl BufRead + Seek + 'static,
) -> ImageResult<(impl ImageDecoder, Orientation)> {
    if reader.fill_buf()?.is_empty() {
        return Err(ends_early("it is empty"));
    }
    let mut decoder = ImageReader::new(reader)
        .with_guessed_format()?
        .into_decoder()?;
    let orientation = decoder.orientation()?;
    Ok((decoder, orientation))
}

fn ends_early(message: &str) -> ImageError {
    ImageError::IoError(io::Error::new(io::ErrorKind::UnexpectedEof, message))
}

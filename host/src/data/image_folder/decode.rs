//! Decodes images into one block of bytes, each straight to its place.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Cursor, Seek};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageReader, ImageResult, Limits};
use indicatif::ProgressBar;
use rayon::prelude::*;

use super::ImageFolderError;
use super::scan::ImageFile;
use crate::data::picture::Picture;
use crate::data::samples::zeroed;
use crate::data::{DataError, ImageShape};

/// Width and height.
pub(super) type Size = (u32, u32);

/// Enough for a header; the images themselves are read whole.
const HEADER_BUFFER: usize = 1 << 10;

/// Images, all in one shape.
#[derive(Debug)]
pub(super) struct Decoded {
    /// In the order of the files.
    pub(super) pixels: Vec<u8>,
    pub(super) shape: ImageShape,
    /// The size of each image in its file.
    pub(super) sizes: Vec<Size>,
    /// How many have colour in their file.
    pub(super) colour: usize,
}

/// Decodes all images to `shape`, or without one to the most common size, with 1 channel where
/// none of them has colour.
pub(super) fn decode(
    images: &[ImageFile],
    shape: Option<ImageShape>,
    bar: &ProgressBar,
) -> Result<Decoded, DataError> {
    if let Some(shape) = shape {
        return decode_to(images, shape, false, bar);
    }
    let (width, height) = most_common_size(images)?;
    let shaped = |channels| ImageShape {
        channels,
        height: height as usize,
        width: width as usize,
    };
    // Whether there is colour shows only in the pixels. Colour sets show it in their first
    // images, so that the wrong guess costs next to nothing, and no image is kept twice.
    let grey = decode_to(images, shaped(1), true, bar)?;
    if grey.colour == 0 {
        return Ok(grey);
    }
    drop(grey);
    bar.set_position(0);
    decode_to(images, shaped(3), false, bar)
}

/// Of sizes equally common the smallest.
fn most_common_size(images: &[ImageFile]) -> Result<Size, ImageFolderError> {
    let sizes = images
        .par_iter()
        .map(|image| file_size(&image.path).map_err(|cause| undecodable(&image.path, cause)))
        .collect::<Result<Vec<_>, _>>()?;
    let mut counts = BTreeMap::<Size, usize>::new();
    for size in sizes {
        *counts.entry(size).or_default() += 1;
    }
    let most_common = counts.into_iter().rev().max_by_key(|&(_, count)| count);
    Ok(most_common.map_or((1, 1), |(size, _)| size))
}

/// Decodes all images to `shape`; with `stop_at_colour` those after a coloured one stay black.
fn decode_to(
    images: &[ImageFile],
    shape: ImageShape,
    stop_at_colour: bool,
    bar: &ProgressBar,
) -> Result<Decoded, DataError> {
    let mut pixels = zeroed(images.len(), shape)?;
    let colour = AtomicUsize::new(0);
    let sizes = images
        .par_iter()
        .zip(pixels.par_chunks_mut(shape.size()))
        .map(|(image, out)| {
            if stop_at_colour && colour.load(Ordering::Relaxed) > 0 {
                return Ok((0, 0));
            }
            let (picture, size) =
                read_picture(&image.path).map_err(|cause| undecodable(&image.path, cause))?;
            colour.fetch_add(usize::from(picture.is_colour()), Ordering::Relaxed);
            picture.write(shape, out);
            bar.inc(1);
            Ok(size)
        })
        .collect::<Result<Vec<_>, ImageFolderError>>()?;
    Ok(Decoded {
        pixels,
        shape,
        sizes,
        colour: colour.into_inner(),
    })
}

fn read_picture(path: &Path) -> ImageResult<(Picture, Size)> {
    let (mut decoder, orientation) = decoder(Cursor::new(fs::read(path)?))?;
    // A header may claim any size: this refuses those beyond half a gigabyte.
    let mut limits = Limits::default();
    limits.reserve(decoder.total_bytes())?;
    decoder.set_limits(limits)?;
    let mut image = DynamicImage::from_decoder(decoder)?;
    image.apply_orientation(orientation);
    let size = (image.width(), image.height());
    Ok((Picture::new(image), size))
}

/// The size of an image as its header has it.
fn file_size(path: &Path) -> ImageResult<Size> {
    let file = BufReader::with_capacity(HEADER_BUFFER, File::open(path)?);
    let (decoder, orientation) = decoder(file)?;
    let (width, height) = decoder.dimensions();
    Ok(match orientation {
        Orientation::Rotate90
        | Orientation::Rotate270
        | Orientation::Rotate90FlipH
        | Orientation::Rotate270FlipH => (height, width),
        _ => (width, height),
    })
}

/// A decoder for the format that the content shows, whatever the file's name; and how the
/// camera was held.
fn decoder(reader: impl BufRead + Seek + 'static) -> ImageResult<(impl ImageDecoder, Orientation)> {
    let mut decoder = ImageReader::new(reader)
        .with_guessed_format()?
        .into_decoder()?;
    let orientation = decoder.orientation()?;
    Ok((decoder, orientation))
}

fn undecodable(path: &Path, cause: impl ToString) -> ImageFolderError {
    ImageFolderError::Undecodable {
        path: path.into(),
        cause: cause.to_string(),
    }
}

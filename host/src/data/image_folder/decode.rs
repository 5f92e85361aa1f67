//! Decodes images into one block of bytes, each straight to its place.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::BufReader;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use image::metadata::Orientation;
use image::{ImageDecoder, ImageResult};
use indicatif::ProgressBar;
use rayon::prelude::*;

use super::ImageFolderError;
use super::scan::ImageFile;
use crate::data::decoded::{self, Decoded, Size};
use crate::data::picture::Picture;
use crate::data::{DataError, ImageShape, Options};

/// Enough for a header; the images themselves are read whole.
const HEADER_BUFFER: usize = 1 << 10;

/// Decodes all images to the shape wanted, or without one to a size that the most common one
/// decides, with 1 channel where none of them has colour.
pub(super) fn decode(
    images: &[ImageFile],
    options: &Options,
    bar: &ProgressBar,
) -> Result<Decoded, DataError> {
    if let Some(shape) = options.shape {
        return decode_to(images, shape, false, bar);
    }
    let (width, height) = most_common_size(images)?;
    let shaped = |channels| {
        options.size.of(ImageShape {
            channels,
            height: height as usize,
            width: width as usize,
        })
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
    let has_colour = AtomicBool::new(false);
    Decoded::of(images, shape, |image| {
        if stop_at_colour && has_colour.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let (picture, size) =
            read_picture(&image.path).map_err(|cause| undecodable(&image.path, cause))?;
        has_colour.fetch_or(picture.is_colour(), Ordering::Relaxed);
        bar.inc(1);
        Ok(Some((picture, size)))
    })
}

fn read_picture(path: &Path) -> ImageResult<(Picture, Size)> {
    decoded::picture(fs::read(path)?)
}

/// The size of an image as its header has it.
fn file_size(path: &Path) -> ImageResult<Size> {
    let file = BufReader::with_capacity(HEADER_BUFFER, File::open(path)?);
    let (decoder, orientation) = decoded::decoder(file)?;
    let (width, height) = decoder.dimensions();
    Ok(match orientation {
        Orientation::Rotate90
        | Orientation::Rotate270
        | Orientation::Rotate90FlipH
        | Orientation::Rotate270FlipH => (height, width),
        _ => (width, height),
    })
}

fn undecodable(path: &Path, cause: impl ToString) -> ImageFolderError {
    ImageFolderError::Undecodable {
        path: path.into(),
        cause: cause.to_string(),
    }
}

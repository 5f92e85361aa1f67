//! Decodes images into one block of bytes, each straight to its place.

use std::collections::BTreeMap;
use std::io::{self, BufReader};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use image::{ImageError, ImageResult};
use indicatif::ProgressBar;
use rayon::prelude::*;

use super::scan::{ImageFile, natural};
use super::{BrokenImage, ImageFolderError};
use crate::data::decoded::Decoded;
use crate::data::image_bytes::ImageBytes;
use crate::data::images::MAX_BYTES;
use crate::data::open_image::{self, OwnPicture, PictureError, Size};
use crate::data::{DataError, ImageShape, Options};
use crate::memory_gate::MemoryGate;
use crate::plain_file;

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
        return finished(decode_to(images, shape, false, bar));
    }
    let (width, height) = most_common_size(images);
    let shaped = |channels| {
        options.size.of(ImageShape {
            channels,
            height: height as usize,
            width: width as usize,
        })
    };
    // Whether there is colour shows only in the pixels. Colour sets show it in their first
    // images, so that the wrong guess costs next to nothing, and no image is kept twice.
    match decode_to(images, shaped(1), true, bar) {
        Ok((grey, false)) => return Ok(grey),
        Ok((_, true)) => {}
        // All have been looked at.
        Err((error, false)) => return Err(error),
        Err((_, true)) => {}
    }
    bar.set_position(0);
    finished(decode_to(images, shaped(3), false, bar))
}

fn finished(decoded: Result<(Decoded, bool), (DataError, bool)>) -> Result<Decoded, DataError> {
    decoded
        .map(|(decoded, _)| decoded)
        .map_err(|(error, _)| error)
}

/// Of sizes equally common the smallest. Images without a sound header are found when they are decoded.
fn most_common_size(images: &[ImageFile]) -> Size {
    let gate = MemoryGate::new();
    let sizes = images
        .par_iter()
        .map(|image| file_size(&image.path, &gate).ok());
    let mut counts = BTreeMap::<Size, usize>::new();
    for size in sizes.collect::<Vec<_>>().into_iter().flatten() {
        *counts.entry(size).or_default() += 1;
    }
    let most_common = counts.into_iter().rev().max_by_key(|&(_, count)| count);
    most_common.map_or((1, 1), |(size, _)| size)
}

/// Decodes all images to `shape`, and says whether one has colour; with `stop_at_colour` those after a
/// coloured one stay black. Where some cannot be decoded, the others are looked at all the same, so that the
/// error names all that cannot.
fn decode_to(
    images: &[ImageFile],
    shape: ImageShape,
    stop_at_colour: bool,
    bar: &ProgressBar,
) -> Result<(Decoded, bool), (DataError, bool)> {
    let has_colour = AtomicBool::new(false);
    let broken = Mutex::new(Vec::new());
    let decoded = Decoded::of(images, shape, |image, gate| {
        if stop_at_colour && has_colour.load(Ordering::Relaxed) {
            return Ok(None);
        }
        bar.inc(1);
        let own = match read_picture(&image.path, gate, shape) {
            Ok(own) => own,
            // Not broken: with more memory it would be read.
            Err(PictureError::Memory(error)) => {
                return Err(error.of(image.path.display()).into());
            }
            Err(PictureError::Image(cause)) => {
                let (path, cause) = (image.path.clone(), cause.to_string());
                broken
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(BrokenImage { path, cause });
                return Ok(None);
            }
        };
        has_colour.fetch_or(own.picture.is_colour(), Ordering::Relaxed);
        Ok(Some(own))
    });
    let has_colour = has_colour.into_inner();
    let mut broken = broken.into_inner().unwrap_or_else(PoisonError::into_inner);
    broken.sort_by(|one, other| natural(&one.path, &other.path));
    match (decoded, broken.is_empty()) {
        (Ok(decoded), true) => Ok((decoded, has_colour)),
        (Ok(_), false) => {
            let images = images.len();
            Err((
                ImageFolderError::Undecodable { images, broken }.into(),
                has_colour,
            ))
        }
        (Err(error), _) => Err((error, has_colour)),
    }
}

fn read_picture<'a>(
    path: &Path,
    gate: &'a MemoryGate,
    shape: ImageShape,
) -> Result<OwnPicture<'a>, PictureError> {
    let length = length(path).map_err(ImageError::IoError)?;
    let read = || plain_file::read(path, MAX_BYTES);
    open_image::picture_of_file(gate, shape, length, read)
}

/// The size of an image as its header has it.
fn file_size(path: &Path, gate: &MemoryGate) -> Result<Size, PictureError> {
    let length = length(path).map_err(ImageError::IoError)?;
    // Some decoders read all of a file to know its size.
    let _pass = gate.enter(length, "reading an image")?;
    let opened = || -> ImageResult<Size> {
        let file = BufReader::with_capacity(HEADER_BUFFER, plain_file::open(path)?);
        open_image::size(ImageBytes::File(file))
    };
    Ok(opened()?)
}

/// Bytes of a file that may be an image.
fn length(path: &Path) -> io::Result<u64> {
    let length = plain_file::open(path)?.metadata()?.len();
    match length <= MAX_BYTES {
        true => Ok(length),
        false => Err(plain_file::too_long(MAX_BYTES)),
    }
}

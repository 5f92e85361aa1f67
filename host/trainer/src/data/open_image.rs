//! Images from their bytes to a picture, with a bound on what all threads have in memory for it at once.

use std::io::{self, BufRead, Cursor};

use image::metadata::Orientation;
use image::{
    ColorType, DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, ImageResult,
    Limits,
};

use super::held_pixels;
use super::image_bytes::ImageBytes;
use super::jpeg;
use super::picture::{Picture, resizing_bytes};
use super::png_palette;
use super::samples::ImageShape;
use super::webp_frame;
use crate::memory_gate::{MemoryGate, MemoryPass};
use crate::memory_limit::MemoryError;

/// Width and height.
pub(super) type Size = (u32, u32);

/// Most bytes of what an image tells beside its pixels: profiles of colours and texts, which may be packed.
const MAX_BESIDE: u64 = 32 << 20;
/// What memory is asked for.
const PURPOSE: &str = "decoding an image";

/// A picture, and its place among those that threads have at once.
pub(super) struct OwnPicture<'a> {
    pub(super) picture: Picture,
    /// As it was encoded.
    pub(super) size: Size,
    _pass: MemoryPass<'a>,
}

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub(super) enum PictureError {
    #[error(transparent)]
    Image(#[from] ImageError),
    #[error(transparent)]
    Memory(#[from] MemoryError),
}

/// An image whose header was read.
struct OpenImage<D> {
    decoder: D,
    orientation: Orientation,
    /// Bytes for each pixel that decoding takes beside what it gives.
    beside: u64,
}

/// The picture of a file of `length` bytes that `read` reads, which becomes one of `shape`; it may be read
/// twice.
pub(super) fn picture_of_file(
    gate: &MemoryGate,
    shape: ImageShape,
    length: u64,
    read: impl Fn() -> io::Result<Vec<u8>>,
) -> Result<OwnPicture<'_>, PictureError> {
    let content = || read().map_err(ImageError::IoError);
    // The decoder of JPEG copies it.
    let length = length.saturating_mul(2);
    let mut pass = gate.enter(length, PURPOSE)?;
    let mut image = OpenImage::of(content()?)?;
    let needed = image.needed(shape);
    if !pass.grow(needed) {
        // Whoever waits holds nothing that others wait for.
        drop((image, pass));
        pass = gate.enter(length.saturating_add(needed), PURPOSE)?;
        image = OpenImage::of(content()?)?;
    }
    image.picture(pass)
}

/// The picture of an image in memory.
pub(super) fn picture_of_bytes(
    gate: &MemoryGate,
    shape: ImageShape,
    content: Vec<u8>,
) -> Result<OwnPicture<'_>, PictureError> {
    let image = OpenImage::of(content)?;
    let pass = gate.enter(image.needed(shape), PURPOSE)?;
    image.picture(pass)
}

/// The size of an image as its header has it, turned as the camera was held; what can be read is read only
/// as far as it has to be.
pub(super) fn size(reader: ImageBytes) -> ImageResult<Size> {
    let (decoder, orientation) = decoder(reader)?;
    let (width, height) = decoder.dimensions();
    Ok(match is_turned(orientation) {
        true => (height, width),
        false => (width, height),
    })
}

impl OpenImage<()> {
    /// Reads the header, and finds out whether there is so much data as it tells of.
    fn of(content: Vec<u8>) -> ImageResult<OpenImage<impl ImageDecoder>> {
        let format = image::guess_format(&content).ok();
        if format == Some(ImageFormat::Jpeg) {
            jpeg::check(&content).map_err(|error| ends_early(&error.to_string()))?;
        }
        held_pixels::check(&content).map_err(|error| ends_early(&error.to_string()))?;
        png_palette::check(&content).map_err(|error| damaged(&error.to_string()))?;
        webp_frame::check(&content).map_err(|error| damaged(&error.to_string()))?;
        let is_animated = content.get(12..16) == Some(b"VP8X")
            && content.get(20).is_some_and(|flags| flags & 2 > 0);
        let (decoder, orientation) = decoder(ImageBytes::Memory(Cursor::new(content)))?;
        // A header may claim any size: this refuses those beyond half a gigabyte.
        Limits::default().reserve(decoder.total_bytes())?;
        Ok(OpenImage {
            decoder,
            orientation,
            beside: match format {
                // Coefficients of three components, where they come in several scans.
                Some(ImageFormat::Jpeg) => 6,
                // A picture or planes, and of a film the frame besides.
                Some(ImageFormat::WebP) if is_animated => 8,
                Some(ImageFormat::WebP) => 4,
                _ => 0,
            },
        })
    }
}

impl<D: ImageDecoder> OpenImage<D> {
    /// Bytes that decoding takes at most, and bringing the picture to `shape`.
    fn needed(&self, shape: ImageShape) -> u64 {
        let (width, height) = self.decoder.dimensions();
        let pixels = u64::from(width) * u64::from(height);
        let own = u64::from(self.decoder.color_type().bytes_per_pixel());
        let converting = match self.decoder.color_type() {
            ColorType::L8 => 0,
            ColorType::Rgb8 => 1,
            ColorType::Rgba8 => 3,
            _ => 5,
        };
        let turning = match self.orientation {
            Orientation::NoTransforms => 0,
            _ => own,
        };
        let beside = self.beside.max(converting).max(turning);
        let size = match is_turned(self.orientation) {
            true => (height, width),
            false => (width, height),
        };
        let picture = match self.decoder.color_type() {
            ColorType::L8 => pixels,
            _ => 3 * pixels,
        };
        let resizing = picture.saturating_add(resizing_bytes(size, shape));
        pixels.saturating_mul(own + beside).max(resizing)
    }

    fn picture(mut self, pass: MemoryPass<'_>) -> Result<OwnPicture<'_>, PictureError> {
        self.decoder.set_limits(Limits::default())?;
        let mut image = DynamicImage::from_decoder(self.decoder)?;
        image.apply_orientation(self.orientation);
        let size = (image.width(), image.height());
        Ok(OwnPicture {
            picture: Picture::new(image),
            size,
            _pass: pass,
        })
    }
}

/// A decoder for the format that the content shows, whatever the file's name; and how the
/// camera was held.
fn decoder(mut reader: ImageBytes) -> ImageResult<(impl ImageDecoder, Orientation)> {
    if reader.fill_buf()?.is_empty() {
        return Err(ends_early("it is empty"));
    }
    let mut reader = ImageReader::new(reader).with_guessed_format()?;
    let mut limits = Limits::default();
    limits.max_alloc = Some(MAX_BESIDE);
    reader.limits(limits);
    let mut decoder = reader.into_decoder()?;
    let orientation = decoder.orientation()?;
    Ok((decoder, orientation))
}

fn is_turned(orientation: Orientation) -> bool {
    matches!(
        orientation,
        Orientation::Rotate90
            | Orientation::Rotate270
            | Orientation::Rotate90FlipH
            | Orientation::Rotate270FlipH
    )
}

fn ends_early(message: &str) -> ImageError {
    ImageError::IoError(io::Error::new(io::ErrorKind::UnexpectedEof, message))
}

fn damaged(message: &str) -> ImageError {
    ImageError::IoError(io::Error::new(io::ErrorKind::InvalidData, message))
}

#[cfg(test)]
mod tests;

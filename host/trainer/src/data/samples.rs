//! Samples and labels in memory, and the conversion of images to another shape.

use std::fmt;

use image::{GrayImage, RgbImage};
use rayon::prelude::*;
use sha2::digest::Update;

use super::error::DataError;
use super::picture::{Picture, resizing_bytes};
use super::values::{ByteSamples, FloatSamplesError, Values};
use crate::memory_gate::MemoryGate;
use crate::memory_limit;

/// More than this is refused: such images are meant to be shrunk first.
const MAX_BYTES: usize = 8 << 30;

/// The shape of a sample: channels, then rows, then columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ImageShape {
    /// Of images 1 for grey, 3 for red, green and blue; of other samples any number.
    pub channels: usize,
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
}

/// Samples with their labels.
#[derive(Clone, Debug, PartialEq)]
pub struct Samples {
    /// One sample after another, each `shape.size()` values in the order (channel, row, column).
    pub values: Values,
    /// The class of each sample.
    pub labels: Vec<u16>,
    /// The shape of every sample.
    pub shape: ImageShape,
    /// Whether values are the codes of an int8 network's input, as floats, and so are not scaled.
    pub coded: bool,
}

impl ImageShape {
    /// Values a sample; the largest `usize` where that many cannot be counted.
    pub fn size(&self) -> usize {
        self.channels
            .saturating_mul(self.height)
            .saturating_mul(self.width)
    }
}

impl From<kiln_core::Shape> for ImageShape {
    fn from(shape: kiln_core::Shape) -> Self {
        Self {
            channels: shape.channels as usize,
            height: shape.height as usize,
            width: shape.width as usize,
        }
    }
}

impl fmt::Display for ImageShape {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{}x{}x{}",
            self.channels, self.height, self.width
        )
    }
}

impl Samples {
    /// No samples, of this shape.
    pub fn empty(shape: ImageShape) -> Self {
        Self::of_bytes(Vec::new(), Vec::new(), shape)
    }

    /// Samples of bytes, `shape.size()` for each label.
    pub fn of_bytes(pixels: Vec<u8>, labels: Vec<u16>, shape: ImageShape) -> Self {
        Self {
            values: Values::Bytes(pixels),
            labels,
            shape,
            coded: false,
        }
    }

    /// The number of samples.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Copies of the samples at `indices`, in their order.
    ///
    /// # Panics
    ///
    /// Where an index is not below [`Samples::len`].
    pub fn chosen(&self, indices: &[u32]) -> Self {
        let size = self.shape.size();
        Self {
            values: match &self.values {
                Values::Bytes(pixels) => Values::Bytes(rows(pixels, size, indices)),
                Values::Floats(floats) => Values::Floats(rows(floats, size, indices)),
            },
            labels: rows(&self.labels, 1, indices),
            shape: self.shape,
            coded: self.coded,
        }
    }

    /// The samples as bytes.
    ///
    /// # Errors
    ///
    /// If they are floats.
    pub fn bytes(&self) -> Result<ByteSamples<'_>, FloatSamplesError> {
        let size = self.shape.size();
        match &self.values {
            Values::Bytes(pixels) => Ok(ByteSamples::new(pixels, size)),
            Values::Floats(_) => Err(FloatSamplesError),
        }
    }

    /// The samples as bytes where they can be shown as pictures: of one channel or three.
    pub fn pictures(&self) -> Option<ByteSamples<'_>> {
        let bytes = self.bytes().ok()?;
        matches!(self.shape.channels, 1 | 3).then_some(bytes)
    }

    /// Adds the samples of `other`, of the same shape, behind these.
    pub(super) fn append(&mut self, other: Self) {
        self.labels.extend(other.labels);
        self.values.append(other.values);
    }

    /// Adds shape, values and labels to a hash.
    pub(super) fn add_to(&self, hash: &mut impl Update) {
        let shape = self.shape;
        for number in [shape.channels, shape.height, shape.width, self.len()] {
            hash.update(&(number as u64).to_le_bytes());
        }
        self.values.add_to(hash);
        for label in &self.labels {
            hash.update(&label.to_le_bytes());
        }
    }

    /// The samples with every image brought to `shape`, of 1 or 3 channels; samples that are no
    /// images have to have it already.
    pub(super) fn converted(self, shape: ImageShape) -> Result<Self, DataError> {
        if shape == self.shape {
            return Ok(self);
        }
        super::check_channels(Some(shape))?;
        let Some(images) = self.pictures() else {
            return Err(DataError::Unconvertible {
                own: self.shape,
                shape,
            });
        };
        let mut pixels = zeroed(self.len(), shape)?;
        let gate = MemoryGate::new();
        let size = (self.shape.width as u32, self.shape.height as u32);
        let needed = (self.shape.size() as u64).saturating_add(resizing_bytes(size, shape));
        pixels
            .par_chunks_mut(shape.size())
            .zip(images.pixels().par_chunks(self.shape.size()))
            .try_for_each(|(out, planes)| {
                let _pass = gate.enter(needed, "bringing an image to another size")?;
                picture(planes, self.shape).write(shape, out);
                Ok::<_, DataError>(())
            })?;
        Ok(Self::of_bytes(pixels, self.labels, shape))
    }
}

/// Copies of the rows at `indices`, each of `size` values.
fn rows<T: Copy>(values: &[T], size: usize, indices: &[u32]) -> Vec<T> {
    let places = indices.iter().map(|index| *index as usize * size);
    places
        .flat_map(|start| values[start..start + size].iter().copied())
        .collect()
}

/// Black images, `count` of them; refused where they would not fit into memory.
pub(super) fn zeroed(count: usize, shape: ImageShape) -> Result<Vec<u8>, DataError> {
    let bytes = count.saturating_mul(shape.size());
    if bytes > MAX_BYTES {
        return Err(DataError::TooLarge {
            count,
            shape,
            gibibytes: bytes >> 30,
        });
    }
    Ok(memory_limit::filled(
        bytes,
        0,
        format_args!("{count} images of {shape}"),
    )?)
}

fn picture(planes: &[u8], shape: ImageShape) -> Picture {
    let (width, height) = (shape.width as u32, shape.height as u32);
    let plane = shape.width * shape.height;
    // The closures stay within `planes`: an image has `channels` planes, 1 or 3.
    let index = |x: u32, y: u32| y as usize * shape.width + x as usize;
    if shape.channels == 1 {
        let value = |x, y| image::Luma([planes[index(x, y)]]);
        return Picture::Grey(GrayImage::from_fn(width, height, value));
    }
    let value = |x, y| image::Rgb([0, 1, 2].map(|channel| planes[channel * plane + index(x, y)]));
    Picture::Colour(RgbImage::from_fn(width, height, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GREY: ImageShape = ImageShape {
        channels: 1,
        height: 2,
        width: 3,
    };

    fn grey() -> Samples {
        Samples::of_bytes((0..12).collect(), vec![0, 1], GREY)
    }

    #[test]
    fn grey_becomes_three_equal_planes_and_back() {
        let colour = grey()
            .converted(ImageShape {
                channels: 3,
                ..GREY
            })
            .unwrap();
        let image = colour.bytes().unwrap().image(1);
        assert_eq!(image[..6], [6, 7, 8, 9, 10, 11]);
        assert_eq!(image[6..12], image[12..]);
        assert_eq!(colour.converted(GREY).unwrap(), grey());
    }

    #[test]
    fn a_flat_image_stays_flat_when_resized() {
        let flat = Samples::of_bytes(vec![77; 6], vec![0], GREY);
        let large = ImageShape {
            channels: 1,
            height: 5,
            width: 7,
        };
        let large = flat.converted(large).unwrap();
        assert_eq!(large.bytes().unwrap().pixels(), [77; 35]);
    }

    #[test]
    fn floats_are_chosen_and_put_together_but_never_resized() {
        let mut floats = Samples {
            values: Values::Floats((0..12).map(|value| value as f32 / 2.0).collect()),
            ..grey()
        };
        assert_eq!(floats.bytes().unwrap_err(), FloatSamplesError);
        assert_eq!(floats.clone().converted(GREY).unwrap(), floats);
        let colour = ImageShape {
            channels: 3,
            ..GREY
        };
        let refused = floats.clone().converted(colour).unwrap_err().to_string();
        assert!(refused.contains("1x2x3"), "{refused}");
        floats.append(grey());
        let chosen = floats.chosen(&[1, 3]);
        let expected = [3.0, 3.5, 4.0, 4.5, 5.0, 5.5, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0];
        assert_eq!(chosen.values, Values::Floats(expected.to_vec()));
        assert_eq!(chosen.labels, [1, 1]);
    }

    #[test]
    fn what_would_not_fit_into_memory_is_refused() {
        let huge = ImageShape {
            channels: 3,
            height: 1 << 40,
            width: 1 << 40,
        };
        assert!(matches!(
            zeroed(2, huge),
            Err(DataError::TooLarge { count: 2, .. })
        ));
    }
}

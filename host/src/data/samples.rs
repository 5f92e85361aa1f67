//! Images and labels in memory, and their conversion to another shape.

use std::fmt;

use image::{GrayImage, RgbImage};
use rayon::prelude::*;
use sha2::digest::Update;

use super::error::DataError;
use super::picture::Picture;

/// More than this is refused: such images are meant to be shrunk first.
const MAX_BYTES: usize = 8 << 30;

/// The shape of an image: channels, then rows, then columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ImageShape {
    /// 1 for grey, 3 for red, green and blue.
    pub channels: usize,
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
}

/// Images as bytes with their labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Samples {
    /// One image after another, each `shape.size()` bytes in the order (channel, row, column);
    /// 0 is black.
    pub pixels: Vec<u8>,
    /// The class of each image.
    pub labels: Vec<u16>,
    /// The shape of every image.
    pub shape: ImageShape,
}

impl ImageShape {
    /// Bytes an image; the largest `usize` where that many cannot be counted.
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
    /// No samples, of images of this shape.
    pub fn empty(shape: ImageShape) -> Self {
        Self {
            pixels: Vec::new(),
            labels: Vec::new(),
            shape,
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
        let indices = indices.iter().map(|index| *index as usize);
        Self {
            pixels: indices
                .clone()
                .flat_map(|index| self.image(index).iter().copied())
                .collect(),
            labels: indices.map(|index| self.labels[index]).collect(),
            shape: self.shape,
        }
    }

    /// The bytes of one image.
    ///
    /// # Panics
    ///
    /// Where `index` is not below [`Samples::len`].
    pub fn image(&self, index: usize) -> &[u8] {
        let size = self.shape.size();
        &self.pixels[index * size..(index + 1) * size]
    }

    /// Adds shape, pixels and labels to a hash.
    pub(super) fn add_to(&self, hash: &mut impl Update) {
        let shape = self.shape;
        for number in [shape.channels, shape.height, shape.width, self.len()] {
            hash.update(&(number as u64).to_le_bytes());
        }
        hash.update(&self.pixels);
        for label in &self.labels {
            hash.update(&label.to_le_bytes());
        }
    }

    /// The samples with every image brought to `shape`, of 1 or 3 channels.
    pub(super) fn converted(self, shape: ImageShape) -> Result<Self, DataError> {
        let mut pixels = zeroed(self.len(), shape)?;
        pixels
            .par_chunks_mut(shape.size())
            .zip(self.pixels.par_chunks(self.shape.size()))
            .for_each(|(out, planes)| picture(planes, self.shape).write(shape, out));
        Ok(Self {
            pixels,
            labels: self.labels,
            shape,
        })
    }
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
    Ok(vec![0; bytes])
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
        Samples {
            pixels: (0..12).collect(),
            labels: vec![0, 1],
            shape: GREY,
        }
    }

    #[test]
    fn grey_becomes_three_equal_planes_and_back() {
        let colour = grey()
            .converted(ImageShape {
                channels: 3,
                ..GREY
            })
            .unwrap();
        assert_eq!(colour.image(1)[..6], [6, 7, 8, 9, 10, 11]);
        assert_eq!(colour.image(1)[6..12], colour.image(1)[12..]);
        assert_eq!(colour.converted(GREY).unwrap(), grey());
    }

    #[test]
    fn a_flat_image_stays_flat_when_resized() {
        let flat = Samples {
            pixels: vec![77; 6],
            labels: vec![0],
            shape: GREY,
        };
        let large = ImageShape {
            channels: 1,
            height: 5,
            width: 7,
        };
        assert_eq!(flat.converted(large).unwrap().pixels, vec![77; 35]);
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

//! What samples are made of: bytes or floats.

use sha2::digest::Update;

/// What samples are made of, before a network's scaling.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Pixels, of which 0 is black, or other whole numbers from 0 to 255.
    Bytes(Vec<u8>),
    /// Any numbers, all finite.
    Floats(Vec<f32>),
}

/// Samples of bytes, borrowed.
#[derive(Clone, Copy, Debug)]
pub struct ByteSamples<'a> {
    pixels: &'a [u8],
    size: usize,
}

/// Samples of floats where bytes are needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "these samples are f32 numbers, but the link to a device and a samples file carry bytes only: \
     give images, or a safetensors file whose tensor input is u8"
)]
pub struct FloatSamplesError;

impl<'a> ByteSamples<'a> {
    /// Samples of `size` bytes each, one after another.
    pub(super) fn new(pixels: &'a [u8], size: usize) -> Self {
        Self { pixels, size }
    }

    /// All bytes, one sample after another.
    pub fn pixels(self) -> &'a [u8] {
        self.pixels
    }

    /// The bytes of one sample, in the order (channel, row, column).
    ///
    /// # Panics
    ///
    /// Where there are not so many samples.
    pub fn image(self, index: usize) -> &'a [u8] {
        &self.pixels[index * self.size..(index + 1) * self.size]
    }
}

impl Values {
    /// Adds the values of `other` behind these; what is not bytes as a whole becomes floats.
    pub(super) fn append(&mut self, other: Self) {
        match (&mut *self, other) {
            (Self::Bytes(all), Self::Bytes(more)) => all.extend(more),
            (_, other) => {
                let mut floats = std::mem::replace(self, Self::Bytes(Vec::new())).into_floats();
                floats.extend(other.into_floats());
                *self = Self::Floats(floats);
            }
        }
    }

    /// Adds the values to a hash; bytes just as they are.
    pub(super) fn add_to(&self, hash: &mut impl Update) {
        match self {
            Self::Bytes(pixels) => hash.update(pixels),
            Self::Floats(floats) => {
                hash.update(b"f32");
                for value in floats {
                    hash.update(&value.to_le_bytes());
                }
            }
        }
    }

    fn into_floats(self) -> Vec<f32> {
        match self {
            Self::Bytes(pixels) => pixels.into_iter().map(f32::from).collect(),
            Self::Floats(floats) => floats,
        }
    }
}

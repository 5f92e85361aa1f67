//! One decoded image: transparency, colour, size and order of its bytes.

use image::imageops::{self, FilterType};
use image::{DynamicImage, GrayImage, RgbImage, RgbaImage};
use kiln_core::luma;

use super::samples::ImageShape;

/// An opaque image, grey wherever it could be: no `Colour` made by [`Picture::new`] is grey
/// all over.
pub(super) enum Picture {
    Grey(GrayImage),
    Colour(RgbImage),
}

/// Bytes that bringing a picture of this size to `shape` takes beside it: rows of four floats a pixel, of the
/// picture's width, and the picture resized.
pub(super) fn resizing_bytes((width, height): (u32, u32), shape: ImageShape) -> u64 {
    let (to_width, to_height) = (shape.width as u64, shape.height as u64);
    if (u64::from(width), u64::from(height)) == (to_width, to_height) {
        return 0;
    }
    let between = u64::from(width).saturating_mul(to_height);
    let resized = to_width.saturating_mul(to_height);
    between
        .saturating_mul(16)
        .saturating_add(resized.saturating_mul(3))
}

impl Picture {
    /// Lays the image on black and finds out whether it has colour.
    pub(super) fn new(image: DynamicImage) -> Self {
        match image {
            DynamicImage::ImageLuma8(grey) => Self::Grey(grey),
            image if image.color().has_alpha() => Self::from_rgb(on_black(&image.into_rgba8())),
            image => Self::from_rgb(image.into_rgb8()),
        }
    }

    pub(super) fn is_colour(&self) -> bool {
        matches!(self, Self::Colour(_))
    }

    /// Writes the image in `shape`, resized where need be, as (channel, row, column) to `out`,
    /// which holds `shape.size()` bytes.
    pub(super) fn write(&self, shape: ImageShape, out: &mut [u8]) {
        let (width, height) = (shape.width as u32, shape.height as u32);
        if self.dimensions() == (width, height) {
            self.write_planes(shape.channels, out);
        } else {
            self.resized(width, height)
                .write_planes(shape.channels, out);
        }
    }

    fn from_rgb(rgb: RgbImage) -> Self {
        let (triples, _) = rgb.as_raw().as_chunks::<3>();
        if triples
            .iter()
            .any(|[red, green, blue]| red != green || green != blue)
        {
            return Self::Colour(rgb);
        }
        let values = triples.iter().map(|[value, ..]| *value).collect();
        let (width, height) = rgb.dimensions();
        match GrayImage::from_raw(width, height, values) {
            Some(grey) => Self::Grey(grey),
            None => Self::Colour(rgb),
        }
    }

    fn dimensions(&self) -> (u32, u32) {
        match self {
            Self::Grey(grey) => grey.dimensions(),
            Self::Colour(rgb) => rgb.dimensions(),
        }
    }

    /// The triangle filter averages when it shrinks, so that thin strokes survive.
    fn resized(&self, width: u32, height: u32) -> Self {
        let filter = FilterType::Triangle;
        match self {
            Self::Grey(grey) => Self::Grey(imageops::resize(grey, width, height, filter)),
            Self::Colour(rgb) => Self::Colour(imageops::resize(rgb, width, height, filter)),
        }
    }

    fn write_planes(&self, channels: usize, out: &mut [u8]) {
        let planes = out.chunks_exact_mut(out.len() / channels);
        match self {
            Self::Grey(grey) => planes.for_each(|plane| plane.copy_from_slice(grey.as_raw())),
            Self::Colour(rgb) if channels == 1 => write_plane(out, rgb, luma),
            Self::Colour(rgb) => planes
                .enumerate()
                .for_each(|(channel, plane)| write_plane(plane, rgb, |triple| triple[channel])),
        }
    }
}

fn write_plane(plane: &mut [u8], rgb: &RgbImage, value: impl Fn([u8; 3]) -> u8) {
    for (out, triple) in plane.iter_mut().zip(rgb.as_raw().as_chunks::<3>().0) {
        *out = value(*triple);
    }
}

fn on_black(image: &RgbaImage) -> RgbImage {
    let mut opaque = RgbImage::new(image.width(), image.height());
    let (quads, _) = image.as_raw().as_chunks::<4>();
    let (triples, _) = opaque.as_chunks_mut::<3>();
    for (triple, [red, green, blue, alpha]) in triples.iter_mut().zip(quads) {
        *triple = [red, green, blue].map(|&value| scaled(value, *alpha));
    }
    opaque
}

/// `value * alpha / 255`, rounded; `value` itself where `alpha` is 255.
fn scaled(value: u8, alpha: u8) -> u8 {
    ((u32::from(value) * u32::from(alpha) + 127) / 255) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_channels_keep_their_value() {
        for value in 0..=255 {
            assert_eq!(luma([value; 3]), value);
            assert_eq!(scaled(value, 255), value);
            assert_eq!(scaled(value, 0), 0);
        }
    }

    #[test]
    fn transparent_pixels_are_laid_on_black() {
        let image = RgbaImage::from_raw(2, 1, vec![200, 200, 200, 128, 9, 80, 7, 0]);
        let picture = Picture::new(DynamicImage::ImageRgba8(image.unwrap()));
        assert!(!picture.is_colour(), "the coloured pixel cannot be seen");
        let mut out = [1; 2];
        let shape = ImageShape {
            channels: 1,
            height: 1,
            width: 2,
        };
        picture.write(shape, &mut out);
        assert_eq!(out, [100, 0]);
    }

    #[test]
    fn colours_are_sorted_into_planes() {
        let image = RgbImage::from_raw(2, 1, vec![1, 2, 3, 4, 5, 6]).unwrap();
        let picture = Picture::new(DynamicImage::ImageRgb8(image));
        let mut out = [0; 6];
        picture.write(
            ImageShape {
                channels: 3,
                height: 1,
                width: 2,
            },
            &mut out,
        );
        assert_eq!(out, [1, 4, 2, 5, 3, 6]);
    }

    #[test]
    fn sixteen_bits_become_eight() {
        let image = image::ImageBuffer::from_raw(2, 1, vec![0xffff_u16, 0x8080]).unwrap();
        let picture = Picture::new(DynamicImage::ImageLuma16(image));
        let mut out = [0; 2];
        picture.write(
            ImageShape {
                channels: 1,
                height: 1,
                width: 2,
            },
            &mut out,
        );
        assert_eq!(out, [255, 128]);
    }

    #[test]
    fn a_cameras_picture_becomes_what_the_pixels_in_a_file_become() {
        use kiln_core::{CameraFrame, PixelFormat, Shape};
        use rand_core::{Rng, SeedableRng};

        let mut random = rand_xoshiro::Xoshiro128PlusPlus::seed_from_u64(5);
        let mut sizes = vec![
            [160, 120, 28, 28],
            [1, 300, 3, 1],
            [97, 1, 9, 5],
            [28, 28, 28, 28],
        ];
        sizes.extend((0..60).map(|_| std::array::from_fn(|_| 1 + random.next_u32() as usize % 47)));
        for [width, height, columns, rows] in sizes {
            let mut bytes = vec![0_u8; 3 * width * height];
            random.fill_bytes(&mut bytes);
            // Runs of black and white, whose sums reach both ends.
            bytes
                .iter_mut()
                .for_each(|byte| *byte = if *byte < 80 { 0 } else { *byte | 3 });
            let [w, h] = [width, height].map(|side| side as u32);
            let grey = GrayImage::from_raw(w, h, bytes[..width * height].to_vec()).unwrap();
            let colour = RgbImage::from_raw(w, h, bytes.clone()).unwrap();
            let pictures = [
                (
                    PixelFormat::Grey,
                    Picture::new(DynamicImage::ImageLuma8(grey)),
                ),
                (
                    PixelFormat::Rgb888,
                    Picture::new(DynamicImage::ImageRgb8(colour)),
                ),
            ];
            for (format, picture) in pictures {
                let frame = &bytes[..format.bytes() * width * height];
                let frame = CameraFrame::new(frame, width, height, format).unwrap();
                for channels in [1, 3] {
                    let shape = Shape::new(channels, rows as u32, columns as u32);
                    let mut found = vec![0; shape.elements()];
                    let mut expected = found.clone();
                    frame.write(shape, &mut found).unwrap();
                    picture.write(shape.into(), &mut expected);
                    assert_eq!(
                        found, expected,
                        "{format:?} {width} x {height} to {shape:?}"
                    );
                }
            }
        }
    }
}

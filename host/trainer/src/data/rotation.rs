//! Turns images about their centres.

use super::samples::{ImageShape, Samples};
use super::values::FloatSamplesError;

/// The samples turned counter-clockwise by `degrees`, what comes in from outside black.
///
/// Values between pixels are interpolated linearly in both directions.
///
/// # Errors
///
/// If the samples are floats.
pub fn rotated(samples: &Samples, degrees: f64) -> Result<Samples, FloatSamplesError> {
    let shape = samples.shape;
    let map = shape.height * shape.width;
    let turn = degrees.to_radians().sin_cos();
    let maps = samples.bytes()?.pixels().chunks_exact(map);
    let pixels = maps.flat_map(|map| rotate(map, shape, turn)).collect();
    Ok(Samples::of_bytes(pixels, samples.labels.clone(), shape))
}

/// One channel of one image.
fn rotate(map: &[u8], shape: ImageShape, (sin, cos): (f64, f64)) -> Vec<u8> {
    let (height, width) = (shape.height, shape.width);
    let centre = [(height - 1) as f64 / 2.0, (width - 1) as f64 / 2.0];
    let mut turned = Vec::with_capacity(map.len());
    for row in 0..height {
        for column in 0..width {
            let (y, x) = (row as f64 - centre[0], column as f64 - centre[1]);
            let source = [centre[0] + y * cos + x * sin, centre[1] + x * cos - y * sin];
            turned.push(interpolated(map, [height, width], source));
        }
    }
    turned
}

/// The value at a place between pixels.
fn interpolated(map: &[u8], [height, width]: [usize; 2], [y, x]: [f64; 2]) -> u8 {
    let (top, left) = (y.floor(), x.floor());
    let pixel = |row: f64, column: f64| {
        let inside = (0.0..height as f64).contains(&row) && (0.0..width as f64).contains(&column);
        if inside {
            f64::from(map[row as usize * width + column as usize])
        } else {
            0.0
        }
    };
    let (down, right) = (y - top, x - left);
    let upper = pixel(top, left) * (1.0 - right) + pixel(top, left + 1.0) * right;
    let lower = pixel(top + 1.0, left) * (1.0 - right) + pixel(top + 1.0, left + 1.0) * right;
    (upper * (1.0 - down) + lower * down).round() as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(pixels: &[u8]) -> Samples {
        let shape = ImageShape {
            channels: 1,
            height: 3,
            width: 3,
        };
        Samples::of_bytes(pixels.to_vec(), vec![0], shape)
    }

    fn turned(image: &[u8], degrees: f64) -> Vec<u8> {
        let turned = rotated(&samples(image), degrees).unwrap();
        turned.bytes().unwrap().pixels().to_vec()
    }

    #[test]
    fn a_quarter_turn_moves_every_pixel_and_none_is_a_copy() {
        let image = [1, 2, 3, 4, 5, 6, 7, 8, 9];
        assert_eq!(turned(&image, 0.0), image);
        let quarter = turned(&image, 90.0);
        assert_eq!(quarter, [3, 6, 9, 2, 5, 8, 1, 4, 7]);
        assert_eq!(turned(&quarter, -90.0), image);
    }

    #[test]
    fn between_pixels_values_are_mixed_and_outside_is_black() {
        let turned = turned(&[0, 0, 90, 0, 90, 0, 90, 0, 0], -45.0);
        assert_eq!(turned[4], 90);
        assert_eq!([turned[0], turned[8]], [0, 0]);
        assert!(turned[1] > 0 && turned[1] < 90, "{turned:?}");
    }
}

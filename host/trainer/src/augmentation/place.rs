//! Where the pixels of an image go. What comes in from outside repeats the edge.

use crate::data::ImageShape;

/// How an image is mirrored, then moved.
#[derive(Clone, Copy)]
pub(super) struct Placement {
    pub flip: bool,
    /// Rows it is moved by.
    pub down: i32,
    /// Columns it is moved by.
    pub right: i32,
}

/// Positions between pixels have this many binary places.
const BITS: u32 = 16;
const ONE: i64 = 1 << BITS;

impl Placement {
    /// Moves whole pixels.
    pub fn moved(self, image: &[u8], shape: ImageShape, to: &mut [u8]) {
        let ImageShape { height, width, .. } = shape;
        let maps = to.chunks_exact_mut(height * width);
        for (map, source) in maps.zip(image.chunks_exact(height * width)) {
            for (row, to) in map.chunks_exact_mut(width).enumerate() {
                let row = clamped(row as i64 - i64::from(self.down), height);
                self.row(&source[row * width..][..width], to);
            }
        }
    }

    /// One row of pixels, of which a mirrored one is moved by as much the other way.
    fn row(self, from: &[u8], to: &mut [u8]) {
        let right = if self.flip { -self.right } else { self.right };
        let gap = (right.unsigned_abs() as usize).min(to.len());
        let kept = to.len() - gap;
        if right >= 0 {
            to[..gap].fill(from[0]);
            to[gap..].copy_from_slice(&from[..kept]);
        } else {
            to[..kept].copy_from_slice(&from[gap..]);
            to[kept..].fill(from[from.len() - 1]);
        }
        if self.flip {
            to.reverse();
        }
    }

    /// Turns the image about its centre, counter-clockwise by `degrees`, before it is mirrored and
    /// moved. Values between pixels are interpolated linearly in both directions, in whole numbers.
    pub fn turned(self, degrees: f64, image: &[u8], shape: ImageShape, to: &mut [u8]) {
        let ImageShape { height, width, .. } = shape;
        let angle = degrees.to_radians();
        let fixed = |value: f64| libm::round(value * ONE as f64) as i64;
        let (sin, cos) = (fixed(libm::sin(angle)), fixed(libm::cos(angle)));
        // Twice the distance from the centre, which may lie between two pixels.
        let twice = |index: i64, extent: usize| 2 * index - (extent as i64 - 1);
        let centre = |extent: usize| (extent as i64 - 1) * ONE / 2;
        for row in 0..height {
            let y = twice(row as i64 - i64::from(self.down), height);
            for column in 0..width {
                let x = twice(column as i64 - i64::from(self.right), width);
                let x = if self.flip { -x } else { x };
                let source = [
                    centre(height) + (y * cos + x * sin) / 2,
                    centre(width) + (x * cos - y * sin) / 2,
                ];
                let mix = Mix::new(source, [height, width]);
                let maps = to.chunks_exact_mut(height * width);
                for (map, from) in maps.zip(image.chunks_exact(height * width)) {
                    map[row * width + column] = mix.of(from);
                }
            }
        }
    }
}

/// A value from four pixels, each weighted by how near it is.
struct Mix {
    pixels: [usize; 4],
    weights: [u32; 4],
}

impl Mix {
    fn new([y, x]: [i64; 2], [height, width]: [usize; 2]) -> Self {
        let rows = [0, 1].map(|next| clamped((y >> BITS) + next, height) * width);
        let columns = [0, 1].map(|next| clamped((x >> BITS) + next, width));
        // Eight places of the fraction are finer than a byte can show.
        let [down, right] = [y, x].map(|at| (at & (ONE - 1)) as u32 >> (BITS - 8));
        Self {
            pixels: [
                rows[0] + columns[0],
                rows[0] + columns[1],
                rows[1] + columns[0],
                rows[1] + columns[1],
            ],
            weights: [
                (256 - down) * (256 - right),
                (256 - down) * right,
                down * (256 - right),
                down * right,
            ],
        }
    }

    fn of(&self, map: &[u8]) -> u8 {
        let products = self.pixels.iter().zip(self.weights);
        let sum: u32 = products
            .map(|(pixel, weight)| u32::from(map[*pixel]) * weight)
            .sum();
        ((sum + (1 << 15)) >> 16) as u8
    }
}

fn clamped(index: i64, extent: usize) -> usize {
    index.clamp(0, extent as i64 - 1) as usize
}

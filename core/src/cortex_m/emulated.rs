//! The loops in Rust, for tests on other processors.

use super::{Tile, TileShape};

/// Adds all products to the tile's sums, in the order of the assembly.
///
/// # Safety
///
/// As for [`Tile::accumulate`].
pub(super) unsafe fn accumulate(tile: &mut Tile, shape: TileShape) {
    let mut walk = Walk {
        shape,
        weights: tile.weights,
        inputs: tile.inputs,
        sums: tile.sums,
    };
    for channel in 0..tile.channels {
        for row in 0..tile.rows {
            for _ in 0..tile.threes {
                for tap in 0..3 {
                    // SAFETY: the caller vouches for what the loops read.
                    unsafe { walk.add_tap(tap) };
                }
                walk.step(tile.three_step, 12);
            }
            for _ in 0..tile.ones {
                // SAFETY: as above.
                unsafe { walk.add_tap(0) };
                walk.step(tile.one_step, 4);
            }
            if row + 1 < tile.rows {
                walk.step(tile.row_step, tile.weight_row_step);
            }
        }
        if channel + 1 < tile.channels {
            walk.step(tile.channel_step, tile.weight_channel_step);
        }
    }
    tile.sums = walk.sums;
}

struct Walk {
    shape: TileShape,
    weights: [*const f32; 4],
    inputs: [*const f32; 4],
    sums: [f32; 16],
}

impl Walk {
    /// Adds the products of the tap that is `tap` values behind the addresses.
    unsafe fn add_tap(&mut self, tap: usize) {
        let filters = if self.shape == TileShape::Quad { 1 } else { 4 };
        for filter in 0..filters {
            for place in 0..4 {
                let (input, offset) = match self.shape {
                    TileShape::Scattered | TileShape::Quad => (place, 0),
                    TileShape::Line => (0, place),
                    TileShape::Window => (place / 2, place % 2),
                };
                let weight = match self.shape {
                    TileShape::Quad => place,
                    _ => filter,
                };
                // SAFETY: the caller's.
                let product = unsafe {
                    *self.weights[weight].add(tap) * *self.inputs[input].add(tap + offset)
                };
                self.sums[4 * filter + place] += product;
            }
        }
    }

    fn step(&mut self, inputs: i32, weights: i32) {
        // Behind the last tap addresses may lie anywhere; nothing is read from there.
        let steps = |address: &mut *const f32, bytes: i32| {
            *address = address.wrapping_byte_offset(bytes as isize);
        };
        self.inputs.iter_mut().for_each(|at| steps(at, inputs));
        self.weights.iter_mut().for_each(|at| steps(at, weights));
    }
}

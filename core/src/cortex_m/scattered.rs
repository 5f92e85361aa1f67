//! Outputs that lie anywhere, four at a time.

use super::convolution::{OutputPlaces, bytes};
use super::filter_block::FilterBlock;
use core::ops::Range;

/// Outputs with the same taps, up to four, wherever they are.
#[derive(Clone, Copy)]
pub(super) struct ScatteredOutputs {
    pub count: usize,
    /// Their first taps' inputs, of the first group.
    pub inputs: [*const f32; 4],
    /// Values from a filter's first place to theirs.
    pub places: [usize; 4],
}

impl ScatteredOutputs {
    /// None yet. What is known anyway is stored faster than zeros.
    pub fn none_at(input: *const f32) -> Self {
        Self {
            count: 0,
            inputs: [input; 4],
            places: [input.addr(); 4],
        }
    }

    /// Makes those that are missing the first one again.
    pub fn fill(&mut self) {
        for at in self.count..4 {
            (self.inputs[at], self.places[at]) = (self.inputs[0], self.places[0]);
        }
    }

    /// From the first one to each of the others, in bytes.
    pub fn steps(&self) -> [i32; 3] {
        [1, 2, 3].map(|at| bytes(self.places[at]).wrapping_sub(bytes(self.places[0])))
    }
}

impl<const PARTS: u8> FilterBlock<'_, PARTS> {
    /// Gives these outputs to `compute`, four at a time, and leaves those that are left over in `outputs`, where
    /// there are none before.
    #[inline(always)]
    pub fn scattered(
        &mut self,
        [rows, columns]: [Range<usize>; 2],
        target: &OutputPlaces,
        outputs: &mut ScatteredOutputs,
        mut compute: impl FnMut(&mut Self, &ScatteredOutputs),
    ) {
        let g = self.geometry;
        let mut first_input = self.first_input(rows.start, columns.start);
        let mut first_place = target.place(rows.start, columns.start);
        for _ in rows {
            let (mut input, mut place) = (first_input, first_place);
            first_input = first_input.wrapping_add(g.stride[0] * g.input[1]);
            first_place += target.pitch;
            for _ in columns.clone() {
                // As an index that needs no check.
                outputs.inputs[outputs.count % 4] = input;
                outputs.places[outputs.count % 4] = place;
                (input, place) = (input.wrapping_add(g.stride[1]), place + 1);
                outputs.count += 1;
                if outputs.count == 4 {
                    compute(self, outputs);
                    outputs.count = 0;
                }
            }
        }
    }
}

//! A convolution of codes: which positions the loops see side by side.

use super::Rounding;
use super::clamping::clamp_codes;
use super::gathering::Gathering;
use super::layout::{Header, Sizes, Sweeping};
use super::line::Line;
use super::tile::{ALONE, BYTES, Finish, Tile};
use crate::ops::conv2d::ConvGeometry;

/// The forward pass of a convolution of codes; a linear layer is one with a kernel of 1 x 1, a single
/// position, and all its inputs as channels.
pub struct CodeConvolution<'a> {
    /// The convolution, with all its outputs.
    pub geometry: ConvGeometry,
    /// Whether only the largest of each 2 x 2 outputs is wanted.
    pub pool: bool,
    /// rows x columns x channels
    pub input: &'a [i8],
    /// What padding is filled with.
    pub input_zero: i8,
    /// What [`CodeArrangement::write`](super::CodeArrangement::write) wrote.
    pub arranged: &'a [u32],
    /// rows x columns x filters, pooled where that is wanted; aligned to words.
    pub output: &'a mut [i8],
    /// The least and the greatest code of the output.
    pub limits: [i8; 2],
    /// [`CodeArrangement::scratch`](super::CodeArrangement::scratch) bytes, aligned to words.
    pub scratch: &'a mut [i8],
}

impl CodeConvolution<'_> {
    /// Runs it; gives `false`, and computes nothing, where no loop is made for the geometry.
    ///
    /// # Panics
    ///
    /// Where a slice has another length than the geometry says, or is not aligned.
    pub fn run(mut self) -> bool {
        let g = self.geometry;
        let Some(sizes) = Sizes::of(&g, self.pool) else {
            return false;
        };
        let [height, width] = match self.pool {
            true => g.output.map(|extent| extent / 2),
            false => g.output,
        };
        // What the addresses rely on.
        let is_whole = self.input.len() == g.channels * g.input_area()
            && self.arranged.len() == sizes.words
            && self.output.len() == g.filters * height * width
            && self.scratch.len() >= sizes.taps + sizes.copies
            && self.scratch.as_ptr().cast::<u32>().is_aligned();
        assert!(is_whole, "a convolution's buffers are not of its geometry");
        match sizes.sweeping {
            Sweeping::Tiles => {
                if !self.pool {
                    self.geometry = flattened(g);
                }
                self.tiles(&sizes, height * width);
            }
            Sweeping::Lines => self.lines(&sizes),
            Sweeping::Planes => self.planes(),
        }
        clamp_codes(self.output, self.limits);
        true
    }

    fn gathering(&mut self, sizes: &Sizes) -> Gathering<'_> {
        let header = header_of(self.arranged);
        Gathering::new(
            &self.geometry,
            self.input,
            self.input_zero,
            self.scratch,
            sizes,
            !header.paired,
        )
    }

    /// Four positions at a time, or the four of a window; then one at a time, or the last four again,
    /// whichever is less.
    #[inline(never)]
    fn tiles(&mut self, sizes: &Sizes, places: usize) {
        let g = self.geometry;
        let header = header_of(self.arranged);
        let filters = g.group_filters();
        let output = self.output.as_mut_ptr();
        let pool = self.pool;
        let mut weights = self.arranged[1..].as_ptr();
        let mut gathering = self.gathering(sizes);
        let taps = gathering.taps();
        let layout = if header.paired { 0 } else { BYTES };
        let skipped = sizes.quads.wrapping_neg() % 4;
        let mut tile = Tile {
            taps,
            taps_end: taps.wrapping_byte_add(sizes.taps),
            output,
            pitches: [0, 0],
            pairs_end: output,
            skipped: 0,
            weights,
            body: 0,
            finish: match (header.rounding, pool) {
                (Rounding::Once, false) => Finish::Once,
                (Rounding::Once, true) => Finish::LargestOnce,
                (Rounding::Twice, false) => Finish::Twice,
                (Rounding::Twice, true) => Finish::LargestTwice,
            },
            is_odd: filters % 2,
        };
        let columns = g.output[1] / 2;
        for group in 0..g.groups {
            gathering.start_group(group);
            tile.weights = weights;
            let mut place = 0;
            while place < places {
                (tile.pitches, tile.body) = ([g.filters, 3 * g.filters], layout);
                tile.skipped = skipped;
                let mut step = 4;
                match places - place {
                    _ if pool => {
                        gathering.window([2 * (place / columns), 2 * (place % columns)]);
                        step = 1;
                    }
                    1 | 2 => {
                        gathering.alone(place);
                        (tile.pitches, tile.body, tile.skipped) = ([0, 0], layout | ALONE, 0);
                        step = 1;
                    }
                    left => {
                        place -= 4_usize.saturating_sub(left);
                        gathering.four(place);
                    }
                }
                tile.output = output.wrapping_add(place * g.filters + group * filters);
                tile.pairs_end = tile.output.wrapping_add(filters / 2 * 2);
                // SAFETY: the lengths are asserted: each tap, weight and code has its place.
                weights = unsafe { tile.run() };
                place += step;
            }
        }
    }

    /// One position at a time.
    #[inline(never)]
    fn lines(&mut self, sizes: &Sizes) {
        let g = self.geometry;
        let header = header_of(self.arranged);
        let filters = g.group_filters();
        let output = self.output.as_mut_ptr();
        let mut weights = self.arranged[1..].as_ptr();
        let mut gathering = self.gathering(sizes);
        let taps = gathering.taps();
        for group in 0..g.groups {
            gathering.start_group(group);
            let mut behind = weights;
            for place in 0..g.output_area() {
                gathering.one(place);
                let output = output.wrapping_add(place * g.filters + group * filters);
                let line = Line {
                    taps,
                    taps_end: taps.wrapping_byte_add(sizes.taps),
                    output,
                    blocks_end: output.wrapping_add(filters / 4 * 4),
                    output_end: output.wrapping_add(filters),
                    skipped: sizes.quads.wrapping_neg() % 4,
                    weights,
                    is_bytes: usize::from(!header.paired),
                    is_twice: usize::from(header.rounding == Rounding::Twice),
                };
                // SAFETY: the lengths are asserted: each tap, weight and code has its place.
                behind = unsafe { line.run() };
            }
            weights = behind;
        }
    }
}

/// What the first word of arranged weights says.
pub(super) fn header_of(arranged: &[u32]) -> Header {
    let word = arranged.first().copied().unwrap_or(0);
    Header {
        rounding: match word & 2 {
            0 => Rounding::Once,
            _ => Rounding::Twice,
        },
        paired: word & 1 == 0,
    }
}

/// A kernel of 1 x 1 that takes every value sees one long row.
fn flattened(g: ConvGeometry) -> ConvGeometry {
    if !g.is_pointwise() {
        return g;
    }
    let [input, output] = [[1, g.input_area()], [1, g.output_area()]];
    ConvGeometry { input, output, ..g }
}

//! Which positions are seen side by side.

use super::Rounding;
use super::convolution::{CodeConvolution, header_of};
use super::gathering::Gathering;
use super::layout::Sizes;
use super::tile::{ALONE, BYTES, CodeFinish, Tile};
use crate::ops::conv2d::ConvGeometry;
use core::ops::Range;

impl CodeConvolution<'_> {
    /// Group by group, by the loops for its weights; the outputs, or windows, have so many columns.
    #[inline(never)]
    pub(super) fn tiles(&mut self, sizes: &Sizes, width: usize, run: TileLoops) {
        let g = self.geometry;
        let rows = self.rows.clone();
        let header = header_of(self.arranged);
        let pool = self.pool;
        let output = self.output.as_mut_ptr();
        let weights = self.arranged[1..].as_ptr();
        let mut gathering = self.gathering(sizes);
        let taps = gathering.taps();
        let mut tiles = GroupTiles {
            geometry: &g,
            run,
            gathering: &mut gathering,
            layout: if header.paired { 0 } else { BYTES },
            output,
            weights,
            tile: Tile {
                taps,
                taps_end: taps.wrapping_byte_add(sizes.taps),
                output,
                pitches: [g.filters, 3 * g.filters],
                pairs_end: output,
                skipped: sizes.quads.wrapping_neg() % 4,
                weights,
                body: 0,
                finish: match (header.rounding, pool) {
                    (Rounding::Once, false) => CodeFinish::Once,
                    (Rounding::Once, true) => CodeFinish::LargestOnce,
                    (Rounding::Twice, false) => CodeFinish::Twice,
                    (Rounding::Twice, true) => CodeFinish::LargestTwice,
                },
                is_odd: g.group_filters() % 2,
            },
        };
        for group in 0..g.groups {
            tiles.start_group(group);
            match pool {
                true => tiles.windows(rows.clone(), width),
                false => tiles.positions(rows.start * width, rows.len() * width),
            }
        }
    }
}

/// [`Tile::run`], or that for some weights alone.
pub(super) type TileLoops = unsafe fn(&Tile) -> *const u32;

/// The tiles of a group of filters.
struct GroupTiles<'a, 'g> {
    geometry: &'a ConvGeometry,
    run: TileLoops,
    gathering: &'a mut Gathering<'g>,
    /// The loop's body for several positions.
    layout: usize,
    /// The first output's codes of the group.
    output: *mut i8,
    /// Behind the group's weights, once it has run.
    weights: *const u32,
    tile: Tile,
}

impl GroupTiles<'_, '_> {
    fn start_group(&mut self, group: usize) {
        self.gathering.start_group(group);
        self.tile.weights = self.weights;
        if group > 0 {
            self.output = self.output.wrapping_add(self.geometry.group_filters());
        }
    }

    /// Window by window.
    #[inline(never)]
    fn windows(&mut self, rows: Range<usize>, width: usize) {
        self.tile.body = self.layout;
        for (row, y) in rows.enumerate() {
            for x in 0..width {
                self.gathering.window([2 * y, 2 * x]);
                self.run(row * width + x);
            }
        }
    }

    /// So many outputs: four at a time, then one at a time, or the last four again, whichever is less.
    #[inline(never)]
    fn positions(&mut self, first: usize, count: usize) {
        let tile = &mut self.tile;
        let whole = (self.layout, tile.skipped, tile.pitches);
        tile.body = self.layout;
        let mut place = 0;
        while count - place >= 3 && count >= 4 {
            place = place.min(count - 4);
            self.gathering.four(first + place);
            self.run(place);
            place += 4;
        }
        let alone = (self.layout | ALONE, 0, [0, 0]);
        (self.tile.body, self.tile.skipped, self.tile.pitches) = alone;
        while place < count {
            self.gathering.alone(first + place);
            self.run(place);
            place += 1;
        }
        (self.tile.body, self.tile.skipped, self.tile.pitches) = whole;
    }

    /// Computes what was gathered, of which the first is the output at `place`.
    #[inline(never)]
    fn run(&mut self, place: usize) {
        let tile = &mut self.tile;
        let filters = self.geometry.group_filters();
        tile.output = self.output.wrapping_add(place * self.geometry.filters);
        tile.pairs_end = tile.output.wrapping_add(filters / 2 * 2);
        // SAFETY: the lengths are asserted: each tap, weight and code has its place.
        self.weights = unsafe { (self.run)(tile) };
    }
}

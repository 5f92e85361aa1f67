//! The regions of a block of filters.

use super::Sweep;
use super::convolution::{OutputPlaces, ZERO, is_single};
use crate::ops::conv2d::ConvGeometry;
use crate::ops::conv2d::scalar::parts;
use core::ops::Range;

/// Up to four filters side by side, of a convolution that needs no more than the `PARTS` of the kernels.
pub(super) struct FilterBlock<'a, const PARTS: u8> {
    pub geometry: &'a ConvGeometry,
    /// The outputs with all taps.
    pub interior: [Range<usize>; 2],
    pub is_single: bool,
    pub filters: usize,
    /// Whether all groups are computed at once, a filter of each.
    pub is_at_once: bool,
    /// Groups that are computed at once.
    pub groups: usize,
    /// The first group's channels.
    pub input: *const f32,
    /// The first filter's.
    pub weights: *const f32,
    /// The first filter's; none where it is that of no filter.
    pub bias: *const f32,
    /// What outputs are not below of.
    pub floor: f32,
    /// The rows and columns of the kernel that the sweep is made for.
    pub taps: [Range<usize>; 2],
    pub sweep: Sweep,
}

impl<'a, const PARTS: u8> FilterBlock<'a, PARTS> {
    /// Whether there are rectangles.
    pub const HAS_SINGLES: bool = PARTS & parts::SINGLES != 0;
    /// Whether there are lines.
    pub const HAS_LINES: bool = PARTS & parts::LINES != 0;

    pub fn new(g: &'a ConvGeometry, floor: f32) -> Self {
        let mut sweep = Sweep::NOTHING;
        sweep.rectify = u32::from(floor == 0.0);
        Self {
            geometry: g,
            interior: [interior(g, 0), interior(g, 1)],
            is_single: false,
            filters: 0,
            is_at_once: false,
            groups: 1,
            input: core::ptr::null(),
            weights: core::ptr::null(),
            bias: &ZERO,
            floor,
            taps: [0..0, 0..0],
            sweep,
        }
    }

    /// Becomes the filters from `first` on, of which there are `left` in the group, and says how
    /// many it takes.
    pub fn take(&mut self, left: usize, weights: &[f32], first: usize, bias: &[f32]) -> usize {
        let g = self.geometry;
        self.is_single = Self::HAS_SINGLES && is_single(g, left, self.is_at_once);
        self.filters = if self.is_single { 1 } else { left.min(4) };
        self.weights = weights[first * g.taps()..].as_ptr();
        let own = bias.get(first..).unwrap_or(&[]);
        self.bias = own.first().map_or(&raw const ZERO, |bias| bias);
        // SAFETY: there is a bias for each filter, as the convolution asserts, or none, which is one 0.
        let biases = self.each(|f| unsafe { *self.bias_of(f) });
        for (sums, bias) in self
            .sweep
            .sums
            .as_chunks_mut::<4>()
            .0
            .iter_mut()
            .zip(biases)
        {
            *sums = [bias; 4];
        }
        self.taps = [0..0, 0..0];
        self.filters
    }

    /// What `of` gives for each filter; the last one stands for those that are missing.
    #[inline(always)]
    pub fn each<T>(&self, of: impl Fn(usize) -> T) -> [T; 4] {
        [0, 1, 2, 3].map(|f: usize| of(f.min(self.filters - 1)))
    }

    /// All outputs in these rows and columns.
    pub fn regions(&mut self, [rows, columns]: [Range<usize>; 2], target: &OutputPlaces) {
        if Self::HAS_SINGLES && self.is_single {
            return self.bands([rows, columns], target);
        }
        let mut y = rows.start;
        while y < rows.end {
            let alike_rows = self.alike(0, y, rows.end);
            let mut x = columns.start;
            while x < columns.end {
                let alike_columns = self.alike(1, x, columns.end);
                self.region([alike_rows.clone(), alike_columns.clone()], target);
                x = alike_columns.end;
            }
            y = alike_rows.end;
        }
    }

    /// The outputs from `at` to `end`, along an axis, that have the same taps.
    #[inline(never)]
    pub fn alike(&self, axis: usize, at: usize, end: usize) -> Range<usize> {
        let interior = &self.interior[axis];
        if interior.contains(&at) {
            return at..interior.end.min(end);
        }
        let taps = self.valid_taps(axis, at);
        let mut last = at + 1;
        while last < end && self.valid_taps(axis, last) == taps {
            last += 1;
        }
        at..last
    }

    #[inline(never)]
    pub fn valid_taps(&self, axis: usize, at: usize) -> Range<usize> {
        self.geometry.valid_taps(axis, at)
    }

    /// Outputs with the same taps.
    #[inline(never)]
    fn region(&mut self, [rows, columns]: [Range<usize>; 2], target: &OutputPlaces) {
        let taps = [
            self.valid_taps(0, rows.start),
            self.valid_taps(1, columns.start),
        ];
        if taps[0].is_empty() || taps[1].is_empty() {
            if !Self::HAS_SINGLES {
                unreachable!("all taps are inside the input");
            }
            return self.fill([rows, columns], target);
        }
        let is_new = taps != self.taps;
        self.taps = taps;
        if is_new {
            self.aim();
        }
        self.tiles(rows, columns, target);
    }

    pub fn bias_of(&self, f: usize) -> *const f32 {
        let step = if self.bias == &raw const ZERO { 0 } else { f };
        self.bias.wrapping_add(step)
    }
}

/// Once for both axes.
#[inline(never)]
fn interior(g: &ConvGeometry, axis: usize) -> Range<usize> {
    g.interior(axis)
}

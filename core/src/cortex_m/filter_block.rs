//! Filters of some groups, and the regions of their outputs.

use super::convolution::{OutputPlaces, ZERO, is_narrow};
use super::{Fan, Sweep, SweepStart};
use crate::ops::conv2d::ConvGeometry;
use crate::ops::conv2d::scalar::{parts, rectified};
use core::ops::Range;
use core::ptr::NonNull;

/// Filters side by side of some groups, of a convolution that needs no more than the `PARTS` of the
/// kernels.
///
/// Their numbers begin with the first one of the first group, and count those that lie between them, too.
pub(super) struct FilterBlock<'a, const PARTS: u8> {
    pub geometry: &'a ConvGeometry,
    /// The outputs with all taps.
    pub interior: [Range<usize>; 2],
    pub groups: usize,
    /// Of each group, filters in tiles of four.
    pub tiled: usize,
    /// Of each group, filters behind them, three at most where there are tiles.
    pub few: usize,
    /// The first group's channels.
    pub input: *const f32,
    /// The first filter's.
    pub weights: *const f32,
    /// The first filter's, if there are any.
    bias: Option<NonNull<f32>>,
    /// The rows and columns of the kernel that the sweep is made for.
    pub taps: [Range<usize>; 2],
    pub sweep: Sweep,
    pub start: SweepStart,
}

impl<'a, const PARTS: u8> FilterBlock<'a, PARTS> {
    /// Whether what is left over of tiles is computed without the rest of one.
    pub const HAS_FANS: bool = PARTS & parts::FANS != 0;
    /// Whether filters that are left over of tiles are.
    pub const HAS_FEW: bool = PARTS & parts::FEW != 0;
    /// Whether such filters may get their products channel by channel.
    pub const HAS_PASSES: bool = PARTS & parts::PASSES != 0;
    /// Whether all filters do.
    pub const HAS_ONLY_PASSES: bool = PARTS & parts::ONLY_PASSES != 0;
    /// Whether there are tiles of kernels of one column.
    pub const HAS_COLUMNS: bool = PARTS & parts::COLUMNS != 0;
    /// Whether there are filters whose weights stay in registers.
    const HAS_KEPT: bool = PARTS & parts::KEPT != 0;

    /// None yet.
    pub fn new(g: &'a ConvGeometry, floor: f32) -> Self {
        Self {
            geometry: g,
            interior: [interior(g, 0), interior(g, 1)],
            groups: 0,
            tiled: 0,
            few: 0,
            input: core::ptr::null(),
            weights: core::ptr::null(),
            bias: None,
            taps: [0..0, 0..0],
            sweep: Sweep::unset(floor, g.groups),
            start: SweepStart::NONE,
        }
    }

    /// Becomes so many filters of each of these groups, from one of theirs on. The buffers are all inputs,
    /// weights and biases of the convolution.
    pub fn take(
        &mut self,
        [input, weights, bias]: [&[f32]; 3],
        groups: Range<usize>,
        first: usize,
        filters: usize,
    ) {
        let g = self.geometry;
        let left = filters % 4;
        // Three are nearly a tile, and more regions are not worth while for them; nor for two of a few products.
        let is_nearly = left == 3 || left == 2 && g.kernel_area() == 1 && g.group_channels() <= 16;
        let has_few = (Self::HAS_FEW || Self::HAS_PASSES) && is_narrow(g);
        let has_few = has_few && (filters < 4 || !is_nearly);
        self.few = match has_few {
            _ if Self::HAS_ONLY_PASSES => filters,
            true => left,
            false => 0,
        };
        self.tiled = filters - self.few;
        self.groups = groups.len();
        let filter = groups.start * g.group_filters() + first;
        self.input = input[groups.start * self.group_values()..].as_ptr();
        self.weights = weights[filter * g.taps()..].as_ptr();
        self.bias = bias
            .get(filter..)
            .and_then(|own| Some(NonNull::from(own.first()?)));
        self.taps = [0..0, 0..0];
        self.start = SweepStart::NONE;
    }

    /// Whether three taps of a tile are as far from each other as rows or channels are.
    pub fn is_column(&self) -> bool {
        Self::HAS_COLUMNS && self.geometry.kernel[1] == 1
    }

    /// Input values of a group.
    pub fn group_values(&self) -> usize {
        self.geometry.group_channels() * self.geometry.input_area()
    }

    /// All outputs in these rows and columns.
    pub fn regions(&mut self, outputs: [Range<usize>; 2], target: &OutputPlaces) {
        if Self::HAS_KEPT && parts::is_kept(self.geometry) {
            return self.kept(outputs, target);
        }
        let [rows, columns] = &self.interior;
        let is_inside = rows.start <= outputs[0].start
            && outputs[0].end <= rows.end
            && columns.start <= outputs[1].start
            && outputs[1].end <= columns.end;
        let outputs = if Self::HAS_FANS && !is_inside {
            self.fill_outside(outputs, target)
        } else {
            outputs
        };
        if self.tiled > 0 {
            self.tiled_regions(outputs.clone(), target);
        }
        if Self::HAS_FEW && self.few > 0 {
            self.bands(outputs, target);
        }
    }

    /// Fills what has no taps at either end of the rows and columns, and leaves the rest.
    #[inline(never)]
    fn fill_outside(
        &self,
        mut outputs: [Range<usize>; 2],
        target: &OutputPlaces,
    ) -> [Range<usize>; 2] {
        let filters = 0..self.tiled + self.few;
        for axis in [0, 1] {
            let Range { mut start, mut end } = outputs[axis].clone();
            while start < end && self.is_outside(axis, start) {
                start += 1;
            }
            while start < end && self.is_outside(axis, end - 1) {
                end -= 1;
            }
            for outside in [outputs[axis].start..start, end..outputs[axis].end] {
                if !outside.is_empty() {
                    let mut part = outputs.clone();
                    part[axis] = outside;
                    self.fill(part, filters.clone(), target);
                }
            }
            outputs[axis] = start..end;
        }
        outputs
    }

    fn is_outside(&self, axis: usize, at: usize) -> bool {
        !self.interior[axis].contains(&at) && self.valid_taps(axis, at).is_empty()
    }

    fn tiled_regions(&mut self, [rows, columns]: [Range<usize>; 2], target: &OutputPlaces) {
        let mut fan = Fan::nowhere(self);
        if Self::HAS_FANS {
            fan.begin_outputs(self, target);
        }
        let mut y = rows.start;
        while y < rows.end {
            let (alike_rows, row_taps) = self.alike(0, y, rows.end);
            y = alike_rows.end;
            let mut x = if row_taps.is_empty() {
                columns.end
            } else {
                columns.start
            };
            while x < columns.end {
                let (alike_columns, taps) = self.alike(1, x, columns.end);
                x = alike_columns.end;
                let region = [alike_rows.clone(), alike_columns];
                let fan = Self::HAS_FANS.then_some(&mut fan);
                self.region(region, [row_taps.clone(), taps], target, fan);
            }
            if Self::HAS_FANS && row_taps.is_empty() {
                self.fill([alike_rows, columns.clone()], 0..self.tiled, target);
            }
        }
    }

    /// The outputs from `at` to `end`, along an axis, that have the same taps, and these.
    #[inline(never)]
    pub fn alike(&self, axis: usize, at: usize, end: usize) -> (Range<usize>, Range<usize>) {
        let interior = &self.interior[axis];
        if interior.contains(&at) {
            return (at..interior.end.min(end), 0..self.geometry.kernel[axis]);
        }
        let taps = self.valid_taps(axis, at);
        let mut last = at + 1;
        while last < end && self.valid_taps(axis, last) == taps {
            last += 1;
        }
        (at..last, taps)
    }

    /// The kernel's taps inside the input; where there are none, it begins at the first one.
    #[inline(never)]
    fn valid_taps(&self, axis: usize, at: usize) -> Range<usize> {
        let taps = self.geometry.valid_taps(axis, at);
        if taps.is_empty() { 0..0 } else { taps }
    }

    /// Outputs with these taps.
    #[inline(always)]
    fn region(
        &mut self,
        [rows, columns]: [Range<usize>; 2],
        taps: [Range<usize>; 2],
        target: &OutputPlaces,
        fan: Option<&mut Fan>,
    ) {
        if taps[1].is_empty() {
            if !Self::HAS_FANS {
                unreachable!("all taps are inside the input");
            }
            return self.fill([rows, columns], 0..self.tiled, target);
        }
        if taps != self.taps {
            self.taps = taps;
            self.aim();
        }
        self.tiles([rows, columns], target, fan);
    }

    /// Outputs of these filters of each group, all of whose taps are in the padding.
    #[inline(never)]
    pub fn fill(
        &self,
        [rows, columns]: [Range<usize>; 2],
        filters: Range<usize>,
        target: &OutputPlaces,
    ) {
        for group in 0..self.groups {
            for filter in filters.clone() {
                let filter = group * self.geometry.group_filters() + filter;
                // SAFETY: as in `bias_of`.
                let value = rectified(unsafe { *self.bias_of(filter) }, self.sweep.floor);
                let mut row = target.of(filter, target.place(rows.start, columns.start));
                for _ in rows.clone() {
                    for x in 0..columns.len() {
                        // SAFETY: the target has a place for each output.
                        unsafe { *row.wrapping_add(x) = value };
                    }
                    row = row.wrapping_add(target.pitch);
                }
            }
        }
    }

    /// What a filter's sums begin at: its own bias, as the convolution asserts, or else one 0.
    pub fn bias_of(&self, filter: usize) -> *const f32 {
        self.bias
            .map_or(&raw const ZERO, |bias| bias.as_ptr().wrapping_add(filter))
    }

    /// From a filter's bias to that of the next one, in values.
    pub fn bias_step(&self) -> usize {
        usize::from(self.bias.is_some())
    }
}

/// Once for both axes.
#[inline(never)]
fn interior(g: &ConvGeometry, axis: usize) -> Range<usize> {
    g.interior(axis)
}

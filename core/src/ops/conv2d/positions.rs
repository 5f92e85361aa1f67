//! Sums over output positions for the kernels' gradient: any kernel, stride, padding and dilation.
//!
//! A tile is filters x columns, and a column a channel and a tap of the kernel. The columns of a tile
//! are met by the same positions: any that no output loses to padding, else those of one tap in
//! several channels.

use super::ConvGeometry;
use super::met_positions::{
    MetPositions, TapCursor, first_value, nest, positions, sees_no_padding,
};
use crate::lanes::{Kernel, Lanes, Packets, add_own_products, add_products};
use crate::ops::add_lanes;
use core::ops::Range;

/// Adds some rows of output positions of a few filters to their kernels.
pub(super) struct AddPositions<'a, L> {
    pub geometry: ConvGeometry,
    /// The inputs of the filters' group: channels x rows x columns.
    pub channels: &'a [L],
    /// filters x `rows` x columns, their maps `stride` packets apart.
    pub maps: &'a [L],
    pub stride: usize,
    pub rows: Range<usize>,
    /// filters x taps
    pub kernels: &'a mut [L],
}

/// Columns of a tile: the index of each one's first value in `channels`, and that of its weight in a
/// kernel.
struct Columns<const T: usize> {
    at: [usize; T],
    weights: [usize; T],
}

impl<L: Lanes> Kernel for AddPositions<'_, L> {
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        if const { L::REGISTERS >= 32 } {
            self.tiles::<4>();
        } else {
            self.tiles::<3>();
        }
    }
}

impl<L: Lanes> AddPositions<'_, L> {
    #[inline(always)]
    fn tiles<const T: usize>(&mut self) {
        let g = self.geometry;
        if (0..2).all(|axis| sees_no_padding(&g, axis)) {
            if let Some(met) = MetPositions::of(&g, 0, &self.rows) {
                let mut taps = TapCursor::new(&g, first_value(&g, 0, &met.ranges));
                self.columns_of::<T>(g.taps(), &met, || taps.next());
            }
            return;
        }
        // The taps of a few channels follow one another, so that their values stay in the first
        // cache.
        let mut first = 0;
        while first < g.group_channels() {
            let count = T.min(g.group_channels() - first);
            for tap in 0..g.kernel_area() {
                let Some(met) = MetPositions::of(&g, tap, &self.rows) else {
                    continue;
                };
                let mut at = first * g.input_area() + first_value(&g, tap, &met.ranges);
                let mut weight = first * g.kernel_area() + tap;
                self.columns_of::<T>(count, &met, || {
                    let column = (at, weight);
                    (at, weight) = (at + g.input_area(), weight + g.kernel_area());
                    column
                });
            }
            first += count;
        }
    }

    /// `count` columns, which `next` gives in turn, each one's first value and its weight: `T` at once,
    /// then the rest one by one.
    #[inline(always)]
    fn columns_of<const T: usize>(
        &mut self,
        count: usize,
        met: &MetPositions,
        mut next: impl FnMut() -> (usize, usize),
    ) {
        let mut first = 0;
        while first + T <= count {
            self.filters::<T>(met, &Columns::take(&mut next));
            first += T;
        }
        while first < count {
            self.filters::<1>(met, &Columns::take(&mut next));
            first += 1;
        }
    }

    #[inline(always)]
    fn filters<const T: usize>(&mut self, met: &MetPositions, columns: &Columns<T>) {
        let filters = self.kernels.len() / self.geometry.taps();
        let mut filter = 0;
        while filter + 4 <= filters {
            self.tile::<4, T>(filter, met, columns);
            filter += 4;
        }
        if filter + 2 <= filters {
            self.tile::<2, T>(filter, met, columns);
            filter += 2;
        }
        while filter < filters {
            self.tile::<1, T>(filter, met, columns);
            filter += 1;
        }
    }

    #[inline(always)]
    fn tile<const F: usize, const T: usize>(
        &mut self,
        filter: usize,
        met: &MetPositions,
        columns: &Columns<T>,
    ) {
        self.maps[0].vectorize(PositionTile::<L, F, T> {
            work: self,
            filter,
            met,
            columns,
        });
    }
}

impl<const T: usize> Columns<T> {
    #[inline(always)]
    fn take(mut next: impl FnMut() -> (usize, usize)) -> Self {
        let mut columns = Self {
            at: [0; T],
            weights: [0; T],
        };
        for t in 0..T {
            (columns.at[t], columns.weights[t]) = next();
        }
        columns
    }
}

// A kernel of its own, compiled once for all that calls it.
struct PositionTile<'w, 'a, L, const F: usize, const T: usize> {
    work: &'w mut AddPositions<'a, L>,
    filter: usize,
    met: &'w MetPositions,
    columns: &'w Columns<T>,
}

impl<L: Lanes, const F: usize, const T: usize> Kernel for PositionTile<'_, '_, L, F, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self {
            work,
            filter,
            met,
            columns,
        } = self;
        let g = &work.geometry;
        let [rows, line] = &met.ranges;
        let mut sums = [[work.maps[0]; T]; F];
        for f in 0..F {
            let kernel = &work.kernels[(filter + f) * g.taps()..][..g.taps()];
            for t in 0..T {
                sums[f][t] = kernel[columns.weights[t]];
            }
        }
        let first = filter * work.stride + (rows.start - work.rows.start) * g.output[1];
        add_products::<L, Packets, F, T>(
            &met.nest,
            work.maps,
            (first + line.start, work.stride),
            work.channels,
            columns.at,
            &mut sums,
        );
        for f in 0..F {
            let kernel = &mut work.kernels[(filter + f) * g.taps()..][..g.taps()];
            for t in 0..T {
                kernel[columns.weights[t]] = sums[f][t];
            }
        }
    }
}

/// Adds all output positions of a few depthwise filters to a group's sums of their weights.
pub(super) struct AddDepthwise<'a, L> {
    pub geometry: ConvGeometry,
    /// channels x rows x columns
    pub input: &'a [L],
    /// filters x rows x columns
    pub d_output: &'a [L],
    /// Samples in the packet.
    pub samples: usize,
    /// filters x taps
    pub sums: &'a mut [f32],
}

impl<L: Lanes> Kernel for AddDepthwise<'_, L> {
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        let filters = self.geometry.filters;
        let mut filter = 0;
        while filter + 8 <= filters {
            self.filters::<8>(filter);
            filter += 8;
        }
        while filter < filters {
            self.filters::<1>(filter);
            filter += 1;
        }
    }
}

impl<L: Lanes> AddDepthwise<'_, L> {
    /// Tap by tap, each filter with its own channel.
    #[inline(always)]
    fn filters<const F: usize>(&mut self, filter: usize) {
        let g = &self.geometry;
        for tap in 0..g.kernel_area() {
            let positions = positions(g, tap, &(0..g.output[0]));
            if positions.iter().any(Range::is_empty) {
                continue;
            }
            let mut sums = [self.input[0].splat(0.0); F];
            let first = positions[0].start * g.output[1] + positions[1].start;
            add_own_products::<L, Packets, F>(
                &nest(g, &positions),
                self.d_output,
                (filter * g.output_area() + first, g.output_area()),
                self.input,
                (
                    filter * g.input_area() + first_value(g, tap, &positions),
                    g.input_area(),
                ),
                &mut sums,
            );
            let mut own = [0.0; F];
            for f in 0..F {
                own[f] = self.sums[(filter + f) * g.kernel_area() + tap];
            }
            add_lanes(&sums, self.samples, &mut own);
            for f in 0..F {
                self.sums[(filter + f) * g.kernel_area() + tap] = own[f];
            }
        }
    }
}

//! Sums over output positions for the kernels' gradient: any kernel, stride, padding and dilation.
//!
//! A tile is filters x columns, and a column a channel and a tap of the kernel. The columns of a tile
//! are met by the same positions: any that no output loses to padding, else those of one tap in
//! several channels.

use super::ConvGeometry;
use crate::lanes::{Kernel, Lanes, Nest, Packets, add_own_products, add_products};
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

/// Columns of a tile: the index of each one's first value in `channels`, that of its weight in a
/// kernel, and the positions that meet it.
struct Columns<const T: usize> {
    at: [usize; T],
    weights: [usize; T],
    positions: [Range<usize>; 2],
    nest: Nest,
}

impl<L: Lanes> Kernel for AddPositions<'_, L> {
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        if L::REGISTERS >= 32 {
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
            self.columns_of::<T>(g.taps(), |column| {
                let (channel, tap) = (column / g.kernel_area(), column % g.kernel_area());
                (channel, tap, column)
            });
            return;
        }
        // The taps of a few channels follow one another, so that their values stay in the first
        // cache.
        let mut first = 0;
        while first < g.group_channels() {
            let count = T.min(g.group_channels() - first);
            for tap in 0..g.kernel_area() {
                self.columns_of::<T>(count, |column| {
                    let channel = first + column;
                    (channel, tap, channel * g.kernel_area() + tap)
                });
            }
            first += count;
        }
    }

    /// `count` columns, whose channels, taps and weights `column` knows: `T` at once, then the rest
    /// one by one.
    #[inline(always)]
    fn columns_of<const T: usize>(
        &mut self,
        count: usize,
        column: impl Fn(usize) -> (usize, usize, usize),
    ) {
        let mut first = 0;
        while first + T <= count {
            self.filters::<T>(first, &column);
            first += T;
        }
        while first < count {
            self.filters::<1>(first, &column);
            first += 1;
        }
    }

    #[inline(always)]
    fn filters<const T: usize>(
        &mut self,
        first: usize,
        column: &impl Fn(usize) -> (usize, usize, usize),
    ) {
        let g = &self.geometry;
        let (_, tap, _) = column(first);
        let positions = positions(g, tap, &self.rows);
        if positions.iter().any(Range::is_empty) {
            return;
        }
        let mut columns = Columns {
            at: [0; T],
            weights: [0; T],
            nest: nest(g, &positions),
            positions,
        };
        for t in 0..T {
            let (channel, tap, weight) = column(first + t);
            columns.at[t] = channel * g.input_area() + first_value(g, tap, &columns.positions);
            columns.weights[t] = weight;
        }
        let filters = self.kernels.len() / g.taps();
        let mut filter = 0;
        while filter + 4 <= filters {
            self.tile::<4, T>(filter, &columns);
            filter += 4;
        }
        if filter + 2 <= filters {
            self.tile::<2, T>(filter, &columns);
            filter += 2;
        }
        while filter < filters {
            self.tile::<1, T>(filter, &columns);
            filter += 1;
        }
    }

    #[inline(always)]
    fn tile<const F: usize, const T: usize>(&mut self, filter: usize, columns: &Columns<T>) {
        self.maps[0].vectorize(PositionTile::<L, F, T> {
            work: self,
            filter,
            columns,
        });
    }
}

// A kernel of its own, compiled once for all that calls it.
struct PositionTile<'w, 'a, L, const F: usize, const T: usize> {
    work: &'w mut AddPositions<'a, L>,
    filter: usize,
    columns: &'w Columns<T>,
}

impl<L: Lanes, const F: usize, const T: usize> Kernel for PositionTile<'_, '_, L, F, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self {
            work,
            filter,
            columns,
        } = self;
        let g = &work.geometry;
        let [rows, line] = &columns.positions;
        let mut sums = [[work.maps[0]; T]; F];
        for f in 0..F {
            let kernel = &work.kernels[(filter + f) * g.taps()..][..g.taps()];
            for t in 0..T {
                sums[f][t] = kernel[columns.weights[t]];
            }
        }
        let first = filter * work.stride + (rows.start - work.rows.start) * g.output[1];
        add_products::<L, Packets, F, T>(
            &columns.nest,
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

/// Output positions in scan order: rows of gradients with the rows of values that they meet.
#[inline(always)]
fn nest(g: &ConvGeometry, positions: &[Range<usize>; 2]) -> Nest {
    Nest::new(
        [1, positions[0].len(), positions[1].len()],
        [0, g.output[1] as isize, 1],
        [0, (g.stride[0] * g.input[1]) as isize, g.stride[1] as isize],
    )
}

/// The rows among `rows`, and the columns, of outputs whose tap `tap` falls inside the input.
#[inline(always)]
fn positions(g: &ConvGeometry, tap: usize, rows: &Range<usize>) -> [Range<usize>; 2] {
    let reached = reaching(g, 0, tap / g.kernel[1]);
    let columns = reaching(g, 1, tap % g.kernel[1]);
    [
        rows.start.max(reached.start)..rows.end.min(reached.end),
        columns,
    ]
}

/// Where, within a channel, the first of these positions meets tap `tap`.
#[inline(always)]
fn first_value(g: &ConvGeometry, tap: usize, positions: &[Range<usize>; 2]) -> usize {
    let taps = [tap / g.kernel[1], tap % g.kernel[1]];
    let [row, column] = [0, 1].map(|axis| {
        positions[axis].start * g.stride[axis] + taps[axis] * g.dilation[axis] - g.padding[axis]
    });
    row * g.input[1] + column
}

/// Whether all taps of all outputs are inside the input, along `axis`.
#[inline(always)]
fn sees_no_padding(g: &ConvGeometry, axis: usize) -> bool {
    let all = 0..g.output[axis];
    reaching(g, axis, 0) == all && reaching(g, axis, g.kernel[axis] - 1) == all
}

/// Along `axis`, the outputs whose tap `tap` falls inside the input.
#[inline(always)]
fn reaching(g: &ConvGeometry, axis: usize, tap: usize) -> Range<usize> {
    let shift = tap * g.dilation[axis];
    let first = g.padding[axis].saturating_sub(shift);
    let first = first.div_ceil(g.stride[axis]);
    let reach = g.input[axis] + g.padding[axis];
    if reach <= shift {
        return 0..0;
    }
    let end = (reach - shift).div_ceil(g.stride[axis]);
    let end = end.min(g.output[axis]);
    first.min(end)..end
}

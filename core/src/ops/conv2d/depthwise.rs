//! Sums of taps of depthwise kernels of up to 3 x 3, forward and backward: a channel's weights stay
//! in registers while its places pass by.

use super::ConvGeometry;
use super::gather::Gather;
use super::segments::{Direction, Segment, each_segment};
use crate::lanes::{Kernel, Lanes, TilePlaces, each_sum_of_taps};

/// Segments of an axis that can be kept: more than a kernel of 3 has at strides of 1 and 2.
const SEGMENTS: usize = 12;

/// All segments of an axis.
struct DepthwiseSegments {
    all: [Segment; SEGMENTS],
    len: usize,
}

impl DepthwiseSegments {
    /// `None` if there are too many.
    #[inline(always)]
    fn of(g: &ConvGeometry, direction: Direction, axis: usize) -> Option<Self> {
        let mut segments = Self {
            all: [Segment::default(); SEGMENTS],
            len: 0,
        };
        let mut fits = g.kernel[axis] <= 3;
        each_segment(g, direction, axis, |segment| {
            match segments.all.get_mut(segments.len) {
                Some(place) => *place = segment,
                None => fits = false,
            }
            segments.len += 1;
        });
        fits.then_some(segments)
    }

    fn all(&self) -> &[Segment] {
        &self.all[..self.len]
    }
}

/// The depthwise work of a [`Gather`].
pub(super) struct Depthwise<'w, 'a, L> {
    pub work: &'w mut Gather<'a, L>,
}

impl<L: Lanes> Kernel for Depthwise<'_, '_, L> {
    /// Whether it is done: not where the kernel is larger.
    type Output = bool;

    #[inline(always)]
    fn run(self) -> bool {
        let (g, direction) = (self.work.geometry, self.work.direction);
        let segments = |axis| DepthwiseSegments::of(&g, direction, axis);
        let (Some(rows), Some(columns)) = (segments(0), segments(1)) else {
            return false;
        };
        let plane = Plane {
            widths: match direction {
                Direction::Forward => [g.input[1], g.output[1]],
                Direction::Backward => [g.output[1], g.input[1]],
            },
            areas: match direction {
                Direction::Forward => [g.input_area(), g.output_area()],
                Direction::Backward => [g.output_area(), g.input_area()],
            },
            kernel: g.kernel,
        };
        for channel in 0..g.groups {
            for rows in rows.all() {
                for columns in columns.all() {
                    self.work.rectangle_of(&plane, rows, columns, channel);
                }
            }
        }
        true
    }
}

/// A channel's map of values and its map of sums.
struct Plane {
    widths: [usize; 2],
    areas: [usize; 2],
    kernel: [usize; 2],
}

impl<L: Lanes> Gather<'_, L> {
    /// Places of one channel whose sums have the same taps.
    #[inline(always)]
    fn rectangle_of(&mut self, plane: &Plane, rows: &Segment, columns: &Segment, channel: usize) {
        match (rows.taps, columns.taps) {
            (1, 1) => self.taps::<1, 1>(plane, rows, columns, channel),
            (1, 2) => self.taps::<1, 2>(plane, rows, columns, channel),
            (1, 3) => self.taps::<1, 3>(plane, rows, columns, channel),
            (2, 1) => self.taps::<2, 1>(plane, rows, columns, channel),
            (2, 2) => self.taps::<2, 2>(plane, rows, columns, channel),
            (2, 3) => self.taps::<2, 3>(plane, rows, columns, channel),
            (3, 1) => self.taps::<3, 1>(plane, rows, columns, channel),
            (3, 2) => self.taps::<3, 2>(plane, rows, columns, channel),
            (3, 3) => self.taps::<3, 3>(plane, rows, columns, channel),
            _ => self.taps::<0, 0>(plane, rows, columns, channel),
        }
    }

    /// Sums of `R` x `K` taps.
    #[inline(always)]
    fn taps<const R: usize, const K: usize>(
        &mut self,
        plane: &Plane,
        rows: &Segment,
        columns: &Segment,
        channel: usize,
    ) {
        let start = self.start(channel);
        let area = plane.kernel[0] * plane.kernel[1];
        let kernel = &self.weights[channel * area..][..area];
        let mut weights = [[start; K]; R];
        for r in 0..R {
            for k in 0..K {
                let row = (rows.tap + r * rows.tap_step) * plane.kernel[1];
                weights[r][k] = start.splat(kernel[row + columns.tap + k * columns.tap_step]);
            }
        }
        let [width, sum_width] = plane.widths;
        let places = TilePlaces {
            lens: [rows.len, columns.len],
            first: [
                rows.value * width + columns.value,
                rows.first * sum_width + columns.first,
            ],
            rows: [rows.value_stride * width, rows.stride * sum_width],
            columns: [columns.value_stride, columns.stride],
        };
        let steps = [rows.tap_value_step * width as isize, columns.tap_value_step];
        let values = &self.values[channel * plane.areas[0]..][..plane.areas[0]];
        let first = channel * plane.areas[1];
        let sums = &mut self.sums[first..][..plane.areas[1]];
        let (activation, mask) = (self.activation, self.mask);
        each_sum_of_taps(
            values,
            &places,
            steps,
            weights,
            start,
            #[inline(always)]
            |place, sum| sums[place] = mask.apply(first + place, activation.apply(sum)),
        );
    }
}

//! Places along one axis whose sums have the same taps.

use super::ConvGeometry;

/// Which way sums are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    /// Outputs, of inputs.
    Forward,
    /// Gradients of inputs, of gradients of outputs.
    Backward,
}

/// Places along one axis, evenly spaced, whose sums have the same taps. Forward these are outputs,
/// and the values they are made of inputs; backward the other way round.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Segment {
    pub first: usize,
    pub len: usize,
    /// Between two places.
    pub stride: usize,
    /// The first tap of each sum, in their order.
    pub tap: usize,
    pub taps: usize,
    /// Between two taps.
    pub tap_step: usize,
    /// Where the value lies that the first place's first tap meets.
    pub value: usize,
    /// From there to the next place's.
    pub value_stride: usize,
    /// From one tap's value to the next one's.
    pub tap_value_step: isize,
}

/// Calls `visit` for segments that hold each place along `axis` once.
#[inline(always)]
pub(super) fn each_segment(
    g: &ConvGeometry,
    direction: Direction,
    axis: usize,
    mut visit: impl FnMut(Segment),
) {
    let (places, residues) = match direction {
        Direction::Forward => (g.output[axis], 1),
        Direction::Backward => (g.input[axis], g.stride[axis]),
    };
    for residue in 0..residues.min(places) {
        let mut at = residue;
        while at < places {
            let segment = segment_from(g, direction, axis, at, places);
            at += segment.len * segment.stride;
            visit(segment);
        }
    }
}

/// As many places from `at` on as have the taps of the first.
fn segment_from(
    g: &ConvGeometry,
    direction: Direction,
    axis: usize,
    at: usize,
    places: usize,
) -> Segment {
    let mut segment = match direction {
        Direction::Forward => forward(g, axis, at),
        Direction::Backward => backward(g, axis, at),
    };
    loop {
        let next = at + segment.len * segment.stride;
        if next >= places {
            return segment;
        }
        let other = match direction {
            Direction::Forward => forward(g, axis, next),
            Direction::Backward => backward(g, axis, next),
        };
        let same = other.taps == segment.taps && (other.taps == 0 || other.tap == segment.tap);
        if !same {
            return segment;
        }
        segment.len += 1;
    }
}

/// Output `at` alone.
fn forward(g: &ConvGeometry, axis: usize, at: usize) -> Segment {
    let taps = g.valid_taps(axis, at);
    let meets = at * g.stride[axis] + taps.start * g.dilation[axis];
    Segment {
        first: at,
        len: 1,
        stride: 1,
        tap: taps.start,
        taps: taps.len(),
        tap_step: 1,
        value: meets.saturating_sub(g.padding[axis]),
        value_stride: g.stride[axis],
        tap_value_step: g.dilation[axis] as isize,
    }
}

/// Input `at` alone. The taps that reach it from an output are as far apart as it takes them to
/// meet the same position within the stride again.
fn backward(g: &ConvGeometry, axis: usize, at: usize) -> Segment {
    let (stride, dilation) = (g.stride[axis], g.dilation[axis]);
    let common = common_divisor(stride, dilation);
    let tap_step = stride / common;
    let mut segment = Segment {
        first: at,
        len: 1,
        stride,
        tap: 0,
        taps: 0,
        tap_step,
        value: 0,
        value_stride: 1,
        tap_value_step: -((dilation / common) as isize),
    };
    let reach = at + g.padding[axis];
    let output = |tap: usize| {
        let left = reach.checked_sub(tap * dilation)?;
        (left.is_multiple_of(stride) && left / stride < g.output[axis]).then_some(left / stride)
    };
    for tap in 0..g.kernel[axis] {
        if let Some(value) = output(tap) {
            segment.tap = tap;
            segment.value = value;
            let rest = (tap..g.kernel[axis]).step_by(tap_step);
            segment.taps = rest.take_while(|tap| output(*tap).is_some()).count();
            break;
        }
    }
    segment
}

fn common_divisor(a: usize, b: usize) -> usize {
    if b == 0 { a } else { common_divisor(b, a % b) }
}

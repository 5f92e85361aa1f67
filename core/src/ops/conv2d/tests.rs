//! The fast kernels equal the naive ones to the bit, whatever the geometry.

extern crate std;

mod channels_last;
mod extents;
mod forward;
mod gradients;
mod paths;
mod sample;
mod sample_forward;

use super::ConvGeometry;
use crate::ops::activation::Activation;
use crate::{Conv2d, Padding, Shape};
use proptest::prelude::*;

/// A convolution and its input.
#[derive(Clone, Copy, Debug)]
struct Case {
    conv: Conv2d,
    input: Shape,
}

impl Case {
    /// Shape of its output.
    fn output(&self) -> Shape {
        let Self { conv, input } = self;
        let total = conv.padding.total();
        let extent = [input.height, input.width];
        let [height, width] = [0, 1].map(|axis| {
            let reach = reach(conv.kernel[axis], conv.dilation[axis]);
            (extent[axis] + total[axis] - reach) / u32::from(conv.stride[axis]) + 1
        });
        Shape::new(u32::from(conv.filters), height, width)
    }

    fn geometry(&self) -> ConvGeometry {
        ConvGeometry::new(&self.conv, self.input, self.output())
    }

    /// As a pool behind it sees it: all but an odd last row or column.
    fn pooled(&self) -> ConvGeometry {
        let g = self.geometry();
        ConvGeometry {
            output: g.output.map(|extent| extent / 2 * 2),
            ..g
        }
    }

    /// As many values as it has biases.
    fn biases(&self) -> usize {
        usize::from(self.conv.filters) * usize::from(self.conv.bias)
    }
}

/// Input pixels from a kernel's first tap to its last.
fn reach(kernel: u16, dilation: u16) -> u32 {
    u32::from((kernel - 1) * dilation + 1)
}

/// Any case: kernels that are 3 x 3 with stride 1 half of the time, channels, filters and extents
/// on either side of what tiles hold, and padding that is the same on all sides or each side's own,
/// also as much as the kernel or more.
fn any_case() -> impl Strategy<Value = Case> {
    let kernel = prop_oneof![
        2 => Just(([3, 3], [1, 1], [1, 1])),
        1 => ([1..5_u16, 1..5_u16], [1..4_u16, 1..4_u16], Just([1, 1])),
        1 => ([1..5_u16, 1..5_u16], [1..4_u16, 1..4_u16], [1..4_u16, 1..4_u16]),
    ];
    let padding = prop_oneof![
        1 => (0..3_u16).prop_map(|rows| Padding::each(rows, rows)),
        2 => [0..5_u16, 0..5_u16, 0..5_u16, 0..5_u16].prop_map(|[top, left, bottom, right]| {
            Padding { top, left, bottom, right }
        }),
    ];
    let channels = (1..4_u16, 1..7_u16, 1..11_u16);
    let extent = [0..18_u32, 0..18_u32];
    (kernel, padding, channels, extent, any::<bool>()).prop_map(
        |((kernel, stride, dilation), padding, (groups, channels, filters), extent, bias)| {
            // A padded input at least as large as what the kernel reaches over, and never empty.
            let [height, width] = [0, 1].map(|axis| {
                let least = reach(kernel[axis], dilation[axis]);
                least.saturating_sub(padding.total()[axis]).max(1) + extent[axis]
            });
            let conv = Conv2d {
                filters: groups * filters,
                kernel,
                stride,
                padding,
                dilation,
                groups,
                bias,
            };
            let input = Shape::new(u32::from(groups * channels), height, width);
            Case { conv, input }
        },
    )
}

/// Any case whose output a 2 x 2 pool fits into.
fn poolable_case() -> impl Strategy<Value = Case> {
    any_case().prop_filter("no window of the pool fits", |case| {
        let output = case.output();
        output.height >= 2 && output.width >= 2
    })
}

fn any_activation() -> impl Strategy<Value = Activation> {
    prop_oneof![
        Just(Activation::Identity),
        Just(Activation::Relu),
        Just(Activation::Relu6)
    ]
}

/// The activations that a pool may stand behind in one kernel.
fn poolable_activation() -> impl Strategy<Value = Activation> {
    prop_oneof![Just(Activation::Identity), Just(Activation::Relu)]
}

fn weights(g: &ConvGeometry) -> usize {
    g.filters * g.taps()
}

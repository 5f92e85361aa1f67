//! The fast kernels equal the naive ones to the bit, whatever the geometry.

extern crate std;

mod forward;
mod gradients;
mod paths;
mod sample;

use super::Geometry;
use proptest::prelude::*;

/// Any geometry: kernels that are 3 x 3 with stride 1 half of the time, and channels, filters and
/// extents on either side of what tiles hold.
fn any_geometry() -> impl Strategy<Value = Geometry> {
    let kernel = prop_oneof![
        2 => Just(([3, 3], [1, 1])),
        1 => ([1..5_usize, 1..5_usize], [1..4_usize, 1..4_usize]),
    ];
    let channels = (1..4_usize, 1..7_usize, 1..11_usize);
    let extent = [0..20_usize, 0..20_usize];
    (kernel, channels, extent, any::<[u8; 2]>()).prop_map(
        |((kernel, stride), (groups, channels, filters), extent, padding)| {
            let padding = [0, 1].map(|axis| usize::from(padding[axis]) % kernel[axis]);
            // A padded input at least as large as the kernel, and never empty.
            let input = [0, 1].map(|axis| {
                let least = kernel[axis].saturating_sub(2 * padding[axis]).max(1);
                least + extent[axis]
            });
            Geometry {
                channels: groups * channels,
                input,
                filters: groups * filters,
                output: [0, 1].map(|axis| {
                    (input[axis] + 2 * padding[axis] - kernel[axis]) / stride[axis] + 1
                }),
                kernel,
                stride,
                padding,
                groups,
            }
        },
    )
}

/// Any geometry whose output a 2 x 2 pool fits into.
fn poolable_geometry() -> impl Strategy<Value = Geometry> {
    any_geometry().prop_filter("no window of the pool fits", |g| {
        g.output[0] >= 2 && g.output[1] >= 2
    })
}

fn weights(g: &Geometry) -> usize {
    g.filters * g.taps()
}

/// What the pool behind a convolution looks at: all but an odd last row or column.
fn pooled_extent(g: &Geometry) -> Geometry {
    Geometry {
        output: g.output.map(|extent| extent / 2 * 2),
        ..*g
    }
}

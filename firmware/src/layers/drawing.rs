//! Layers drawn at random.

use super::{LayerBench, LayerCase};
use kiln_core::random::below;
use kiln_core::{Activation, Conv2d, Layer, Linear, Padding, Shape};

impl LayerBench {
    /// A number below `bound`.
    pub(super) fn below(&mut self, bound: u32) -> u32 {
        let random = &mut self.random;
        below(bound, || {
            *random = next(*random);
            *random
        })
    }

    /// Any layer: all sides, steps and numbers of channels on either side of what tiles hold.
    pub fn draw(&mut self) -> LayerCase {
        let mut small = |bound| self.below(bound) as u16;
        let groups = 1 + small(3) * small(2);
        let (channels, filters) = (1 + small(6), 1 + small(10));
        let conv = Conv2d {
            filters: groups * filters,
            kernel: [1 + small(7), 1 + small(7)],
            stride: [1 + small(3), 1 + small(3)],
            padding: Padding {
                top: small(4),
                left: small(4),
                bottom: small(4),
                right: small(4),
            },
            dilation: [1 + small(5) / 4, 1 + small(5) / 4],
            groups,
            bias: small(4) > 0,
        };
        // Depthwise ones often enough.
        let conv = if small(4) == 0 {
            conv.groups(conv.filters)
        } else {
            conv
        };
        let input = Shape::new(
            u32::from(
                conv.groups
                    * if conv.groups == conv.filters {
                        1
                    } else {
                        channels
                    },
            ),
            1 + self.below(18),
            1 + self.below(18),
        );
        let linear = Linear::new(conv.filters);
        LayerCase {
            input,
            layer: if self.below(8) == 0 {
                Layer::Linear(if conv.bias {
                    linear
                } else {
                    linear.without_bias()
                })
            } else {
                Layer::Conv2d(conv)
            },
            activation: [Activation::Identity, Activation::Relu, Activation::Relu6]
                [self.below(3) as usize],
            pool: self.below(3) == 0,
        }
    }
}

/// The next number of a sequence that is random enough for values (Marsaglia 2003, "Xorshift RNGs").
pub(super) fn next(mut state: u32) -> u32 {
    state ^= state << 13;
    state ^= state >> 17;
    state ^ (state << 5)
}

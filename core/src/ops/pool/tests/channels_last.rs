//! Pools of one sample with its channels side by side.

extern crate std;

use super::{any_geometry, inputs, outputs};
use crate::lanes::Lanes;
use crate::ops::pool::{PoolChannelsLast, PoolGeometry, PoolInPackets, reference};
use crate::testing::properties;
use crate::testing::{AtWidth, assert_bits, at_every_width, run, values};
use proptest::prelude::*;
use std::vec;
use std::vec::Vec;

struct OnePool(PoolGeometry, u32);

impl AtWidth for OnePool {
    fn run<L: Lanes>(&self, zero: L) {
        let Self(g, seed) = *self;
        // Two packets more than the channels need, which are pools of their own.
        let padded = g.channels.next_multiple_of(L::LANES) + 2 * L::LANES;
        let map = g.input[0] * g.input[1];
        let input = values(map * padded, seed);
        let channel = |c: usize| input[c..].iter().step_by(padded).copied();
        let planar: Vec<f32> = (0..g.channels).flat_map(channel).collect();
        assert_eq!(planar.len(), inputs(&g));
        let windows = g.output[0] * g.output[1];
        for average in [false, true] {
            let mut output = vec![f32::NAN; windows * padded];
            let pool = PoolChannelsLast {
                geometry: g,
                average,
                input: &input,
                output: &mut output,
                padded,
            };
            run(zero, PoolInPackets { proof: zero, pool });
            let mut expected = vec![0.0; outputs(&g)];
            if average {
                reference::average_forward(&g, &planar, &mut expected);
            } else {
                let mut winners = vec![0; expected.len()];
                reference::max_forward(&g, &planar, &mut expected, &mut winners);
            }
            for (c, expected) in expected.chunks_exact(windows).enumerate() {
                let found: Vec<f32> = output[c..].iter().step_by(padded).copied().collect();
                assert_bits::<L>("one sample", &found, expected);
            }
        }
    }
}

properties! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn pools_of_one_sample_equal_the_reference(
        geometry in any_geometry(),
        channels in 1..40_usize,
        seed in 0..1000_u32,
    ) {
        at_every_width(&OnePool(PoolGeometry { channels, ..geometry }, seed));
    }
}

//! A scale and shift of one sample with its channels side by side.

extern crate std;

use crate::testing::at_every_width;
use crate::testing::channels_last::OneSample;
use crate::testing::properties;
use crate::{Layer, Network};
use proptest::prelude::*;

properties! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn scale_and_shift_of_one_sample_equal_the_reference(
        channels in 1..40_u32,
        extent in [1..6_u32, 1..6_u32],
        activation in 0..3,
        kept in any::<bool>(),
        seed in 0..1000_u32,
    ) {
        let input = Network::input(channels, extent[0], extent[1]);
        let mut network = input.clone().layer(Layer::ScaleShift);
        network = match activation {
            0 => network,
            1 => network.relu(),
            _ => network.relu6(),
        };
        if kept {
            network = network.add(input.last());
        }
        let network = &network;
        at_every_width(&OneSample { network, seed });
    }
}

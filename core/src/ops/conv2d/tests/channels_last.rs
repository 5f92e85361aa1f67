//! One sample with its filters side by side: the same bits whatever the geometry, and which way the
//! kernel took.

extern crate std;

use crate::lanes::{Counted, Lanes, Tally};
use crate::testing::at_every_width;
use crate::testing::channels_last::OneSample;
use crate::testing::properties;
use crate::{Conv2d, LaneWidth, Layer, Network, Padding, Pool2d, Program, Purpose};
use proptest::prelude::*;
use std::vec;

/// Kernels of any extent, stride, dilation and padding.
fn any_conv() -> impl Strategy<Value = Conv2d> {
    let plain = (1..6_u16).prop_map(|kernel| Conv2d::new(1, kernel).padding(kernel / 2));
    let any = (
        [1..6_u16, 1..6_u16],
        [1..4_u16, 1..4_u16],
        [1..3_u16, 1..3_u16],
        [0..4_u16, 0..4_u16, 0..4_u16, 0..4_u16],
    );
    let any = any.prop_map(
        |(kernel, stride, dilation, [top, left, bottom, right])| Conv2d {
            kernel,
            stride,
            dilation,
            padding: Padding {
                top,
                left,
                bottom,
                right,
            },
            ..Conv2d::new(1, 1)
        },
    );
    prop_oneof![plain, any]
}

/// Groups, channels of each and filters of each: one group with more filters than four packets hold,
/// groups that share packets, and groups that end within one.
fn any_channels() -> impl Strategy<Value = [u16; 3]> {
    prop_oneof![
        (1..6_u16, 1..80_u16).prop_map(|(channels, filters)| [1, channels, filters]),
        (2..40_u16).prop_map(|groups| [groups, 1, 1]),
        (2..12_u16, 1..4_u16, 1..4_u16)
            .prop_map(|(groups, channels, filters)| { [groups, channels, filters] }),
        (2..5_u16, 1..4_u16, 4..40_u16)
            .prop_map(|(groups, channels, filters)| { [groups, channels, filters] }),
    ]
}

properties! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn channels_last_equals_the_reference(
        conv in any_conv(),
        [groups, channels, filters] in any_channels(),
        extent in [1..20_u32, 1..20_u32],
        bias in any::<bool>(),
        behind in 0..6,
        before in any::<bool>(),
        seed in 0..1000_u32,
    ) {
        let mut network = Network::input(u32::from(groups * channels), extent[0], extent[1]);
        if before {
            // Then the convolution's input is packed.
            network = network.relu6();
        }
        let filters = groups * filters;
        network = network.layer(Layer::Conv2d(Conv2d { filters, groups, bias, ..conv }));
        network = match behind {
            0 => network,
            1 => network.relu(),
            2 => network.relu6(),
            3 => network.max_pool2d(2),
            4 => network.relu().layer(Layer::MaxPool2d(Pool2d::new(2))),
            _ => network.relu().linear(9),
        };
        prop_assume!(network.check().is_ok());
        let network = &network;
        at_every_width(&OneSample { network, seed });
    }
}

/// Values taken up, and products, of one sample in packets that claim 32 registers.
fn tally(network: &Network) -> Tally {
    let program: Program = Program::of(network, Purpose::ChannelsLast(LaneWidth::X1));
    let zero = Counted::<32>::zero().unwrap();
    let arranged = vec![zero; program.arranged_packets()];
    let mut arena = vec![zero; program.arena_packets()];
    let mut output = vec![0.0; program.classes()];
    Tally::of(|| {
        let fill = |_: &mut [f32]| {};
        let inferred = program.infer_channels_last(&arranged, &mut arena, &mut output, fill);
        inferred.unwrap();
    })
}

#[test]
fn a_value_is_taken_up_once_for_four_packets_of_filters() {
    // Each padded border is one row or column of 12, of which tiles hold 6.
    let conv = Conv2d::new(8, 3).padding(1);
    for (conv, outputs) in [
        (conv, 14 * 14),
        (Conv2d::new(8, 3), 12 * 12),
        (conv.stride(2), 7 * 7),
    ] {
        let network = Network::input(4, 14, 14).layer(Layer::Conv2d(conv));
        let found = tally(&network);
        assert_eq!(found.splats * 4, found.products, "{network}");
        assert!(
            found.products <= 8 * 36 * outputs,
            "{network}: positions are done twice"
        );
    }
    // The last of five packets goes by itself.
    let network = Network::input(4, 14, 14).conv2d(5, 3);
    let found = tally(&network);
    assert_eq!(found.splats * 5, found.products * 2, "{network}");
}

#[test]
fn a_linear_layer_takes_a_value_up_once_for_eight_packets() {
    for network in [
        Network::input(3, 5, 5).linear(16),
        Network::input(75, 1, 1).linear(16),
    ] {
        let found = tally(&network);
        assert_eq!(
            [found.splats, found.products],
            [2 * 75, 16 * 75],
            "{network}"
        );
    }
}

#[test]
fn groups_that_share_packets_take_no_single_values() {
    for [channels, filters] in [[6, 6], [6, 12], [12, 6], [6, 18]] {
        let conv = Conv2d::new(filters, 3).groups(6);
        let network = Network::input(u32::from(channels), 9, 9).layer(Layer::Conv2d(conv));
        let found = tally(&network);
        assert_eq!(found.splats, 0, "{network}");
        let least = usize::from(filters * channels) / 6 * 9 * 49;
        assert!((least..2 * least).contains(&found.products), "{network}");
    }
}

//! The fast kernels equal the naive ones to the bit, whatever the window and its stride.

extern crate std;

mod channels_last;
mod looped;

use super::{AveragePool, AveragePoolGradient, MaxPool, MaxPoolGradient, PoolGeometry, reference};
use crate::lanes::{Counted, Lanes, Tally};
use crate::ops::activation::{Activation, GradientMask};
use crate::testing::*;
use crate::{Layer, LayerFault, Network, Padding, Pool2d, Shape};
use proptest::prelude::*;
use std::vec;

/// Windows that overlap, touch or leave gaps, inputs with rows and columns left over, padding of
/// each side by itself, windows that reach over the edge, and whole maps.
pub(super) fn any_geometry() -> impl Strategy<Value = PoolGeometry> {
    let pair = |most: usize| [1..=most, 1..=most];
    let sides = [0..3_usize, 0..3_usize];
    let whole_map = Just([0, 0]);
    let padding = prop_oneof![Just([[0, 0], [0, 0]]), [sides.clone(), sides]];
    let more = prop_oneof![[0..9_usize, 0..9_usize], whole_map];
    let flags = [any::<bool>(), any::<bool>()];
    (1..4_usize, pair(5), pair(5), more, padding, flags).prop_map(
        |(channels, window, stride, more, padding, [ceil_mode, counts_padding])| {
            let input = [0, 1].map(|axis| window[axis] + more[axis]);
            let [before, after] = padding.map(|side| {
                let half = window.map(|extent| extent / 2);
                [side[0].min(half[0]), side[1].min(half[1])]
            });
            // As PyTorch's documentation counts them.
            let output = [0, 1].map(|axis| {
                let room = more[axis] + before[axis] + after[axis];
                let ceil = room.div_ceil(stride[axis]) + 1;
                let starts_inside = (ceil - 1) * stride[axis] < input[axis] + before[axis];
                match ceil_mode && starts_inside {
                    true => ceil,
                    false => room / stride[axis] + 1,
                }
            });
            PoolGeometry {
                channels,
                input,
                output,
                window,
                stride,
                before,
                after,
                counts_padding,
            }
        },
    )
}

fn outputs(g: &PoolGeometry) -> usize {
    g.channels * g.output[0] * g.output[1]
}

fn inputs(g: &PoolGeometry) -> usize {
    g.channels * g.input[0] * g.input[1]
}

struct Max(PoolGeometry, u32);

impl AtWidth for Max {
    fn run<L: Lanes>(&self, zero: L) {
        let Self(g, seed) = *self;
        let inputs = tensors::<L>(inputs(&g), seed);
        let gradients = tensors::<L>(outputs(&g), seed + 1);
        let input = pack(zero, &inputs);
        let mut output = unwritten(zero, outputs(&g));
        let mut inferred = output.clone();
        let mut winners = vec![99; output.len() * L::LANES];
        let forward = |output, winners| MaxPool {
            geometry: g,
            input: &input,
            output,
            winners,
        };
        run(zero, forward(&mut output, &mut winners));
        run(zero, forward(&mut inferred, &mut []));
        let mut d_input = unwritten(zero, input.len());
        let backward = MaxPoolGradient {
            geometry: g,
            d_output: &pack(zero, &gradients),
            winners: &winners,
            d_input: &mut d_input,
        };
        run(zero, backward);
        for index in 0..L::LANES {
            let mut expected = vec![0.0; output.len()];
            let mut places = vec![0; output.len()];
            reference::max_forward(&g, &inputs[index], &mut expected, &mut places);
            assert_bits::<L>("output", &lane(&output, index), &expected);
            assert_bits::<L>("inferred", &lane(&inferred, index), &expected);
            assert_eq!(lane_bytes::<L>(&winners, index), places);
            let mut expected = vec![0.0; input.len()];
            reference::max_gradient(&g, &gradients[index], &places, &mut expected);
            assert_bits::<L>("input gradient", &lane(&d_input, index), &expected);
        }
    }
}

struct Average(PoolGeometry, u32);

impl AtWidth for Average {
    fn run<L: Lanes>(&self, zero: L) {
        let Self(g, seed) = *self;
        let inputs = tensors::<L>(inputs(&g), seed);
        let gradients = tensors::<L>(outputs(&g), seed + 1);
        let mut output = unwritten(zero, outputs(&g));
        let mut d_input = unwritten(zero, inputs[0].len());
        let forward = AveragePool {
            geometry: g,
            input: &pack(zero, &inputs),
            output: &mut output,
        };
        run(zero, forward);
        let outputs = pack(zero, &inputs);
        let is_masked = g.averages_maps();
        let backward = AveragePoolGradient {
            geometry: g,
            d_output: &pack(zero, &gradients),
            d_input: &mut d_input,
            mask: match is_masked {
                true => GradientMask {
                    activation: Activation::Relu,
                    outputs: &outputs,
                },
                false => GradientMask::NONE,
            },
        };
        run(zero, backward);
        for index in 0..L::LANES {
            let mut expected = vec![0.0; output.len()];
            reference::average_forward(&g, &inputs[index], &mut expected);
            assert_bits::<L>("output", &lane(&output, index), &expected);
            let mut expected = vec![0.0; d_input.len()];
            reference::average_gradient(&g, &gradients[index], &mut expected);
            if is_masked {
                mask_by_relu(&inputs[index], &mut expected);
            }
            assert_bits::<L>("input gradient", &lane(&d_input, index), &expected);
        }
    }
}

properties! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn max_pool_equals_the_reference(geometry in any_geometry(), seed in 0..1000_u32) {
        at_every_width(&Max(geometry, seed));
    }

    #[test]
    fn average_pool_equals_the_reference(geometry in any_geometry(), seed in 0..1000_u32) {
        at_every_width(&Average(geometry, seed));
    }
}

/// The largest window a byte can tell the winner of.
#[test]
fn a_window_of_256_values_has_a_last_place() {
    let geometry = PoolGeometry {
        channels: 1,
        input: [16, 16],
        output: [1, 1],
        window: [16, 16],
        stride: [1, 1],
        before: [0, 0],
        after: [0, 0],
        counts_padding: true,
    };
    at_every_width(&Max(geometry, 5));
    let mut input = [0.0; 256];
    input[255] = 1.0;
    let (mut output, mut winners) = ([0.0], [0]);
    let kernel = MaxPool {
        geometry,
        input: &input,
        output: &mut output,
        winners: &mut winners,
    };
    run(0.0, kernel);
    assert_eq!((output, winners), ([1.0], [255]));
}

/// The geometry that the check of a network makes of a pool.
fn checked(pool: Pool2d, input: Shape) -> PoolGeometry {
    let network = Network::input(input.channels, input.height, input.width);
    let network = network.layer(Layer::MaxPool2d(pool));
    network.check().unwrap();
    PoolGeometry::new(&pool, input, network.output_shape(0))
}

/// Rows of one, so that the figures can be told by hand.
fn row_of_windows() -> Pool2d {
    let mut pool = Pool2d::new(3).stride(2).ceil_mode();
    (pool.window[0], pool.padding) = (1, Padding::each(0, 1));
    pool
}

/// What PyTorch gives for [1, 2, 3, 4], windows of 3, a stride of 2 and padding of 1, in
/// `ceil_mode`: the last window has the 4, the padding, and what nobody counts.
#[test]
fn windows_over_the_edge_are_counted_as_pytorch_does() {
    let input = [1.0, 2.0, 3.0, 4.0];
    let pool = row_of_windows();
    for (pool, expected) in [
        (pool, [1.0, 3.0, 2.0]),
        (pool.without_padding_counted(), [1.5, 3.0, 4.0]),
    ] {
        let geometry = checked(pool, Shape::new(1, 1, 4));
        let mut output = [f32::NAN; 3];
        let output_of = &mut output;
        run(
            0.0,
            AveragePool {
                geometry,
                input: &input,
                output: output_of,
            },
        );
        assert_eq!(output, expected);
    }
    let geometry = checked(pool, Shape::new(1, 1, 4));
    let (mut output, mut winners) = ([f32::NAN; 3], [99; 3]);
    let kernel = MaxPool {
        geometry,
        input: &[-1.0, -2.0, -3.0, -4.0],
        output: &mut output,
        winners: &mut winners,
    };
    run(0.0, kernel);
    assert_eq!((output, winners), ([-1.0, -2.0, -4.0], [1, 0, 0]));
}

#[test]
fn gradients_through_padding_are_the_slopes() {
    let pool = Pool2d::new(3).stride(2).padding(1).ceil_mode();
    let g = checked(pool, Shape::new(2, 4, 5));
    assert!(!g.is_inside());
    let input: [f32; 40] = core::array::from_fn(|at| (at * 17 % 40) as f32);
    let weights: vec::Vec<f32> = (0..outputs(&g)).map(|at| (at % 5) as f32 - 1.5).collect();
    let loss = |input: &[f32], average: bool| -> f64 {
        let (mut output, mut winners) = (weights.clone(), vec![0; weights.len()]);
        match average {
            true => reference::average_forward(&g, input, &mut output),
            false => reference::max_forward(&g, input, &mut output, &mut winners),
        }
        let terms = output.iter().zip(&weights);
        terms.map(|(y, w)| f64::from(*y) * f64::from(*w)).sum()
    };
    let mut gradients = [[0.0; 40]; 2];
    let (mut output, mut winners) = (weights.clone(), vec![0; weights.len()]);
    reference::max_forward(&g, &input, &mut output, &mut winners);
    reference::max_gradient(&g, &weights, &winners, &mut gradients[0]);
    reference::average_gradient(&g, &weights, &mut gradients[1]);
    for at in 0..40 {
        for (average, gradient) in [false, true].into_iter().zip(&gradients) {
            let (mut above, mut below) = (input, input);
            above[at] += 0.25;
            below[at] -= 0.25;
            let slope = (loss(&above, average) - loss(&below, average)) / 0.5;
            let difference = (slope - f64::from(gradient[at])).abs();
            assert!(difference < 1e-4, "{average}, {at}: {slope}");
        }
    }
}

/// Whole windows are multiplied by one reciprocal; only clipped ones ask for one each.
#[test]
fn whole_windows_are_not_clipped() {
    let splats = |pool: Pool2d| {
        let geometry = checked(pool, Shape::new(1, 6, 6));
        let zero = Counted::<32>::zero().unwrap();
        let input = vec![zero; inputs(&geometry)];
        let mut output = vec![zero; outputs(&geometry)];
        let output = &mut output;
        Tally::of(|| {
            run(
                zero,
                AveragePool {
                    geometry,
                    input: &input,
                    output,
                },
            )
        })
        .splats
    };
    let whole = splats(Pool2d::new(2));
    assert_eq!(splats(Pool2d::new(2).ceil_mode()), whole);
    assert_eq!(splats(Pool2d::new(2).padding(1)), 1 + 16);
}

#[test]
fn padding_of_more_than_half_the_window_is_refused() {
    for (window, padding, sound) in [(3, 1, true), (4, 2, true), (3, 2, false), (1, 1, false)] {
        let pool = Pool2d::new(window).padding(padding);
        for layer in [Layer::MaxPool2d(pool), Layer::AvgPool2d(pool)] {
            let found = Network::input(1, 8, 8).layer(layer).check();
            let fault = LayerFault::PaddingTooLarge {
                padding: pool.padding,
                window: pool.window,
            };
            assert_eq!(
                found.map_err(|error| error.fault),
                match sound {
                    true => Ok(()),
                    false => Err(fault),
                }
            );
        }
    }
}

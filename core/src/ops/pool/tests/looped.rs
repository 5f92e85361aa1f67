//! What chooses and places a small processor's loops has the bits of the reference.

extern crate std;

use super::{any_geometry, inputs, outputs};
use crate::cortex_m::LoopedPool;
use crate::ops::pool::{PoolGeometry, reference};
use crate::testing::assert_bits;
use crate::testing::properties;
use proptest::prelude::*;
use std::vec;
use std::vec::Vec;

/// Numbers of which many are equal, zeros of both signs, and some are none.
fn values(len: usize, seed: u32) -> Vec<f32> {
    let mut state = seed | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state
    };
    let value = |draw: u32| match draw % 16 {
        0 => f32::NAN,
        1 => -0.0,
        2 => 0.0,
        3 => f32::INFINITY,
        _ => (draw >> 8) as f32 * 1e-3 - 8e3,
    };
    (0..len).map(|_| value(next())).collect()
}

fn check(g: &PoolGeometry, seed: u32) {
    let input = values(inputs(g), seed);
    let run = |mean: bool| {
        let mut output = vec![77.0; outputs(g)];
        let pool = LoopedPool {
            geometry: *g,
            input: &input,
            output: &mut output,
        };
        match mean {
            true => pool.average(),
            false => pool.find_largest(),
        }
        output
    };
    let mut expected = vec![0.0; outputs(g)];
    let mut winners = vec![0; outputs(g)];
    reference::max_forward(g, &input, &mut expected, &mut winners);
    assert_bits::<f32>("largest", &run(false), &expected);
    reference::average_forward(g, &input, &mut expected);
    // Which of the numbers that are none a sum becomes is nobody's business.
    let plain = |values: Vec<f32>| {
        values.into_iter().map(|value| match value.is_nan() {
            true => f32::NAN,
            false => value,
        })
    };
    let [found, expected] = [run(true), expected].map(|values| plain(values).collect::<Vec<_>>());
    assert_bits::<f32>("mean", &found, &expected);
}

properties! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn loops_equal_the_reference(geometry in any_geometry(), more in 0..20_usize, seed in any::<u32>()) {
        // Rows of outputs on either side of what lanes hold.
        let wider = PoolGeometry {
            input: [geometry.input[0], geometry.input[1] + more * geometry.stride[1]],
            output: [geometry.output[0], geometry.output[1] + more],
            ..geometry
        };
        check(&geometry, seed);
        check(&wider, seed);
    }
}

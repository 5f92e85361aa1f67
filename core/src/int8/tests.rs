extern crate std;

use super::*;
use crate::ops::conv2d::int8::reference;
use crate::testing::properties;
use crate::{Layer, Network};
use proptest::prelude::*;
use std::format;

const ALL: Quantization = Quantization {
    scale: 1.0,
    zero: 3,
    low: -128,
    high: 127,
};

properties! {
    #[test]
    fn rounding_once_equals_exact_arithmetic(
        multiplier in 0..=i32::MAX,
        shift in 1..=62,
        sum in any::<i32>(),
    ) {
        let scale = Requantization { multiplier, shift };
        let code = ALL.clamp(scale.once(sum).saturating_add(ALL.zero.into()));
        prop_assert_eq!(code, reference::code(Int8Rule::Once, scale, sum, &ALL));
    }

    #[test]
    fn rounding_twice_equals_exact_arithmetic(
        multiplier in 0..=i32::MAX,
        shift in -31..=30,
        sum in any::<i32>(),
    ) {
        let scale = Requantization { multiplier, shift };
        // As the check of a network has it: what is shifted to the left fits 32 bits.
        let sum = sum >> shift.max(0);
        let code = ALL.clamp(scale.round_twice(sum).saturating_add(ALL.zero.into()));
        prop_assert_eq!(code, reference::code(Int8Rule::TensorFlowLite, scale, sum, &ALL));
    }

    /// Halves, which other multipliers hardly ever give.
    #[test]
    fn rounding_twice_equals_exact_arithmetic_for_powers_of_two(
        exponent in 20..=30_u32,
        shift in -12..=2,
        sum in -4096..4096_i32,
    ) {
        let scale = Requantization { multiplier: 1 << exponent, shift };
        let code = ALL.clamp(scale.round_twice(sum).saturating_add(ALL.zero.into()));
        prop_assert_eq!(code, reference::code(Int8Rule::TensorFlowLite, scale, sum, &ALL));
    }

    #[test]
    fn a_scale_is_met_to_thirty_bits(exponent in -30..29, fraction in 0.5..1.0) {
        let scale = libm::ldexp(fraction, exponent);
        let once = Requantization::of(scale).unwrap();
        let found = libm::ldexp(once.multiplier.into(), -once.shift);
        prop_assert!((found / scale - 1.0).abs() < 1e-9);
        let twice = Requantization::twice(scale).unwrap();
        let found = libm::ldexp(twice.multiplier.into(), twice.shift - 31);
        prop_assert!((found / scale - 1.0).abs() < 1e-9);
    }

    /// Fifteen bits of each ratio leave less than a hundredth of a code.
    #[test]
    fn an_addition_is_the_rounded_sum(
        ratios in [0.001..8.0, 0.001..8.0],
        codes in any::<[i8; 2]>(),
        zeros in any::<[i8; 2]>(),
        zero in -127..=127_i8,
    ) {
        let sum = AddRequantization::of(ratios, zeros, zero).unwrap();
        let distances = [0, 1].map(|at| f64::from(i32::from(codes[at]) - i32::from(zeros[at])));
        let exact = distances[0] * ratios[0] + distances[1] * ratios[1] + f64::from(zero);
        let found = f64::from(sum.once(codes));
        prop_assert!((found - exact).abs() < 0.5 + 0.03 * ratios[0].max(ratios[1]).max(0.25));
    }

    #[test]
    fn the_code_of_a_number_is_the_nearest(zero in -127..=127_i8, code in -127..=127_i8) {
        let own = Quantization::new(0.03, zero);
        prop_assert_eq!(own.code(own.number(code)), code);
        prop_assert_eq!(own.code(own.number(code) + 0.4 * own.scale), code);
        prop_assert_eq!(own.code(own.number(code) - 0.4 * own.scale), code);
    }
}

#[test]
fn numbers_beyond_the_limits_get_the_nearest_code() {
    let own = Quantization::new(0.5, -20);
    assert_eq!(own.code(f32::INFINITY), 127);
    assert_eq!(own.code(-1e30), -127);
    assert_eq!(own.code(f32::NAN), -20);
}

#[test]
fn scales_out_of_range_are_none() {
    for scale in [-1.0, f64::NAN, f64::INFINITY, 1e12] {
        assert_eq!(Requantization::of(scale), None, "{scale}");
        assert_eq!(Requantization::twice(scale), None, "{scale}");
    }
    assert_eq!(Requantization::of(1e-30), Some(Requantization::ZERO));
    assert_eq!(AddRequantization::of([40_000.0, 1.0], [0; 2], 0), None);
}

const NETWORK: Network = Network::input(2, 3, 3).conv2d(2, 2).relu().linear(2);

/// Whether a network with these tables is refused, and how.
fn refused(change: impl Fn(&mut crate::testing::int8::Integers)) -> std::string::String {
    let mut integers = crate::testing::int8::Integers::random(&NETWORK, Int8Rule::Once, 1);
    change(&mut integers);
    let rule = integers.rule;
    let (values, weights, constants) = (&integers.values, &integers.weights, &integers.constants);
    QuantizedNetwork::new(&NETWORK, rule, values, weights, constants)
        .map(|_| ())
        .map_or_else(|error| format!("{error}"), |()| "sound".into())
}

#[test]
fn tables_that_do_not_fit_are_refused_by_name() {
    assert_eq!(refused(|_| ()), "sound");
    assert_eq!(
        refused(|own| own.weights.truncate(3)),
        "3 weights for a network that has 32"
    );
    assert_eq!(
        refused(|own| own.values[1].scale = f32::NAN),
        "layer 1: the scale, zero or limits of its codes are out of range"
    );
    assert_eq!(
        refused(|own| own.values[2].scale *= 2.0),
        "layer 2 (relu): its codes have another scale or zero than its input's"
    );
    assert_eq!(
        refused(|own| own.constants[5] = 63),
        "layer 1 (conv2d): the scale of channel 1 is out of range"
    );
    assert_eq!(
        refused(|own| own.constants[6] = i32::MAX),
        "layer 3 (linear): the sum of channel 0 may exceed 32 bits; smaller weights, or fewer inputs"
    );
}

#[test]
fn layers_that_have_no_integers_are_refused() {
    let network = Network::input(1, 2, 2).layer(Layer::ScaleShift);
    let values = [Quantization::new(1.0, 0); 2];
    let found = QuantizedNetwork::new(&network, Int8Rule::Once, &values, &[], &[]);
    let message = format!("{}", found.unwrap_err());
    assert!(message.contains("layer 1 (scale_shift)"), "{message}");
}

//! Every lane of every operation computes what plain `f32` does, on the values where vector
//! instructions might not.

extern crate std;

mod bytes;

use super::{Arithmetic, LaneWidth, Lanes, multiply_add};
use crate::testing::*;
use std::vec;
use std::vec::Vec;

const SPECIAL: [f32; 18] = [
    0.0,
    -0.0,
    1.0,
    -1.5,
    3.0e-39,
    -1.0e-45,
    f32::MIN_POSITIVE,
    -f32::MIN_POSITIVE,
    f32::EPSILON,
    16_777_217.0,
    1.0e30,
    -1.0e30,
    f32::MAX,
    f32::MIN,
    f32::INFINITY,
    f32::NEG_INFINITY,
    f32::NAN,
    -f32::NAN,
];

/// The special values in all lanes, every value in every lane once.
fn packets<L: Lanes>(zero: L) -> Vec<L> {
    let shifted = |lane| {
        let mut values = SPECIAL.to_vec();
        values.rotate_left(lane);
        values
    };
    let lanes: Vec<_> = (0..L::LANES).map(shifted).collect();
    pack(zero, &lanes)
}

fn lanes<L: Lanes>(packet: L) -> Vec<f32> {
    L::values(&[packet]).to_vec()
}

struct Operations;

impl AtWidth for Operations {
    fn run<L: Lanes>(&self, zero: L) {
        type Pair<T> = (&'static str, fn(T, T) -> T);
        let operations: [Pair<L>; 5] = [
            ("add", L::add),
            ("sub", L::sub),
            ("mul", L::mul),
            ("div", L::div),
            ("larger", L::larger),
        ];
        let scalar: [Pair<f32>; 5] = [
            ("add", |a, b| a + b),
            ("sub", |a, b| a - b),
            ("mul", |a, b| a * b),
            ("div", |a, b| a / b),
            ("larger", |a, b| if a > b { a } else { b }),
        ];
        // Every value meets every other: one side turns by a lane at a time.
        let left = packets(zero);
        for shift in 0..left.len() {
            let mut right = left.clone();
            right.rotate_left(shift);
            for ((name, operation), (_, wanted)) in operations.iter().zip(&scalar) {
                for (a, b) in left.iter().zip(&right) {
                    let pairs = lanes(*a).into_iter().zip(lanes(*b));
                    let expected: Vec<f32> = pairs.map(|(a, b)| wanted(a, b)).collect();
                    assert_bits::<L>(name, &lanes(operation(*a, *b)), &expected);
                }
            }
        }
    }
}

#[test]
fn arithmetic_is_that_of_f32() {
    at_every_width(&Operations);
    at_every_fused_width(&Operations);
}

/// Bits, payloads of NaN included: these only move values.
fn assert_moved(found: &[f32], expected: &[f32]) {
    let bits = |values: &[f32]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(found), bits(expected));
}

struct Choices;

impl AtWidth for Choices {
    fn run<L: Lanes>(&self, zero: L) {
        let left = packets(zero);
        for shift in 0..left.len() {
            let mut right = left.clone();
            right.rotate_left(shift);
            for (a, b) in left.iter().zip(&right) {
                let greater = L::select(a.greater(*b), *a, *b);
                let at_most = L::select(a.at_most(*b), *a, *b);
                let pairs = lanes(*a).into_iter().zip(lanes(*b));
                let (above, below): (Vec<f32>, Vec<f32>) = pairs
                    .map(|(a, b)| (if a > b { a } else { b }, if a <= b { a } else { b }))
                    .unzip();
                assert_moved(&lanes(greater), &above);
                assert_moved(&lanes(at_most), &below);
            }
        }
        for packet in left {
            let expected = lanes(packet).into_iter();
            let expected: Vec<f32> = expected.map(|v| if v <= 0.0 { 0.0 } else { v }).collect();
            assert_moved(&lanes(packet.relu()), &expected);
        }
    }
}

#[test]
fn choices_are_those_of_f32_and_keep_every_bit() {
    at_every_width(&Choices);
}

struct Moves;

impl AtWidth for Moves {
    fn run<L: Lanes>(&self, zero: L) {
        for value in SPECIAL {
            assert_moved(&lanes(zero.splat(value)), &vec![value; L::LANES]);
        }
        // One value further in: no alignment is asked for, and nothing behind is touched.
        let source = values(L::LANES + 3, 4);
        let loaded = zero.load(&source[1..]);
        assert_moved(&lanes(loaded), &source[1..=L::LANES]);
        let mut target = vec![7.0; L::LANES + 3];
        loaded.store(&mut target[1..]);
        assert_moved(&target[1..=L::LANES], &source[1..=L::LANES]);
        assert_eq!([target[0], target[L::LANES + 1]], [7.0, 7.0]);
    }
}

#[test]
fn loads_and_stores_move_every_bit() {
    at_every_width(&Moves);
}

struct Products;

impl AtWidth for Products {
    fn run<L: Lanes>(&self, zero: L) {
        let scalar = |sum: f32, a: f32, b: f32| match L::ARITHMETIC {
            Arithmetic::Separate => sum + a * b,
            Arithmetic::Fused => libm::fmaf(a, b, sum),
        };
        let mut factors = packets(zero);
        factors.extend(pack(zero, &tensors::<L>(200, 5)));
        for shift in [1, 7, 20] {
            let (mut others, mut sums) = (factors.clone(), factors.clone());
            others.rotate_left(shift);
            sums.rotate_left(3 * shift);
            for ((a, b), sum) in factors.iter().zip(&others).zip(&sums) {
                let [a, b, sum] = [*a, *b, *sum];
                let lanewise = lanes(a).into_iter().zip(lanes(b)).zip(lanes(sum));
                let expected: Vec<f32> = lanewise.map(|((a, b), sum)| scalar(sum, a, b)).collect();
                assert_bits::<L>("add_product", &lanes(sum.add_product(a, b)), &expected);
                let from = lanes(sum.add_product_from(a, &b));
                assert_bits::<L>("add_product_from", &from, &expected);
                let factor = lanes(b)[0];
                let lanewise = lanes(a).into_iter().zip(lanes(sum));
                let expected: Vec<f32> = lanewise.map(|(a, sum)| scalar(sum, a, factor)).collect();
                assert_bits::<L>("add_scaled", &lanes(sum.add_scaled(a, &factor)), &expected);
            }
        }
    }
}

#[test]
fn sums_of_products_are_rounded_as_the_arithmetic_says() {
    at_every_width(&Products);
    at_every_fused_width(&Products);
}

struct Sums;

impl AtWidth for Sums {
    fn run<L: Lanes>(&self, zero: L) {
        for seed in 0..50 {
            let packets: [L; 4] = pack(zero, &tensors::<L>(4, seed)).try_into().unwrap();
            let mut sums: [f32; 4] = values(4, seed + 99).try_into().unwrap();
            let mut expected = sums;
            for (sum, packet) in expected.iter_mut().zip(packets) {
                *sum = lanes(packet).iter().fold(*sum, |sum, value| sum + value);
            }
            L::add_lanes(&packets, &mut sums);
            assert_bits::<L>("sums", &sums, &expected);
        }
    }
}

#[test]
fn lanes_are_summed_in_order() {
    at_every_width(&Sums);
    at_every_fused_width(&Sums);
}

struct Widths;

impl AtWidth for Widths {
    fn run<L: Lanes>(&self, zero: L) {
        assert!(L::WIDTH.is_available());
        assert!(L::WIDTH == LaneWidth::X1 || L::ARITHMETIC.is_available_at(L::WIDTH));
        assert_eq!(L::LANES, L::WIDTH.lanes());
        assert_eq!(lanes(zero), vec![0.0; L::LANES]);
        assert_eq!(size_of::<L>(), size_of::<f32>() * L::LANES);
        let mut packets = [zero; 3];
        L::values_mut(&mut packets)[L::LANES] = 2.0;
        assert_eq!(L::values(&packets)[L::LANES], 2.0);
        assert_eq!(L::values(&packets).len(), 3 * L::LANES);
        assert!(multiply_add(zero, 3) >= 3 * L::LANES as u64);
    }
}

#[test]
fn a_packet_is_its_lanes() {
    at_every_width(&Widths);
    at_every_fused_width(&Widths);
}

#[test]
fn the_widest_width_is_one_the_processor_has() {
    assert!(LaneWidth::available().any(|width| width == LaneWidth::X1));
    assert_eq!(Some(LaneWidth::widest()), LaneWidth::available().max());
    #[cfg(target_arch = "aarch64")]
    for width in [LaneWidth::X4, LaneWidth::X8] {
        assert!(std::arch::is_aarch64_feature_detected!("neon"));
        assert!(width.is_available() && Arithmetic::Fused.is_available_at(width));
    }
    #[cfg(target_arch = "wasm32")]
    assert_eq!(
        LaneWidth::widest() == LaneWidth::X4,
        cfg!(target_feature = "simd128")
    );
    #[cfg(target_arch = "x86_64")]
    {
        assert_eq!(
            LaneWidth::X8.is_available(),
            std::is_x86_feature_detected!("avx2")
        );
        let has_avx512 = std::is_x86_feature_detected!("avx512f")
            && std::is_x86_feature_detected!("avx512dq")
            && std::is_x86_feature_detected!("avx512bw")
            && std::is_x86_feature_detected!("avx512vl");
        assert_eq!(LaneWidth::X16.is_available(), has_avx512);
        assert_eq!(
            Arithmetic::Fused.is_available_at(LaneWidth::X8),
            std::is_x86_feature_detected!("avx2") && std::is_x86_feature_detected!("fma")
        );
    }
}

//! Pools of codes by any lanes are the naive ones, byte for byte.

extern crate std;

use super::window::PortableLanes;
use super::{Int8Pool, Int8PoolKind, MeanKind, WindowLanes, reference};
use crate::dsp::WindowLoops;
use crate::int8::{Int8Rule, Quantization, Requantization};
use crate::ops::pool::PoolGeometry;
use crate::ops::pool::tests::any_geometry;
use crate::testing::int8::Codes;
use proptest::prelude::*;
use std::vec;
use std::vec::Vec;

/// A pool on random codes.
#[derive(Clone, Copy, Debug)]
struct CheckedPool {
    geometry: PoolGeometry,
    kind: Int8PoolKind,
    quantization: Quantization,
    seed: u32,
}

impl CheckedPool {
    fn check(&self) {
        let g = &self.geometry;
        let input = Codes::new(self.seed).codes(g.channels * g.input[0] * g.input[1]);
        let mut expected = vec![0; g.channels * g.output[0] * g.output[1]];
        self.expect(&input, &mut expected);
        assert_eq!(self.run::<PortableLanes>(&input), expected, "{self:?}");
        assert_eq!(self.run::<WindowLoops>(&input), expected, "{self:?}");
    }

    fn run<L: WindowLanes>(&self, input: &[i8]) -> Vec<i8> {
        let g = self.geometry;
        let mut output = vec![77; g.channels * g.output[0] * g.output[1]];
        let pool = Int8Pool {
            geometry: g,
            kind: self.kind,
            input,
            output: &mut output,
            quantization: self.quantization,
        };
        match self.kind {
            Int8PoolKind::Max => pool.largest::<L>(),
            Int8PoolKind::Mean(_) => pool.mean::<L>(),
        }
        output
    }

    fn expect(&self, input: &[i8], output: &mut [i8]) {
        let (g, own) = (&self.geometry, &self.quantization);
        let (rule, scale) = match self.kind {
            Int8PoolKind::Max => {
                reference::max(g, input, output);
                output
                    .iter_mut()
                    .for_each(|code| *code = own.clamp((*code).into()));
                return;
            }
            Int8PoolKind::Mean(MeanKind::Once { scale, zero }) => {
                (Int8Rule::Once, Some((scale, zero)))
            }
            Int8PoolKind::Mean(MeanKind::Twice { scale, zero }) => {
                (Int8Rule::TensorFlowLite, Some((scale, zero)))
            }
            Int8PoolKind::Mean(MeanKind::Divided) => (Int8Rule::TensorFlowLite, None),
        };
        reference::average(g, rule, scale, input, own, output);
    }
}

/// Scales about that of a mean, and any that are sound.
fn any_kind(taps: usize) -> impl Strategy<Value = Int8PoolKind> {
    let usual = (0.2..5.0_f64).prop_map(move |scale| scale / taps as f64);
    let sound = (-40.0..28.0_f64).prop_map(libm::exp2);
    let odd = prop_oneof![Just(0.0), Just(1.0), Just(0.5)];
    let scale = prop_oneof![4 => usual, 1 => sound, 1 => odd];
    (scale, any::<i8>(), 0..4).prop_map(move |(scale, zero, kind)| match kind {
        0 => Int8PoolKind::Max,
        1 => Int8PoolKind::Mean(MeanKind::Divided),
        2 => Int8PoolKind::Mean(MeanKind::Twice {
            // A shift to the left that no sum survives is refused with its network.
            scale: Requantization::twice(scale.min(64.0)).unwrap(),
            zero,
        }),
        _ => Int8PoolKind::Mean(MeanKind::Once {
            scale: Requantization::of(scale).unwrap(),
            zero,
        }),
    })
}

fn any_quantization() -> impl Strategy<Value = Quantization> {
    (any::<i8>(), any::<i8>(), any::<i8>()).prop_map(|(a, b, c)| {
        let mut codes = [a, b, c];
        codes.sort_unstable();
        let [low, zero, high] = codes;
        Quantization {
            scale: 1.0,
            zero,
            low,
            high,
        }
    })
}

fn any_case() -> impl Strategy<Value = CheckedPool> {
    let channels = prop_oneof![1..6_usize, 6..40_usize];
    (any_geometry(), channels).prop_flat_map(|(geometry, channels)| {
        let geometry = PoolGeometry {
            channels,
            ..geometry
        };
        let kind = any_kind(geometry.window[0] * geometry.window[1]);
        (kind, any_quantization(), any::<u32>()).prop_map(move |(kind, quantization, seed)| {
            CheckedPool {
                geometry,
                kind,
                quantization,
                seed: seed | 1,
            }
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn pools_have_the_codes_of_naive_ones(case in any_case()) {
        case.check();
    }
}

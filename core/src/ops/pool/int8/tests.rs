//! Pools of codes by any lanes are the naive ones, byte for byte.

extern crate std;

use super::lanes::PortableLanes;
use super::mean::ShortScale;
use super::window::{CodeWindow, CodeWindows};
use super::{Int8Pool, Int8PoolKind, MeanKind, WindowLanes, reference};
use crate::dsp::WindowLoops;
use crate::int8::{Int8Rule, Quantization, Requantization};
use crate::ops::pool::PoolGeometry;
use crate::ops::pool::tests::any_geometry;
use crate::testing::int8::Codes;
use crate::testing::properties;
use core::cell::Cell;
use proptest::prelude::*;
use std::thread_local;
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

properties! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn pools_have_the_codes_of_naive_ones(case in any_case()) {
        case.check();
    }
}

/// The loops, which count the windows that they go through.
struct CountedLoops;

thread_local! {
    /// Windows gone through in a run, and by themselves.
    static WINDOWS: Cell<[usize; 2]> = const { Cell::new([0; 2]) };
}

fn count(index: usize, windows: usize) {
    let mut counts = WINDOWS.get();
    counts[index] += windows;
    WINDOWS.set(counts);
}

impl WindowLanes for CountedLoops {
    const MOST: usize = WindowLoops::MOST;

    fn sums(window: &CodeWindow<'_>, sums: &mut [i32]) {
        count(1, 1);
        WindowLoops::sums(window, sums);
    }

    fn largest(window: &CodeWindow<'_>, codes: &mut [i8]) {
        count(1, 1);
        WindowLoops::largest(window, codes);
    }

    fn averages(
        windows: &CodeWindows<'_>,
        scale: &ShortScale,
        size: usize,
        output: &mut [i8],
    ) -> bool {
        let ran = WindowLoops::averages(windows, scale, size, output);
        count(0, usize::from(ran) * windows.count);
        ran
    }

    fn maxima(windows: &CodeWindows<'_>, size: usize, output: &mut [i8]) -> bool {
        let ran = WindowLoops::maxima(windows, size, output);
        count(0, usize::from(ran) * windows.count);
        ran
    }

    fn clamp(codes: &mut [i8], limits: [i8; 2]) {
        WindowLoops::clamp(codes, limits);
    }
}

/// Windows in runs and by themselves, of a 3 x 3 pool of stride 2 on 13 channels of 15 x 30.
fn windows(kind: Int8PoolKind, counts_padding: bool) -> [usize; 2] {
    let case = CheckedPool {
        geometry: PoolGeometry {
            channels: 13,
            input: [15, 30],
            output: [8, 15],
            window: [3, 3],
            stride: [2, 2],
            before: [1, 1],
            after: [1, 1],
            counts_padding,
        },
        kind,
        quantization: Quantization::new(1.0, 3),
        seed: 1,
    };
    case.check();
    WINDOWS.set([0; 2]);
    case.run::<CountedLoops>(&Codes::new(1).codes(13 * 15 * 30));
    WINDOWS.get()
}

#[test]
fn loops_go_through_runs_of_windows() {
    let mean = |scale: f64| {
        Int8PoolKind::Mean(MeanKind::Once {
            scale: Requantization::of(scale).unwrap(),
            zero: -7,
        })
    };
    // Two blocks of eight channels in the last row's run, where sixteen would leave the input.
    let all = [120 + 14, 0];
    assert_eq!(windows(Int8PoolKind::Max, true), all);
    assert_eq!(windows(mean(1.0 / 9.0), true), all);
    // Those with a divisor of their own are by themselves.
    let [ran, alone] = windows(mean(1.0 / 9.0), false);
    assert!(ran == 6 * 14 && alone >= 36, "{ran} and {alone}");
}

//! The fast losses equal the naive ones to the bit, and these are what their definitions say.

extern crate std;

use super::reference::{
    highest_class, mean_squared_error, smoothed_cross_entropy, softmax, softmax_cross_entropy,
};
use super::*;
use crate::lanes::Lanes;
use crate::testing::*;
use proptest::prelude::*;
use std::vec;
use std::vec::Vec;

struct Loss {
    classes: usize,
    /// Lanes left empty.
    missing: usize,
    smoothing: f32,
    seed: u32,
}

impl AtWidth for Loss {
    fn run<L: Lanes>(&self, zero: L) {
        let samples = L::LANES - self.missing % L::LANES;
        // Up to thirty apart: exponentials from 1 down to nearly nothing.
        let mut logits = tensors::<L>(self.classes, self.seed);
        for value in logits.iter_mut().flatten() {
            *value = value.clamp(-10.0, 20.0);
        }
        let labels: Vec<u16> = (0..samples)
            .map(|sample| ((sample * 5 + self.seed as usize) % self.classes) as u16)
            .collect();
        let packed = pack(zero, &logits);
        let (mut outcome, mut scored) = (Outcome::default(), Outcome::default());
        let mut gradient = unwritten(zero, self.classes);
        let loss = SoftmaxCrossEntropy {
            logits: &packed,
            labels: &labels,
            mean: 0.3,
            smoothing: self.smoothing,
            gradient: &mut gradient,
            outcome: &mut outcome,
        };
        run(zero, loss);
        let score = Score {
            logits: &packed,
            labels: &labels,
            outcome: &mut scored,
        };
        run(zero, score);
        let (mut expected, mut expected_score) = (Outcome::default(), Outcome::default());
        for (index, mut logits) in logits.into_iter().enumerate() {
            let found = lane(&gradient, index);
            let Some(label) = labels.get(index).copied().map(usize::from) else {
                assert!(
                    found.iter().all(|value| *value == 0.0),
                    "an empty lane: {found:?}"
                );
                continue;
            };
            expected.samples += 1;
            expected.correct += usize::from(reference::highest_class(&logits) == label);
            let score = reference::softmax_cross_entropy(&mut logits.clone(), label, 0.3);
            expected_score.loss_sum += f64::from(score);
            let loss = reference::smoothed_cross_entropy(&mut logits, label, 0.3, self.smoothing);
            expected.loss_sum += f64::from(loss);
            assert_bits::<L>("gradient", &found, &logits);
        }
        assert_eq!(outcome, expected);
        expected_score.samples = expected.samples;
        expected_score.correct = expected.correct;
        assert_eq!(scored, expected_score);
    }
}

/// Several packets side by side, against one after another.
struct Packets {
    classes: usize,
    samples: usize,
    seed: u32,
}

impl AtWidth for Packets {
    fn run<L: Lanes>(&self, zero: L) {
        let labels: Vec<u16> = (0..self.samples)
            .map(|sample| ((sample * 7 + self.seed as usize) % self.classes) as u16)
            .collect();
        let packets = labels.chunks(L::LANES).enumerate();
        let logits: Vec<Vec<L>> = packets
            .map(|(packet, _)| {
                let mut logits = tensors::<L>(self.classes, self.seed + packet as u32);
                for value in logits.iter_mut().flatten() {
                    // Some equal ones among the highest.
                    *value = value.clamp(-10.0, 1.5);
                }
                pack(zero, &logits)
            })
            .collect();
        let mut expected = vec![Outcome::default(); self.samples.div_ceil(crate::GROUP)];
        for (packet, labels) in labels.chunks(L::LANES).enumerate() {
            let score = Score {
                logits: &logits[packet],
                labels,
                outcome: &mut expected[packet * L::LANES / crate::GROUP],
            };
            run(zero, score);
        }
        let mut found = vec![Outcome::default(); expected.len()];
        let all = logits.concat();
        crate::score_packets(&all, self.classes, &labels, &mut found).unwrap();
        assert_eq!(found, expected, "{:?}", L::WIDTH);
        // Refused: a label beyond the classes, none at all, and too few logits or outcomes.
        let classes = usize::from(labels.iter().copied().fold(0, u16::max));
        assert!(crate::score_packets(&all, classes, &labels, &mut found).is_err());
        assert!(crate::score_packets(&all, self.classes, &[], &mut found).is_err());
        assert!(crate::score_packets(&all[1..], self.classes, &labels, &mut found).is_err());
        assert!(crate::score_packets(&all, self.classes, &labels, &mut found[1..]).is_err());
        assert_eq!(found, expected, "{:?}", L::WIDTH);
    }
}

struct SquaredError {
    outputs: usize,
    /// Lanes left empty.
    missing: usize,
    seed: u32,
}

impl AtWidth for SquaredError {
    fn run<L: Lanes>(&self, zero: L) {
        let samples = L::LANES - self.missing % L::LANES;
        let outputs = tensors::<L>(self.outputs, self.seed);
        let targets = tensors::<L>(self.outputs, self.seed + 1);
        let (output, target) = (pack(zero, &outputs), pack(zero, &targets));
        let mut gradient = unwritten(zero, self.outputs);
        let (mut outcome, mut scored) = (Outcome::default(), Outcome::default());
        let mut errors = vec![f32::NAN; samples];
        let loss = MeanSquaredError {
            output: &output,
            target: &target,
            samples,
            mean: 0.3,
            gradient: &mut gradient,
            outcome: &mut outcome,
        };
        run(zero, loss);
        let score = ErrorScore {
            output: &output,
            target: &target,
            errors: &mut errors,
            outcome: &mut scored,
        };
        run(zero, score);
        let mut expected = Outcome::default();
        for index in 0..L::LANES {
            let found = lane(&gradient, index);
            if index >= samples {
                assert!(found.iter().all(|value| *value == 0.0), "an empty lane");
                continue;
            }
            let mut own = vec![0.0; self.outputs];
            let loss = mean_squared_error(&outputs[index], &targets[index], 0.3, &mut own);
            expected.loss_sum += f64::from(loss);
            expected.samples += 1;
            assert_bits::<L>("gradient", &found, &own);
            assert_bits::<L>("error", &[errors[index]], &[loss]);
        }
        assert_eq!(outcome, expected);
        assert_eq!(scored, expected);
    }
}

properties! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn loss_equals_the_reference(
        classes in 2..40_usize,
        missing in 0..16_usize,
        smoothing in prop_oneof![Just(0.0_f32), Just(0.1), 0.01..0.9_f32],
        seed in 0..1000_u32,
    ) {
        at_every_width(&Loss { classes, missing, smoothing, seed });
    }

    #[test]
    fn packets_side_by_side_score_as_one_after_another(
        classes in 1..70_usize,
        samples in 1..100_usize,
        seed in 0..1000_u32,
    ) {
        at_every_width(&Packets { classes, samples, seed });
    }

    #[test]
    fn squared_error_equals_the_reference(
        outputs in 1..40_usize,
        missing in 0..16_usize,
        seed in 0..1000_u32,
    ) {
        at_every_width(&SquaredError { outputs, missing, seed });
    }
}

/// PyTorch's definition in float64: `-sum of q * log p`, `q` being the smoothed label.
fn exact_cross_entropy(logits: &[f64], label: usize, smoothing: f64) -> f64 {
    let sum: f64 = logits.iter().map(|logit| libm::exp(*logit)).sum();
    let classes = logits.len() as f64;
    let losses = logits.iter().enumerate().map(|(class, logit)| {
        let onehot = f64::from(u8::from(class == label));
        let target = (1.0 - smoothing) * onehot + smoothing / classes;
        target * (libm::log(sum) - logit)
    });
    losses.sum()
}

#[test]
fn smoothing_is_the_definition_and_its_slope() {
    let logits = [0.3_f32, -1.2, 2.5, 0.0, 1.75];
    for smoothing in [0.0, 0.1, 0.5] {
        let exact = |logits: &[f64]| exact_cross_entropy(logits, 1, f64::from(smoothing));
        let point = logits.map(f64::from);
        let mut gradient = logits;
        let loss = smoothed_cross_entropy(&mut gradient, 1, 1.0, smoothing);
        assert!((f64::from(loss) - exact(&point)).abs() < 1e-6, "{loss}");
        for class in 0..logits.len() {
            let (mut above, mut below) = (point, point);
            above[class] += 1e-5;
            below[class] -= 1e-5;
            let slope = (exact(&above) - exact(&below)) / 2e-5;
            let difference = (slope - f64::from(gradient[class])).abs();
            assert!(difference < 1e-6, "{class}: {slope}");
        }
    }
}

#[test]
fn squared_error_is_a_mean_and_its_gradient_the_slope() {
    let (output, target) = ([1.0, -2.0, 0.5, 3.0], [0.0, 1.0, 0.5, 1.0]);
    let mut gradient = [0.0; 4];
    let loss = mean_squared_error(&output, &target, 0.5, &mut gradient);
    assert_eq!(loss, (1.0 + 9.0 + 0.0 + 4.0) / 4.0);
    for at in 0..4 {
        let (mut above, mut below) = (output, output);
        above[at] += 0.5;
        below[at] -= 0.5;
        let slope = mean_squared_error(&above, &target, 1.0, &mut [0.0; 4])
            - mean_squared_error(&below, &target, 1.0, &mut [0.0; 4]);
        assert_eq!(slope * 0.5, gradient[at], "{at}");
    }
}

#[test]
fn the_gradient_is_the_slope_of_the_loss() {
    let logits = [0.3_f32, -1.2, 2.5, 0.0];
    let loss = |mut logits: [f32; 4]| softmax_cross_entropy(&mut logits, 1, 1.0);
    let mut gradient = logits;
    softmax_cross_entropy(&mut gradient, 1, 1.0);
    for class in 0..4 {
        let (mut above, mut below) = (logits, logits);
        above[class] += 1e-2;
        below[class] -= 1e-2;
        let slope = (loss(above) - loss(below)) / 2e-2;
        assert!((slope - gradient[class]).abs() < 1e-3, "{class}: {slope}");
    }
}

#[test]
fn large_logits_do_not_overflow() {
    let mut logits = [1000.0, 999.0, -1000.0];
    let loss = softmax_cross_entropy(&mut logits, 0, 0.5);
    assert!((loss - 0.313_26).abs() < 1e-4, "{loss}");
    assert!(logits.iter().all(|value| value.is_finite()));
}

#[test]
fn probabilities_are_the_quotients_of_the_exponentials() {
    let mut logits = [0.0, core::f32::consts::LN_2, -1000.0];
    let sum = softmax(&mut logits);
    assert_eq!(sum, 1.5);
    assert_eq!(logits, [0.5 / 1.5, 1.0 / 1.5, 0.0]);
}

#[test]
fn a_nan_shows_in_the_loss() {
    assert!(softmax_cross_entropy(&mut [0.0, f32::NAN, 1.0], 0, 1.0).is_nan());
    assert_eq!(highest_class(&[1.0, 3.0, 3.0]), 1);
}

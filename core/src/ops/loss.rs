//! Softmax cross-entropy.
//!
//! The largest logit is taken off first, so that no exponential overflows. Sums run in the order
//! of the classes. `exp` and `log` are `libm`'s on every machine.

use crate::lanes::{Kernel, Lanes};
use libm::{expf, logf};

/// Loss and gradient of one packet of samples.
pub struct SoftmaxCrossEntropy<'a, L> {
    /// classes
    pub logits: &'a [L],
    /// One label per sample; as many as lanes are in use.
    pub labels: &'a [u16],
    pub smoothing: f32,
    /// One over the batch size.
    pub mean: f32,
    /// classes; becomes `(softmax - onehot) * mean`, and 0 in unused lanes
    pub gradient: &'a mut [L],
    /// Where the samples are counted, one by one.
    pub outcome: &'a mut Outcome,
}

/// What the samples of a packet or a batch gave.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Outcome {
    /// Sum of the samples' losses, in their order.
    pub loss_sum: f64,
    /// Samples whose highest logit was their label's.
    pub correct: usize,
    /// Number of samples.
    pub samples: usize,
}

impl core::ops::AddAssign for Outcome {
    fn add_assign(&mut self, other: Self) {
        self.loss_sum += other.loss_sum;
        self.correct += other.correct;
        self.samples += other.samples;
    }
}

impl<L: Lanes> Kernel for SoftmaxCrossEntropy<'_, L> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let (highest, best) = highest(self.logits);
        let mut sum = highest.splat(0.0);
        for (gradient, logit) in self.gradient.iter_mut().zip(self.logits) {
            *gradient = logit.sub(highest);
            exponentiate(gradient);
            sum = sum.add(*gradient);
        }
        let mut share = [0.0; 16];
        count(self.logits, self.labels, [highest, best, sum], self.outcome);
        share[..self.labels.len()].fill(self.mean);
        let mean = highest.load(&share);
        for gradient in self.gradient.iter_mut() {
            *gradient = gradient.div(sum);
        }
        let values = L::values_mut(self.gradient);
        for (lane, label) in self.labels.iter().enumerate() {
            values[usize::from(*label) * L::LANES + lane] -= 1.0;
        }
        for gradient in self.gradient.iter_mut() {
            *gradient = gradient.mul(mean);
        }
    }
}

pub struct MeanSquaredError<'a, L> {
    pub output: &'a [L],
    pub target: &'a [L],
    pub samples: usize,
    pub mean: f32,
    pub gradient: &'a mut [L],
    pub outcome: &'a mut Outcome,
}
impl<L: Lanes> Kernel for MeanSquaredError<'_, L> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let _ = (
            self.output,
            self.target,
            self.samples,
            self.mean,
            self.gradient,
            self.outcome,
        );
    }
}
/// Loss and hits of one packet of samples, without a gradient.
pub struct Score<'a, L> {
    pub logits: &'a [L],
    pub labels: &'a [u16],
    pub outcome: &'a mut Outcome,
}

impl<L: Lanes> Kernel for Score<'_, L> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let (highest, best) = highest(self.logits);
        let mut sum = highest.splat(0.0);
        for logit in self.logits {
            let mut value = logit.sub(highest);
            exponentiate(&mut value);
            sum = sum.add(value);
        }
        count(self.logits, self.labels, [highest, best, sum], self.outcome);
    }
}

/// Counts the samples in order, given each lane's highest logit, its class, and the sum of the
/// exponentials.
#[inline(always)]
fn count<L: Lanes>(logits: &[L], labels: &[u16], lanes: [L; 3], outcome: &mut Outcome) {
    let (values, logits) = (L::values(&lanes), L::values(logits));
    for (lane, label) in labels.iter().enumerate() {
        let logit = logits[usize::from(*label) * L::LANES + lane];
        let loss = logf(values[2 * L::LANES + lane]) - (logit - values[lane]);
        outcome.loss_sum += f64::from(loss);
        outcome.correct += usize::from(values[L::LANES + lane] == f32::from(*label));
        outcome.samples += 1;
    }
}

/// The highest logit, and the class it belongs to; the first of equals.
#[inline(always)]
fn highest<L: Lanes>(logits: &[L]) -> (L, L) {
    let mut best = logits[0];
    let mut class = best.splat(0.0);
    for (index, logit) in logits.iter().enumerate().skip(1) {
        let higher = logit.greater(best);
        best = L::select(higher, *logit, best);
        class = L::select(higher, best.splat(index as f32), class);
    }
    (best, class)
}

#[inline(always)]
fn exponentiate<L: Lanes>(packet: &mut L) {
    for value in L::values_mut(core::slice::from_mut(packet)) {
        *value = expf(*value);
    }
}

/// The naive loss, one sample at a time. It defines the bits.
pub mod reference {
    use super::{expf, logf};

    /// Loss of one sample; turns its logits into `(softmax - onehot(label)) * mean`.
    pub fn softmax_cross_entropy(logits: &mut [f32], label: usize, mean: f32) -> f32 {
        let shifted = logits[label] - logits[highest_class(logits)];
        let sum = softmax(logits);
        for (class, value) in logits.iter_mut().enumerate() {
            let onehot = if class == label { 1.0 } else { 0.0 };
            *value = (*value - onehot) * mean;
        }
        logf(sum) - shifted
    }

    /// Turns the logits of one sample, at least one, into probabilities; gives the sum of the
    /// exponentials that they were divided by.
    pub fn softmax(logits: &mut [f32]) -> f32 {
        let highest = logits[highest_class(logits)];
        let mut sum = 0.0;
        for value in logits.iter_mut() {
            *value = expf(*value - highest);
            sum += *value;
        }
        for value in logits.iter_mut() {
            *value /= sum;
        }
        sum
    }

    /// The class with the highest logit; the first of equals.
    pub fn highest_class(logits: &[f32]) -> usize {
        let mut best = 0;
        for (class, value) in logits.iter().enumerate().skip(1) {
            if *value > logits[best] {
                best = class;
            }
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use super::reference::{highest_class, softmax, softmax_cross_entropy};

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
}

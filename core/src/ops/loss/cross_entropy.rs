//! Softmax cross-entropy.
//!
//! The largest logit is taken off first, so that no exponential overflows. Sums run in the order
//! of the classes. `exp` and `log` have the bits of `libm`'s on every machine.

use super::Outcome;
use super::elementary::{exponential, logarithm};
use crate::lanes::{Kernel, Lanes};
use libm::{expf, logf};

/// Loss and gradient of one packet of samples.
pub struct SoftmaxCrossEntropy<'a, L> {
    /// classes
    pub logits: &'a [L],
    /// One label per sample; as many as lanes are in use.
    pub labels: &'a [u16],
    /// One over the batch size.
    pub mean: f32,
    /// Share of each label that all classes have in equal parts: label smoothing, at least 0 and
    /// below 1.
    pub smoothing: f32,
    /// classes; becomes `(softmax - target) * mean`, and 0 in unused lanes
    pub gradient: &'a mut [L],
    /// Where the samples are counted, one by one.
    pub outcome: &'a mut Outcome,
}

impl<L: Lanes> Kernel for SoftmaxCrossEntropy<'_, L> {
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        let lanes = self.differentiate();
        count(
            self.logits,
            self.labels,
            self.smoothing,
            lanes,
            self.outcome,
        );
    }
}

impl SoftmaxCrossEntropy<'_, f32> {
    /// The loss of a single sample without smoothing, which is counted nowhere: no number of 64 bits is
    /// needed for it.
    // Apart from its caller, as other kernels of one sample are; and in as few loops as it takes, since each is
    // flash: those of many samples would be unrolled here, to be four times as long.
    #[inline(never)]
    pub fn run_single(self) -> f32 {
        let label = self.labels.first().copied().unwrap_or_default();
        let label = usize::from(label);
        let (highest, _) = highest(self.logits);
        let mut sum = 0.0;
        for (gradient, logit) in self.gradient.iter_mut().zip(self.logits) {
            *gradient = expf(logit - highest);
            sum += *gradient;
        }
        for (class, gradient) in self.gradient.iter_mut().enumerate() {
            let target = if class == label { 1.0 } else { 0.0 };
            *gradient = (*gradient / sum - target) * self.mean;
        }
        logf(sum) - (self.logits[label] - highest)
    }
}

impl<L: Lanes> SoftmaxCrossEntropy<'_, L> {
    /// Leaves the gradient; gives each lane's highest logit, its class, and the sum of the exponentials.
    #[inline(always)]
    fn differentiate(&mut self) -> [L; 3] {
        let (highest, best) = highest(self.logits);
        let mut sum = highest.splat(0.0);
        for (gradient, logit) in self.gradient.iter_mut().zip(self.logits) {
            *gradient = exponential(logit.sub(highest));
            sum = sum.add(*gradient);
        }
        for gradient in self.gradient.iter_mut() {
            *gradient = gradient.div(sum);
        }
        self.subtract_targets(sum);
        let mut share = [0.0; 16];
        share[..self.labels.len()].fill(self.mean);
        let mean = highest.load(&share);
        for gradient in self.gradient.iter_mut() {
            *gradient = gradient.mul(mean);
        }
        [highest, best, sum]
    }

    /// From probabilities to their distances from the targets.
    #[inline(always)]
    fn subtract_targets(&mut self, proof: L) {
        let part = self.smoothing / self.logits.len() as f32;
        let own = (1.0 - self.smoothing) + part;
        let mut labelled = [0.0; 16];
        let values = L::values(self.gradient);
        for (lane, label) in self.labels.iter().enumerate() {
            labelled[lane] = values[usize::from(*label) * L::LANES + lane] - own;
        }
        if self.smoothing != 0.0 {
            let part = proof.splat(part);
            for gradient in self.gradient.iter_mut() {
                *gradient = gradient.sub(part);
            }
        }
        let values = L::values_mut(self.gradient);
        for (lane, label) in self.labels.iter().enumerate() {
            values[usize::from(*label) * L::LANES + lane] = labelled[lane];
        }
    }
}

/// Loss and hits of one packet of samples, without a gradient, and without smoothing: how good
/// a network is does not depend on how it was trained.
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
            sum = sum.add(exponential(logit.sub(highest)));
        }
        count(
            self.logits,
            self.labels,
            0.0,
            [highest, best, sum],
            self.outcome,
        );
    }
}

/// Counts the samples in order, given each lane's highest logit, its class, and the sum of the
/// exponentials; with `smoothing`, as the reference weighs the classes.
#[inline(always)]
fn count<L: Lanes>(
    logits: &[L],
    labels: &[u16],
    smoothing: f32,
    lanes: [L; 3],
    outcome: &mut Outcome,
) {
    let [highest, best, sum] = lanes;
    let lanes = [highest, best, logarithm(sum)];
    let smoothed = smoothed::<L>(logits, smoothing, &lanes);
    let (values, logits) = (L::values(&lanes), L::values(logits));
    // A copy, so that sums wait for one another in a register and not in memory.
    let mut counted = *outcome;
    for (lane, label) in labels.iter().enumerate() {
        let logit = logits[usize::from(*label) * L::LANES + lane];
        let mut loss = values[2 * L::LANES + lane] - (logit - values[lane]);
        if smoothing != 0.0 {
            loss = (1.0 - smoothing) * loss + smoothed[lane];
        }
        counted.loss_sum += f64::from(loss);
        counted.correct += usize::from(values[L::LANES + lane] == f32::from(*label));
    }
    counted.samples += labels.len();
    *outcome = counted;
}

/// Each lane's sum of all classes' losses, times their part of the smoothing; nothing without.
#[inline(always)]
fn smoothed<L: Lanes>(logits: &[L], smoothing: f32, lanes: &[L; 3]) -> [f32; 16] {
    let mut losses = [0.0; 16];
    if smoothing == 0.0 {
        return losses;
    }
    let [highest, _, logarithm] = *lanes;
    let mut total = highest.splat(0.0);
    for logit in logits {
        total = total.add(logarithm.sub(logit.sub(highest)));
    }
    let part = highest.splat(smoothing / logits.len() as f32);
    part.mul(total).store(&mut losses);
    losses
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

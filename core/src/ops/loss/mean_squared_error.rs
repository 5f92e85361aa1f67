//! Mean squared error against a target of as many values as there are outputs.

use super::Outcome;
use crate::lanes::{Kernel, Lanes};

/// Loss and gradient of one packet of samples.
pub struct MeanSquaredError<'a, L> {
    /// outputs
    pub output: &'a [L],
    /// outputs
    pub target: &'a [L],
    /// Lanes in use.
    pub samples: usize,
    /// One over the batch size.
    pub mean: f32,
    /// outputs; becomes `((output - target) * (2 / outputs)) * mean`, and 0 in unused lanes
    pub gradient: &'a mut [L],
    /// Where the samples are counted, one by one; none is correct.
    pub outcome: &'a mut Outcome,
}

impl<L: Lanes> Kernel for MeanSquaredError<'_, L> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let proof = self.output[0];
        let factor = proof.splat(2.0 / self.output.len() as f32);
        let mut share = [0.0; 16];
        share[..self.samples].fill(self.mean);
        let mean = proof.load(&share);
        let mut sum = proof.splat(0.0);
        let pairs = self.output.iter().zip(self.target);
        for (gradient, (output, target)) in self.gradient.iter_mut().zip(pairs) {
            let distance = output.sub(*target);
            sum = sum.add_product(distance, distance);
            *gradient = distance.mul(factor).mul(mean);
        }
        let errors = errors(sum, self.output.len());
        count(&errors[..self.samples], self.outcome);
    }
}

/// Loss of one packet of samples, without a gradient.
pub struct ErrorScore<'a, L> {
    /// outputs
    pub output: &'a [L],
    /// outputs
    pub target: &'a [L],
    /// One for each lane in use; becomes the sample's loss.
    pub errors: &'a mut [f32],
    /// Where the samples are counted, one by one; none is correct.
    pub outcome: &'a mut Outcome,
}

impl<L: Lanes> Kernel for ErrorScore<'_, L> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let mut sum = self.output[0].splat(0.0);
        for (output, target) in self.output.iter().zip(self.target) {
            let distance = output.sub(*target);
            sum = sum.add_product(distance, distance);
        }
        let errors = errors(sum, self.output.len());
        self.errors.copy_from_slice(&errors[..self.errors.len()]);
        count(self.errors, self.outcome);
    }
}

/// The mean of each lane's squared distances.
#[inline(always)]
fn errors<L: Lanes>(sum: L, outputs: usize) -> [f32; 16] {
    let mut errors = [0.0; 16];
    sum.div(sum.splat(outputs as f32)).store(&mut errors);
    errors
}

fn count(errors: &[f32], outcome: &mut Outcome) {
    for error in errors {
        outcome.loss_sum += f64::from(*error);
        outcome.samples += 1;
    }
}

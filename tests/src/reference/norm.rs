//! A batch normalisation over a whole batch.

use kiln_core::reference::{Activation, batch_norm};
use kiln_core::{BatchNorm, GROUP, Shape};

/// What a batch gives a batch normalisation, and what it normalises by.
pub struct Norm {
    options: BatchNorm,
    map: usize,
    /// Values of a channel in the batch.
    count: usize,
    mean: Vec<f32>,
    squares: Vec<f32>,
    inverse: Vec<f32>,
}

impl Norm {
    /// The groups' moments, combined in order.
    pub(super) fn of(options: BatchNorm, shape: Shape, input: &[f32]) -> Self {
        let channels = shape.channels as usize;
        let mut norm = Self {
            options,
            map: shape.map_elements(),
            count: 0,
            mean: vec![0.0; channels],
            squares: vec![0.0; channels],
            inverse: vec![0.0; channels],
        };
        for group in input.chunks(GROUP * shape.elements()) {
            let (mut mean, mut squares) = (vec![0.0; channels], vec![0.0; channels]);
            let count = batch_norm::group_moments(group, norm.map, &mut mean, &mut squares);
            let mut total = batch_norm::Moments {
                count: norm.count,
                mean: &mut norm.mean[..],
                squares: &mut norm.squares[..],
            };
            let group = batch_norm::Moments {
                count,
                mean: &mean[..],
                squares: &squares[..],
            };
            batch_norm::combine(&mut total, &group);
            norm.count = total.count;
        }
        let mut inverse = vec![0.0; channels];
        batch_norm::inverse(&norm.moments(), options.epsilon, &mut inverse);
        norm.inverse = inverse;
        norm
    }

    fn moments(&self) -> batch_norm::Moments<&[f32]> {
        batch_norm::Moments {
            count: self.count,
            mean: &self.mean,
            squares: &self.squares,
        }
    }

    fn statistics(&self) -> batch_norm::Statistics<'_> {
        batch_norm::Statistics {
            map: self.map,
            mean: &self.mean,
            inverse: &self.inverse,
        }
    }

    pub(super) fn forward(&self, input: &[f32], parameters: [&[f32]; 2]) -> Vec<f32> {
        let mut output = vec![0.0; input.len()];
        let len = self.mean.len() * self.map;
        for (input, output) in input.chunks(len).zip(output.chunks_mut(len)) {
            let by = self.statistics();
            batch_norm::forward(Activation::Identity, &by, input, parameters, output);
        }
        output
    }

    /// One sample's, weights first.
    pub(super) fn parameter_gradient(&self, input: &[f32], d_output: &[f32]) -> Vec<f32> {
        let mut own = vec![0.0; 2 * self.mean.len()];
        let (d_weight, d_bias) = own.split_at_mut(self.mean.len());
        let by = self.statistics();
        batch_norm::parameter_gradient(&by, input, d_output, [d_weight, d_bias]);
        own
    }

    /// One sample's; `own` is the whole batch's gradient of the parameters.
    pub(super) fn input_gradient(
        &self,
        weight: &[f32],
        own: &[f32],
        input: &[f32],
        d_output: &[f32],
    ) -> Vec<f32> {
        let mut d_input = vec![0.0; input.len()];
        let (by, sums) = (self.statistics(), own.split_at(self.mean.len()).into());
        let count = self.count;
        batch_norm::input_gradient(&by, count, weight, sums, input, d_output, &mut d_input);
        d_input
    }
}

/// Takes a batch into the running statistics.
pub(super) fn update(norms: &[Norm], statistics: &mut [f32]) {
    let mut rest = statistics;
    for norm in norms {
        let (mean, behind) = rest.split_at_mut(norm.mean.len());
        let (variance, behind) = behind.split_at_mut(norm.mean.len());
        rest = behind;
        let mut running = batch_norm::RunningStatistics { mean, variance };
        running.update(&norm.moments(), norm.options.momentum);
    }
    assert!(rest.is_empty(), "statistics of more batch normalisations");
}

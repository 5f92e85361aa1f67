//! Against float64, which the definition of PyTorch is written in here, and its slopes.

use super::*;

/// Tame values: the check is of the formulas, not of rounding.
fn batch() -> NormalizedBatch {
    let mut batch = NormalizedBatch::new(21, 3, 5, 7);
    let tensors = [
        &mut batch.input,
        &mut batch.d_output,
        &mut batch.weight,
        &mut batch.bias,
    ];
    for (index, tensor) in tensors.into_iter().enumerate() {
        for (at, value) in tensor.iter_mut().enumerate() {
            let phase = ((at * 37 + index * 11) % 101) as f32 / 101.0;
            *value = phase * 3.0 - 1.0 + 0.2 * value.clamp(-1.0, 1.0);
        }
    }
    batch
}

fn exact(values: &[f32]) -> Vec<f64> {
    values.iter().map(|value| f64::from(*value)).collect()
}

impl NormalizedBatch {
    /// The values of a channel, over the whole batch.
    fn channel<'v>(&self, values: &'v [f64], channel: usize) -> impl Iterator<Item = f64> + 'v {
        let (channels, map) = (self.channels, self.map);
        let of = move |at: &(usize, &f64)| at.0 / map % channels == channel;
        values
            .iter()
            .enumerate()
            .filter(of)
            .map(|(_, value)| *value)
    }

    /// Mean and sum of squared distances of a channel.
    fn exact_moments(&self, input: &[f64], channel: usize) -> [f64; 2] {
        let count = self.channel(input, channel).count() as f64;
        let mean = self.channel(input, channel).sum::<f64>() / count;
        let squares = self
            .channel(input, channel)
            .map(|x| (x - mean) * (x - mean));
        [mean, squares.sum()]
    }

    /// Sum of the normalised values times the gradients.
    fn exact_loss(&self, input: &[f64], weight: &[f64], bias: &[f64]) -> f64 {
        let d_output = exact(&self.d_output);
        let losses = (0..self.channels).map(|channel| {
            let [mean, squares] = self.exact_moments(input, channel);
            let count = self.channel(input, channel).count() as f64;
            let deviation = libm::sqrt(squares / count + f64::from(EPSILON));
            let pairs = self
                .channel(input, channel)
                .zip(self.channel(&d_output, channel));
            pairs
                .map(|(x, d)| d * ((x - mean) / deviation * weight[channel] + bias[channel]))
                .sum::<f64>()
        });
        losses.sum()
    }
}

fn assert_near(what: &str, found: f32, expected: f64) {
    let difference = (f64::from(found) - expected).abs();
    assert!(
        difference < 2e-5 * expected.abs().max(1.0),
        "{what}: {found}, not {expected}"
    );
}

#[test]
fn groups_are_combined_into_the_batch() {
    let batch = batch();
    let step = batch.naive(Activation::Identity);
    let input = exact(&batch.input);
    let (mut mean, mut variance) = ([2.0; 3], [3.0; 3]);
    let mut running = RunningStatistics {
        mean: &mut mean,
        variance: &mut variance,
    };
    let moments = Moments {
        count: step.count,
        mean: &step.mean[..],
        squares: &step.squares[..],
    };
    running.update(&moments, 0.25);
    for channel in 0..3 {
        let [exact_mean, squares] = batch.exact_moments(&input, channel);
        assert_near("mean", step.mean[channel], exact_mean);
        assert_near("squares", step.squares[channel], squares);
        assert_near("running mean", mean[channel], 1.5 + 0.25 * exact_mean);
        let unbiased = squares / (21.0 * 5.0 - 1.0);
        assert_near(
            "running variance",
            variance[channel],
            2.25 + 0.25 * unbiased,
        );
    }
}

#[test]
fn gradients_are_the_slopes() {
    let batch = batch();
    let step = batch.naive(Activation::Identity);
    let tensors = [&batch.input, &batch.weight, &batch.bias].map(|tensor| exact(tensor));
    let (d_weight, d_bias) = step.sums.split_at(batch.channels);
    let gradients = [
        ("input", &step.d_input[..]),
        ("weight", d_weight),
        ("bias", d_bias),
    ];
    for (index, (what, gradient)) in gradients.into_iter().enumerate() {
        for (at, found) in gradient.iter().enumerate() {
            let loss = |change: f64| {
                let mut tensors = tensors.clone();
                tensors[index][at] += change;
                let [input, weight, bias] = &tensors;
                batch.exact_loss(input, weight, bias)
            };
            let slope = (loss(1e-5) - loss(-1e-5)) / 2e-5;
            assert_near(what, *found, slope);
        }
    }
}

#[test]
fn the_output_is_the_normalised_input() {
    let batch = batch();
    let step = batch.naive(Activation::Identity);
    let output = exact(&step.output);
    for channel in 0..batch.channels {
        let [mean, squares] = batch.exact_moments(&output, channel);
        let [_, input_squares] = batch.exact_moments(&exact(&batch.input), channel);
        let weight = f64::from(batch.weight[channel]);
        let count = step.count as f64;
        let spread = input_squares / (input_squares / count + f64::from(EPSILON));
        assert_near("mean", mean as f32, f64::from(batch.bias[channel]));
        assert_near("spread", squares as f32, weight * weight * spread);
    }
}

#[test]
fn a_far_away_mean_costs_no_spread() {
    let mut total = [[4096.0], [2.0]];
    let [mean, squares] = &mut total;
    let mut moments = Moments {
        count: 2,
        mean: &mut mean[..],
        squares: &mut squares[..],
    };
    let group = Moments {
        count: 6,
        mean: &[4100.0][..],
        squares: &[6.0][..],
    };
    combine(&mut moments, &group);
    assert_eq!(moments.count, 8);
    // 2 + 6 + 4 * 4 * (2 * 6 / 8)
    assert_eq!(total, [[4099.0], [32.0]]);
}

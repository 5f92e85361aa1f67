//! What a run uses where the user says nothing: hyper-parameters, network, input scaling.

use crate::data::{Dataset, ImageShape, Samples};
use crate::settings::ScheduleSetting;
use anyhow::{Context, Result};
use kiln_core::{Network, Scaling, ScalingError};

/// Passes over the training samples.
pub const EPOCHS: u32 = 10;
/// Samples a step.
pub const BATCH: u32 = 64;
/// Base learning rate.
pub const LR: f64 = 0.05;
/// Base learning rate for fewer samples than [`FEW`]: their epochs have so few steps that the first
/// ones, at the full rate, can switch off every ReLU of a network, for good.
pub const LR_FEW: f64 = 0.01;
/// Samples from which on they are many.
pub const FEW: usize = 2000;
/// Momentum of the optimizer.
pub const MOMENTUM: f64 = 0.9;
/// Weight decay for grey images.
pub const WEIGHT_DECAY_GREY: f64 = 5e-4;
/// Weight decay for colour images, of which there are often few of each class: these
/// networks overfit them.
pub const WEIGHT_DECAY_COLOUR: f64 = 2e-3;
/// Epochs over which a cosine schedule rises.
pub const WARMUP: f64 = 0.5;
/// How the learning rate changes.
pub const SCHEDULE: ScheduleSetting = ScheduleSetting::Cosine { warmup: WARMUP };
/// Seed of everything random.
pub const SEED: u64 = 1;
/// Fraction of the training samples held out for validation.
pub const VALIDATION: f64 = 0.1;

/// Base learning rate for a dataset of `samples` samples to train and to validate on.
pub fn lr(samples: usize) -> f64 {
    if samples < FEW { LR_FEW } else { LR }
}

/// Weight decay for images of `channels` channels.
pub fn weight_decay(channels: usize) -> f64 {
    if channels == 1 {
        WEIGHT_DECAY_GREY
    } else {
        WEIGHT_DECAY_COLOUR
    }
}

/// The network for images of this shape: two convolutions, each with ReLU and max pooling, and
/// two linear layers.
///
/// For MNIST it has 53,866 parameters, for 100 classes of 3x32x32 it has 88,148. It may be
/// impossible, which [`Network::check`] tells: images of less than 10 pixels are too small for it.
pub fn network(shape: ImageShape, classes: u16) -> Network {
    let extent = |extent: usize| u32::try_from(extent).unwrap_or(u32::MAX);
    Network::input(
        extent(shape.channels),
        extent(shape.height),
        extent(shape.width),
    )
    .conv2d(8, 3)
    .relu()
    .max_pool2d(2)
    .conv2d(16, 3)
    .relu()
    .max_pool2d(2)
    .linear(128)
    .relu()
    .linear(classes)
}

/// The default network of a dataset.
///
/// # Errors
///
/// If it does not fit the dataset's images or classes.
pub fn fitting_network(dataset: &Dataset) -> Result<Network> {
    let classes = dataset.classes.len();
    let outputs = u16::try_from(classes).with_context(|| {
        format!(
            "{} has {classes} classes; a network tells at most 65535 apart",
            dataset.name
        )
    })?;
    let network = network(dataset.train.shape, outputs);
    network.check().with_context(|| {
        format!(
            "the default network does not fit images of {}; describe one that does in a TOML \
             file and give it by --model",
            dataset.train.shape
        )
    })?;
    Ok(network)
}

/// The input scaling that gives each channel of the samples at `indices` mean 0 and variance 1.
///
/// The sums are whole numbers, so the result does not depend on their order. A channel that is
/// the same everywhere is divided by 255 only.
///
/// # Errors
///
/// If the samples have more channels than a model file can scale.
pub fn scaling(samples: &Samples, indices: &[u32]) -> Result<Scaling, ScalingError> {
    let channels = 0..samples.shape.channels;
    let (scale, shift): (Vec<f32>, Vec<f32>) = channels
        .map(|channel| standardize(channel_moments(samples, indices, channel)))
        .unzip();
    Scaling::new(&scale, &shift)
}

/// Number of pixels, their sum and the sum of their squares.
fn channel_moments(samples: &Samples, indices: &[u32], channel: usize) -> [u64; 3] {
    let map = samples.shape.height * samples.shape.width;
    let mut moments = [(indices.len() * map) as u64, 0, 0];
    for index in indices {
        let pixels = &samples.image(*index as usize)[channel * map..][..map];
        // The squares of 2^14 pixels add up within 32 bits, where they are fastest.
        for part in pixels.chunks(1 << 14) {
            let pixels = part.iter().map(|pixel| u32::from(*pixel));
            let sum: u32 = pixels.clone().sum();
            let squares: u32 = pixels.map(|pixel| pixel * pixel).sum();
            moments[1] += u64::from(sum);
            moments[2] += u64::from(squares);
        }
    }
    moments
}

fn standardize([count, sum, squares]: [u64; 3]) -> (f32, f32) {
    let mean = sum as f64 / count as f64;
    let variance = squares as f64 / count as f64 - mean * mean;
    if variance.is_nan() || variance < 1e-3 {
        return (1.0 / 255.0, 0.0);
    }
    let scale = 1.0 / variance.sqrt();
    (scale as f32, (-mean * scale) as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: ImageShape = ImageShape {
        channels: 2,
        height: 1,
        width: 2,
    };

    #[test]
    fn the_default_networks_have_the_published_sizes() {
        let shape = |channels, size| ImageShape {
            channels,
            height: size,
            width: size,
        };
        assert_eq!(network(shape(1, 28), 10).parameters(), 53_866);
        assert_eq!(network(shape(3, 32), 100).parameters(), 88_148);
        assert!(network(shape(1, 9), 10).check().is_err());
    }

    #[test]
    fn chosen_samples_become_standard_and_flat_channels_stay() {
        let samples = Samples {
            pixels: vec![10, 20, 7, 7, 30, 40, 7, 7, 255, 255, 255, 255],
            labels: vec![0, 1, 0],
            shape: SHAPE,
        };
        let scaling = scaling(&samples, &[0, 1]).unwrap();
        let values = [10, 20, 30, 40].map(|pixel| scaling.apply(0, pixel).unwrap());
        assert!(values.iter().sum::<f32>().abs() < 1e-5);
        let variance = values.iter().map(|value| value * value).sum::<f32>() / 4.0;
        assert!((variance - 1.0).abs() < 1e-5);
        assert_eq!((scaling.scale()[1], scaling.shift()[1]), (1.0 / 255.0, 0.0));
    }
}

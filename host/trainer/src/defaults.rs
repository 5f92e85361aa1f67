//! What a run uses where the user says nothing: hyper-parameters, network, input scaling.

use crate::data::{Dataset, ImageShape, Samples, Values};
use crate::settings::ScheduleSetting;
use anyhow::{Context, Result};
use kiln_core::{MAX_INPUT_CHANNELS, Network, Scaling, ScalingError};

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
/// Weight decay for grey images, and for samples that are no images.
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

/// Weight decay for samples of `channels` channels.
pub fn weight_decay(channels: usize) -> f64 {
    if channels == 3 {
        WEIGHT_DECAY_COLOUR
    } else {
        WEIGHT_DECAY_GREY
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

/// The input scaling that gives each channel of the samples at `indices` mean 0 and variance 1;
/// beyond [`MAX_INPUT_CHANNELS`] channels, all of them together.
///
/// The sums over bytes are whole numbers, so the result does not depend on their order; floats are
/// summed in `f64`, sample by sample in the order of `indices`. Bytes that are the same everywhere
/// are divided by 255 only, and from such floats their mean is taken.
///
/// # Errors
///
/// If the samples have more channels than a model file can scale.
pub fn scaling(samples: &Samples, indices: &[u32]) -> Result<Scaling, ScalingError> {
    let channels = samples.shape.channels;
    let size = samples.shape.size();
    let parts = if channels > MAX_INPUT_CHANNELS {
        1
    } else {
        channels
    };
    let map = size / parts.max(1);
    let (scale, shift): (Vec<f32>, Vec<f32>) = (0..parts)
        .map(|part| {
            let ranges = indices.iter().map(|index| {
                let start = *index as usize * size + part * map;
                start..start + map
            });
            match &samples.values {
                Values::Bytes(pixels) => {
                    standardize(moments(ranges.map(|range| &pixels[range]), map))
                }
                Values::Floats(floats) => {
                    standardize_floats(ranges.map(|range| &floats[range]), map)
                }
            }
        })
        .unzip();
    Scaling::for_channels(channels, &scale, &shift)
}

/// Number of bytes in `rows`, each of `map`, their sum and the sum of their squares.
fn moments<'a>(rows: impl ExactSizeIterator<Item = &'a [u8]>, map: usize) -> [u64; 3] {
    let mut moments = [(rows.len() * map) as u64, 0, 0];
    for pixels in rows {
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

/// Scale and shift for the floats in `rows`, each of `map`.
///
/// The mean is found before the distances from it: of floats far from 0, the difference of mean
/// square and squared mean would be mere rounding.
fn standardize_floats<'a>(
    rows: impl ExactSizeIterator<Item = &'a [f32]> + Clone,
    map: usize,
) -> (f32, f32) {
    let count = (rows.len() * map) as f64;
    let values = rows.flatten().map(|value| f64::from(*value));
    let mean = values.clone().sum::<f64>() / count;
    let distances = values.map(|value| (value - mean) * (value - mean));
    let deviation = (distances.sum::<f64>() / count).sqrt();
    let scale = (1.0 / deviation) as f32;
    // Below the spacing of floats around the mean there is nothing to tell apart.
    let flat = deviation <= mean.abs() * f64::from(f32::EPSILON);
    if flat || !scale.is_finite() || mean.is_nan() {
        let shift = if mean.is_nan() { 0.0 } else { -mean };
        return (1.0, shift as f32);
    }
    (scale, (-mean / deviation) as f32)
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
        let pixels = vec![10, 20, 7, 7, 30, 40, 7, 7, 255, 255, 255, 255];
        let samples = Samples::of_bytes(pixels, vec![0, 1, 0], SHAPE);
        let scaling = scaling(&samples, &[0, 1]).unwrap();
        let values = [10, 20, 30, 40].map(|pixel| scaling.apply(0, pixel).unwrap());
        assert!(values.iter().sum::<f32>().abs() < 1e-5);
        let variance = values.iter().map(|value| value * value).sum::<f32>() / 4.0;
        assert!((variance - 1.0).abs() < 1e-5);
        assert_eq!((scaling.scale()[1], scaling.shift()[1]), (1.0 / 255.0, 0.0));
    }

    fn of_floats(values: Vec<f32>, shape: ImageShape) -> Samples {
        Samples {
            labels: vec![0; values.len() / shape.size()],
            values: Values::Floats(values),
            shape,
            coded: false,
        }
    }

    #[test]
    fn floats_become_standard_wherever_they_lie() {
        let values = vec![
            1e6,
            1e6 + 1.0,
            -3e-9,
            -1e-9,
            1e6 + 2.0,
            1e6 + 3.0,
            1e-9,
            3e-9,
        ];
        let scaling = scaling(&of_floats(values.clone(), SHAPE), &[0, 1]).unwrap();
        for channel in 0..2 {
            let places = [0, 1, 4, 5].map(|place| values[place + 2 * channel]);
            let scale = f64::from(scaling.scale()[channel]);
            let shift = f64::from(scaling.shift()[channel]);
            let scaled = places.map(|value| f64::from(value) * scale + shift);
            assert!(scaled.iter().sum::<f64>().abs() < 0.5, "{scaled:?}");
            assert!((scaled[3] - scaled[0] - 2.6833).abs() < 1e-3, "{scaled:?}");
        }
    }

    #[test]
    fn flat_floats_lose_their_mean_and_no_samples_change_nothing() {
        let flat = of_floats(vec![7.5, 7.5, 0.0, 0.0], SHAPE);
        let of = |indices: &[u32]| scaling(&flat, indices).unwrap();
        assert_eq!(of(&[0]), Scaling::new(&[1.0; 2], &[-7.5, 0.0]).unwrap());
        assert_eq!(of(&[]), Scaling::new(&[1.0; 2], &[0.0; 2]).unwrap());
    }

    #[test]
    fn many_channels_are_scaled_as_one() {
        let shape = ImageShape {
            channels: 640,
            height: 1,
            width: 1,
        };
        let values = (0..640).map(|value| (value % 2) as f32);
        let of_floats = scaling(&of_floats(values.collect(), shape), &[0]).unwrap();
        assert_eq!(of_floats, Scaling::uniform(640, 2.0, -1.0).unwrap());
        let bytes = (0..640).map(|value| (value % 2) as u8 * 2);
        let samples = Samples::of_bytes(bytes.collect(), vec![0], shape);
        let expected = Scaling::uniform(640, 1.0, -1.0).unwrap();
        assert_eq!(scaling(&samples, &[0]).unwrap(), expected);
    }
}

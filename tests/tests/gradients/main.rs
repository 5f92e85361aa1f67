//! Core's gradients are the slopes of the loss, for every layer and option.
//!
//! The slopes are central differences of a model in double precision. With steps of 1e-5 their own
//! error is near 1e-9, far below the rounding of f32, so the tolerance can be that of f32 alone: a
//! missing term or a wrong index is larger by orders of magnitude. Differences of the f32 loss
//! would be good to two digits only. Kinks of activations and ties of pools have no slope; the
//! random values keep farther from them than a step, and each check makes sure of it.

mod checks;

use double_precision::Aim;
use kiln_core::{Loss, Network};
use tests::fast::{Subject, at_every_width};
use tests::reference::{self, Problem};
use tests::{coverage, values};

const STEP: f64 = 1e-5;
/// How far a gradient may be off, relative to the largest of its kind.
const TOLERANCE: f64 = 1e-5;

/// A network whose gradients are held against slopes.
pub(crate) struct Check {
    network: Network,
    loss: Loss,
    samples: usize,
    /// Of the values.
    seed: u32,
}

impl Check {
    fn of(network: Network) -> Self {
        Self {
            network,
            loss: Loss::CROSS_ENTROPY,
            samples: 3,
            seed: 1,
        }
    }

    /// Checks the parameters' gradients at every width, and the images' in the naive layers, whose
    /// bits the widths share.
    fn run(&self) {
        let Self {
            network,
            loss,
            samples,
            seed,
        } = self;
        let parameters = values::smooth(network.parameters(), *seed);
        let images = values::smooth(samples * network.input_shape().elements(), seed + 1);
        let labels: Vec<u16> = (0..*samples)
            .map(|sample| (sample * 2 % network.classes()) as u16)
            .collect();
        let drawn = [7, 0];
        let masks = reference::dropout_masks(network, *samples, drawn);
        let masks: Vec<_> = masks.iter().map(|mask| doubles(mask)).collect();
        let naive = reference::batch(&Problem {
            network,
            loss: *loss,
            parameters: &parameters,
            images: &images,
            labels: &labels,
            seed: Some(drawn),
        });
        let (exact_parameters, exact_images) = (doubles(&parameters), doubles(&images));
        let aim = Aim {
            loss: *loss,
            labels: &labels,
            targets: &exact_images,
        };
        let image_slopes = slopes(&images, |images| {
            double_precision::loss(network, &aim, &exact_parameters, images, &masks)
        });
        compare(network, "images", &naive.image_gradient, &image_slopes);
        let slopes = slopes(&parameters, |parameters| {
            double_precision::loss(network, &aim, parameters, &exact_images, &masks)
        });
        let subject = Subject {
            network,
            loss: *loss,
            parameters: &parameters,
            statistics: &vec![0.0; network.statistics()],
            seed: drawn[0],
        };
        at_every_width(&subject, |fast| {
            fast.differentiate(&images, &labels).unwrap();
            compare(network, "parameters", fast.gradient(), &slopes);
        });
    }
}

fn doubles(values: &[f32]) -> Vec<f64> {
    values.iter().map(|value| f64::from(*value)).collect()
}

/// The slope of `loss` by each of the values.
fn slopes(values: &[f32], loss: impl Fn(&[f64]) -> f64) -> Vec<f64> {
    let mut values = doubles(values);
    let here = loss(&values);
    (0..values.len())
        .map(|index| {
            let value = values[index];
            values[index] = value + STEP;
            let above = loss(&values);
            values[index] = value - STEP;
            let below = loss(&values);
            values[index] = value;
            let bend = (above - here) / STEP - (here - below) / STEP;
            assert!(
                bend.abs() < 1e-3,
                "value {index} is at a kink ({bend}): choose another seed"
            );
            (above - below) / (2.0 * STEP)
        })
        .collect()
}

fn compare(network: &Network, what: &str, gradient: &[f32], slopes: &[f64]) {
    assert_eq!(gradient.len(), slopes.len());
    let largest = slopes
        .iter()
        .fold(0.0_f64, |most, slope| most.max(slope.abs()));
    assert!(
        largest > 1e-3,
        "{network}: no slope of {what} to compare with"
    );
    for (index, (found, slope)) in gradient.iter().zip(slopes).enumerate() {
        let difference = (f64::from(*found) - slope).abs();
        assert!(
            difference <= TOLERANCE * largest,
            "{network}: {what} {index}: gradient {found}, slope {slope}, largest {largest}"
        );
    }
}

/// A test for each family of checks, and all of them together.
macro_rules! families {
    ($($family:ident),* $(,)?) => {
        $(
            #[test]
            fn $family() {
                checks::$family().iter().for_each(Check::run);
            }
        )*

        fn all() -> Vec<Check> {
            [$(checks::$family()),*].into_iter().flatten().collect()
        }
    };
}

families! {
    convolutions_of_any_kernel,
    convolutions_of_any_stride_and_padding,
    convolutions_in_groups,
    dilated_convolutions,
    activations,
    max_pools,
    convolutions_fused_with_activation_and_pool,
    average_pools,
    linear_layers,
    additions_and_values_with_several_readers,
    scales_and_shifts,
    batch_normalisations,
    dropouts,
    losses,
}

#[test]
fn every_layer_loss_and_option_has_a_gradient_check() {
    let all = all();
    let excused = [
        ("MaxPool2d.count_include_pad", "a maximum has no divisor"),
        (
            "BatchNorm.momentum",
            "the running statistics have no gradient",
        ),
    ];
    let (networks, losses) = (all.iter().map(|check| &check.network), all.iter());
    let losses = losses.map(|check| check.loss);
    coverage::assert_covered("gradient check", networks, losses, &excused);
}

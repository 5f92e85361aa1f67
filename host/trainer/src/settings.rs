//! The hyper-parameters of a run: as flags, as a table of a config file, and resolved.

mod arithmetic;
mod augment;
mod bounds;
mod help;
mod keep;
mod loss;
mod schedule;

pub use arithmetic::ArithmeticSetting;
pub use augment::{AugmentError, AugmentSetting};
pub use keep::KeepSetting;
pub use loss::LossSetting;
pub use schedule::{ScheduleError, ScheduleSetting};

use crate::data::Samples;
use crate::defaults;
use crate::number;
use help::{augment_help, default_of, lr_help, schedule_help, weight_decay_help};
use kiln_core::{Loss, Sgd};
use serde::{Deserialize, Serialize};

/// Hyper-parameters as far as the user gives them, by flag or in a config file.
#[derive(Clone, Debug, Default, PartialEq, clap::Args, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[group(skip)]
pub struct Settings {
    /// Passes over the training samples.
    #[arg(long, allow_negative_numbers = true, value_parser = number::whole::<u32>(1), value_name = "N", help = default_of("Passes over the training samples", defaults::EPOCHS))]
    pub epochs: Option<u32>,
    /// Samples a step.
    #[arg(long, allow_negative_numbers = true, value_parser = number::whole::<u32>(1), value_name = "N", help = default_of("Samples a step", defaults::BATCH))]
    pub batch: Option<u32>,
    /// Base learning rate.
    #[arg(long, value_parser = number::decimal::<f64>, value_name = "RATE",
        allow_negative_numbers = true, help = lr_help())]
    pub lr: Option<f64>,
    /// Momentum.
    #[arg(long, value_parser = number::decimal::<f64>, value_name = "FACTOR", allow_negative_numbers = true,
        help = default_of("Momentum of the optimizer, SGD", defaults::MOMENTUM))]
    pub momentum: Option<f64>,
    /// Whether the momentum looks ahead.
    #[arg(long, value_name = "true|false", num_args = 0..=1, require_equals = true, default_missing_value = "true",
        help = "Nesterov's momentum: each step looks ahead along the velocity")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nesterov: Option<bool>,
    /// Weight decay.
    #[arg(long, value_parser = number::decimal::<f64>, value_name = "FACTOR", allow_negative_numbers = true, help = weight_decay_help())]
    pub weight_decay: Option<f64>,
    /// How the learning rate changes.
    #[arg(long, value_name = "RULE", help = schedule_help())]
    pub schedule: Option<ScheduleSetting>,
    /// What training makes small.
    #[arg(long, value_name = "LOSS", hide_possible_values = true,
        help = default_of("What training makes small: cross-entropy, or mse against the input, for an autoencoder",
            LossSetting::default()))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loss: Option<LossSetting>,
    /// Share of each label spread over all classes.
    #[arg(long, value_parser = number::decimal::<f64>, value_name = "SHARE", allow_negative_numbers = true,
        help = "Share of each label that is spread over all classes [default: 0]")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label_smoothing: Option<f64>,
    /// Whether classes count the same.
    #[arg(long, value_name = "true|false", num_args = 0..=1, require_equals = true, default_missing_value = "true",
        help = "Weigh each sample in the loss by samples / classes / samples of its class, so that rare classes count as \
            much as common ones")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub balance: Option<bool>,
    /// How training adds products to sums.
    #[arg(long, value_name = "separate|fused", hide_possible_values = true,
        help = format!("Arithmetic of the training steps: {}; models are evaluated in the separate one", ArithmeticSetting::HELP))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arithmetic: Option<ArithmeticSetting>,
    /// What is done to the training samples.
    #[arg(long, value_name = "LIST", help = augment_help())]
    pub augment: Option<AugmentSetting>,
    /// Seed of everything random.
    #[arg(long, allow_negative_numbers = true, value_parser = number::whole::<u64>(0), value_name = "N",
        help = default_of("Seed of the split, the first weights, the order and the augmentation",
            defaults::SEED))]
    pub seed: Option<u64>,
    /// Fraction of the training samples held out.
    #[arg(long, value_parser = number::decimal::<f64>, value_name = "FRACTION", allow_negative_numbers = true,
        help = default_of("Fraction of the training samples held out to validate on; 0 for none",
            defaults::VALIDATION))]
    pub validation: Option<f64>,
    /// Which epoch's weights are kept.
    #[arg(long, value_name = "last|best", hide_possible_values = true,
        help = default_of("Which epoch's weights become the model: the last one's, or those that did best on the samples \
            held out, by accuracy, then by loss", KeepSetting::default()))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep: Option<KeepSetting>,
    /// Whether the trained network is quantised.
    #[arg(long, value_name = "true|false", num_args = 0..=1, require_equals = true, default_missing_value = "true",
        help = "Quantise the trained network, too: a model of 8-bit integers beside it, as kiln quantize makes it")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantize: Option<bool>,
    /// Epochs on the numbers that codes stand for.
    #[arg(long, allow_negative_numbers = true, value_parser = number::whole::<u32>(1), value_name = "N",
        help = "With --quantize: train the quantised network N epochs more, on the numbers that its codes stand for")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantize_epochs: Option<u32>,
}

/// Every hyper-parameter of a run, each within its bounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hyperparameters {
    /// Passes over the training samples, at least 1.
    pub epochs: u32,
    /// Samples a step, at least 1.
    pub batch: u32,
    /// Base learning rate, finite and above 0, as an f32 too.
    pub lr: f64,
    /// Momentum in `[0, 1)`.
    pub momentum: f64,
    /// Whether the momentum looks ahead; only with one above 0.
    pub nesterov: bool,
    /// Weight decay, finite and not negative.
    pub weight_decay: f64,
    /// How the learning rate changes.
    pub schedule: ScheduleSetting,
    /// What training makes small.
    pub loss: LossSetting,
    /// Share of each label spread over all classes, in `[0, 1)`; only of the cross-entropy.
    pub label_smoothing: f64,
    /// Whether classes count the same, however many samples they have; only of the cross-entropy.
    pub balance: bool,
    /// How training adds products to sums.
    pub arithmetic: ArithmeticSetting,
    /// What is done to the training samples.
    pub augment: AugmentSetting,
    /// Seed of everything random, within an i64 so that TOML can hold it.
    pub seed: u64,
    /// Fraction of the training samples held out, in `[0, 1)`.
    pub validation: f64,
    /// Which epoch's weights are kept; the best only where samples are held out.
    pub keep: KeepSetting,
    /// Whether the trained network is quantised.
    pub quantize: bool,
    /// Epochs that the quantised network is trained on, at least 1.
    pub quantize_epochs: Option<u32>,
}

impl Hyperparameters {
    /// What training makes small, as core has it.
    pub fn core_loss(&self) -> Loss {
        self.loss.smoothed(self.label_smoothing as f32)
    }
}

/// A hyper-parameter outside its bounds.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{name} is {found}; {rule}")]
pub struct SettingError {
    /// Name of the setting, as a flag without its dashes.
    pub name: &'static str,
    /// The value given.
    pub found: String,
    /// What the value must be.
    pub rule: &'static str,
}

impl Settings {
    /// These settings, and those of `other` where these say nothing.
    pub fn or(self, other: Self) -> Self {
        Self {
            epochs: self.epochs.or(other.epochs),
            batch: self.batch.or(other.batch),
            lr: self.lr.or(other.lr),
            momentum: self.momentum.or(other.momentum),
            nesterov: self.nesterov.or(other.nesterov),
            weight_decay: self.weight_decay.or(other.weight_decay),
            schedule: self.schedule.or(other.schedule),
            loss: self.loss.or(other.loss),
            label_smoothing: self.label_smoothing.or(other.label_smoothing),
            balance: self.balance.or(other.balance),
            arithmetic: self.arithmetic.or(other.arithmetic),
            augment: self.augment.or(other.augment),
            seed: self.seed.or(other.seed),
            validation: self.validation.or(other.validation),
            keep: self.keep.or(other.keep),
            quantize: self.quantize.or(other.quantize),
            quantize_epochs: self.quantize_epochs.or(other.quantize_epochs),
        }
    }

    /// All hyper-parameters, with defaults for these samples to train on and to validate on.
    ///
    /// # Errors
    ///
    /// The first setting that is out of its bounds.
    pub fn resolve_for(&self, samples: &Samples) -> Result<Hyperparameters, SettingError> {
        self.resolve(samples.shape.channels, samples.len())
    }

    /// All hyper-parameters, with defaults for `samples` images of `channels` channels.
    ///
    /// # Errors
    ///
    /// The first setting that is out of its bounds.
    pub fn resolve(
        &self,
        channels: usize,
        samples: usize,
    ) -> Result<Hyperparameters, SettingError> {
        let resolved = Hyperparameters {
            epochs: self.epochs.unwrap_or(defaults::EPOCHS),
            batch: self.batch.unwrap_or(defaults::BATCH),
            lr: self.lr.unwrap_or(defaults::lr(samples)),
            momentum: self.momentum.unwrap_or(defaults::MOMENTUM),
            nesterov: self.nesterov.unwrap_or_default(),
            weight_decay: self
                .weight_decay
                .unwrap_or(defaults::weight_decay(channels)),
            schedule: self.schedule.unwrap_or(defaults::SCHEDULE),
            loss: self.loss.unwrap_or_default(),
            label_smoothing: self.label_smoothing.unwrap_or_default(),
            balance: self.balance.unwrap_or_default(),
            arithmetic: self.arithmetic.unwrap_or_default(),
            augment: self.augment.unwrap_or_default(),
            seed: self.seed.unwrap_or(defaults::SEED),
            validation: self.validation.unwrap_or(defaults::VALIDATION),
            keep: self.keep.unwrap_or_default(),
            quantize: self.quantize.unwrap_or_default(),
            quantize_epochs: self.quantize_epochs,
        };
        resolved.check()?;
        Ok(resolved)
    }
}

impl From<Hyperparameters> for Settings {
    /// Every setting but those at a default that came with a later version: the configuration of an
    /// older run stays what it was.
    fn from(resolved: Hyperparameters) -> Self {
        Self {
            epochs: Some(resolved.epochs),
            batch: Some(resolved.batch),
            lr: Some(resolved.lr),
            momentum: Some(resolved.momentum),
            nesterov: resolved.nesterov.then_some(true),
            weight_decay: Some(resolved.weight_decay),
            schedule: Some(resolved.schedule),
            loss: Some(resolved.loss).filter(|loss| *loss != LossSetting::default()),
            label_smoothing: Some(resolved.label_smoothing).filter(|share| *share != 0.0),
            balance: resolved.balance.then_some(true),
            arithmetic: Some(resolved.arithmetic)
                .filter(|arithmetic| *arithmetic != ArithmeticSetting::default()),
            augment: Some(resolved.augment),
            seed: Some(resolved.seed),
            validation: Some(resolved.validation),
            keep: Some(resolved.keep).filter(|keep| *keep != KeepSetting::default()),
            quantize: resolved.quantize.then_some(true),
            quantize_epochs: resolved.quantize_epochs,
        }
    }
}

impl Hyperparameters {
    /// What is done to the training samples, for a list in words; empty where nothing is.
    pub fn augmented(&self) -> String {
        if self.augment.0.is_none() {
            return String::new();
        }
        format!("augment {}, ", self.augment)
    }

    /// Momentum, loss, label smoothing, balance, arithmetic and what is kept as far as they are not the usual ones, for a list in
    /// words; empty where all are.
    pub fn unusual(&self) -> String {
        let nesterov = if self.nesterov { "nesterov, " } else { "" };
        let loss = match self.loss {
            LossSetting::CrossEntropy => String::new(),
            loss => format!("loss {loss}, "),
        };
        let smoothing = match self.label_smoothing {
            0.0 => String::new(),
            share => format!("label smoothing {share}, "),
        };
        let arithmetic = match self.arithmetic {
            ArithmeticSetting::Separate => "",
            ArithmeticSetting::Fused => "fused arithmetic, ",
        };
        let keep = match self.keep {
            KeepSetting::Last => "",
            KeepSetting::Best => "keep best, ",
        };
        let balance = if self.balance { "balanced, " } else { "" };
        format!("{nesterov}{loss}{smoothing}{balance}{arithmetic}{keep}")
    }

    /// The update of every step; its rate is the base that the schedule changes.
    pub fn sgd(&self) -> Sgd {
        Sgd {
            rate: self.lr as f32,
            momentum: self.momentum as f32,
            weight_decay: self.weight_decay as f32,
            nesterov: self.nesterov,
        }
    }
}

#[cfg(test)]
mod tests;

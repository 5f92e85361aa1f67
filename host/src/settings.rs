//! The hyper-parameters of a run: as flags, as a table of a config file, and resolved.

mod augment;
mod schedule;

pub use augment::{AugmentError, AugmentSetting};
pub use schedule::{ScheduleError, ScheduleSetting};

use crate::data::Samples;
use crate::defaults;
use crate::number;
use serde::{Deserialize, Serialize};
use std::fmt;

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
    /// Weight decay.
    #[arg(long, value_parser = number::decimal::<f64>, value_name = "FACTOR", allow_negative_numbers = true, help = weight_decay_help())]
    pub weight_decay: Option<f64>,
    /// How the learning rate changes.
    #[arg(long, value_name = "RULE", help = schedule_help())]
    pub schedule: Option<ScheduleSetting>,
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
    /// Weight decay, finite and not negative.
    pub weight_decay: f64,
    /// How the learning rate changes.
    pub schedule: ScheduleSetting,
    /// What is done to the training samples.
    pub augment: AugmentSetting,
    /// Seed of everything random, within an i64 so that TOML can hold it.
    pub seed: u64,
    /// Fraction of the training samples held out, in `[0, 1)`.
    pub validation: f64,
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
            weight_decay: self.weight_decay.or(other.weight_decay),
            schedule: self.schedule.or(other.schedule),
            augment: self.augment.or(other.augment),
            seed: self.seed.or(other.seed),
            validation: self.validation.or(other.validation),
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
            weight_decay: self
                .weight_decay
                .unwrap_or(defaults::weight_decay(channels)),
            schedule: self.schedule.unwrap_or(defaults::SCHEDULE),
            augment: self.augment.unwrap_or_default(),
            seed: self.seed.unwrap_or(defaults::SEED),
            validation: self.validation.unwrap_or(defaults::VALIDATION),
        };
        resolved.check()?;
        Ok(resolved)
    }
}

impl From<Hyperparameters> for Settings {
    fn from(resolved: Hyperparameters) -> Self {
        Self {
            epochs: Some(resolved.epochs),
            batch: Some(resolved.batch),
            lr: Some(resolved.lr),
            momentum: Some(resolved.momentum),
            weight_decay: Some(resolved.weight_decay),
            schedule: Some(resolved.schedule),
            augment: Some(resolved.augment),
            seed: Some(resolved.seed),
            validation: Some(resolved.validation),
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

    fn check(&self) -> Result<(), SettingError> {
        // What counts is the f32 that the arithmetic will see: 1e-50 is zero there.
        let (lr, decay) = (self.lr as f32, self.weight_decay as f32);
        let rules = [
            (
                self.epochs >= 1,
                "epochs",
                self.epochs.to_string(),
                "it must be at least 1",
            ),
            (
                (1..=MAX_BATCH).contains(&self.batch),
                "batch",
                self.batch.to_string(),
                "it must be between 1 and 65536",
            ),
            (
                lr.is_finite() && lr > 0.0,
                "lr",
                self.lr.to_string(),
                "it must be a number above 0, such as 0.05",
            ),
            (
                (0.0..1.0).contains(&(self.momentum as f32)),
                "momentum",
                self.momentum.to_string(),
                "it must be at least 0 and below 1, such as 0.9",
            ),
            (
                decay.is_finite() && decay >= 0.0,
                "weight-decay",
                self.weight_decay.to_string(),
                "it must be 0 or a number above, such as 0.0005",
            ),
            (
                self.seed <= i64::MAX as u64,
                "seed",
                self.seed.to_string(),
                "it must be below 2^63",
            ),
            (
                (0.0..1.0).contains(&self.validation),
                "validation",
                self.validation.to_string(),
                "it must be a fraction: at least 0 and below 1, such as 0.1",
            ),
        ];
        match rules.into_iter().find(|(holds, ..)| !holds) {
            Some((_, name, found, rule)) => Err(SettingError { name, found, rule }),
            None => Ok(()),
        }
    }
}

/// More would take gigabytes of activations.
const MAX_BATCH: u32 = 1 << 16;

fn default_of(help: &str, value: impl fmt::Display) -> String {
    format!("{help} [default: {value}]")
}

fn lr_help() -> String {
    format!(
        "Base learning rate [default: {}, or {} for fewer than {} samples]",
        defaults::LR,
        defaults::LR_FEW,
        defaults::FEW
    )
}

fn weight_decay_help() -> String {
    format!(
        "Weight decay [default: {} for grey images, {} for colour]",
        defaults::WEIGHT_DECAY_GREY,
        defaults::WEIGHT_DECAY_COLOUR
    )
}

fn augment_help() -> String {
    default_of(
        "Changes training samples at random each time they are seen: none, photos (flip,shift:2), or a list of \
         flip, shift:PIXELS, rotate:DEGREES and erase:PROBABILITY",
        AugmentSetting::default(),
    )
}

fn schedule_help() -> String {
    default_of(
        "How the learning rate changes: constant, step:EPOCHS:FACTOR or cosine[:WARMUP_EPOCHS]",
        defaults::SCHEDULE,
    )
}

#[cfg(test)]
mod tests;

//! Learning-rate schedules as people write them.

use crate::defaults;
use kiln_core::Schedule;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

/// A schedule in epochs, as people think of it: `constant`, `step:EPOCHS:FACTOR` or
/// `cosine[:WARMUP]`, whose warm-up is a number of epochs, or a share of the run such as `15%`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ScheduleSetting {
    /// The base rate throughout.
    Constant,
    /// The rate is multiplied by `factor` after every `epochs` epochs.
    Step {
        /// Epochs between changes, at least 1.
        epochs: NonZeroU32,
        /// What each change multiplies by, finite and above 0.
        factor: f64,
    },
    /// The rate rises for `warmup` epochs, then falls to zero along a cosine.
    Cosine {
        /// Epochs of warm-up; finite, not negative, may be a fraction.
        warmup: f64,
    },
    /// The rate rises for a share of all steps, then falls to zero along a cosine.
    CosineAfterShare {
        /// Steps of warm-up in percent of all; from 0 to 100, may be a fraction.
        percent: f64,
    },
}

/// A text that is no schedule.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error(
    "not a schedule: write constant, step:EPOCHS:FACTOR such as step:5:0.1, cosine, \
     or cosine:WARMUP such as cosine:0.5, in epochs, or cosine:15%, of the whole run"
)]
pub struct ScheduleError;

impl ScheduleSetting {
    /// The schedule in steps, for `epochs` epochs of `steps_per_epoch` steps.
    ///
    /// A warm-up is rounded to whole steps. Its last step has the base rate, and so has the one
    /// behind it, from which the cosine falls.
    pub fn in_steps(self, epochs: u32, steps_per_epoch: u32) -> Schedule {
        match self {
            Self::Constant => Schedule::Constant,
            Self::Step { epochs, factor } => Schedule::Step {
                every: epochs
                    .saturating_mul(NonZeroU32::new(steps_per_epoch).unwrap_or(NonZeroU32::MIN)),
                factor: factor as f32,
            },
            Self::Cosine { warmup } => Schedule::Cosine {
                warmup: (warmup * f64::from(steps_per_epoch)).round() as u32,
            },
            Self::CosineAfterShare { percent } => {
                let steps = f64::from(epochs) * f64::from(steps_per_epoch);
                Schedule::Cosine {
                    warmup: (percent * steps / 100.0).round() as u32,
                }
            }
        }
    }
}

impl FromStr for ScheduleSetting {
    type Err = ScheduleError;

    fn from_str(text: &str) -> Result<Self, ScheduleError> {
        let number = |text: &str| {
            let number = text.parse::<f64>().map_err(|_| ScheduleError)?;
            let sound = (number as f32).is_finite() && number >= 0.0;
            sound.then_some(number).ok_or(ScheduleError)
        };
        let parts: Vec<&str> = text.split(':').collect();
        match parts[..] {
            ["constant"] => Ok(Self::Constant),
            ["cosine"] => Ok(Self::Cosine {
                warmup: defaults::WARMUP,
            }),
            ["cosine", warmup] => match warmup.strip_suffix('%') {
                Some(percent) => Some(number(percent)?)
                    .filter(|percent| *percent <= 100.0)
                    .map(|percent| Self::CosineAfterShare { percent })
                    .ok_or(ScheduleError),
                None => Ok(Self::Cosine {
                    warmup: number(warmup)?,
                }),
            },
            ["step", epochs, factor] => Ok(Self::Step {
                epochs: epochs.parse().map_err(|_| ScheduleError)?,
                factor: Some(number(factor)?)
                    .filter(|factor| *factor as f32 > 0.0)
                    .ok_or(ScheduleError)?,
            }),
            _ => Err(ScheduleError),
        }
    }
}

impl fmt::Display for ScheduleSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Constant => f.write_str("constant"),
            Self::Step { epochs, factor } => write!(f, "step:{epochs}:{factor}"),
            Self::Cosine { warmup } => write!(f, "cosine:{warmup}"),
            Self::CosineAfterShare { percent } => write!(f, "cosine:{percent}%"),
        }
    }
}

impl Serialize for ScheduleSetting {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ScheduleSetting {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

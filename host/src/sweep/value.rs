//! Values of what varies, and the ranges they are drawn from.

use kiln_core::random;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A value of a setting or of a variable.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "expected a number, a text, true or false as each of the values"
)]
pub enum SweepValue {
    /// Whether something is done.
    Choice(bool),
    /// A whole number.
    Integer(i64),
    /// Any other number.
    Float(f64),
    /// A text, such as a schedule or the name of a network's file.
    Text(String),
}

/// Numbers from `min` to `max`, both possible; whole ones if both are.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Range {
    /// The least.
    pub min: SweepValue,
    /// The most.
    pub max: SweepValue,
    /// How they are spread.
    #[serde(default)]
    pub scale: RangeScale,
}

/// How drawn numbers are spread over a range.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RangeScale {
    /// Equal differences are equally likely.
    #[default]
    Linear,
    /// Equal ratios are equally likely.
    Log,
}

/// Why a range cannot be drawn from.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RangeError {
    /// One end is a text.
    #[error("min and max must be numbers")]
    NoNumber,
    /// There is nothing between the ends.
    #[error("min must be below max, and both finite")]
    Empty,
    /// A logarithm needs more than 0.
    #[error("scale = \"log\" needs a min above 0")]
    Log,
}

impl SweepValue {
    /// The value as TOML has it.
    pub fn to_toml(&self) -> toml::Value {
        match self {
            Self::Choice(choice) => toml::Value::Boolean(*choice),
            Self::Integer(number) => toml::Value::Integer(*number),
            Self::Float(number) => toml::Value::Float(*number),
            Self::Text(text) => toml::Value::String(text.clone()),
        }
    }

    /// The number it is, if it is one.
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Integer(number) => Some(*number as f64),
            Self::Float(number) => Some(*number),
            Self::Text(_) | Self::Choice(_) => None,
        }
    }
}

impl fmt::Display for SweepValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Choice(choice) => choice.fmt(f),
            Self::Integer(number) => number.fmt(f),
            Self::Float(number) => number.fmt(f),
            Self::Text(text) => f.write_str(text),
        }
    }
}

impl Range {
    /// Finds out whether numbers can be drawn from it.
    ///
    /// # Errors
    ///
    /// Why not.
    pub fn check(&self) -> Result<(), RangeError> {
        let (Some(min), Some(max)) = (self.min.number(), self.max.number()) else {
            return Err(RangeError::NoNumber);
        };
        if !(min.is_finite() && max.is_finite() && min < max) {
            return Err(RangeError::Empty);
        }
        if self.scale == RangeScale::Log && min <= 0.0 {
            return Err(RangeError::Log);
        }
        Ok(())
    }

    /// Draws a number: a whole one where both ends are, else one of four significant digits, which
    /// people can read and which no rounding of a logarithm changes from machine to machine.
    pub fn draw(&self, source: impl FnMut() -> u32) -> SweepValue {
        let share = f64::from(random::uniform(source));
        let (Some(min), Some(max)) = (self.min.number(), self.max.number()) else {
            return self.min.clone();
        };
        match (&self.min, &self.max) {
            (SweepValue::Integer(first), SweepValue::Integer(last)) => {
                let number = spread(self.scale, min, max + 1.0, share).floor();
                SweepValue::Integer((number as i64).clamp(*first, *last))
            }
            _ => {
                let number = rounded(spread(self.scale, min, max, share));
                SweepValue::Float(number.clamp(min, max))
            }
        }
    }
}

fn spread(scale: RangeScale, min: f64, max: f64, share: f64) -> f64 {
    match scale {
        RangeScale::Linear => min + (max - min) * share,
        RangeScale::Log => libm::exp(libm::log(min) + (libm::log(max) - libm::log(min)) * share),
    }
}

fn rounded(number: f64) -> f64 {
    let text = format!("{number:.3e}");
    text.parse().unwrap_or(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seeds::{self, Stream};

    #[test]
    fn numbers_are_drawn_over_all_of_a_range() {
        let mut source = seeds::source(1, Stream::Init);
        let whole = Range {
            min: SweepValue::Integer(1),
            max: SweepValue::Integer(4),
            scale: RangeScale::Linear,
        };
        let mut drawn: Vec<String> = (0..50)
            .map(|_| whole.draw(&mut source).to_string())
            .collect();
        drawn.sort();
        drawn.dedup();
        assert_eq!(drawn, ["1", "2", "3", "4"]);
        let rates = Range {
            min: SweepValue::Float(0.001),
            max: SweepValue::Integer(1),
            scale: RangeScale::Log,
        };
        let drawn: Vec<f64> = (0..900)
            .filter_map(|_| rates.draw(&mut source).number())
            .collect();
        assert!(drawn.iter().all(|rate| (0.001..=1.0).contains(rate)));
        for decade in [0.001, 0.01, 0.1] {
            let within = |rate: &&f64| (decade..10.0 * decade).contains(*rate);
            let count = drawn.iter().filter(within).count();
            assert!((240..360).contains(&count), "{count} from {decade} on");
        }
        assert!(drawn.iter().all(|rate| format!("{rate}").len() <= 8));
    }

    #[test]
    fn ranges_without_numbers_are_refused() {
        let range = |min: f64, max: f64, scale| Range {
            min: SweepValue::Float(min),
            max: SweepValue::Float(max),
            scale,
        };
        assert_eq!(range(0.0, 1.0, RangeScale::Linear).check(), Ok(()));
        assert_eq!(
            range(0.0, 1.0, RangeScale::Log).check(),
            Err(RangeError::Log)
        );
        assert_eq!(
            range(1.0, 1.0, RangeScale::Log).check(),
            Err(RangeError::Empty)
        );
        let nan = range(f64::NAN, 1.0, RangeScale::Linear).check();
        assert_eq!(nan, Err(RangeError::Empty));
    }
}

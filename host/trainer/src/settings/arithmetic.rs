//! The arithmetic of a training as people write it.

use kiln_core::Arithmetic;
use serde::{Deserialize, Serialize};
use std::fmt;

/// How training adds products to sums.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ArithmeticSetting {
    /// Product and sum rounded one after the other.
    #[default]
    Separate,
    /// One rounding for both.
    Fused,
}

impl ArithmeticSetting {
    /// What each gives, for help.
    pub const HELP: &'static str = "separate rounds products and sums one by one: the same weights on every \
        machine, devices among them; fused rounds once for both, faster, and gives the same weights on every \
        machine that has FMA (AVX2, AVX-512, NEON), but others than separate [default: separate]";
}

impl From<ArithmeticSetting> for Arithmetic {
    fn from(setting: ArithmeticSetting) -> Self {
        match setting {
            ArithmeticSetting::Separate => Self::Separate,
            ArithmeticSetting::Fused => Self::Fused,
        }
    }
}

impl fmt::Display for ArithmeticSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Separate => "separate",
            Self::Fused => "fused",
        })
    }
}

//! Which epoch's weights a run keeps.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Which epoch's weights become the model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeepSetting {
    /// Those of the last one.
    #[default]
    Last,
    /// Those of the one that did best on the samples held out.
    Best,
}

impl fmt::Display for KeepSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Last => "last",
            Self::Best => "best",
        })
    }
}

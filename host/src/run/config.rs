//! A run's `config.toml`: everything that decides its bits, so that it can be run again.

use super::start::StartLayer;
use crate::network_file::{NetworkTables, SyntaxError};
use crate::plain_file;
use crate::settings::Settings;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Says at the head of every `config.toml` what it is good for.
pub const HEADING: &str = "\
# A training run of Kiln, everything resolved. `kiln train --config FILE` runs it again to the
# same bits; arguments given beside it take precedence. [record] only tells what this run saw:
# the number of threads and lanes changes the speed, never the bits.

";

/// What a config file can say; a file written by hand may leave out any of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunConfig {
    /// The DATASET argument; a folder with its whole path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dataset: Option<String>,
    /// The folder of the dataset's files, where `--data` gave one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<PathBuf>,
    /// What is validated on, where that is apart from the dataset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation_data: Option<String>,
    /// What is tested on, where that is apart from the dataset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_data: Option<String>,
    /// The model file whose weights the run starts from, with its whole path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weights: Option<PathBuf>,
    /// The first layer that is trained of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub train_from: Option<StartLayer>,
    /// Hyper-parameters.
    #[serde(default)]
    pub training: Settings,
    /// What the run saw.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<RunRecord>,
    /// The network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<NetworkTables>,
}

/// What a run saw. None of it is a setting.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunRecord {
    /// Version of Kiln.
    pub version: String,
    /// Where the samples came from.
    pub source: String,
    /// What [`Dataset::sha256`](crate::data::Dataset::sha256) gave for the samples.
    pub fingerprint: String,
    /// SHA-256 of the parameters that the run started from, where they were a model's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weights_sha256: Option<String>,
    /// Threads that computed.
    pub threads: usize,
    /// Samples a thread computed at once.
    pub lanes: usize,
}

/// Why a config file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read it: {cause}")]
    Unreadable {
        /// What the operating system said.
        cause: std::io::Error,
    },
    /// The text is not TOML, or has keys or values a config does not have.
    #[error(transparent)]
    Syntax(#[from] SyntaxError),
}

impl RunConfig {
    /// Reads a config file.
    ///
    /// # Errors
    ///
    /// Why it cannot be used, without the file's name.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text =
            plain_file::read_toml(path).map_err(|cause| ConfigError::Unreadable { cause })?;
        Ok(Self::parse(&text)?)
    }

    /// Reads the text of a config file.
    ///
    /// # Errors
    ///
    /// What is wrong with it, and in which line.
    pub fn parse(text: &str) -> Result<Self, SyntaxError> {
        toml::from_str(text).map_err(|error| SyntaxError::new(text, &error))
    }

    /// The config as a commented TOML text.
    ///
    /// # Errors
    ///
    /// If TOML cannot hold a value, such as a path that is not Unicode.
    pub fn to_toml(&self) -> Result<String, toml::ser::Error> {
        Ok(format!("{HEADING}{}", toml::to_string(self)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::defaults;
    use kiln_core::Network;
    use std::fs;

    #[test]
    fn a_resolved_config_round_trips_and_stays_readable() {
        let network = Network::input(1, 8, 8).conv2d(2, 3).relu().linear(2);
        let config = RunConfig {
            dataset: Some("mnist".into()),
            data: None,
            validation_data: None,
            test_data: Some("/a/test".into()),
            weights: None,
            train_from: None,
            training: Settings::default().resolve(1, 5000).unwrap().into(),
            record: Some(RunRecord {
                version: "0".into(),
                source: "a \"quoted\" place".into(),
                fingerprint: "0badcafe".into(),
                weights_sha256: None,
                threads: 2,
                lanes: 16,
            }),
            model: Some((&network).into()),
        };
        let text = config.to_toml().unwrap();
        assert_eq!(
            toml::from_str::<RunConfig>(&text).unwrap(),
            config,
            "{text}"
        );
        assert!(text.contains(&format!("lr = {}\n", defaults::LR)), "{text}");
    }

    #[test]
    fn unknown_keys_have_a_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        fs::write(&path, "dataset = 'mnist'\n[training]\nrate = 1\n").unwrap();
        let message = RunConfig::read(&path).unwrap_err().to_string();
        assert!(
            message.starts_with("line 3: unknown field `rate`"),
            "{message}"
        );
    }
}

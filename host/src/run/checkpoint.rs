//! The state of an unfinished run as a file: what goes on from it reaches the same bits.
//!
//! | bytes | what |
//! | --- | --- |
//! | 8 | `KILNRUN` and a zero |
//! | 4 | version of the format, little-endian like all that follows |
//! | 4 | CRC-32 of all bytes behind it |
//! | 8 | number of bytes behind these 24 |
//! | … | the run's config as TOML, its position and the epochs done, its classes, its input scaling, and
//! where it keeps the best epoch that one's weights, in postcard |
//! | … | f32: the parameters, as many of the velocity, then the running statistics |

mod model;

pub use model::checkpoint_file;

use super::config::RunConfig;
use crate::file_kind::CHECKPOINT_MAGIC;
use crate::network_file::SyntaxError;
use crate::plain_file;
use crate::training::{BestEpoch, Epoch, Position};
use kiln_core::{Scaling, ScalingError};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::io::{self, Read};
use std::path::Path;

/// A run's state, read from a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    /// Everything resolved, with the fingerprint of the samples.
    pub config: RunConfig,
    /// How far training has come.
    pub position: Position,
    /// What each epoch done reached.
    pub epochs: Vec<Epoch>,
    /// The parameters, in the model file's order.
    pub parameters: Vec<f32>,
    /// The optimizer's velocity, a value for each parameter.
    pub velocity: Vec<f32>,
    /// The running statistics of the batch normalisations.
    pub statistics: Vec<f32>,
    /// The best epoch, where its weights are to be kept.
    pub best: Option<BestEpoch>,
    /// What the network's input is of the samples.
    pub scaling: Scaling,
    /// The names of the classes.
    pub classes: Vec<String>,
}

/// What a run's checkpoints have in common.
#[derive(Clone, Debug)]
pub struct CheckpointFacts {
    /// The text of the run's `config.toml`.
    pub config: String,
    /// What the network's input is of the samples.
    pub scaling: Scaling,
    /// The names of the classes.
    pub classes: Vec<String>,
}

/// A run's state, to be written.
#[derive(Clone, Copy, Debug)]
pub struct CheckpointParts<'a> {
    /// What all of the run's have.
    pub facts: &'a CheckpointFacts,
    /// How far training has come.
    pub position: &'a Position,
    /// What each epoch done reached.
    pub epochs: &'a [Epoch],
    /// The parameters, in the model file's order.
    pub parameters: &'a [f32],
    /// The optimizer's velocity, a value for each parameter.
    pub velocity: &'a [f32],
    /// The running statistics of the batch normalisations.
    pub statistics: &'a [f32],
    /// The best epoch, where its weights are to be kept.
    pub best: Option<&'a BestEpoch>,
}

/// Why a checkpoint cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// The file cannot be read.
    #[error("cannot read it: {cause}")]
    Unreadable {
        /// What the operating system said.
        cause: io::Error,
    },
    /// The file does not begin as a checkpoint.
    #[error("this is no checkpoint of Kiln")]
    Foreign,
    /// Another version of Kiln wrote the file.
    #[error("the checkpoint has format {found}, this version of Kiln reads format {VERSION}")]
    Version {
        /// Version of the file's format.
        found: u32,
    },
    /// The file is cut off, or goes on behind its end.
    #[error("the checkpoint is damaged: it should be {expected} bytes long, and is not")]
    Length {
        /// Bytes the file says it has.
        expected: u64,
    },
    /// Some bytes are not those that were written.
    #[error("the checkpoint is damaged: its checksum is {found:08x}, not {expected:08x}")]
    Checksum {
        /// What the file says.
        expected: u32,
        /// What its bytes give.
        found: u32,
    },
    /// The bytes are those that were written, but make no sense.
    #[error("the checkpoint's content is not sound: {reason}")]
    Content {
        /// What does not hold.
        reason: String,
    },
    /// The config in it is none.
    #[error("the config in the checkpoint: {0}")]
    Config(SyntaxError),
}

/// What stands before the values.
#[derive(Serialize, Deserialize)]
struct CheckpointHeader<'a> {
    config: Cow<'a, str>,
    position: Position,
    epochs: Cow<'a, [Epoch]>,
    /// Number of running statistics.
    statistics: u32,
    best: Option<Cow<'a, BestEpoch>>,
    /// Channels of the input, and a scale and a shift for each of them or for all.
    scaling: (u32, Cow<'a, [f32]>, Cow<'a, [f32]>),
    classes: Cow<'a, [String]>,
}

const VERSION: u32 = 3;
/// Bytes before those that the checksum covers.
const UNCOVERED: usize = 16;
/// Bytes that tell the length of the file.
const PREFIX: usize = 24;

impl CheckpointParts<'_> {
    /// The bytes of the file.
    ///
    /// # Errors
    ///
    /// If postcard cannot hold the header, which no position is a reason for.
    pub fn encode(&self) -> Result<Vec<u8>, postcard::Error> {
        let header = CheckpointHeader {
            config: self.facts.config.as_str().into(),
            position: *self.position,
            epochs: self.epochs.into(),
            statistics: self.statistics.len() as u32,
            best: self.best.map(Cow::Borrowed),
            scaling: (
                self.facts.scaling.channels() as u32,
                self.facts.scaling.scale().into(),
                self.facts.scaling.shift().into(),
            ),
            classes: self.facts.classes.as_slice().into(),
        };
        let values = self.parameters.len() + self.velocity.len() + self.statistics.len();
        let mut bytes = Vec::with_capacity(PREFIX + 4 * values + self.facts.config.len() + 4096);
        bytes.extend(CHECKPOINT_MAGIC);
        bytes.extend(VERSION.to_le_bytes());
        bytes.resize(PREFIX, 0);
        bytes = postcard::to_extend(&header, bytes)?;
        let trained = self.parameters.iter().chain(self.velocity);
        for value in trained.chain(self.statistics) {
            bytes.extend(value.to_le_bytes());
        }
        let behind = (bytes.len() - PREFIX) as u64;
        bytes[UNCOVERED..PREFIX].copy_from_slice(&behind.to_le_bytes());
        let checksum = crc32fast::hash(&bytes[UNCOVERED..]);
        bytes[UNCOVERED - 4..UNCOVERED].copy_from_slice(&checksum.to_le_bytes());
        Ok(bytes)
    }
}

impl Checkpoint {
    /// Reads a checkpoint, no more of the file than it says it has and one byte.
    ///
    /// # Errors
    ///
    /// Why it cannot be used, without the file's name.
    pub fn read(path: &Path) -> Result<Self, CheckpointError> {
        let unreadable = |cause| CheckpointError::Unreadable { cause };
        let mut bytes = Vec::new();
        let mut file = plain_file::open(path)
            .map_err(unreadable)?
            .take(PREFIX as u64);
        file.read_to_end(&mut bytes).map_err(unreadable)?;
        file.set_limit(Self::behind(&bytes)?.saturating_add(1));
        file.read_to_end(&mut bytes).map_err(unreadable)?;
        Self::decode(&bytes)
    }

    /// How many bytes follow the prefix.
    fn behind(prefix: &[u8]) -> Result<u64, CheckpointError> {
        if !prefix.starts_with(&CHECKPOINT_MAGIC) {
            return Err(CheckpointError::Foreign);
        }
        let short = CheckpointError::Length {
            expected: PREFIX as u64,
        };
        let (Some(version), Some(behind)) = (
            prefix
                .get(CHECKPOINT_MAGIC.len()..)
                .and_then(|rest| rest.first_chunk()),
            prefix.get(UNCOVERED..).and_then(|rest| rest.first_chunk()),
        ) else {
            return Err(short);
        };
        match u32::from_le_bytes(*version) {
            VERSION => Ok(u64::from_le_bytes(*behind)),
            found => Err(CheckpointError::Version { found }),
        }
    }

    /// The checkpoint that a file's bytes are.
    ///
    /// # Errors
    ///
    /// What is wrong with them.
    pub fn decode(bytes: &[u8]) -> Result<Self, CheckpointError> {
        let behind = Self::behind(bytes)?;
        if (bytes.len() - PREFIX) as u64 != behind {
            let expected = behind.saturating_add(PREFIX as u64);
            return Err(CheckpointError::Length { expected });
        }
        let (uncovered, covered) = bytes.split_at(UNCOVERED);
        let expected = uncovered.last_chunk().copied().map(u32::from_le_bytes);
        let (expected, found) = (expected.unwrap_or(0), crc32fast::hash(covered));
        if expected != found {
            return Err(CheckpointError::Checksum { expected, found });
        }
        let unsound = |reason: String| CheckpointError::Content { reason };
        let (header, values) = postcard::take_from_bytes::<CheckpointHeader<'_>>(&bytes[PREFIX..])
            .map_err(|error| unsound(error.to_string()))?;
        if header.config.len() as u64 > plain_file::MAX_TOML {
            return Err(unsound("its configuration is longer than any".into()));
        }
        let (values, rest) = values.as_chunks::<4>();
        let trained = values.len().checked_sub(header.statistics as usize);
        let Some(trained) = trained.filter(|len| rest.is_empty() && len % 2 == 0) else {
            return Err(unsound("it has no velocity for each parameter".into()));
        };
        if header.epochs.len() != header.position.epochs as usize {
            return Err(unsound("it does not tell of each epoch done".into()));
        }
        let (trained, statistics) = values.split_at(trained);
        let (parameters, velocity) = trained.split_at(trained.len() / 2);
        let (channels, scale, shift) = &header.scaling;
        let scaling: Result<Scaling, ScalingError> =
            Scaling::for_channels(*channels as usize, scale, shift);
        let floats = |values: &[[u8; 4]]| {
            values
                .iter()
                .map(|value| f32::from_le_bytes(*value))
                .collect()
        };
        Ok(Self {
            config: RunConfig::parse(&header.config).map_err(CheckpointError::Config)?,
            position: header.position,
            epochs: header.epochs.into_owned(),
            parameters: floats(parameters),
            velocity: floats(velocity),
            statistics: floats(statistics),
            best: header.best.map(Cow::into_owned),
            scaling: scaling.map_err(|error| unsound(error.to_string()))?,
            classes: header.classes.into_owned(),
        })
    }
}

#[cfg(test)]
mod tests;

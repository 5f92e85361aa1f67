//! The runs of a sweep, found out and checked before anything trains.

use super::combine::{Combination, combinations};
use super::file::{Budget, Choice, SweepAxis, SweepFile, SweepModel};
use super::template;
use super::value::SweepValue;
use crate::engine::EngineOptions;
use crate::network_file::{self, NetworkFileError, NetworkTables, SyntaxError};
use crate::settings::Settings;
use kiln_core::Network;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// A sweep as its folder keeps it: all that decides what it comes to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SweepPlan {
    /// The DATASET argument of `kiln train`.
    pub dataset: String,
    /// What is validated on, where that is apart from the dataset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation_data: Option<String>,
    /// What is tested on, where that is apart from the dataset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_data: Option<String>,
    /// The folder of the dataset's files, where one was given.
    pub data: Option<PathBuf>,
    /// Checksum of the samples, once they are loaded.
    pub fingerprint: String,
    /// Name of the board that networks should fit.
    pub board: Option<String>,
    /// What the sweep may take, unless arguments say otherwise.
    pub budget: Budget,
    /// What varies, in the file's order.
    pub varying: Vec<String>,
    /// The runs in order.
    pub runs: Vec<PlannedRun>,
}

/// A run of a sweep.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedRun {
    /// Name of its folder.
    pub name: String,
    /// What varies, with its value here.
    pub values: Combination,
    /// Its settings, as far as the sweep gives them.
    pub settings: Settings,
    /// Its network; none for the default one of the dataset.
    pub network: Option<NetworkTables>,
    /// Why there is no such network, such as a pool that is larger than its input.
    pub impossible: Option<String>,
}

/// Why a sweep's file makes no plan.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// Something in the file, with its line.
    #[error(transparent)]
    Syntax(#[from] SyntaxError),
    /// A network's file.
    #[error("{file}: {cause}")]
    SweepModel {
        /// The file's name.
        file: String,
        /// What is wrong with it.
        cause: NetworkFileError,
    },
    /// Something that only this combination has.
    #[error("{name}: {reason}")]
    Combination {
        /// Name of the run.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// All networks are impossible.
    #[error("no combination makes a network; the first, {name}: {reason}")]
    Impossible {
        /// Name of the first run.
        name: String,
        /// Why it has no network.
        reason: String,
    },
}

/// What names files of networks among that which varies.
const MODEL: &str = "model";
/// Longest name of a folder; file systems take 255 bytes.
const LONGEST: usize = 120;

impl SweepPlan {
    /// The plan of a sweep's file. Files of networks are read here.
    ///
    /// # Errors
    ///
    /// The first thing that cannot be used. A network whose layers do not fit one another is none:
    /// it is the outcome of a combination, unless all are like that.
    pub fn new(file: &SweepFile<'_>) -> Result<Self, PlanError> {
        check(file)?;
        let all = combinations(file)?;
        let digits = all.len().to_string().len().max(3);
        let numbered = (1..).zip(all);
        let runs = numbered.map(|(number, values)| {
            let name = name(number, digits, &values);
            PlannedRun::new(file, name, values)
        });
        let runs = runs.collect::<Result<Vec<_>, _>>()?;
        if runs.iter().all(|run| run.impossible.is_some())
            && let Some(PlannedRun {
                name,
                impossible: Some(reason),
                ..
            }) = runs.first()
        {
            let (name, reason) = (name.clone(), reason.clone());
            return Err(PlanError::Impossible { name, reason });
        }
        Ok(Self {
            dataset: file.dataset.clone(),
            validation_data: file.validation_data.clone(),
            test_data: file.test_data.clone(),
            data: file.data.clone(),
            fingerprint: String::new(),
            board: file.board.map(|board| board.name.into()),
            budget: file.budget.clone(),
            varying: file.axes().map(|axis| axis.name.clone()).collect(),
            runs,
        })
    }
}

impl PlannedRun {
    fn new(file: &SweepFile<'_>, name: String, values: Combination) -> Result<Self, PlanError> {
        let unsound = |reason: String| PlanError::Combination {
            name: name.clone(),
            reason,
        };
        let own = settings(values.iter().filter(|(name, _)| is_setting(name)));
        let settings = own.map_err(unsound)?.or(file.training.clone());
        let resolved = settings.resolve(1, 1);
        let resolved = resolved.map_err(|error| unsound(error.to_string()))?;
        let loss = resolved.loss;
        let options = EngineOptions {
            arithmetic: resolved.arithmetic.into(),
            ..EngineOptions::default()
        };
        options
            .width()
            .map_err(|error| unsound(error.to_string()))?;
        if !loss.tells_classes() {
            return Err(unsound(format!(
                "loss is {loss}; a sweep compares runs by their accuracy, which an autoencoder has \
                 none of; train those by kiln train"
            )));
        }
        let network = network(file, &values)?;
        let impossible = match network.as_ref().map(with_any_classes) {
            None | Some(Ok(_)) => None,
            Some(Err(error @ NetworkFileError::Network { .. })) => Some(error.to_string()),
            Some(Err(error)) => return Err(unsound(error.to_string())),
        };
        Ok(Self {
            name,
            values,
            settings,
            network,
            impossible,
        })
    }
}

/// The network of a combination, unless it is the dataset's default one.
fn network(file: &SweepFile<'_>, values: &Combination) -> Result<Option<NetworkTables>, PlanError> {
    let named = values.iter().find(|(name, _)| name == MODEL);
    let path = match (named, &file.model) {
        (Some((_, value)), _) => value.to_string(),
        (None, Some(SweepModel::File(path))) => path.clone(),
        (None, Some(SweepModel::Tables(tables))) => {
            return Ok(Some(template::filled(file.text, tables, values)?));
        }
        (None, None) => return Ok(None),
    };
    let tables = network_file::read_tables(path.as_ref());
    let sound = tables.and_then(|tables| with_any_classes(&tables).map(|_| tables));
    match sound {
        Ok(tables) => Ok(Some(tables)),
        Err(cause) => Err(PlanError::SweepModel { file: path, cause }),
    }
}

/// Checks each thing that varies by itself, so that errors can name its line.
fn check(file: &SweepFile<'_>) -> Result<(), SyntaxError> {
    let known: Vec<&SweepAxis> = file.axes().collect();
    for (index, axis) in known.iter().enumerate() {
        let wrong = |message| SyntaxError {
            line: axis.line,
            message,
        };
        let name = &axis.name;
        if known[..index].iter().any(|other| other.name == *name) {
            return Err(wrong(format!("{name} is in [grid] and in [random]")));
        }
        if is_setting(name) {
            check_setting(file, axis).map_err(wrong)?;
        } else if name == MODEL {
            if file.model.is_some() {
                let message = "the network is given by `model`, too; leave one of them out";
                return Err(wrong(message.into()));
            }
        } else if !matches!(&file.model, Some(SweepModel::Tables(tables)) if template::uses(tables.get_ref(), name))
        {
            return Err(wrong(format!(
                "{name} is no setting of [training], and no layer of [model] has \"${name}\"; \
                 use it there, or correct the name"
            )));
        }
    }
    if file
        .training
        .resolve(1, 1)
        .is_ok_and(|all| all.validation == 0.0)
    {
        return Err(SyntaxError {
            line: 1,
            message: "validation is 0; a sweep compares runs by the samples held out".into(),
        });
    }
    Ok(())
}

fn check_setting(file: &SweepFile<'_>, axis: &SweepAxis) -> Result<(), String> {
    let values = match &axis.choice {
        Choice::List(values) => values.clone(),
        Choice::Range(range) => vec![range.min.clone(), range.max.clone()],
    };
    for value in values {
        let pair = (axis.name.clone(), value);
        let settings = settings([&pair].into_iter())?.or(file.training.clone());
        let resolved = settings.resolve(1, 1).map_err(|error| error.to_string())?;
        if resolved.validation == 0.0 {
            return Err("validation is 0; a sweep compares runs by the samples held out".into());
        }
    }
    Ok(())
}

fn settings<'v>(
    values: impl Iterator<Item = &'v (String, SweepValue)>,
) -> Result<Settings, String> {
    let mut all = Settings::default();
    for (name, value) in values {
        let table = toml::Table::from_iter([(name.clone(), value.to_toml())]);
        let settings = Settings::deserialize(table)
            .map_err(|error| format!("{name}: {}", error.message().replace('\n', ", ")))?;
        all = all.or(settings);
    }
    Ok(all)
}

/// Whether `[training]` has a setting of this name: serde tells by what it says of a value that no
/// setting has.
fn is_setting(name: &str) -> bool {
    let table = toml::Table::from_iter([(name.to_owned(), toml::Value::Array(Vec::new()))]);
    match Settings::deserialize(table) {
        Ok(_) => true,
        Err(error) => !error.message().starts_with("unknown field"),
    }
}

/// `003-lr=0.05,width=16`: the number alone tells it from others, the rest tells people.
fn name(number: usize, digits: usize, values: &Combination) -> String {
    let values = values.iter().map(|(name, value)| {
        let text = value.to_string();
        let text = match name == MODEL {
            true => PathBuf::from(&text)
                .file_stem()
                .map_or(text, |stem| stem.to_string_lossy().into_owned()),
            false => text,
        };
        format!("{name}={text}")
    });
    let values = values.collect::<Vec<_>>().join(",");
    let plain = |c: char| c.is_ascii_alphanumeric() || "=,.+_-".contains(c);
    let values: String = values
        .chars()
        .map(|c| if plain(c) { c } else { '-' })
        .take(LONGEST)
        .collect();
    let number = format!("{number:0digits$}");
    match values.is_empty() {
        true => number,
        // Some file systems drop a full stop at the end.
        false => format!("{number}-{}", values.trim_end_matches('.')),
    }
}

/// The network of the tables; where the number of its outputs follows from the data, for two classes.
fn with_any_classes(tables: &NetworkTables) -> Result<Network, NetworkFileError> {
    tables.network(tables.takes_classes().then_some(2))
}

#[cfg(test)]
mod tests;

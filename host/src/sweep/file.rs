//! What a sweep's file says.

use super::value::{Range, SweepValue};
use crate::boards::{self, Board};
use crate::network_file::SyntaxError;
use crate::settings::Settings;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A sweep as its file describes it.
#[derive(Clone, Debug)]
pub struct SweepFile<'t> {
    /// The text, which errors count lines of.
    pub text: &'t str,
    /// The DATASET argument of `kiln train`.
    pub dataset: String,
    /// What is validated on, where that is apart from the dataset.
    pub validation_data: Option<String>,
    /// What is tested on, where that is apart from the dataset.
    pub test_data: Option<String>,
    /// The folder of the dataset's files, as `--data` gives one.
    pub data: Option<PathBuf>,
    /// The board that networks should fit.
    pub board: Option<Board>,
    /// Settings of all runs.
    pub training: Settings,
    /// What is combined, each with each, in the file's order.
    pub grid: Vec<SweepAxis>,
    /// What is drawn.
    pub random: Option<RandomAxes>,
    /// What the sweep may take.
    pub budget: Budget,
    /// The network of all runs, with variables in it.
    pub model: Option<SweepModel<'t>>,
}

/// Something that varies.
#[derive(Clone, Debug, PartialEq)]
pub struct SweepAxis {
    /// A setting of `[training]`, `model`, or a variable of the network.
    pub name: String,
    /// Line of the file, from 1.
    pub line: usize,
    /// What it can be.
    pub choice: Choice,
}

/// What something can be.
#[derive(Clone, Debug, PartialEq)]
pub enum Choice {
    /// One of these.
    List(Vec<SweepValue>),
    /// Any number of a range.
    Range(Range),
}

/// What is drawn, and how often.
#[derive(Clone, Debug, PartialEq)]
pub struct RandomAxes {
    /// Line of the file, from 1.
    pub line: usize,
    /// How many different combinations.
    pub samples: u32,
    /// What they are drawn by.
    pub seed: u64,
    /// What each of them is drawn from.
    pub axes: Vec<SweepAxis>,
}

/// The network of all runs.
#[derive(Clone, Debug)]
pub enum SweepModel<'t> {
    /// A network's file.
    File(String),
    /// Tables as in a network's file, with variables.
    Tables(Spanned<DeTable<'t>>),
}

/// What a sweep may take.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// Minutes until it ends, done or not.
    pub minutes: Option<f64>,
    /// Memory of all trainings at one time, such as `2 GiB`.
    pub memory: Option<String>,
    /// Trainings at one time.
    pub parallel: Option<usize>,
}

/// What serde reads; the network is taken out before.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tables {
    dataset: String,
    validation_data: Option<String>,
    test_data: Option<String>,
    data: Option<PathBuf>,
    board: Option<Spanned<String>>,
    #[serde(default)]
    training: Settings,
    grid: Option<Varying>,
    random: Option<Spanned<Varying>>,
    #[serde(default)]
    budget: Budget,
}

type Varying = BTreeMap<Spanned<String>, toml::Value>;

impl<'t> SweepFile<'t> {
    /// Reads the text of a sweep's file.
    ///
    /// # Errors
    ///
    /// What is wrong with it, and in which line.
    pub fn parse(text: &'t str) -> Result<Self, SyntaxError> {
        let syntax = |error: toml::de::Error| SyntaxError::new(text, &error);
        let mut document = DeTable::parse(text).map_err(syntax)?;
        let model = document.get_mut().remove("model");
        let model = model
            .map(|model| SweepModel::new(text, model))
            .transpose()?;
        let tables = Tables::deserialize(toml::de::Deserializer::from(document));
        let tables = tables.map_err(syntax)?;
        let board = tables.board.map(|board| {
            let line = line_of(text, board.span().start);
            boards::parse(board.as_ref()).map_err(|message| SyntaxError {
                line,
                message: format!("no board {:?}; {message}", board.as_ref()),
            })
        });
        let random = tables.random.map(|random| RandomAxes::new(text, random));
        Ok(Self {
            text,
            dataset: tables.dataset,
            validation_data: tables.validation_data,
            test_data: tables.test_data,
            data: tables.data,
            board: board.transpose()?,
            training: tables.training,
            grid: axes(text, tables.grid.unwrap_or_default(), false)?,
            random: random.transpose()?,
            budget: tables.budget,
            model,
        })
    }

    /// Everything that varies.
    pub fn axes(&self) -> impl Iterator<Item = &SweepAxis> {
        let drawn = self.random.iter().flat_map(|random| &random.axes);
        self.grid.iter().chain(drawn)
    }
}

impl<'t> SweepModel<'t> {
    fn new(text: &str, value: Spanned<DeValue<'t>>) -> Result<Self, SyntaxError> {
        let span = value.span();
        match value.into_inner() {
            DeValue::String(file) => Ok(Self::File(file.into_owned())),
            DeValue::Table(table) => Ok(Self::Tables(Spanned::new(span, table))),
            _ => Err(SyntaxError {
                line: line_of(text, span.start),
                message: "model is a table as in a network's file, or the name of such a file; \
                          several networks go into [grid]"
                    .into(),
            }),
        }
    }
}

impl RandomAxes {
    fn new(text: &str, random: Spanned<Varying>) -> Result<Self, SyntaxError> {
        let line = line_of(text, random.span().start);
        let mut varying = random.into_inner();
        let samples = whole(text, &mut varying, "samples")?;
        let Some(samples) = samples.and_then(|samples| u32::try_from(samples).ok()) else {
            return Err(SyntaxError {
                line,
                message: "[random] needs `samples`, how many combinations are drawn".into(),
            });
        };
        Ok(Self {
            line,
            samples,
            seed: whole(text, &mut varying, "seed")?.unwrap_or(1),
            axes: axes(text, varying, true)?,
        })
    }
}

/// Takes a whole number above 0 out of a table.
fn whole(text: &str, varying: &mut Varying, name: &str) -> Result<Option<u64>, SyntaxError> {
    let Some(key) = varying.keys().find(|key| key.as_ref() == name).cloned() else {
        return Ok(None);
    };
    let value = varying.remove(&key);
    let number = value.as_ref().and_then(toml::Value::as_integer);
    match number.and_then(|number| u64::try_from(number).ok()) {
        Some(number) if number > 0 => Ok(Some(number)),
        _ => Err(SyntaxError {
            line: line_of(text, key.span().start),
            message: format!(
                "{name} in [random] is a whole number above 0; what of [training] has that name \
                 can vary in a [grid] beside [random]"
            ),
        }),
    }
}

/// What varies, in the file's order.
fn axes(text: &str, varying: Varying, ranges: bool) -> Result<Vec<SweepAxis>, SyntaxError> {
    let mut varying: Vec<_> = varying.into_iter().collect();
    varying.sort_by_key(|(key, _)| key.span().start);
    let axis = |(key, value): (Spanned<String>, toml::Value)| {
        let line = line_of(text, key.span().start);
        let name = key.into_inner();
        match choice(value, ranges) {
            Ok(choice) => Ok(SweepAxis { name, line, choice }),
            Err(reason) => Err(SyntaxError {
                line,
                message: format!("{name}: {reason}"),
            }),
        }
    };
    varying.into_iter().map(axis).collect()
}

fn choice(value: toml::Value, ranges: bool) -> Result<Choice, String> {
    let message = |error: toml::de::Error| error.message().replace('\n', ", ");
    match value {
        toml::Value::Array(values) if values.is_empty() => Err("the list is empty".into()),
        toml::Value::Array(values) => {
            let values = values.into_iter().map(toml::Value::try_into);
            let values: Vec<SweepValue> = values.collect::<Result<_, _>>().map_err(message)?;
            let twice = |index: &usize| values[..*index].contains(&values[*index]);
            match (0..values.len()).find(twice) {
                Some(index) => Err(format!("{} is in the list twice", values[index])),
                None => Ok(Choice::List(values)),
            }
        }
        toml::Value::Table(_) if ranges => {
            let range: Range = value.try_into().map_err(message)?;
            range.check().map_err(|error| error.to_string())?;
            Ok(Choice::Range(range))
        }
        _ if ranges => Err("give a list of values, or a range { min = …, max = … }".into()),
        toml::Value::Table(_) => Err("a range is for [random]; a grid takes a list".into()),
        _ => Err("a grid takes a list of values; one value for all goes into [training]".into()),
    }
}

pub(super) fn line_of(text: &str, place: usize) -> usize {
    text.get(..place).unwrap_or(text).matches('\n').count() + 1
}

#[cfg(test)]
mod tests;

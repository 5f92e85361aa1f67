//! What the program is asked to do.

use crate::targets::{self, Target};
use std::path::PathBuf;
use std::time::Duration;

pub const HELP: &str = "\
Gives malformed files and messages to everything of Kiln's that reads them.

Usage: fuzz [TARGET]... [--seconds N | --inputs N] [--seed N]
       fuzz TARGET --file FILE

Without a TARGET all are searched, two at a time: model, samples, checkpoint, onnx, tflite, safetensors,
network, images, link and storage.

  --seconds N  How long to search each target [default: 20]
  --inputs N   How many inputs to try of each target, instead
  --seed N     Which sequence of inputs [default: 1]
  --file FILE  Try this input only, and say what comes of it

The exit code is 1 where an input fails; it is kept in target/fuzz.";

/// What was asked for.
pub struct FuzzArguments {
    pub task: Task,
    pub targets: Vec<&'static Target>,
    pub seed: u64,
    pub end: SearchEnd,
}

/// What to do.
pub enum Task {
    Help,
    /// Search all targets, each in a process of its own.
    All,
    /// Search this one here.
    One(&'static Target),
    /// Try one input.
    File(&'static Target, PathBuf),
}

/// When a search is over.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SearchEnd {
    Time(Duration),
    Inputs(u64),
}

impl FuzzArguments {
    pub fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut parsed = Self {
            task: Task::All,
            targets: Vec::new(),
            seed: 1,
            end: SearchEnd::Time(Duration::from_secs(20)),
        };
        let mut file = None;
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| format!("{word} takes a value"));
            match word.as_str() {
                "--help" | "-h" => parsed.task = Task::Help,
                "--seconds" => {
                    parsed.end = SearchEnd::Time(Duration::from_secs(number(&value()?)?));
                }
                "--inputs" => parsed.end = SearchEnd::Inputs(number(&value()?)?),
                "--seed" => parsed.seed = number(&value()?)?,
                "--only" => parsed.task = Task::One(targets::find(&value()?)?),
                "--file" => file = Some(PathBuf::from(value()?)),
                name => parsed.targets.push(targets::find(name)?),
            }
        }
        if let Some(file) = file {
            let [target] = parsed.targets[..] else {
                return Err("--file goes with one TARGET".into());
            };
            parsed.task = Task::File(target, file);
        }
        if parsed.targets.is_empty() {
            parsed.targets = targets::ALL.iter().collect();
        }
        Ok(parsed)
    }
}

fn number(text: &str) -> Result<u64, String> {
    let number = text.parse();
    number.map_err(|_| format!("{text:?} is no whole number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<FuzzArguments, String> {
        FuzzArguments::parse(text.split_whitespace().map(String::from))
    }

    #[test]
    fn targets_and_numbers_are_understood() {
        let parsed = parse("onnx link --seed 9 --inputs 70").unwrap();
        let names: Vec<&str> = parsed.targets.iter().map(|target| target.name).collect();
        assert_eq!(names, ["onnx", "link"]);
        assert_eq!((parsed.seed, parsed.end), (9, SearchEnd::Inputs(70)));
        assert_eq!(parse("").unwrap().targets.len(), 10);
        assert!(parse("onxx").is_err_and(|error| error.contains("safetensors")));
        assert!(parse("--seed x").is_err());
        assert!(parse("--file a").is_err());
    }
}

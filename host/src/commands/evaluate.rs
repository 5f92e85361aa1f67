//! `kiln evaluate`: scores trained weights on a dataset.

mod outputs;
mod table;

use super::arguments::{machine, subject};
use super::{describe_dataset, describe_network};
use crate::confusion::Confusion;
use crate::data::Dataset;
use crate::engine::{Engine, EngineOptions};
use crate::output::{Output, grouped};
use crate::training::MeanScore;
use crate::weights;
use crate::whole_file;
use anyhow::{Context, Result};
use kiln_core::ModelFile;
use serde::Serialize;
use std::path::PathBuf;
use std::time::Instant;

/// Score trained weights on a dataset.
///
/// A dataset with a test set of its own, such as mnist or cifar10, is scored on that; a folder of
/// images on all of them. Images are brought to the network's channels and size. A table tells how often each
/// class was taken for each, where there are at most 12, and then which pairs were confused most.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  kiln evaluate --dataset mnist --weights runs/digits/model.kiln
  kiln evaluate --dataset pictures --weights model.kiln --json | jq .accuracy
  kiln evaluate --dataset pictures --weights model.kiln --json |
    jq -r '.per_class[] | [.name, .samples, .precision, .recall] | @csv'
")]
pub struct EvaluateArguments {
    #[command(flatten)]
    subject: subject::SubjectArguments,
    #[command(flatten)]
    machine: machine::MachineArguments,
    /// Write what was scored as a safetensors file, for scripts: pixels (N x C x H x W, U8 or, of
    /// samples of floats, F32), labels (U32) and logits (F32, N x classes)
    #[arg(long, value_name = "FILE")]
    outputs: Option<PathBuf>,
    /// Print one JSON object on standard output, and everything else on standard error
    #[arg(long)]
    json: bool,
}

/// The result as JSON.
#[derive(Debug, Serialize)]
struct EvaluateReport<'a> {
    dataset: &'a str,
    source: &'a str,
    samples: usize,
    correct: usize,
    accuracy: Option<f64>,
    loss: Option<f64>,
    load_seconds: f64,
    seconds: f64,
    samples_per_second: f64,
    classes: usize,
    parameters: u64,
    macs: u64,
    flops: u64,
    threads: usize,
    lanes: usize,
    weights: String,
    weights_sha256: String,
    logits_sha256: String,
    /// The matrix: a row for each true class, in it a column for each predicted one.
    confusion: Confusion,
    per_class: Vec<ClassReport<'a>>,
}

/// A class of the result.
#[derive(Debug, Serialize)]
struct ClassReport<'a> {
    name: &'a str,
    samples: u64,
    /// Nothing where no sample was predicted to be of it.
    precision: Option<f64>,
    /// Nothing where it has no samples.
    recall: Option<f64>,
}

/// Batches beyond this size gain nothing.
const BATCH: usize = 64;

/// Runs the command.
///
/// # Errors
///
/// What was wrong with the arguments, the model or the data, in one line.
pub fn run(arguments: &EvaluateArguments) -> Result<()> {
    let output = Output::new(arguments.json);
    let options = EngineOptions {
        threads: arguments.machine.threads()?,
        lanes: arguments.machine.lanes()?,
        batch: BATCH,
        ..EngineOptions::default()
    };
    if let Some(path) = &arguments.outputs {
        // Known before the work, not after it.
        whole_file::check(path).with_context(|| path.display().to_string())?;
    }
    let bytes = arguments.subject.read()?;
    let model = bytes.open()?;
    let dataset = arguments.subject.load(&model, options.threads)?;
    describe_dataset(output, &dataset)?;
    describe_network(output, model.network())?;
    if dataset.test.is_none() {
        output.item(
            "note",
            "no test set of its own: if the weights were trained on it, these samples are mostly those",
        )?;
    }
    let parameters = model.parameters().to_vec();
    let name = arguments.subject.name();
    let mut engine = Engine::new(model.network(), model.scaling(), parameters, &options)
        .with_context(|| name.clone())?;
    let (report, logits) = score(&mut engine, &model, &dataset, name)?;
    if let Some(path) = &arguments.outputs {
        outputs::write(path, subject::test_samples(&dataset), &logits)
            .with_context(|| path.display().to_string())?;
    }
    let shown = |value: Option<f64>, scale: f64| value.unwrap_or(f64::NAN) * scale;
    output.item(
        "scored",
        format_args!(
            "{:.2}% of {} samples ({} correct), loss {:.4}, in {:.2} s",
            shown(report.accuracy, 100.0),
            grouped(report.samples as u64),
            grouped(report.correct as u64),
            shown(report.loss, 1.0),
            report.seconds
        ),
    )?;
    if report.samples > 0 {
        table::describe(output, &report.confusion, &dataset.classes)?;
    }
    output.object(&report)?;
    Ok(())
}

fn score<'a>(
    engine: &mut Engine,
    model: &ModelFile<'_>,
    dataset: &'a Dataset,
    weights: String,
) -> Result<(EvaluateReport<'a>, Vec<f32>)> {
    let samples = subject::test_samples(dataset);
    let indices: Vec<u32> = (0..samples.len() as u32).collect();
    let mut logits = vec![0.0; samples.len() * model.network().classes()];
    let start = Instant::now();
    let outcome = engine.evaluate(samples, &indices, Some(&mut logits))?;
    let seconds = start.elapsed().as_secs_f64();
    let cost = model.network().cost();
    let score = MeanScore::of(&outcome);
    let classes = model.network().classes();
    let confusion = Confusion::of(&samples.labels, &logits, classes);
    let report = EvaluateReport {
        dataset: &dataset.name,
        source: &dataset.source,
        samples: outcome.samples,
        correct: outcome.correct,
        accuracy: score.map(|score| score.accuracy),
        loss: score.map(|score| score.loss),
        load_seconds: dataset.load_time.as_secs_f64(),
        seconds,
        samples_per_second: outcome.samples as f64 / seconds,
        classes,
        parameters: cost.parameters,
        macs: cost.macs,
        flops: cost.flops(),
        threads: engine.threads(),
        lanes: engine.lanes().lanes(),
        weights,
        weights_sha256: weights::sha256(model.parameters()),
        logits_sha256: weights::sha256(&logits),
        per_class: per_class(&confusion, &dataset.classes),
        confusion,
    };
    Ok((report, logits))
}

fn per_class<'a>(confusion: &Confusion, names: &'a [String]) -> Vec<ClassReport<'a>> {
    let classes = names.iter().enumerate();
    classes
        .map(|(class, name)| ClassReport {
            name,
            samples: confusion.samples(class),
            precision: confusion.precision(class),
            recall: confusion.recall(class),
        })
        .collect()
}

//! `kiln evaluate`: scores trained weights on a dataset.

use super::{describe_dataset, describe_network, machine, named_classes};
use crate::data::{self, Dataset, ImageShape, Samples};
use crate::engine::{Engine, EngineOptions};
use crate::output::{Output, grouped};
use crate::training::Score;
use crate::weights::{self, ModelBytes};
use anyhow::{Context, Result, ensure};
use kiln::ModelFile;
use serde::Serialize;
use std::path::PathBuf;
use std::time::Instant;

/// Score trained weights on a dataset.
///
/// A dataset with a test set of its own, such as mnist, is scored on that; a folder of images on
/// all of them. Images are brought to the network's channels and size.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  kiln evaluate --dataset mnist --weights runs/digits/model.kiln
  kiln evaluate --dataset pictures --weights model.kiln --json | jq .accuracy
")]
pub struct Arguments {
    /// `mnist`, a folder of IDX files, or a folder with one folder of images per class
    #[arg(long)]
    dataset: String,
    /// The model file that a training run wrote
    #[arg(long, value_name = "FILE")]
    weights: PathBuf,
    /// Folder with the IDX files of mnist
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Do not download anything
    #[arg(long)]
    offline: bool,
    #[command(flatten)]
    machine: machine::Arguments,
    /// Print one JSON object on standard output, and everything else on standard error
    #[arg(long)]
    json: bool,
}

/// The result as JSON.
#[derive(Debug, Serialize)]
struct Report<'a> {
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
}

/// Batches beyond this size gain nothing.
const BATCH: usize = 64;

/// Runs the command.
///
/// # Errors
///
/// What was wrong with the arguments, the model or the data, in one line.
pub fn run(arguments: &Arguments) -> Result<()> {
    let output = Output::new(arguments.json);
    let options = EngineOptions {
        threads: arguments.machine.threads()?,
        lanes: arguments.machine.lanes()?,
        batch: BATCH,
    };
    let path = &arguments.weights;
    let name = || path.display().to_string();
    let bytes = ModelBytes::read(path).with_context(name)?;
    let model = bytes.open().with_context(name)?;
    let dataset = load(arguments, &model, options.threads)?;
    check_classes(&model, &dataset).with_context(name)?;
    describe_dataset(output, &dataset)?;
    describe_network(output, model.network())?;
    let parameters = model.parameters().to_vec();
    let mut engine =
        Engine::new(model.network(), model.scaling(), parameters, &options).with_context(name)?;
    let report = score(&mut engine, &model, &dataset, name())?;
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
    output.object(&report)?;
    Ok(())
}

fn load(arguments: &Arguments, model: &ModelFile<'_>, threads: usize) -> Result<Dataset> {
    let shape = model.network().input_shape();
    let options = data::Options {
        data: arguments.data.clone(),
        offline: arguments.offline,
        threads,
        shape: Some(ImageShape {
            channels: shape.channels as usize,
            height: shape.height as usize,
            width: shape.width as usize,
        }),
        progress: true,
    };
    Ok(data::load(&arguments.dataset, &options)?)
}

/// Labels are numbers: they mean the same to the model only if the names do.
fn check_classes(model: &ModelFile<'_>, dataset: &Dataset) -> Result<()> {
    let names: Vec<&str> = model.class_names().collect();
    let (trained, found) = (model.network().classes(), dataset.classes.len());
    let same_names = names.is_empty() || names.iter().eq(dataset.classes.iter());
    ensure!(
        trained == found && same_names,
        "these weights tell apart {}, but {} has {}; use weights trained on these classes",
        named_classes(trained, &names),
        dataset.name,
        named_classes(found, &dataset.classes)
    );
    Ok(())
}

fn score<'a>(
    engine: &mut Engine,
    model: &ModelFile<'_>,
    dataset: &'a Dataset,
    weights: String,
) -> Result<Report<'a>> {
    let samples: &Samples = dataset.test.as_ref().unwrap_or(&dataset.train);
    let indices: Vec<u32> = (0..samples.len() as u32).collect();
    let mut logits = vec![0.0; samples.len() * model.network().classes()];
    let start = Instant::now();
    let outcome = engine.evaluate(samples, &indices, Some(&mut logits))?;
    let seconds = start.elapsed().as_secs_f64();
    let cost = model.network().cost();
    let score = Score::of(&outcome);
    Ok(Report {
        dataset: &dataset.name,
        source: &dataset.source,
        samples: outcome.samples,
        correct: outcome.correct,
        accuracy: score.map(|score| score.accuracy),
        loss: score.map(|score| score.loss),
        load_seconds: dataset.load_time.as_secs_f64(),
        seconds,
        samples_per_second: outcome.samples as f64 / seconds,
        classes: model.network().classes(),
        parameters: cost.parameters,
        macs: cost.macs,
        flops: cost.flops(),
        threads: engine.threads(),
        lanes: engine.lanes().lanes(),
        weights,
        weights_sha256: weights::sha256(model.parameters()),
        logits_sha256: weights::sha256(&logits),
    })
}

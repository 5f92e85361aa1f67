//! `kiln train`: from a dataset to a run folder.

mod files;
mod job;
mod progress;
mod report;

use super::{describe_dataset, describe_network, machine};
use crate::data::{Dataset, Samples};
use crate::defaults;
use crate::engine::{Engine, EngineOptions};
use crate::output::{Output, counted, grouped};
use crate::seeds::{self, Stream};
use crate::settings::{Hyperparameters, Settings};
use crate::training::{Score, Split, Trainer};
use anyhow::{Context, Result};
use files::Files;
use job::Job;
use kiln::{LaneWidth, Network, Scaling, Trainable, he_uniform};
use progress::Progress;
use report::{EpochReport, Report, Timing};
use std::path::PathBuf;
use std::time::Instant;

/// Train a network on a dataset.
///
/// Leaves a run folder: model.kiln, the trained model; metrics.csv, a line for each epoch;
/// config.toml, everything resolved, so that `--config` runs it again to the same bits. It is
/// written when all is done, whole or not at all; a run that is already in the folder is replaced.
///
/// Where the dataset has a test set of its own, validation samples are split from its training
/// samples, and the test set is scored once, at the end.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  kiln train mnist
  kiln train pictures --epochs 30 --out runs/pictures
  kiln train mnist --model network.toml --lr 0.02 --schedule step:5:0.1
  kiln train --config runs/pictures/config.toml --seed 2

A network as a TOML file:
  input = { channels = 1, height = 28, width = 28 }
  [[layers]]
  type = \"conv2d\"         # filters, kernel = 3 or [rows, columns]; stride, padding, groups
  filters = 8
  kernel = 3
  [[layers]]
  type = \"relu\"           # also global_avg_pool2d
  [[layers]]
  type = \"max_pool2d\"     # also avg_pool2d: window; stride
  window = 2
  [[layers]]
  type = \"linear\"         # the last one's outputs are the classes
  outputs = 10
")]
pub struct Arguments {
    /// `mnist`, a folder of IDX files, or a folder with one folder of images per class
    #[arg(required_unless_present = "config")]
    dataset: Option<String>,
    /// Start from a config.toml; arguments given beside it take precedence
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Network to train [default: two convolutions and two linear layers]
    #[arg(long, value_name = "FILE.toml")]
    model: Option<PathBuf>,
    #[command(flatten)]
    settings: Settings,
    #[command(flatten)]
    machine: machine::Arguments,
    /// Folder with the IDX files of mnist
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Do not download anything
    #[arg(long)]
    offline: bool,
    /// Run folder to write [default: runs/DATASET-TIME]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print one JSON object on standard output, and everything else on standard error
    #[arg(long)]
    json: bool,
}

/// A network with everything its training needs, before the first step.
struct Setup<'a> {
    network: Network,
    scaling: Scaling,
    settings: Hyperparameters,
    trainer: Trainer<'a>,
    threads: usize,
    lanes: LaneWidth,
    /// Samples to train on, and held out.
    split: [usize; 2],
}

/// Runs the command.
///
/// # Errors
///
/// What was wrong with the arguments or the data, or that training diverged, in one line.
pub fn run(arguments: Arguments) -> Result<()> {
    let output = Output::new(arguments.json);
    let job = Job::new(arguments)?;
    let dataset = job.load()?;
    describe_dataset(output, &dataset)?;
    let mut setup = Setup::new(&job, &dataset)?;
    let files = Files::prepare(&job, &dataset, &setup)?;
    describe_network(output, &setup.network)?;
    describe_run(output, &setup, &dataset)?;
    files.warn_of_other_samples(output, &job)?;
    let start = Instant::now();
    let epochs = train(output, &mut setup)?;
    let test = test(output, &mut setup, &dataset)?;
    let timing = Timing::new(&epochs, start.elapsed());
    files.write(&job, &setup, &epochs)?;
    let report = Report::new(&job, &dataset, &setup, &epochs, &timing, test);
    output.item(
        "saved",
        format_args!("{} after {:.1} s", report.weights, timing.seconds),
    )?;
    output.object(&report)?;
    Ok(())
}

impl<'a> Setup<'a> {
    fn new(job: &Job, dataset: &'a Dataset) -> Result<Self> {
        let samples = &dataset.train;
        let settings = job.settings.resolve(samples.shape.channels)?;
        let network = job.network(dataset)?;
        let split = Split::new(samples.len(), settings.validation, settings.seed)
            .with_context(|| dataset.name.clone())?;
        let scaling = defaults::scaling(samples, &split.train)?;
        let mut parameters = vec![0.0; network.parameters()];
        he_uniform(
            &network,
            &mut parameters,
            seeds::source(settings.seed, Stream::Init),
        )?;
        let options = EngineOptions {
            threads: job.threads,
            lanes: job.lanes,
            batch: split.train.len().min(settings.batch as usize),
            trainable: Trainable::ALL,
        };
        let engine = Engine::new(&network, &scaling, parameters, &options)?;
        Ok(Self {
            threads: engine.threads(),
            lanes: engine.lanes(),
            split: [split.train.len(), split.validation.len()],
            trainer: Trainer::new(engine, samples, split, settings),
            network,
            scaling,
            settings,
        })
    }
}

fn describe_run(output: Output, setup: &Setup<'_>, dataset: &Dataset) -> Result<()> {
    let [train, validation] = setup.split.map(|count| grouped(count as u64));
    let test = dataset.test.as_ref().map_or(0, Samples::len);
    let test = if test > 0 {
        format!(", {} to test", grouped(test as u64))
    } else {
        String::new()
    };
    output.item(
        "split",
        format_args!("{train} to train, {validation} to validate{test}"),
    )?;
    let settings = &setup.settings;
    output.item(
        "training",
        format_args!(
            "{} of {}, batch {}, lr {}, momentum {}, weight decay {}, schedule {}, seed {}",
            counted(settings.epochs as usize, "epoch", "epochs"),
            counted(setup.trainer.steps_per_epoch() as usize, "step", "steps"),
            settings.batch,
            settings.lr,
            settings.momentum,
            settings.weight_decay,
            settings.schedule,
            settings.seed
        ),
    )?;
    let threads = counted(setup.threads, "thread", "threads");
    let lanes = counted(setup.lanes.lanes(), "lane", "lanes");
    output.item(
        "machine",
        format_args!("{threads}, {lanes} ({})", setup.lanes.name()),
    )?;
    Ok(())
}

fn train(output: Output, setup: &mut Setup<'_>) -> Result<Vec<EpochReport>> {
    let steps = setup.trainer.steps_per_epoch();
    let progress = Progress::start(output, setup.settings.epochs, steps)?;
    let mut reports = Vec::new();
    for number in 1..=setup.settings.epochs {
        let bar = progress.epoch(number);
        let epoch = setup.trainer.epoch(|so_far| bar.step(so_far));
        bar.finish();
        let report = EpochReport::new(number, &epoch?);
        progress.row(&report)?;
        reports.push(report);
    }
    Ok(reports)
}

/// Scores the test set, where the dataset has one.
fn test(output: Output, setup: &mut Setup<'_>, dataset: &Dataset) -> Result<Option<Score>> {
    let Some(samples) = &dataset.test else {
        return Ok(None);
    };
    let score = setup.trainer.score(samples)?;
    if let Some(Score { loss, accuracy }) = score {
        let (percent, count) = (100.0 * accuracy, grouped(samples.len() as u64));
        output.item(
            "test",
            format_args!("{percent:.2}% of {count} samples, loss {loss:.4}"),
        )?;
    }
    Ok(score)
}

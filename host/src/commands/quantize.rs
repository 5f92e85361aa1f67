//! `kiln quantize`: a trained network in integers.

mod table;

use super::arguments::{machine, subject};
use super::{describe_dataset, describe_network};
use crate::data::Dataset;
use crate::number;
use crate::output::{Output, counted, grouped};
use crate::quantization::{
    CALIBRATION_SAMPLES, Conversion, Int8Evaluation, ScoredSamples, Tuning, TuningEpoch,
    calibration,
};
use crate::run::config::RunConfig;
use crate::run::folder::CONFIG;
use crate::run::{describe_tuning_epoch, ensure_trainable, ensure_training_samples};
use crate::settings::{Hyperparameters, LossSetting, Settings};
use crate::training::Split;
use crate::whole_file;
use anyhow::{Context, Result, ensure};
use serde::Serialize;
use std::ops::ControlFlow;
use std::path::PathBuf;

/// Turn a trained network into one of 8-bit integers.
///
/// Its weights then take a quarter of the flash, and a microcontroller computes with integers alone, to
/// the same bytes as this program. Samples of the dataset show what range of numbers each layer's
/// outputs have. Said is what it costs: accuracy before and after, on the test set, or on the samples
/// that the run held out, and layer by layer how far the outputs are from what they were, as a
/// signal-to-noise ratio.
///
/// Where that is too much, --quantize-epochs trains the network on, with its weights and outputs rounded
/// to the numbers that their codes stand for, by the settings that its run's folder tells of, or the
/// defaults, from 0.003 times the rate down to 0.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  kiln quantize --weights runs/digits --dataset mnist
  kiln quantize --weights model.kiln --dataset pictures --samples 1000 --out small.kiln
  kiln quantize --weights runs/pictures --dataset pictures --quantize-epochs 2 --out tuned.kiln
  kiln evaluate --weights runs/digits/model-int8.kiln --dataset mnist
")]
pub struct QuantizeArguments {
    #[command(flatten)]
    subject: subject::SubjectArguments,
    /// Training samples that the ranges are found by [default: 500]
    #[arg(long, default_value_t = CALIBRATION_SAMPLES, hide_default_value = true, allow_negative_numbers = true,
        value_parser = number::whole::<usize>(1), value_name = "N")]
    samples: usize,
    /// Epochs that the quantised network is trained on [default: none]
    #[arg(long, allow_negative_numbers = true, value_parser = number::whole::<u32>(1), value_name = "N")]
    quantize_epochs: Option<u32>,
    /// The model file to write [default: model-int8.kiln beside the weights]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    machine: machine::MachineArguments,
    /// Print one JSON object on standard output, and everything else on standard error
    #[arg(long)]
    json: bool,
}

/// The result as JSON.
#[derive(Debug, Serialize)]
struct QuantizeReport<'a> {
    file: PathBuf,
    bytes: usize,
    #[serde(flatten)]
    evaluation: &'a Int8Evaluation,
}

/// Runs the command.
///
/// # Errors
///
/// What was wrong with the arguments, the model, the data or the disk, in one line.
pub fn run(arguments: &QuantizeArguments) -> Result<()> {
    let output = Output::patient(arguments.json);
    ensure!(
        arguments.samples > 0,
        "--samples is 0; it must be at least 1"
    );
    ensure!(
        arguments.quantize_epochs != Some(0),
        "--quantize-epochs is 0; it must be at least 1"
    );
    let threads = arguments.machine.threads()?;
    let name = arguments.subject.name();
    let bytes = arguments.subject.read()?;
    let model = bytes.open()?;
    let file = target(arguments)?;
    whole_file::check(&file).with_context(|| file.display().to_string())?;
    let tells_classes = LossSetting::of(model.task()).tells_classes();
    let dataset = match tells_classes {
        true => arguments.subject.load(&model, threads)?,
        false => arguments.subject.load_any(&model, threads)?,
    };
    describe_dataset(output, &dataset)?;
    describe_network(output, model.network())?;
    let run = RunConfig::read(&arguments.subject.weights.join(CONFIG)).ok();
    let own = run.as_ref().and_then(|run| split(run, &dataset));
    let held_out = own.as_ref().filter(|split| !split.validation.is_empty());
    let split = held_out.filter(|_| dataset.test.is_none());
    if dataset.test.is_none() && split.is_none() {
        output.item(
            "note",
            "no test set of its own, and no run that held samples out: the score is of samples that \
             the weights may have been trained on",
        )?;
    }
    let samples = subject::test_samples(&dataset);
    let indices = match split {
        Some(split) => split.validation.clone(),
        None => (0..samples.len() as u32).collect(),
    };
    let scored = ScoredSamples {
        samples,
        indices: &indices,
    };
    let ranges = calibration(&dataset, split, arguments.samples);
    let all = || (0..dataset.train.len() as u32).collect();
    let check = || ControlFlow::Continue(());
    let told = |epoch: &TuningEpoch| describe_tuning_epoch(output, epoch);
    let tuning = match arguments.quantize_epochs {
        None => None,
        Some(epochs) => Some(Tuning {
            epochs,
            settings: settings(run.as_ref(), &dataset, LossSetting::of(model.task()))?,
            samples: &dataset.train,
            train: own.as_ref().map_or_else(all, |split| split.train.clone()),
            lanes: arguments.machine.lanes()?,
            check: &check,
            told: &told,
        }),
    };
    let conversion = Conversion::of(&model, &ranges, scored, threads, tuning.as_ref());
    let conversion = conversion.with_context(|| name)?;
    let content = conversion.model.as_slice();
    whole_file::write(&file, content).with_context(|| file.display().to_string())?;
    let report = QuantizeReport {
        bytes: content.len(),
        file,
        evaluation: &conversion.evaluation,
    };
    describe(output, &report, conversion.network())?;
    output.object(&report)?;
    output.check_told()?;
    Ok(())
}

/// The file to write.
fn target(arguments: &QuantizeArguments) -> Result<PathBuf> {
    if let Some(path) = &arguments.out {
        return Ok(path.clone());
    }
    let model = subject::model_file(&arguments.subject.weights)?;
    let mut stem = model.file_stem().unwrap_or_default().to_os_string();
    stem.push("-int8.kiln");
    let path = model.with_file_name(stem);
    ensure!(
        !path.exists(),
        "{} is there already; say where to write with --out, also to replace it",
        path.display()
    );
    Ok(path)
}

/// The split of a run, where it was trained on these samples.
fn split(run: &RunConfig, dataset: &Dataset) -> Option<Split> {
    let same = run.record.as_ref()?.fingerprint == dataset.sha256();
    let settings = &run.training;
    let split = Split::of(dataset, settings.validation?, settings.seed?).ok()?;
    same.then_some(split)
}

/// The settings by which the network is trained on: those of its run, or else the defaults.
fn settings(
    run: Option<&RunConfig>,
    dataset: &Dataset,
    loss: LossSetting,
) -> Result<Hyperparameters> {
    ensure_training_samples(dataset, &dataset.name)?;
    if loss.tells_classes() {
        ensure_trainable(dataset, &dataset.name)?;
    }
    let settings = run.map_or_else(Settings::default, |run| run.training.clone());
    let resolved = settings.resolve_for(&dataset.train)?;
    Ok(Hyperparameters { loss, ..resolved })
}

/// Says what it came to.
fn describe(
    output: Output,
    report: &QuantizeReport<'_>,
    network: &kiln_core::Network,
) -> Result<()> {
    let evaluation = report.evaluation;
    let samples = evaluation.calibration_samples;
    output.item(
        "ranges",
        format_args!(
            "by {} of {}",
            evaluation.ranges,
            counted(samples, "training sample", "training samples")
        ),
    )?;
    output.line(table::of(&evaluation.layers, network))?;
    output.item("scored", evaluation.scored.in_words())?;
    evaluation.describe_tuning(output)?;
    evaluation.describe_bytes(output, "int8")?;
    output.item(
        "saved",
        format_args!(
            "{}, {} bytes",
            report.file.display(),
            grouped(report.bytes as u64)
        ),
    )?;
    Ok(())
}

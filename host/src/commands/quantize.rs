//! `kiln quantize`: a trained network in integers.

mod table;

use super::arguments::{machine, subject};
use super::{describe_dataset, describe_network};
use crate::data::{Dataset, Samples};
use crate::engine::{Engine, EngineOptions, Int8Engine};
use crate::number;
use crate::output::{Output, counted, grouped};
use crate::quantization::{FloatModel, Quantized, StepFidelity, quantize};
use crate::run::config::RunConfig;
use crate::run::folder::CONFIG;
use crate::settings::LossSetting;
use crate::training::{MeanScore, Split};
use crate::weights::ModelBytes;
use crate::whole_file;
use anyhow::{Context, Result, ensure};
use kiln_core::reference::loss::highest_class;
use kiln_core::{Int8ModelParts, ModelFile, Program, Purpose};
use serde::Serialize;
use std::path::PathBuf;

/// Turn a trained network into one of 8-bit integers.
///
/// Its weights then take a quarter of the flash, and a microcontroller computes with integers alone, to
/// the same bytes as this program. Samples of the dataset show what range of numbers each layer's
/// outputs have. Said is what it costs: accuracy before and after, on the test set, or on the samples
/// that the run held out, and layer by layer how far the outputs are from what they were, as a
/// signal-to-noise ratio.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  kiln quantize --weights runs/digits --dataset mnist
  kiln quantize --weights model.kiln --dataset pictures --samples 1000 --out small.kiln
  kiln evaluate --weights runs/digits/model-int8.kiln --dataset mnist
")]
pub struct QuantizeArguments {
    #[command(flatten)]
    subject: subject::SubjectArguments,
    /// Training samples that the ranges are found by [default: 500]
    #[arg(long, default_value_t = 500, hide_default_value = true, allow_negative_numbers = true,
        value_parser = number::whole::<usize>(1), value_name = "N")]
    samples: usize,
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
    calibration_samples: usize,
    ranges: &'static str,
    /// Bytes of weights and constants.
    flash_bytes: usize,
    /// Bytes that an inference works in.
    arena_bytes: usize,
    scored: QuantizationScore,
    layers: &'a [StepFidelity],
}

/// Scores before and after.
#[derive(Clone, Copy, Debug, Serialize)]
struct QuantizationScore {
    samples: usize,
    before: Option<MeanScore>,
    after: Option<MeanScore>,
    /// Samples of which another class is the most probable; nothing where there are no classes.
    classified_otherwise: Option<usize>,
}

/// Runs the command.
///
/// # Errors
///
/// What was wrong with the arguments, the model, the data or the disk, in one line.
pub fn run(arguments: &QuantizeArguments) -> Result<()> {
    let output = Output::new(arguments.json);
    ensure!(
        arguments.samples > 0,
        "--samples is 0; it must be at least 1"
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
    let parts = QuantizeSamples::of(arguments, &dataset)?;
    if parts.overlap {
        output.item(
            "note",
            "no test set of its own, and no run that held samples out: the score is of samples that \
             the weights may have been trained on",
        )?;
    }
    let quantized = within(threads, || {
        let float = FloatModel {
            network: model.network(),
            parameters: model.parameters(),
            scaling: model.scaling(),
        };
        quantize(&float, &parts.calibration)
    })?
    .with_context(|| name.clone())?;
    let content = encode(&model, &quantized).with_context(|| name.clone())?;
    let scored = score(&model, &quantized, &parts, threads).with_context(|| name.clone())?;
    whole_file::write(&file, content.as_slice()).with_context(|| file.display().to_string())?;
    let tables = &quantized.tables;
    let mut program: Box<Program> = Box::new(Program::EMPTY);
    program.plan(&tables.network, Purpose::Int8(tables.rule))?;
    let report = QuantizeReport {
        bytes: content.as_slice().len(),
        file,
        calibration_samples: parts.calibration.len(),
        ranges: quantized.method.name(),
        flash_bytes: tables.weights.len() + size_of_val(&tables.constants[..]),
        arena_bytes: program.working_bytes(1),
        scored,
        layers: &quantized.fidelity.steps,
    };
    describe(output, &report, &tables.network)?;
    output.object(&report)?;
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

/// The samples that ranges are found by, and those that are scored.
struct QuantizeSamples {
    calibration: Samples,
    scored: Samples,
    /// Whether samples that were trained on may be among the scored ones.
    overlap: bool,
}

impl QuantizeSamples {
    /// Ranges come from training samples, spread evenly; scored is the test set, or what the run whose
    /// folder is given held out, or everything.
    fn of(arguments: &QuantizeArguments, dataset: &Dataset) -> Result<Self> {
        let all = || (0..dataset.train.len() as u32).collect();
        let held_out = match dataset.test {
            Some(_) => None,
            None => held_out(arguments, dataset),
        };
        let (train, scored, overlap) = match (&dataset.test, held_out) {
            (Some(test), _) => (all(), test.clone(), false),
            (None, Some(split)) => (split.train, dataset.train.chosen(&split.validation), false),
            (None, None) => (all(), dataset.train.clone(), true),
        };
        let count = arguments.samples.min(train.len());
        let place = |index: usize| index as u64 * train.len() as u64 / count as u64;
        let chosen: Vec<u32> = (0..count)
            .map(|index| train[place(index) as usize])
            .collect();
        Ok(Self {
            calibration: dataset.train.chosen(&chosen),
            scored,
            overlap,
        })
    }
}

/// The split of the run whose folder is given, where it was trained on these samples.
fn held_out(arguments: &QuantizeArguments, dataset: &Dataset) -> Option<Split> {
    let folder = &arguments.subject.weights;
    let config = RunConfig::read(&folder.join(CONFIG)).ok()?;
    let same = config.record?.fingerprint == dataset.sha256();
    let settings = config.training;
    let split = Split::new(dataset.train.len(), settings.validation?, settings.seed?).ok()?;
    (same && !split.validation.is_empty()).then_some(split)
}

/// Runs work on so many threads.
fn within<R: Send>(threads: usize, work: impl FnOnce() -> R + Send) -> Result<R> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.with_context(|| format!("cannot start {threads} threads; try fewer"))?;
    Ok(pool.install(work))
}

/// The bytes of the model file.
fn encode(model: &ModelFile<'_>, quantized: &Quantized) -> Result<ModelBytes> {
    let names: Vec<&str> = model.class_names().collect();
    let notes = format!("{}\nquantised: {}", model.notes(), quantized.method.name());
    Ok(ModelBytes::encode_int8(&Int8ModelParts {
        quantized: &quantized.tables.quantized()?,
        task: model.task(),
        scaling: model.scaling(),
        class_names: &names,
        notes: notes.trim_start(),
    })?)
}

fn score(
    model: &ModelFile<'_>,
    quantized: &Quantized,
    parts: &QuantizeSamples,
    threads: usize,
) -> Result<QuantizationScore> {
    let samples = &parts.scored;
    let loss = LossSetting::of(model.task());
    let options = EngineOptions {
        threads,
        loss: loss.smoothed(0.0),
        batch: 64,
        ..EngineOptions::default()
    };
    let indices: Vec<u32> = (0..samples.len() as u32).collect();
    let parameters = model.parameters().to_vec();
    let mut engine = Engine::new(model.network(), model.scaling(), parameters, &options)?;
    let row = engine.scores_per_sample();
    let mut scores = vec![0.0; samples.len() * row];
    let before = engine.evaluate(samples, &indices, Some(&mut scores))?;
    let network = quantized.tables.quantized()?;
    let mut engine = Int8Engine::of(network, model.scaling(), model.task(), threads)?;
    let (after, left) = engine.evaluate(samples, &indices)?;
    let pairs = scores.chunks_exact(row).zip(left.scores.chunks_exact(row));
    let differ = pairs.filter(|(one, other)| highest_class(one) != highest_class(other));
    Ok(QuantizationScore {
        samples: samples.len(),
        before: MeanScore::of(&before, loss),
        after: MeanScore::of(&after, loss),
        classified_otherwise: loss.tells_classes().then(|| differ.count()),
    })
}

/// Says what it came to.
fn describe(
    output: Output,
    report: &QuantizeReport<'_>,
    network: &kiln_core::Network,
) -> Result<()> {
    output.item(
        "ranges",
        format_args!(
            "by {} of {}",
            report.ranges,
            counted(
                report.calibration_samples,
                "training sample",
                "training samples"
            )
        ),
    )?;
    output.line(table::of(report.layers, network))?;
    output.item("scored", report.scored.in_words())?;
    output.item(
        "int8",
        format_args!(
            "{} bytes of weights and constants, {} bytes of RAM",
            grouped(report.flash_bytes as u64),
            grouped(report.arena_bytes as u64)
        ),
    )?;
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

impl QuantizationScore {
    fn in_words(&self) -> String {
        let samples = grouped(self.samples as u64);
        let (Some(before), Some(after)) = (self.before, self.after) else {
            return "no samples".into();
        };
        match (before.accuracy, after.accuracy, self.classified_otherwise) {
            (Some(one), Some(other), Some(otherwise)) => format!(
                "{:.2}% before, {:.2}% after, {} of {samples} samples classified otherwise",
                100.0 * one,
                100.0 * other,
                grouped(otherwise as u64)
            ),
            _ => format!(
                "error {:.6} before, {:.6} after, over {samples} samples",
                before.loss, after.loss
            ),
        }
    }
}

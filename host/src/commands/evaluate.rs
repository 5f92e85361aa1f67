//! `kiln evaluate`: scores trained weights on a dataset.

mod outputs;
mod table;

use super::arguments::{machine, subject};
use super::{FailedCheck, describe_dataset, describe_network};
use crate::confusion::Confusion;
use crate::data::Dataset;
use crate::engine::{AnyEngine, EngineOptions, Int8Scores};
use crate::model::{AnyModel, ModelFacts};
use crate::output::{Output, grouped};
use crate::roc::AnomalyDetection;
use crate::run::closing::{balanced_in_words, describe_anomaly, few_in_words};
use crate::settings::{ArithmeticSetting, LossSetting};
use crate::training::MeanScore;
use crate::weights;
use crate::whole_file;
use anyhow::{Context, Result};
use serde::Serialize;
use std::io;
use std::path::PathBuf;
use std::time::Instant;

/// Score trained weights on a dataset.
///
/// A dataset with a test set of its own, such as mnist or cifar10, is scored on that; a folder of
/// images on all of them. Images are brought to the network's channels and size. A table tells how often each
/// class was taken for each, where there are at most 12, and then which pairs were confused most.
///
/// An autoencoder is scored by its mean squared error. Where the dataset has a class named anomaly,
/// or two classes, of which the second counts as that, the area under the ROC curve tells how well
/// the error finds it.
///
/// Outputs or a loss that are no finite numbers are shown, and the command exits with 1.
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
    /// Arithmetic of the evaluation.
    #[arg(
        long,
        value_name = "separate|fused",
        hide_possible_values = true,
        default_value_t,
        help = "How products are added to sums: separate rounds them one by one, as devices do; fused rounds \
        once for both, faster: close to it, and the same on every machine that has FMA (AVX2, AVX-512, NEON) [default: separate]",
        hide_default_value = true
    )]
    arithmetic: ArithmeticSetting,
    /// Write what was scored as a safetensors file, for scripts: pixels (N x C x H x W, U8 or, of
    /// samples of floats, F32), labels (U32) and logits (F32, N x classes), or of an autoencoder errors
    /// (F32, N); of an int8 network also codes (I8), those of its outputs
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
    #[serde(skip_serializing_if = "Option::is_none")]
    correct: Option<usize>,
    accuracy: Option<f64>,
    /// Mean of the classes' recalls.
    #[serde(skip_serializing_if = "Option::is_none")]
    balanced_accuracy: Option<f64>,
    loss: Option<f64>,
    /// How well an autoencoder's error tells a class from the others.
    #[serde(skip_serializing_if = "Option::is_none")]
    anomaly: Option<AnomalyDetection>,
    load_seconds: f64,
    seconds: f64,
    samples_per_second: f64,
    classes: usize,
    parameters: u64,
    macs: u64,
    flops: u64,
    threads: usize,
    lanes: usize,
    arithmetic: ArithmeticSetting,
    element: &'static str,
    weights: String,
    weights_sha256: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    logits_sha256: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    errors_sha256: Option<String>,
    /// The matrix: a row for each true class, in it a column for each predicted one.
    #[serde(skip_serializing_if = "Option::is_none")]
    confusion: Option<Confusion>,
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
/// What was wrong with the arguments, the model or the data, in one line; a [`FailedCheck`] where the
/// outputs are no finite numbers.
pub fn run(arguments: &EvaluateArguments) -> Result<()> {
    let output = Output::new(arguments.json);
    let mut options = EngineOptions {
        threads: arguments.machine.threads()?,
        lanes: arguments.machine.lanes()?,
        evaluation: arguments.arithmetic.into(),
        batch: BATCH,
        ..EngineOptions::default()
    };
    options.width()?;
    if let Some(path) = &arguments.outputs {
        // Known before the work, not after it.
        whole_file::check(path).with_context(|| path.display().to_string())?;
    }
    let bytes = arguments.subject.read_any()?;
    let name = arguments.subject.name();
    let model = AnyModel::open(&bytes).with_context(|| name.clone())?;
    options.loss = LossSetting::of(model.task()).smoothed(0.0);
    // Known before samples of its size are made.
    AnyEngine::check_memory(&model, &options).with_context(|| name.clone())?;
    let dataset = arguments.subject.load_scored(&model, options.threads)?;
    describe_dataset(output, &dataset)?;
    describe_network(output, model.network())?;
    if dataset.test.is_none() {
        output.item(
            "note",
            "no test set of its own: if the weights were trained on it, these samples are mostly those",
        )?;
    }
    let mut engine = AnyEngine::new(&model, &options).with_context(|| name.clone())?;
    let (mut report, scores) = score(&mut engine, &model, &dataset, name)?;
    report.arithmetic = arguments.arithmetic;
    if let Some(path) = &arguments.outputs {
        outputs::write(path, subject::test_samples(&dataset), model.task(), &scores)
            .with_context(|| path.display().to_string())?;
    }
    describe(output, &report, &dataset)?;
    output.object(&report)?;
    check_finite(&report, &scores.scores)
}

/// Finds an evaluation that says nothing of the weights.
fn check_finite(report: &EvaluateReport<'_>, scores: &[f32]) -> Result<()> {
    let finite = report.loss.is_none_or(f64::is_finite) && scores.iter().all(|own| own.is_finite());
    if finite {
        return Ok(());
    }
    let message = format!(
        "{}: the network's outputs or their loss are no finite numbers; train it again with a lower --lr",
        report.weights
    );
    Err(FailedCheck(message).into())
}

/// Says how well the weights did, in words.
fn describe(output: Output, report: &EvaluateReport<'_>, dataset: &Dataset) -> io::Result<()> {
    let shown = |value: Option<f64>, scale: f64| value.unwrap_or(f64::NAN) * scale;
    let samples = grouped(report.samples as u64);
    let scored = match (report.correct, &report.errors_sha256) {
        (Some(correct), _) => format!(
            "{:.2}% of {samples} samples ({} correct{}), loss {:.4}",
            shown(report.accuracy, 100.0),
            grouped(correct as u64),
            few_in_words(report.samples),
            shown(report.loss, 1.0)
        ),
        (None, Some(_)) => format!(
            "mean squared error {:.6} over {samples} samples",
            shown(report.loss, 1.0)
        ),
        (None, None) => format!("{samples} samples, which have no labels"),
    };
    output.item(
        "scored",
        format_args!("{scored}, in {:.2} s", report.seconds),
    )?;
    let confusion = report.confusion.as_ref();
    if let Some(balanced) = report
        .balanced_accuracy
        .filter(|_| confusion.is_some_and(Confusion::is_unbalanced))
    {
        output.item("balanced", balanced_in_words(balanced))?;
    }
    if let Some(anomaly) = &report.anomaly {
        describe_anomaly(output, anomaly)?;
    }
    match &report.confusion {
        Some(confusion) if report.samples > 0 => {
            table::describe(output, confusion, &dataset.classes)
        }
        _ => Ok(()),
    }
}

fn score<'a>(
    engine: &mut AnyEngine<'_>,
    model: &AnyModel<'_>,
    dataset: &'a Dataset,
    weights: String,
) -> Result<(EvaluateReport<'a>, Int8Scores)> {
    let samples = subject::test_samples(dataset);
    let indices: Vec<u32> = (0..samples.len() as u32).collect();
    let start = Instant::now();
    let (outcome, left) = engine.evaluate(samples, &indices)?;
    let seconds = start.elapsed().as_secs_f64();
    let scores = &left.scores;
    let cost = model.network().cost();
    let loss = LossSetting::of(model.task());
    let score = MeanScore::of(&outcome, loss);
    let tells_classes = loss.tells_classes();
    // Labels that nobody gave are none to be compared with.
    let is_classified = tells_classes && subject::has_labels(dataset);
    let score = score.filter(|_| is_classified || !tells_classes);
    let classes = if tells_classes {
        model.network().classes()
    } else {
        dataset.classes.len()
    };
    let confusion = is_classified.then(|| Confusion::of(&samples.labels, scores, classes));
    let per_class = confusion
        .as_ref()
        .map(|confusion| per_class(confusion, &dataset.classes));
    let hash = weights::sha256(scores);
    let (logits_sha256, errors_sha256) = match tells_classes {
        true => (Some(hash), None),
        false => (None, Some(hash)),
    };
    let report = EvaluateReport {
        dataset: &dataset.name,
        source: &dataset.source,
        samples: outcome.samples,
        correct: is_classified.then_some(outcome.correct),
        accuracy: score.and_then(|score| score.accuracy),
        balanced_accuracy: confusion.as_ref().and_then(Confusion::balanced_accuracy),
        loss: score.map(|score| score.loss),
        anomaly: match tells_classes {
            true => None,
            false => AnomalyDetection::of(dataset, samples, &indices, scores),
        },
        load_seconds: dataset.load_time.as_secs_f64(),
        seconds,
        samples_per_second: outcome.samples as f64 / seconds,
        classes,
        parameters: cost.parameters,
        macs: cost.macs,
        flops: cost.flops(),
        threads: engine.threads(),
        lanes: engine.lanes(),
        arithmetic: ArithmeticSetting::Separate,
        element: model.element(),
        weights,
        weights_sha256: model.sha256(),
        logits_sha256,
        errors_sha256,
        per_class: per_class.unwrap_or_default(),
        confusion,
    };
    Ok((report, left))
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

//! A model and labelled samples as the two files a firmware is built with.

use super::ExportArguments;
use crate::commands::arguments::subject;
use crate::commands::{describe_dataset, describe_network};
use crate::data::Samples;
use crate::engine::{AnyEngine, EngineOptions};
use crate::model::{AnyModel, ModelFacts};
use crate::output::{Output, counted};
use crate::weights::ModelBytes;
use crate::whole_file;
use anyhow::{Context, Result, ensure};
use kiln_core::{Crc32, SamplesParts, bytes_of_codes};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// What the files are called.
const MODEL: &str = "model.kiln";
const SAMPLES_FILE: &str = "model.samples";
/// Samples written where no number is given.
const SAMPLES: usize = 100;

/// The result as JSON.
#[derive(Debug, Serialize)]
struct FirmwareReport {
    model: PathBuf,
    model_bytes: usize,
    samples_file: PathBuf,
    samples_bytes: usize,
    samples: usize,
    correct: usize,
    /// CRC-32 of all logits, as the device must print it.
    #[serde(skip_serializing_if = "Option::is_none")]
    logits_crc32: Option<String>,
    /// The same of all codes, of a network of integers.
    #[serde(skip_serializing_if = "Option::is_none")]
    codes_crc32: Option<String>,
}

/// Writes the files.
///
/// # Errors
///
/// What was wrong with the arguments, the model, the data or the disk, in one line.
pub fn run(arguments: &ExportArguments) -> Result<()> {
    let output = Output::new(arguments.json);
    let count = arguments.samples.unwrap_or(SAMPLES);
    ensure!(count > 0, "samples is 0; it must be at least 1");
    let subject = subject(arguments)?;
    let folder = arguments
        .out
        .clone()
        .context("--out is missing: the folder to write to")?;
    let threads = arguments.machine.threads()?;
    check_folder(&folder)?;
    let bytes = subject.read_any()?;
    let model = AnyModel::open(&bytes)?;
    let dataset = subject.load(&model, threads)?;
    describe_dataset(output, &dataset)?;
    describe_network(output, model.network())?;
    let samples = subject::test_samples(&dataset);
    let chosen = samples.chosen(&subject::spread(samples, Some(count)));
    let options = EngineOptions {
        threads,
        lanes: arguments.machine.lanes()?,
        batch: 1,
        ..EngineOptions::default()
    };
    let report = write(&folder, &bytes, &model, &chosen, &options)?;
    describe(output, &report)?;
    output.object(&report)?;
    Ok(())
}

pub(super) fn subject(arguments: &ExportArguments) -> Result<subject::SubjectArguments> {
    let dataset = arguments.dataset.clone();
    Ok(subject::SubjectArguments {
        dataset: dataset.context(
            "--dataset is missing: the samples that go to the device are from there; it is not \
             needed with --to safetensors or --to onnx",
        )?,
        weights: arguments.weights.clone(),
        source: arguments.source.clone(),
    })
}

fn write(
    folder: &Path,
    bytes: &ModelBytes,
    model: &AnyModel<'_>,
    samples: &Samples,
    options: &EngineOptions,
) -> Result<FirmwareReport> {
    let encoded = encode(model, samples)?;
    let (correct, crc) = score(model, samples, options)?;
    let crc = Some(format!("{:08x}", crc.value()));
    let (logits_crc32, codes_crc32) = match model {
        AnyModel::Float(_) => (crc, None),
        AnyModel::Int8(_) => (None, crc),
    };
    let place = |name: &str| folder.join(name);
    let (model_path, samples_path) = (place(MODEL), place(SAMPLES_FILE));
    let files = [(MODEL, bytes.as_slice()), (SAMPLES_FILE, &encoded)];
    whole_file::write_all(folder, &files)?;
    Ok(FirmwareReport {
        model_bytes: bytes.as_slice().len(),
        samples_bytes: encoded.len(),
        samples: samples.len(),
        correct,
        logits_crc32,
        codes_crc32,
        model: model_path,
        samples_file: samples_path,
    })
}

/// Finds out before anything is computed that the folder can be made or written to.
pub(super) fn check_folder(folder: &Path) -> Result<()> {
    ensure!(
        !folder.exists() || folder.is_dir(),
        "--out {}: this is a file; name a folder",
        folder.display()
    );
    let named = folder
        .ancestors()
        .filter(|path| !path.as_os_str().is_empty());
    let made = named.into_iter().find(|folder| folder.exists());
    let inside = made.unwrap_or(Path::new(".")).join(MODEL);
    whole_file::check(&inside).with_context(|| unwritable(folder))
}

fn unwritable(folder: &Path) -> String {
    let folder = folder.display();
    format!("--out {folder}: cannot write there, name another folder")
}

fn encode(model: &AnyModel<'_>, samples: &Samples) -> Result<Vec<u8>> {
    let parts = SamplesParts {
        shape: model.network().input_shape(),
        labels: &samples.labels,
        pixels: samples.bytes()?.pixels(),
    };
    let mut encoded = vec![0; parts.encoded_len()?];
    parts.write(&mut encoded)?;
    Ok(encoded)
}

/// How many samples the desktop gets right, and the checksum of its logits or codes.
fn score(
    model: &AnyModel<'_>,
    samples: &Samples,
    options: &EngineOptions,
) -> Result<(usize, Crc32)> {
    let mut engine = AnyEngine::new(model, options)?;
    let indices: Vec<u32> = (0..samples.len() as u32).collect();
    let (outcome, left) = engine.evaluate(samples, &indices)?;
    let mut crc = Crc32::new();
    match model {
        AnyModel::Float(_) => crc.update_values(&left.scores),
        AnyModel::Int8(_) => crc.update(bytes_of_codes(&left.codes)),
    }
    Ok((outcome.correct, crc))
}

fn describe(output: Output, report: &FirmwareReport) -> Result<()> {
    output.item(
        "wrote",
        format_args!(
            "{} and {}, {}",
            report.model.display(),
            report.samples_file.display(),
            counted(report.samples, "sample", "samples")
        ),
    )?;
    let (values, crc) = match (&report.logits_crc32, &report.codes_crc32) {
        (Some(crc), _) => ("logits", crc.as_str()),
        (None, crc) => ("codes", crc.as_deref().unwrap_or_default()),
    };
    output.item(
        "expect",
        format_args!(
            "{} of {} correct, {values} with CRC-32 {crc}, on every device",
            report.correct, report.samples
        ),
    )?;
    Ok(())
}

//! `kiln import`: networks of other programs as model files.

mod int8;
mod scaling;
mod verify;

use super::{beside, describe_network};
use crate::classes::named_classes;
use crate::exchange::file::{self, ExchangeFormat};
use crate::exchange::onnx::{self, ImportedGraph};
use crate::exchange::{safetensors, tflite, two_classes};
use crate::network_file;
use crate::output::Output;
use crate::plain_file;
use crate::weights::{self, ModelBytes};
use crate::whole_file;
use anyhow::{Context, Result, bail, ensure};
use kiln_core::{ModelParts, ModelTask, Network};
use serde::Serialize;
use std::path::{Path, PathBuf};
use verify::{Verification, VerifiedModels};

/// Make a model file of a network that another program trained.
///
/// A safetensors file holds PyTorch's tensors without a network: --model describes its layers. An
/// ONNX file holds both; graphs of the layers that Kiln has can be imported. A BatchNorm is folded
/// into the layer before or behind it, or stays as a scale and a shift. What `kiln export` wrote
/// needs no flags and comes back to the bit. A TFLite file holds a network of int8 codes, which
/// stays one: the model gives the very codes that TensorFlow Lite's reference kernels give. So does
/// an ONNX file of quantised operators, QDQ or QLinear, as onnxruntime's quantize_static writes them:
/// the model's codes are onnxruntime's, or now and then a neighbour.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  kiln import model.safetensors --model network.toml --classes cat,dog
  kiln import model.onnx --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225 --classes names.txt
  kiln import model.safetensors --model network.toml --names conv1,conv2,fc
  kiln import model.tflite --classes names.txt
  kiln import model.onnx --verify compared.safetensors
")]
pub struct ImportArguments {
    /// A .safetensors, .onnx or .tflite file
    #[arg(value_name = "FILE.safetensors|FILE.onnx|FILE.tflite")]
    file: PathBuf,
    /// The network of a safetensors file
    #[arg(long, value_name = "FILE.toml")]
    model: Option<PathBuf>,
    /// What comes before .weight and .bias in a safetensors file: a name for each layer that has
    /// parameters, in order [default: by the names of nn.Sequential, or else by shape]
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    names: Option<Vec<String>>,
    /// Names of the classes in the order of the outputs, or a file with a name a line
    #[arg(long, value_name = "NAME,…|FILE")]
    classes: Option<String>,
    #[command(flatten)]
    scaling: scaling::ScalingArguments,
    #[command(flatten)]
    verify: verify::VerifyArguments,
    /// The model file to write [default: beside the file read, with the ending .kiln]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Print one JSON object on standard output, and everything else on standard error
    #[arg(long)]
    json: bool,
}

/// The result as JSON.
#[derive(Debug, Serialize)]
struct ImportReport {
    file: PathBuf,
    model: PathBuf,
    network: String,
    parameters: u64,
    macs: u64,
    scale: Vec<f32>,
    shift: Vec<f32>,
    classes: usize,
    class_names: Vec<String>,
    /// What became of the file's parts.
    remarks: Vec<String>,
    /// What was compared with the program that the network is from; nothing without --verify.
    verified: Option<Verification>,
    weights_sha256: String,
}

/// Runs the command.
///
/// # Errors
///
/// What was wrong with the file, the arguments or the disk, in one line.
pub fn run(arguments: &ImportArguments) -> Result<()> {
    let output = Output::new(arguments.json);
    let name = arguments.file.display().to_string();
    let (format, bytes) = file::read(&arguments.file).with_context(|| name.clone())?;
    let read = match format {
        ExchangeFormat::Safetensors => read_safetensors(arguments, &bytes),
        ExchangeFormat::Onnx => read_onnx(arguments, &bytes),
        ExchangeFormat::Tflite => read_tflite(arguments, &bytes),
    };
    let imported = match read.with_context(|| name.clone())? {
        ImportedGraph::Float(mut imported) => {
            if imported.task() == ModelTask::Classification {
                two_classes::divide(&mut imported);
            }
            imported
        }
        ImportedGraph::Int8(imported) => return int8::run(arguments, &imported),
    };
    let channels = imported.network.input_shape().channels as usize;
    let (scaling, described) = arguments
        .scaling
        .resolve(&imported, channels)
        .with_context(|| name.clone())?;
    let noted = imported.metadata.as_ref();
    let noted = noted.map(|metadata| metadata.classes.clone());
    refuse_one_output(imported.network.classes(), imported.task()).with_context(|| name.clone())?;
    let classes = class_names(arguments, imported.network.classes(), noted)?;
    let notes = match &imported.metadata {
        Some(metadata) => metadata.notes.clone(),
        None => note(arguments),
    };
    let class_names: Vec<&str> = classes.iter().map(String::as_str).collect();
    let parts = ModelParts {
        task: imported.task(),
        network: &imported.network,
        scaling: &scaling,
        class_names: &class_names,
        notes: &notes,
        parameters: &imported.parameters,
    };
    let bytes = ModelBytes::encode(&parts).with_context(|| name.clone())?;
    let own = scaling::own(imported.input.as_ref(), channels)?;
    let taken = ModelParts {
        scaling: &own,
        ..parts
    };
    let verified = arguments.verify.verify(&VerifiedModels {
        taken: &ModelBytes::encode(&taken)?,
        pixels: &bytes,
        ends: imported.ends,
    })?;
    let network = &imported.network;
    let report = ImportReport {
        file: arguments.file.clone(),
        model: save(arguments, &bytes)?,
        network: network.to_string(),
        parameters: network.cost().parameters,
        macs: network.cost().macs,
        scale: scaling.scale().to_vec(),
        shift: scaling.shift().to_vec(),
        classes: network.classes(),
        class_names: classes,
        remarks: imported.remarks.clone(),
        verified,
        weights_sha256: weights::sha256(&imported.parameters),
    };
    describe(output, &report, network, &described)?;
    output.object(&report)?;
    Ok(())
}

/// Writes the model file, and says where.
fn save(arguments: &ImportArguments, bytes: &ModelBytes) -> Result<PathBuf> {
    let out = match &arguments.out {
        Some(path) => path.clone(),
        None => beside(&arguments.file, "kiln")?,
    };
    whole_file::write(&out, bytes.as_slice()).with_context(|| out.display().to_string())?;
    Ok(out)
}

fn read_safetensors(arguments: &ImportArguments, bytes: &[u8]) -> Result<ImportedGraph> {
    let network = arguments
        .model
        .as_deref()
        .map(|path| network_file::read(path).with_context(|| path.display().to_string()));
    let names = arguments.names.as_deref();
    let imported = safetensors::read(bytes, network.transpose()?, names)?;
    Ok(ImportedGraph::Float(Box::new(imported)))
}

fn read_onnx(arguments: &ImportArguments, bytes: &[u8]) -> Result<ImportedGraph> {
    refuse_network(arguments, "an ONNX file")?;
    let folder = match arguments.file.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    Ok(onnx::read(bytes, Some(folder))?)
}

fn read_tflite(arguments: &ImportArguments, bytes: &[u8]) -> Result<ImportedGraph> {
    refuse_network(arguments, "a TFLite file")?;
    Ok(ImportedGraph::Int8(Box::new(tflite::read(bytes)?)))
}

/// Refuses what tells the network of a file that has one.
fn refuse_network(arguments: &ImportArguments, file: &str) -> Result<()> {
    for (flag, given) in [
        ("--model", arguments.model.is_some()),
        ("--names", arguments.names.is_some()),
    ] {
        ensure!(
            !given,
            "{flag} is for safetensors files; {file} has its layers in it"
        );
    }
    Ok(())
}

/// Refuses a classifier with a single output, which tells nothing apart.
fn refuse_one_output(outputs: usize, task: ModelTask) -> Result<()> {
    ensure!(
        outputs != 1 || task != ModelTask::Classification,
        "it has one output, which is always the most probable; a classifier needs an output for each class"
    );
    Ok(())
}

/// The names given, or else those Kiln wrote into the file; none where there are none.
fn class_names(
    arguments: &ImportArguments,
    classes: usize,
    noted: Option<Vec<String>>,
) -> Result<Vec<String>> {
    let Some(given) = &arguments.classes else {
        // The network may have been changed since.
        return Ok(noted
            .filter(|names| names.len() == classes)
            .unwrap_or_default());
    };
    let names: Vec<String> = match Path::new(given).is_file() {
        true => {
            let text = plain_file::read_text(Path::new(given)).with_context(|| given.clone())?;
            // Editors begin a text with a mark of its encoding, or end it with empty lines.
            let lines = text.trim_start_matches('\u{feff}').lines().map(str::trim);
            let named = lines.filter(|name| !name.is_empty());
            named.map(String::from).collect()
        }
        false => given
            .split(',')
            .map(|name| name.trim().to_owned())
            .collect(),
    };
    if names.len() != classes {
        bail!(
            "--classes {given} has {}, but the network tells {classes} classes apart",
            crate::output::counted(names.len(), "name", "names")
        );
    }
    Ok(names)
}

fn describe(output: Output, report: &ImportReport, network: &Network, scaling: &str) -> Result<()> {
    for remark in &report.remarks {
        output.item("note", remark)?;
    }
    output.item("layers", &report.network)?;
    describe_network(output, network)?;
    output.item("pixels", scaling)?;
    let classes = match report.class_names.as_slice() {
        [] => format!("{}, without names (--classes gives them)", report.classes),
        names => named_classes(report.classes, names),
    };
    output.item("classes", classes)?;
    output.item("checked", Verification::describe(report.verified.as_ref()))?;
    output.item("saved", report.model.display())?;
    Ok(())
}

fn note(arguments: &ImportArguments) -> String {
    let path = arguments.file.as_path();
    let name = path.file_name().unwrap_or(path.as_os_str());
    format!("imported from {}", name.to_string_lossy())
}

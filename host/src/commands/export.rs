//! `kiln export`: a model for firmware, for C, for PyTorch, for ONNX runtimes or for TensorFlow Lite.

mod c;
mod c_samples;
mod c_training;
mod firmware;
mod other;

use super::arguments::subject::DATASET_HELP;
use super::arguments::{machine, source};
use crate::exchange::c::CLayout;
use crate::number;
use anyhow::{Result, bail};
use c_training::LastLayers;
use clap::ValueEnum;
use std::path::PathBuf;

/// Write a model for firmware, for C, for PyTorch (safetensors), for ONNX runtimes or for TensorFlow Lite.
///
/// For firmware there are two files, the model and labelled samples, which are spread evenly over
/// the dataset's test set, or over all where it has none. For C there is a folder of sources: the model
/// as an array, its sizes and class names as macros, a program and a CMakeLists.txt to begin with; the
/// library that runs them is built by scripts/c_library.sh; --layout lays it out as a Zephyr module or an
/// Arduino library. With --train the model learns there, one sample at a time: the last layers of an int8
/// model in floating-point numbers. A safetensors file has the parameters by
/// the names of PyTorch's nn.Sequential, or of a module that follows the network's graph; its code
/// is printed. An ONNX file takes raw pixels, 0 to 255 as float32, N x C x H x W, and gives logits.
/// An int8 model becomes an ONNX file of QLinearConv and its kin, for which onnxruntime gives the
/// model's codes but where 24 bits of a scale do not suffice, or a TFLite file of int8 codes; what
/// another program computes otherwise is said. `kiln import` reads all of them back.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  kiln export --weights model.kiln --dataset mnist --samples 100 --out device
  cd firmware && KILN_MODEL=$OLDPWD/device/model.kiln KILN_SAMPLES=$OLDPWD/device/model.samples \\
    cargo run --release
  kiln export --weights model-int8.kiln --dataset mnist --out device    # for KILN_INT8_MODEL, KILN_INT8_SAMPLES
  kiln export --to c --weights model.kiln --name digits --dataset mnist --out digits_c
  kiln export --to c --train 1 --weights model.kiln --dataset mnist --out digits_c
  kiln export --to safetensors --weights model.kiln
  kiln export --to onnx --weights model.kiln --out model.onnx
  kiln export --to tflite --weights model-int8.kiln
")]
pub struct ExportArguments {
    /// What to write
    #[arg(long, value_enum, default_value_t = Target::Firmware)]
    to: Target,
    /// The model file that a training run wrote, or the folder of the run
    #[arg(long, value_name = "FILE")]
    weights: PathBuf,
    /// For firmware and C, required: folder to write to, made where it is missing; with any other
    /// --to the file [default: beside the model file]
    #[arg(long, value_name = "DIR|FILE", required_unless_present = "to")]
    out: Option<PathBuf>,
    /// The dataset of the samples.
    #[arg(
        long,
        required_unless_present = "to",
        help = format!("For firmware, required, or for C: where the samples are from: {DATASET_HELP}")
    )]
    dataset: Option<String>,
    /// For firmware or C: number of samples [default: 100, or for C 3]
    #[arg(long, allow_negative_numbers = true, value_parser = number::whole::<usize>(1), value_name = "N")]
    samples: Option<usize>,
    /// For C: what the model is called there [default: as its file is]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// For C: how many of the last layers with parameters learn, or all [default: none]
    #[arg(long, allow_negative_numbers = true, value_name = "N|all")]
    train: Option<LastLayers>,
    /// For C, instead of --train: first layer that learns, by its number in kiln summary
    #[arg(long, allow_negative_numbers = true, value_parser = number::whole::<usize>(1), value_name = "LAYER", conflicts_with = "train")]
    train_from: Option<usize>,
    /// For C: how the files lie [default: folder]
    #[arg(long, value_enum)]
    layout: Option<CLayout>,
    /// Where the files of a dataset known by name come from.
    #[command(flatten)]
    source: source::SourceArguments,
    #[command(flatten)]
    machine: machine::MachineArguments,
    /// Print one JSON object on standard output, and everything else on standard error
    #[arg(long)]
    json: bool,
}

/// What a model is exported for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Target {
    /// The two files a firmware is built with
    Firmware,
    /// Sources for firmware in C
    C,
    /// Parameters by PyTorch's names
    Safetensors,
    /// A graph that ONNX runtimes run
    Onnx,
    /// An int8 model as TensorFlow Lite and LiteRT run it
    Tflite,
}

/// Runs the command.
///
/// # Errors
///
/// What was wrong with the arguments, the model, the data or the disk, in one line.
pub fn run(arguments: &ExportArguments) -> Result<()> {
    let only_c = [
        ("--name", arguments.name.is_some()),
        ("--layout", arguments.layout.is_some()),
        ("--train", arguments.train.is_some()),
        ("--train-from", arguments.train_from.is_some()),
    ];
    let mut only_c = only_c.iter().filter(|_| arguments.to != Target::C);
    if let Some((flag, _)) = only_c.find(|(_, given)| *given) {
        bail!("{flag} is for --to c; leave it out");
    }
    match arguments.to {
        Target::Firmware => return firmware::run(arguments),
        Target::C => return c::run(arguments),
        _ => {}
    }
    let foreign = [
        ("--dataset", arguments.dataset.is_some()),
        ("--samples", arguments.samples.is_some()),
        ("--data", arguments.source.data.is_some()),
    ];
    if let Some((flag, _)) = foreign.iter().find(|(_, given)| *given) {
        bail!("{flag} is for --to firmware or c; leave it out");
    }
    other::run(arguments)
}

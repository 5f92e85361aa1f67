//! A model as a file for other programs.

use super::{Arguments, Target};
use crate::commands::{beside, describe_network, subject};
use crate::exchange::{onnx, safetensors, sequential};
use crate::output::{Output, grouped};
use crate::whole_file;
use anyhow::{Context, Result};
use serde::Serialize;
use std::path::PathBuf;

/// The result as JSON.
#[derive(Debug, Serialize)]
struct Report {
    file: PathBuf,
    bytes: usize,
    parameters: u64,
    /// Python code of the module that the parameters belong to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pytorch: Option<String>,
}

/// Writes the file.
///
/// # Errors
///
/// What was wrong with the model or the disk, in one line.
pub fn run(arguments: &Arguments) -> Result<()> {
    let output = Output::new(arguments.json);
    let name = || arguments.weights.display().to_string();
    let bytes = subject::read_model(&arguments.weights)?;
    let model = bytes.open()?;
    let network = model.network();
    let (ending, content, pytorch) = match arguments.to {
        Target::Onnx => ("onnx", onnx::write(&model).with_context(name)?, None),
        _ => {
            let content = safetensors::write(&model).with_context(name)?;
            ("safetensors", content, Some(sequential(network)))
        }
    };
    let file = match &arguments.out {
        Some(path) => path.clone(),
        None => beside(&arguments.weights, ending)?,
    };
    whole_file::write(&file, &content).with_context(|| file.display().to_string())?;
    let report = Report {
        bytes: content.len(),
        parameters: network.cost().parameters,
        pytorch,
        file,
    };
    describe_network(output, network)?;
    let size = grouped(report.bytes as u64);
    output.item(
        "wrote",
        format_args!("{}, {size} bytes", report.file.display()),
    )?;
    match &report.pytorch {
        Some(code) => {
            output.item(
                "load it",
                "with torch, torch.nn as nn, and load_file of safetensors.torch:",
            )?;
            output.line("")?;
            output.line(format_args!("model = {code}"))?;
            let file = report.file.display().to_string();
            output.line(format_args!(
                "model.load_state_dict(load_file({file:?}), strict=True)"
            ))?;
        }
        None => {
            let shape = network.input_shape();
            let classes = network.classes();
            output.item(
                "pixels",
                format_args!("the input: 0 to 255 as float32, Nx{shape}"),
            )?;
            output.item("logits", format_args!("the output: Nx{classes}"))?;
        }
    }
    output.object(&report)?;
    Ok(())
}

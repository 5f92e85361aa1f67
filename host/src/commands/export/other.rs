//! A model as a file for other programs.

use super::{ExportArguments, Target};
use crate::commands::arguments::subject;
use crate::commands::{beside, describe_network};
use crate::exchange::{onnx, safetensors, sequential};
use crate::output::{Output, grouped};
use crate::whole_file;
use anyhow::{Context, Result};
use kiln_core::Network;
use serde::Serialize;
use std::io;
use std::path::PathBuf;

/// The result as JSON.
#[derive(Debug, Serialize)]
struct ExportReport {
    file: PathBuf,
    bytes: usize,
    parameters: u64,
    /// What a pixel, 0 to 255, is multiplied by for the first layer, channel by channel.
    scale: Vec<f32>,
    /// What is then added.
    shift: Vec<f32>,
    /// Python code of the module that the parameters belong to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pytorch: Option<String>,
}

/// Writes the file.
///
/// # Errors
///
/// What was wrong with the model or the disk, in one line.
pub fn run(arguments: &ExportArguments) -> Result<()> {
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
    let report = ExportReport {
        bytes: content.len(),
        parameters: network.cost().parameters,
        scale: model.scaling().scale().to_vec(),
        shift: model.scaling().shift().to_vec(),
        pytorch,
        file,
    };
    describe(output, &report, network)?;
    output.object(&report)?;
    Ok(())
}

fn describe(output: Output, report: &ExportReport, network: &Network) -> io::Result<()> {
    describe_network(output, network)?;
    let file = report.file.display().to_string();
    let size = grouped(report.bytes as u64);
    output.item("wrote", format_args!("{file}, {size} bytes"))?;
    let Some(code) = &report.pytorch else {
        let shape = network.input_shape();
        let pixels = format!("the input: 0 to 255 as float32, Nx{shape}");
        output.item("pixels", pixels)?;
        return output.item(
            "logits",
            format_args!("the output: Nx{}", network.classes()),
        );
    };
    let column = |values| format!("torch.tensor({values:?}).view(1, -1, 1, 1)");
    output.item("to load it", "with load_file of safetensors.torch:")?;
    output.line(format_args!(
        "
model = {code}
model.load_state_dict(load_file({file:?}), strict=True)
scale = {}
shift = {}
logits = model(pixels * scale + shift)    # pixels: 0 to 255 as float32",
        column(&report.scale),
        column(&report.shift)
    ))
}

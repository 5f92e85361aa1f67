//! A model as a file for other programs.

use super::{ExportArguments, Target};
use crate::commands::arguments::subject;
use crate::commands::{beside, describe_network};
use crate::exchange::{ModuleCode, WrittenIntegers, module_code, onnx, safetensors, tflite};
use crate::model::{AnyModel, ModelFacts};
use crate::output::{Output, grouped};
use crate::whole_file;
use anyhow::{Context, Result, bail, ensure};
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
    /// Python code of the classes that this module needs, beside PyTorch's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pytorch_definitions: Option<String>,
    /// What the codes of an int8 network's input stand for, and the least and the greatest.
    #[serde(skip_serializing_if = "Option::is_none")]
    codes: Option<InputCodes>,
    /// What other programs compute otherwise.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    remarks: Vec<String>,
}

/// What codes stand for, as JSON.
#[derive(Debug, Serialize)]
struct InputCodes {
    scale: f32,
    zero: i8,
    low: i8,
    high: i8,
}

/// A file of another format.
struct Written {
    ending: &'static str,
    content: Vec<u8>,
    pytorch: Option<ModuleCode>,
    remarks: Vec<String>,
}

/// Writes the file.
///
/// # Errors
///
/// What was wrong with the model or the disk, in one line.
pub fn run(arguments: &ExportArguments) -> Result<()> {
    let output = Output::new(arguments.json);
    let name = || arguments.weights.display().to_string();
    let bytes = subject::read_any_model(&arguments.weights)?;
    let model = AnyModel::open(&bytes)?;
    let network = model.network();
    ensure!(
        !network.has_batch_norm(),
        "{}: it has batch normalisations without their statistics; export the model.kiln that a \
         run wrote, which has them folded",
        name()
    );
    let Written {
        ending,
        content,
        pytorch,
        remarks,
    } = written(arguments.to, &model).with_context(name)?;
    let file = match &arguments.out {
        Some(path) => path.clone(),
        None => beside(&arguments.weights, ending)?,
    };
    whole_file::write(&file, &content).with_context(|| file.display().to_string())?;
    let (pytorch, pytorch_definitions) = match pytorch {
        Some(code) => (Some(code.expression), code.definitions),
        None => (None, None),
    };
    let report = ExportReport {
        bytes: content.len(),
        parameters: network.cost().parameters,
        scale: model.scaling().scale().to_vec(),
        shift: model.scaling().shift().to_vec(),
        pytorch,
        pytorch_definitions,
        codes: input_codes(&model),
        remarks,
        file,
    };
    describe(output, arguments.to, &report, network)?;
    output.object(&report)?;
    Ok(())
}

/// The model in the format that is asked for.
fn written(to: Target, model: &AnyModel<'_>) -> Result<Written> {
    let plain = |ending, content| Written {
        ending,
        content,
        pytorch: None,
        remarks: Vec::new(),
    };
    Ok(match (to, model) {
        (Target::Onnx, AnyModel::Float(model)) => plain("onnx", onnx::write(model)?),
        (Target::Onnx, AnyModel::Int8(model)) => {
            let WrittenIntegers { bytes, remarks } = onnx::write_integers(model)?;
            Written {
                remarks,
                ..plain("onnx", bytes)
            }
        }
        (Target::Tflite, AnyModel::Int8(model)) => {
            let WrittenIntegers { bytes, remarks } = tflite::write(model)?;
            Written {
                remarks,
                ..plain("tflite", bytes)
            }
        }
        (Target::Tflite, AnyModel::Float(_)) => {
            bail!("TFLite files are written of int8 models only; make one with kiln quantize")
        }
        (_, AnyModel::Float(model)) => Written {
            pytorch: Some(module_code(model.network())),
            ..plain("safetensors", safetensors::write(model)?)
        },
        (_, AnyModel::Int8(_)) => bail!(
            "it is an int8 model, whose codes are no parameters of PyTorch's; export it --to onnx \
             or tflite, or export the model that it was quantised from"
        ),
    })
}

/// What the codes of the input stand for, where it has codes.
fn input_codes(model: &AnyModel<'_>) -> Option<InputCodes> {
    let AnyModel::Int8(model) = model else {
        return None;
    };
    let own = model.quantized().values()[0];
    Some(InputCodes {
        scale: own.scale,
        zero: own.zero,
        low: own.low,
        high: own.high,
    })
}

fn describe(
    output: Output,
    to: Target,
    report: &ExportReport,
    network: &Network,
) -> io::Result<()> {
    describe_network(output, network)?;
    let file = report.file.display().to_string();
    let size = grouped(report.bytes as u64);
    output.item("wrote", format_args!("{file}, {size} bytes"))?;
    for remark in &report.remarks {
        output.item("note", remark)?;
    }
    let shape = network.input_shape();
    if let (Target::Tflite, Some(codes)) = (to, &report.codes) {
        let text = format!(
            "the input: floor(number / {} + {}), from {} to {}, 1x{}x{}x{} as int8",
            codes.scale,
            f32::from(codes.zero) + 0.5,
            codes.low,
            codes.high,
            shape.height,
            shape.width,
            shape.channels
        );
        return output.item("codes", text);
    }
    let Some(code) = &report.pytorch else {
        let pixels = format!("the input: 0 to 255 as float32, Nx{shape}");
        output.item("pixels", pixels)?;
        return output.item(
            "logits",
            format_args!("the output: Nx{}", network.classes()),
        );
    };
    let column = |values| format!("torch.tensor({values:?}).view(1, -1, 1, 1)");
    output.item("to load it", "with load_file of safetensors.torch:")?;
    if let Some(definitions) = &report.pytorch_definitions {
        output.line(format_args!("\n{definitions}"))?;
    }
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

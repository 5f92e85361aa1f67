//! Other programs' files.

use super::models::used;
use super::verdict;
use crate::measured::Verdict;
use host::exchange::onnx::ImportedGraph;
use host::exchange::{self, Imported, ImportedInt8};
use host::model::AnyModel;
use host::weights::ModelBytes;
use kiln_core::{Int8ModelParts, ModelParts, Scaling};

pub fn onnx(input: &[u8]) -> Verdict {
    let read = exchange::onnx::read(input, None).map_err(|error| error.to_string());
    verdict(read.and_then(|graph| match graph {
        ImportedGraph::Float(imported) => float(&imported),
        ImportedGraph::Int8(imported) => int8(&imported),
    }))
}

pub fn tflite(input: &[u8]) -> Verdict {
    let read = exchange::tflite::read(input).map_err(|error| error.to_string());
    verdict(read.and_then(|imported| int8(&imported)))
}

pub fn safetensors(input: &[u8]) -> Verdict {
    let read = exchange::safetensors::read(input, None, None);
    let read = read.map_err(|error| error.to_string());
    verdict(read.and_then(|imported| float(&imported)))
}

fn float(imported: &Imported) -> Result<(String, usize), String> {
    let Imported {
        network,
        parameters,
        ..
    } = imported;
    assert_eq!(network.parameters(), parameters.len());
    let scaling = imported.input.as_ref().map(exchange::Affine::scaling);
    let scaling = scaling.unwrap_or_else(|| identity(network.input_shape().channels));
    let parts = ModelParts {
        task: imported.task(),
        network,
        scaling: &scaling.map_err(|error| error.to_string())?,
        class_names: &[],
        notes: "",
        parameters,
    };
    finished(ModelBytes::encode(&parts), parameters.len())
}

fn int8(imported: &ImportedInt8) -> Result<(String, usize), String> {
    let network = &imported.tables.network;
    let scaling = identity(network.input_shape().channels);
    let quantized = imported.tables.quantized();
    let parts = Int8ModelParts {
        quantized: &quantized.map_err(|error| error.to_string())?,
        task: imported.task(),
        scaling: &scaling.map_err(|error| error.to_string())?,
        class_names: &[],
        notes: "",
    };
    finished(ModelBytes::encode_int8(&parts), network.parameters())
}

/// What is done with a model when it is made, and the bytes that its parameters need.
fn finished(
    bytes: Result<ModelBytes, kiln_core::ModelError>,
    parameters: usize,
) -> Result<(String, usize), String> {
    let bytes = bytes.map_err(|error| error.to_string())?;
    // What was just made is sound.
    let model = AnyModel::open(&bytes).expect("what is written can be read");
    Ok((used(&model), 8 * parameters))
}

fn identity(channels: u32) -> Result<Scaling, kiln_core::ScalingError> {
    Scaling::uniform(channels as usize, 1.0, 0.0)
}

//! Networks of int8 codes: TFLite files.

use super::{ImportArguments, ImportReport, class_names, describe, note, refuse_network, save};
use crate::exchange::{ImportedInt8, tflite};
use crate::model::AnyModel;
use crate::output::{Output, counted};
use crate::weights::ModelBytes;
use anyhow::{Context, Result};
use kiln_core::{Int8ModelParts, ModelTask};

/// Makes a model file of a TFLite file's bytes.
pub fn run(arguments: &ImportArguments, bytes: &[u8]) -> Result<()> {
    let output = Output::new(arguments.json);
    let name = arguments.file.display().to_string();
    refuse_network(arguments, "a TFLite file")?;
    let imported = tflite::read(bytes).with_context(|| name.clone())?;
    let network = &imported.tables.network;
    let (scaling, described) = arguments
        .scaling
        .resolve_codes(network.input_shape(), &imported.tables.values[0])
        .with_context(|| name.clone())?;
    let classes = class_names(arguments, network.classes(), None)?;
    let names: Vec<&str> = classes.iter().map(String::as_str).collect();
    let parts = Int8ModelParts {
        quantized: &imported.tables.quantized()?,
        task: imported.task(),
        scaling: &scaling,
        class_names: &names,
        notes: &note(arguments),
    };
    let bytes = ModelBytes::encode_int8(&parts).with_context(|| name.clone())?;
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
        remarks: remarks(&imported),
        weights_sha256: AnyModel::open(&bytes)?.sha256(),
    };
    describe(output, &report, network, &described)?;
    output.object(&report)?;
    Ok(())
}

/// What became of the file's parts.
fn remarks(imported: &ImportedInt8) -> Vec<String> {
    let tables = &imported.tables;
    let mut remarks = vec![format!(
        "computes int8 codes as TensorFlow Lite's reference kernels do: {} and {}",
        counted(tables.weights.len(), "byte of weights", "bytes of weights"),
        counted(tables.constants.len(), "constant", "constants"),
    )];
    if let Some(operator) = &imported.left_out {
        remarks.push(format!(
            "{operator} at its end is left out: the model gives the codes before it"
        ));
    }
    if imported.task() == ModelTask::Reconstruction {
        remarks.push(
            "gives as many values as it takes, and no softmax: taken for an autoencoder".into(),
        );
    }
    remarks
}

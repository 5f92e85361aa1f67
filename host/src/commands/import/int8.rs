//! Networks of int8 codes: TFLite files, and ONNX files that have codes in them.

use super::verify::VerifiedModels;
use super::{ImportArguments, ImportReport, class_names, describe, note, refuse_one_output, save};
use crate::exchange::{FileEnds, ImportedInt8};
use crate::model::AnyModel;
use crate::output::{Output, counted};
use crate::weights::ModelBytes;
use anyhow::{Context, Result};
use kiln_core::{Int8ModelParts, Int8Rule, ModelTask};

/// Makes a model file of an imported network.
pub fn run(arguments: &ImportArguments, imported: &ImportedInt8) -> Result<()> {
    let output = Output::new(arguments.json);
    let name = arguments.file.display().to_string();
    let network = &imported.tables.network;
    let (scaling, described) = arguments
        .scaling
        .resolve_codes(imported)
        .with_context(|| name.clone())?;
    refuse_one_output(network.classes(), imported.task()).with_context(|| name.clone())?;
    let noted = imported.metadata.as_ref();
    let names = noted.map(|metadata| metadata.classes.clone());
    let classes = class_names(arguments, network.classes(), names)?;
    let notes = noted.map_or_else(|| note(arguments), |metadata| metadata.notes.clone());
    let names: Vec<&str> = classes.iter().map(String::as_str).collect();
    let parts = Int8ModelParts {
        quantized: &imported.tables.quantized()?,
        task: imported.task(),
        scaling: &scaling,
        class_names: &names,
        notes: &notes,
    };
    let bytes = ModelBytes::encode_int8(&parts).with_context(|| name.clone())?;
    let channels = network.input_shape().channels as usize;
    let own = super::scaling::own(imported.input.as_ref(), channels)?;
    let taken = Int8ModelParts {
        scaling: &own,
        ..parts
    };
    let verified = arguments.verify.verify(&VerifiedModels {
        taken: &ModelBytes::encode_int8(&taken)?,
        pixels: &bytes,
        ends: FileEnds::default(),
    })?;
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
        remarks: remarks(imported),
        verified,
        weights_sha256: AnyModel::open(&bytes)?.sha256(),
    };
    describe(output, &report, network, &described)?;
    output.object(&report)?;
    Ok(())
}

/// What became of the file's parts.
fn remarks(imported: &ImportedInt8) -> Vec<String> {
    let tables = &imported.tables;
    let how = match tables.rule {
        Int8Rule::TensorFlowLite => "as TensorFlow Lite's reference kernels do",
        Int8Rule::Once => "rounded once",
    };
    let mut remarks = imported.remarks.clone();
    remarks.push(format!(
        "computes int8 codes, {how}: {} and {}",
        counted(tables.weights.len(), "byte of weights", "bytes of weights"),
        counted(tables.constants.len(), "constant", "constants"),
    ));
    if let Some(operator) = &imported.left_out {
        remarks.push(format!(
            "{operator} at its end is left out: the model gives the codes before it"
        ));
    }
    if imported.metadata.is_none() && imported.task() == ModelTask::Reconstruction {
        remarks.push(
            "gives as many values as it takes, and no softmax: taken for an autoencoder".into(),
        );
    }
    remarks
}

//! TFLite files, as networks of integers that give the file's own codes.

use super::workspace;
use crate::support::read;
use host::weights::ModelBytes;
use kiln_core::{Int8ModelFile, MAX_NODES, ModelTask, Program, Purpose};
use safetensors::SafeTensors;
use serde_json::json;

fn codes(model: &Int8ModelFile<'_>, input: &[u8]) -> Vec<u8> {
    let quantized = model.quantized();
    let purpose = Purpose::Int8(quantized.rule());
    let program = Program::<MAX_NODES>::of(quantized.network(), purpose);
    let mut arena = vec![0; program.arena_packets()];
    let found = program.infer_int8(&quantized, &mut arena, |codes| {
        let input = input.iter().map(|byte| *byte as i8);
        codes
            .iter_mut()
            .zip(input)
            .for_each(|(code, own)| *code = own);
    });
    found.unwrap().iter().map(|code| *code as u8).collect()
}

#[test]
fn the_model_file_gives_the_codes_of_the_tflite_file() {
    for name in ["int8_residual", "int8_mobile", "int8_rows", "int8_scales"] {
        let (file, expected) = (
            format!("{name}.tflite"),
            format!("{name}.expected.safetensors"),
        );
        let workspace = workspace(&[&file, &expected]);
        let report = workspace.json(&format!("import {file}"));
        assert_eq!(report["model"], format!("{name}.kiln"));
        let bytes = ModelBytes::read(&workspace.path(&format!("{name}.kiln"))).unwrap();
        let model = Int8ModelFile::open(bytes.as_slice()).unwrap();
        assert_eq!(model.task(), ModelTask::Classification);
        assert_eq!(model.notes(), format!("imported from {file}"));
        let network = model.quantized().network().to_string();
        assert_eq!(report["network"], network.as_str());
        let expected = read(workspace.path(&expected));
        let expected = SafeTensors::deserialize(&expected).unwrap();
        let table = |name| expected.tensor(name).unwrap();
        let samples = table("input").shape()[0];
        let rows = |name| {
            let data = table(name).data();
            data.chunks_exact(data.len() / samples)
        };
        for (input, logits) in rows("input").zip(rows("logits")) {
            assert_eq!(codes(&model, input), logits, "{name}");
        }
    }
}

#[test]
fn codes_channels_last_are_a_dataset_that_needs_no_labels() {
    for name in ["int8_residual", "int8_mobile", "int8_rows", "int8_scales"] {
        let (file, given) = (
            format!("{name}.tflite"),
            format!("{name}.expected.safetensors"),
        );
        let workspace = workspace(&[&file, &given]);
        workspace.text(&format!("import {file}"));
        let evaluate = format!("evaluate --weights {name}.kiln --dataset {given}");
        let report = workspace.json(&format!("{evaluate} --outputs out.safetensors"));
        assert!(report["accuracy"].is_null() && report["confusion"].is_null());
        let expected = read(workspace.path(&given));
        let expected = SafeTensors::deserialize(&expected).unwrap();
        let outputs = read(workspace.path("out.safetensors"));
        let outputs = SafeTensors::deserialize(&outputs).unwrap();
        let [found, wanted] = [
            outputs.tensor("codes").unwrap(),
            expected.tensor("logits").unwrap(),
        ];
        assert!(found.data() == wanted.data(), "{name}");
        let text = workspace.text(&evaluate);
        assert!(text.contains("samples, which have no labels"), "{text}");
        let count = wanted.shape()[0];
        let predicted = workspace.json(&format!("predict {given} --weights {name}.kiln"));
        assert_eq!(predicted["predictions"].as_array().unwrap().len(), count);
    }
}

#[test]
fn names_scaling_and_what_is_left_out_are_told() {
    let workspace = workspace(&["int8_residual.tflite", "int8_rows.tflite"]);
    let names: Vec<String> = (0..12).map(|class| format!("c{class}")).collect();
    let import = format!("import int8_residual.tflite --classes {}", names.join(","));
    let report = workspace.json(&import);
    assert_eq!(report["class_names"], json!(names));
    let remarks = report["remarks"].to_string();
    assert!(
        remarks.contains("SOFTMAX at its end is left out"),
        "{remarks}"
    );
    // A pixel's code is the pixel less 128: the code -128 stands for the shift.
    let bytes = ModelBytes::read(&workspace.path("int8_residual.kiln")).unwrap();
    let model = Int8ModelFile::open(bytes.as_slice()).unwrap();
    let input = model.quantized().values()[0];
    for pixel in [0_i16, 1, 77, 255] {
        let scaling = model.scaling();
        let number = f32::from(pixel) * scaling.scale()[1] + scaling.shift()[1];
        assert_eq!(i16::from(input.code(number)), pixel - 128);
    }
    let scaled = workspace.json(&format!(
        "{import} --scale 0.5 --shift -1 --out scaled.kiln"
    ));
    assert_eq!(scaled["scale"], json!([0.5, 0.5, 0.5]));
    assert_eq!(scaled["shift"], json!([-1.0, -1.0, -1.0]));
    let text = workspace.text("import int8_rows.tflite");
    assert!(
        text.contains("TensorFlow Lite's reference kernels"),
        "{text}"
    );
}

#[test]
fn what_does_not_fit_a_tflite_file_is_refused() {
    let workspace = workspace(&["int8_rows.tflite"]);
    workspace.refuses(
        "import int8_rows.tflite --model sequential.toml",
        &[
            "--model is for safetensors files",
            "a TFLite file has its layers",
        ],
    );
    workspace.refuses(
        "import int8_rows.tflite --classes a,b",
        &["--classes a,b has 2 names", "20 classes"],
    );
    let content = read(workspace.path("int8_rows.tflite"));
    workspace.write("cut.tflite", &content[..content.len() / 2]);
    workspace.refuses(
        "import cut.tflite",
        &["cut.tflite", "not a sound TFLite file"],
    );
    workspace.write("other.tflite", "no flatbuffer");
    workspace.refuses(
        "import other.tflite",
        &["other.tflite", "not a TFLite file"],
    );
    assert!(
        workspace
            .names(".")
            .iter()
            .all(|name| !name.ends_with(".kiln"))
    );
}

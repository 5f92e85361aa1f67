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

#[test]
fn an_int8_model_goes_out_and_comes_back() {
    let workspace = workspace(&["int8_residual.tflite"]);
    workspace.text("import int8_residual.tflite --out own.kiln");
    let own = read(workspace.path("own.kiln"));
    for (ending, told) in [
        ("onnx", "sums within limits"),
        ("tflite", "the input: floor(number /"),
    ] {
        let text = workspace.text(&format!("export --to {ending} --weights own.kiln"));
        assert!(
            text.contains(told) && text.contains(&format!("own.{ending}")),
            "{text}"
        );
        workspace.text(&format!("import own.{ending} --out back.kiln"));
        assert!(read(workspace.path("back.kiln")) == own, "{ending}");
    }
    let report = workspace.json("export --to tflite --weights own.kiln --out again.tflite");
    assert_eq!(report["codes"]["low"], -128);
    assert_eq!(report["codes"]["high"], 127);
    workspace.refuses(
        "export --to safetensors --weights own.kiln",
        &["own.kiln", "int8 model", "--to onnx or tflite"],
    );
}

#[test]
fn quantised_onnx_files_become_int8_models() {
    let workspace = workspace(&[
        "int8_qdq.onnx",
        "int8_qlinear.onnx",
        "int8_qdq.expected.safetensors",
    ]);
    for name in ["int8_qdq", "int8_qlinear"] {
        let report = workspace.json(&format!("import {name}.onnx --scale 1"));
        let remarks = report["remarks"].to_string();
        assert!(remarks.contains("rounded once"), "{remarks}");
        assert_eq!(report["classes"], 5);
        let summary = workspace.text(&format!("summary {name}.kiln"));
        assert!(summary.contains("max_pool2d"), "{summary}");
    }
    let given = "int8_qdq.expected.safetensors";
    let evaluate = format!("evaluate --weights int8_qdq.kiln --dataset {given}");
    workspace.text(&format!("{evaluate} --outputs out.safetensors"));
    let (outputs, expected) = (
        read(workspace.path("out.safetensors")),
        read(workspace.path(given)),
    );
    let outputs = SafeTensors::deserialize(&outputs).unwrap();
    let expected = SafeTensors::deserialize(&expected).unwrap();
    let [found, wanted] = [
        outputs.tensor("codes").unwrap(),
        expected.tensor("logits").unwrap(),
    ];
    let pairs = found.data().iter().zip(wanted.data());
    let apart = pairs.map(|(one, other)| i16::from(*one as i8) - i16::from(*other as i8));
    assert!(apart.clone().all(|apart| apart.abs() <= 1));
    assert!(apart.filter(|apart| *apart == 0).count() * 20 >= wanted.data().len() * 19);
    let content = read(workspace.path("int8_qdq.onnx"));
    workspace.write("cut.onnx", &content[..content.len() / 2]);
    workspace.refuses("import cut.onnx", &["cut.onnx", "not a sound ONNX file"]);
}

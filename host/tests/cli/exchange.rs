//! Files that PyTorch wrote (`scripts/exchange_fixtures.py`), Kiln's own, there and back, and TFLite
//! files.

mod graphs;
mod int8;
mod refused;

use crate::support::{Workspace, read};
use safetensors::SafeTensors;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

/// Networks of the safetensors files, as a person writes them.
const SEQUENTIAL: &str = "input = { channels = 1, height = 8, width = 8 }
layers = [
    { type = 'conv2d', filters = 4, kernel = 3 }, { type = 'relu' },
    { type = 'max_pool2d', window = 2 },
    { type = 'linear', outputs = 8 }, { type = 'relu' }, { type = 'linear', outputs = 3 },
]";
const HAND_WRITTEN: &str = "input = { channels = 1, height = 8, width = 8 }
layers = [
    { type = 'conv2d', filters = 4, kernel = 3, padding = 1 }, { type = 'relu' },
    { type = 'conv2d', filters = 4, kernel = 3, stride = 2 }, { type = 'relu' },
    { type = 'conv2d', filters = 4, kernel = 3, padding = 1 }, { type = 'relu' },
    { type = 'linear', outputs = 6 }, { type = 'relu' }, { type = 'linear', outputs = 3 },
]";

/// A file that PyTorch wrote.
pub fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/cli/exchange")
        .join(name)
}

/// A folder with these files of PyTorch's, and the networks as TOML files.
pub fn workspace(names: &[&str]) -> Workspace {
    let workspace = Workspace::new();
    for name in names {
        fs::copy(fixture(name), workspace.path(name)).unwrap();
    }
    workspace.write("sequential.toml", SEQUENTIAL);
    workspace.write("hand_written.toml", HAND_WRITTEN);
    workspace
}

fn expected(name: &str) -> Value {
    serde_json::from_slice(&read(fixture(&format!("{name}.expected.json")))).unwrap()
}

/// Writes the images of an expectation as a dataset `images`, with a class for each.
///
/// Names keep the order: class by class is image by image.
fn images(workspace: &Workspace, expected: &Value) -> usize {
    let images = expected["pixels"].as_array().unwrap();
    let channels = expected["shape"][0].as_u64().unwrap() as usize;
    for (class, image) in images.iter().enumerate() {
        let values: Vec<u8> = image
            .as_array()
            .unwrap()
            .iter()
            .map(|value| value.as_u64().unwrap() as u8)
            .collect();
        let at = |x: u32, y: u32| {
            let place = (8 * y + x) as usize;
            let of = |channel: usize| values[64 * (channel % channels) + place];
            image::Rgb([of(0), of(1), of(2)])
        };
        let path = workspace.path(&format!("images/{class}/0.png"));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        image::RgbImage::from_fn(8, 8, at).save(path).unwrap();
    }
    images.len()
}

/// Asserts that a model gives PyTorch's logits, or probabilities, to 1e-5.
fn gives(workspace: &Workspace, model: &str, name: &str, probabilities: bool) {
    let expected = expected(name);
    // As many images as classes: an evaluation wants the same number of both.
    let classes = expected["logits"][0].as_array().unwrap().len();
    assert_eq!(images(workspace, &expected), classes);
    workspace.text(&format!(
        "evaluate --dataset images --weights {model} --outputs {model}.safetensors"
    ));
    let bytes = read(workspace.path(&format!("{model}.safetensors")));
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let logits = file.tensor("logits").unwrap();
    assert_eq!(logits.shape(), [classes, classes]);
    let pixels = expected["pixels"].as_array().unwrap().iter();
    let pixels = pixels.flat_map(|image| image.as_array().unwrap());
    let pixels: Vec<u8> = pixels.map(|value| value.as_u64().unwrap() as u8).collect();
    assert_eq!(file.tensor("pixels").unwrap().shape()[0], classes);
    assert_eq!(file.tensor("pixels").unwrap().data(), pixels);
    let labels: Vec<u8> = (0..classes as u32).flat_map(u32::to_le_bytes).collect();
    assert_eq!(file.tensor("labels").unwrap().data(), labels);
    let (values, _) = logits.data().as_chunks::<4>();
    let values: Vec<f64> = values
        .iter()
        .map(|bytes| f64::from(f32::from_le_bytes(*bytes)))
        .collect();
    let rows = expected["logits"].as_array().unwrap();
    for (row, found) in rows.iter().zip(values.chunks_exact(classes)) {
        let total: f64 = found.iter().map(|logit| logit.exp()).sum();
        for (expected, logit) in row.as_array().unwrap().iter().zip(found) {
            let found = if probabilities {
                logit.exp() / total
            } else {
                *logit
            };
            let expected = expected.as_f64().unwrap();
            assert!(
                (found - expected).abs() <= 1e-5,
                "{name}: {found} / {expected}"
            );
        }
    }
}

#[test]
fn a_sequential_is_found_by_its_names() {
    let workspace = workspace(&["sequential.safetensors"]);
    let report = workspace.json("import sequential.safetensors --model sequential.toml");
    assert_eq!(report["remarks"], Value::Array(Vec::new()));
    assert_eq!(report["parameters"], 363);
    gives(&workspace, "sequential.kiln", "sequential", false);
}

#[test]
fn a_module_of_its_own_names_is_found_by_shapes_and_numbers() {
    let workspace = workspace(&["hand_written.safetensors"]);
    let import = "import hand_written.safetensors --model hand_written.toml";
    let text = workspace.text(import);
    for line in [
        "layer 1 (conv2d) is conv1.weight",
        "layer 3 (conv2d) is conv2.weight, without a bias: zeros",
        "layer 5 (conv2d) is conv10.weight",
        "layer 9 (linear) is out.weight",
        "times 0.003921569 plus 0 (the default",
        "3, without names",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    gives(&workspace, "hand_written.kiln", "hand_written", false);
    let by_shape = read(workspace.path("hand_written.kiln"));
    workspace.text(&format!(
        "{import} --out hand_written.kiln --names conv1,conv2,conv10,fc1,out"
    ));
    assert_eq!(read(workspace.path("hand_written.kiln")), by_shape);
    workspace.text(&format!(
        "{import} --out hand_written.kiln --names conv1,conv10,conv2,fc1,out"
    ));
    assert_ne!(read(workspace.path("hand_written.kiln")), by_shape);
}

#[test]
fn graphs_of_both_exporters_give_pytorchs_logits() {
    for (name, flags) in [
        ("plain", ""),
        ("view", "--scale 1/255"),
        ("folded", "--mean 0 --std 1"),
        ("pooled", ""),
        ("scaled", "--scale 1"),
    ] {
        for exporter in ["torchscript", "dynamo"] {
            let file = format!("{name}_{exporter}.onnx");
            let workspace = workspace(&[&file]);
            workspace.text(&format!("import {file} --out model.kiln {flags}"));
            gives(&workspace, "model.kiln", name, name == "scaled");
        }
    }
}

#[test]
fn a_batch_norm_is_folded_into_the_layer_before_it() {
    let workspace = workspace(&["kept_torchscript.onnx"]);
    let text = workspace.text("import kept_torchscript.onnx --out named.kiln --classes a,b,c");
    for line in [
        "folded /1/BatchNormalization (BatchNormalization) into layer 1 (conv2d)",
        "into layer 4 (conv2d)",
        "into layer 6 (linear)",
        "3 classes (a, b, c)",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    workspace.text("import kept_torchscript.onnx");
    gives(&workspace, "kept_torchscript.kiln", "kept", false);
}

#[test]
fn what_is_exported_comes_back_to_the_bit() {
    let workspace = workspace(&[
        "kept_torchscript.onnx",
        "scaled_dynamo.onnx",
        "pooled_dynamo.onnx",
    ]);
    workspace.write("names.txt", "cat\ndog\nit's \"ünique\"\n");
    let flags = "--classes names.txt --scale 0.1 --shift -0.3";
    for name in ["kept_torchscript", "scaled_dynamo", "pooled_dynamo"] {
        workspace.text(&format!("import {name}.onnx --out model.kiln {flags}"));
        let model = read(workspace.path("model.kiln"));
        for (format, file) in [("onnx", "a.onnx"), ("safetensors", "b.safetensors")] {
            workspace.text(&format!(
                "export --to {format} --weights model.kiln --out {file}"
            ));
            let first = read(workspace.path(file));
            workspace.text(&format!("import {file} --out back.kiln"));
            assert_eq!(read(workspace.path("back.kiln")), model, "{name}, {format}");
            workspace.text(&format!(
                "export --to {format} --weights back.kiln --out {file}"
            ));
            assert_eq!(read(workspace.path(file)), first, "{name}, {format}");
        }
    }
    let text = workspace.text("summary back.kiln");
    assert!(text.contains("cat, dog, it's \"ünique\""), "{text}");
}

#[test]
fn a_trained_model_is_exported_beside_itself_with_its_code() {
    let workspace = Workspace::new();
    workspace.images("bars", 2, 10);
    workspace.text("train bars --epochs 1 --out run");
    let text = workspace.text("export --to safetensors --weights run/model.kiln");
    for line in [
        "model = nn.Sequential(\n    nn.Conv2d(1, 8, 3),\n",
        "    nn.Flatten(),\n",
        "model.load_state_dict(load_file(\"run/model.safetensors\"), strict=True)\n",
        "scale = torch.tensor([0.",
        "logits = model(pixels * scale + shift)",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    workspace.refuses(
        "export --to tflite --weights run/model.kiln",
        &["run/model.kiln", "int8 models only", "kiln quantize"],
    );
    let report = workspace.json("export --to onnx --weights run/model.kiln");
    assert_eq!(report["file"], "run/model.onnx");
    let model = read(workspace.path("run/model.kiln"));
    for file in ["model.onnx", "model.safetensors"] {
        workspace.text(&format!("import run/{file} --out {file}.kiln"));
        assert_eq!(
            read(workspace.path(&format!("{file}.kiln"))),
            model,
            "{file}"
        );
    }
    let scored = "evaluate --dataset bars --weights";
    let (one, other) = (
        format!("{scored} run/model.kiln"),
        format!("{scored} model.onnx.kiln"),
    );
    let hash = |arguments: &str| workspace.json(arguments)["logits_sha256"].clone();
    assert_eq!(hash(&one), hash(&other));
}

//! What an import says of how it was checked, and what it does with files of the wrong kind.

use crate::support::{Workspace, read};
use safetensors::Dtype;
use safetensors::tensor::TensorView;
use std::fs;
use std::path::{Path, PathBuf};

/// A file of those kept beside this one.
fn kept(name: &str) -> PathBuf {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/cases");
    cases.join(name)
}

/// The pixels of the images c0/0.png to c2/3.png, in order.
fn pixels() -> Vec<u8> {
    let names =
        (0..12).map(|image| format!("byte_order_mark/images/c{}/{}.png", image / 4, image % 4));
    let images = names.map(|name| image::open(kept(&name)).unwrap().into_luma8());
    images.flat_map(|image| image.into_raw()).collect()
}

/// The outputs beside a model of those kept.
fn outputs(model: &str) -> Vec<f32> {
    let text = fs::read_to_string(kept(&format!("onnx/{model}.logits.csv"))).unwrap();
    let rows = text.lines();
    rows.flat_map(|row| row.split(',').skip(1).map(|it| it.parse().unwrap()))
        .collect()
}

fn bytes(values: &[f32]) -> Vec<u8> {
    values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect()
}

/// Writes a file to compare with: inputs of this kind, and outputs.
fn compared(workspace: &Workspace, input: (Dtype, &[u8]), shape: &[usize], outputs: &[f32]) {
    let own = bytes(outputs);
    let rows = vec![12, outputs.len() / 12];
    let tensors = [
        (
            "input",
            TensorView::new(input.0, shape.to_vec(), input.1).unwrap(),
        ),
        ("output", TensorView::new(Dtype::F32, rows, &own).unwrap()),
    ];
    let file = safetensors::serialize(tensors, None).unwrap();
    workspace.write("compared.safetensors", file);
}

#[test]
fn an_import_is_compared_with_inputs_and_outputs() {
    let workspace = Workspace::new();
    let file = kept("onnx/default_call.onnx");
    let import = format!("import {} --out m.kiln", file.display());
    let text = workspace.text(&import);
    assert!(
        text.contains("nothing was compared") && text.contains("--verify"),
        "{text}"
    );
    assert!(workspace.json(&import)["verified"].is_null());
    fs::remove_file(workspace.path("m.kiln")).unwrap();

    let pixels = pixels();
    let scaled: Vec<f32> = pixels
        .iter()
        .map(|pixel| f32::from(*pixel) / 255.0)
        .collect();
    let expected = outputs("default_call");
    let verify = format!("{import} --verify compared.safetensors");
    let floats = bytes(&scaled);
    for input in [(Dtype::F32, &floats), (Dtype::U8, &pixels)] {
        compared(&workspace, (input.0, input.1), &[12, 1, 8, 8], &expected);
        let report = workspace.json(&verify);
        let verified = &report["verified"];
        assert_eq!(
            (&verified["samples"], &verified["outputs"]),
            (&12.into(), &3.into())
        );
        assert!(verified["largest_difference"].as_f64().unwrap() < 2e-6);
    }
    let text = workspace.text(&verify);
    assert!(
        text.contains("checked    3 outputs of 12 samples in compared.safetensors"),
        "{text}"
    );
    fs::remove_file(workspace.path("m.kiln")).unwrap();

    let mut other = expected.clone();
    other[4] += 0.125;
    compared(&workspace, (Dtype::F32, &floats), &[12, 1, 8, 8], &other);
    let words = [
        "output 2 of sample 2",
        "1.25e-1",
        "--tolerance",
        "nothing was written",
    ];
    workspace.refuses(&verify, &words);
    assert!(!workspace.path("m.kiln").exists());
    workspace.text(&format!("{verify} --tolerance 0.2"));
    compared(&workspace, (Dtype::F32, &floats), &[12, 2, 8, 4], &expected);
    workspace.refuses(&verify, &["tensor input", "[12, 2, 8, 4]", "1x8x8"]);
    compared(
        &workspace,
        (Dtype::F32, &floats),
        &[12, 1, 8, 8],
        &expected[..24],
    );
    workspace.refuses(&verify, &["tensor output", "[12, 2]", "12 x 3"]);
    workspace.refuses(&format!("{import} --tolerance 1"), &["--verify"]);
    workspace.refuses(&format!("{verify} --tolerance nan"), &["--tolerance"]);
}

#[test]
fn probabilities_are_compared_as_the_file_gives_them() {
    let workspace = Workspace::new();
    let pixels = pixels();
    for model in ["sigmoid_1out", "one_logit", "two_outputs_logits_probs"] {
        compared(
            &workspace,
            (Dtype::U8, &pixels),
            &[12, 8, 8],
            &outputs(model),
        );
        let file = kept(&format!("onnx/{model}.onnx"));
        let import = format!(
            "import {} --out m.kiln --verify compared.safetensors",
            file.display()
        );
        let difference = workspace.json(&import)["verified"]["largest_difference"].as_f64();
        assert!(difference.unwrap() < 2e-6, "{model}: {difference:?}");
    }
}

#[test]
fn values_beside_a_graph_are_read_from_its_folder_only() {
    let workspace = Workspace::new();
    let model = read(kept("onnx/default_call.onnx"));
    let values = read(kept("onnx/default_call.onnx.data"));
    workspace.write("nets/default_call.onnx", &model);
    let import = "import nets/default_call.onnx";
    workspace.refuses(
        import,
        &[
            "tensor",
            "default_call.onnx.data",
            "cannot be read",
            "external_data=False",
        ],
    );
    workspace.write("nets/default_call.onnx.data", &values[..values.len() - 1]);
    workspace.refuses(import, &["default_call.onnx.data", "3199", "cut short"]);
    workspace.write("nets/default_call.onnx.data", &values);
    workspace.text(import);
    let words = ["belong to an ONNX file", "default_call.onnx,"];
    workspace.refuses("import nets/default_call.onnx.data", &words);
    // A name of as many letters that leads elsewhere.
    let name = b"default_call.onnx.data";
    let place = |bytes: &[u8]| bytes.windows(name.len()).position(|it| it == name);
    for other in [&b"../fault_call.onnx.dat"[..], b"/tmp/t_call.onnx.data1"] {
        let mut changed = model.clone();
        while let Some(at) = place(&changed) {
            changed[at..at + name.len()].copy_from_slice(other);
        }
        workspace.write("nets/changed.onnx", changed);
        workspace.refuses("import nets/changed.onnx", &["leads out of the folder"]);
    }
    #[cfg(unix)]
    {
        workspace.write("elsewhere", &values);
        let link = workspace.path("nets/default_call.onnx.data");
        fs::remove_file(&link).unwrap();
        std::os::unix::fs::symlink(workspace.path("elsewhere"), &link).unwrap();
        workspace.refuses(import, &["leads out of the folder"]);
    }
}

#[test]
fn files_of_the_wrong_kind_are_named_for_what_they_are() {
    let workspace = Workspace::new();
    workspace.images("bars", 2, 2);
    let model = kept("onnx/one_logit.onnx");
    workspace.text(&format!("import {} --out m.kiln", model.display()));
    workspace.write("net.onnx", read(model));
    let safetensors = [&16_u64.to_le_bytes()[..], b"{              }"].concat();
    let files: [(&str, &[u8], &str); 9] = [
        ("empty", b"", "an empty file"),
        (
            "pointer",
            b"version https://git-lfs.github.com/spec/v1\n",
            "a Git LFS pointer",
        ),
        (
            "legacy.pt",
            b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.",
            "a pickle of torch.save",
        ),
        ("new.pth", b"PK\x03\x04", "an archive"),
        ("weights.h5", b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
        (
            "codes.tflite.bin",
            b"\x1c\0\0\0TFL3",
            "a TensorFlow Lite network",
        ),
        ("tensors", &safetensors, "a safetensors file"),
        (
            "state.pkl",
            b"\x80\x04\x95\x10",
            "a pickle of Python objects",
        ),
        ("download", b"<!DOCTYPE html>", "a web page"),
    ];
    for (name, content, kind) in files {
        workspace.write(name, content);
        for command in [
            format!("import {name}"),
            format!("evaluate --dataset bars --weights {name}"),
            format!("quantize --dataset bars --weights {name} --out q.kiln"),
            format!("evaluate --weights m.kiln --dataset {name}"),
            format!("train {name}"),
            format!("train bars --model {name}"),
            format!("summary {name}"),
            format!("report {name}"),
        ] {
            workspace.refuses(&command, &[name, kind]);
        }
    }
    for (command, words) in [
        (
            "evaluate --dataset bars --weights net.onnx",
            "kiln import FILE",
        ),
        (
            "evaluate --weights m.kiln --dataset net.onnx",
            "kiln import makes a model",
        ),
        ("train m.kiln", "goes with --weights"),
        ("import m.kiln", "needs no import"),
        ("import weights.h5", "model.export(\"model.onnx\""),
        ("import legacy.pt", "save_file(model.state_dict()"),
        ("import pointer", "git lfs pull"),
        ("import codes.tflite.bin", ".tflite"),
        ("train state.pkl", "save_file({\"input\": x"),
    ] {
        workspace.refuses(command, &[words]);
    }
    // Whatever its name says.
    workspace.write("named.onnx", &safetensors);
    workspace.refuses("import named.onnx", &["a safetensors file", ".safetensors"]);
    workspace.write("named.kiln", b"");
    workspace.refuses("summary named.kiln", &["an empty file"]);
    workspace.write(
        "named.safetensors",
        b"version https://git-lfs.github.com/spec/v1\n",
    );
    workspace.refuses(
        "train named.safetensors",
        &["a Git LFS pointer", "git lfs pull"],
    );
}

use super::{fixture, workspace};
use crate::support::read;

#[test]
fn nodes_without_a_layer_are_named() {
    let workspace = workspace(&["leaky.onnx", "scaled_dynamo.onnx"]);
    workspace.refuses(
        "import leaky.onnx",
        &[
            "leaky.onnx",
            "node \"/1/LeakyRelu\" (LeakyRelu)",
            "no layer",
        ],
    );
    workspace.refuses(
        "import scaled_dynamo.onnx",
        &["scales its input", "--scale 1/255"],
    );
    assert!(
        workspace
            .names(".")
            .iter()
            .all(|name| !name.ends_with(".kiln"))
    );
}

#[test]
fn tensors_that_fit_no_layer_are_named() {
    let workspace = workspace(&[
        "sequential.safetensors",
        "hand_written.safetensors",
        "batch_norm.safetensors",
        "half.safetensors",
    ]);
    let cases: [(&str, &[&str]); 9] = [
        (
            "sequential",
            &["sequential.safetensors", "--model FILE.toml"],
        ),
        (
            "sequential --model hand_written.toml",
            &["layer 3 (conv2d)", "needs a weight of", "4x4x3x3"],
        ),
        (
            "hand_written --model sequential.toml",
            &[
                "layer 4 (linear) needs a weight of 8x36",
                "fc1.weight (6x36)",
            ],
        ),
        (
            "batch_norm --model sequential.toml",
            &[
                "\"1.num_batches_tracked\"",
                "BatchNorm",
                "layer batch_norm",
                "torch.onnx.export",
            ],
        ),
        (
            "half --model sequential.toml",
            &["\"0.bias\"", "F16", "tensor.float()"],
        ),
        (
            "hand_written --model hand_written.toml --names conv1,conv2",
            &["--names has 2", "5 layers"],
        ),
        (
            "hand_written --model hand_written.toml --names conv1,conv2,conv3,fc1,out",
            &["\"conv3\"", "conv10.weight (4x4x3x3)"],
        ),
        (
            "hand_written --model hand_written.toml --names conv1,conv2,conv10,out,fc1",
            &["\"out.weight\" is 3x6", "layer 7 (linear)", "6x36"],
        ),
        (
            "sequential --model none.toml",
            &["none.toml", "cannot read"],
        ),
    ];
    for (arguments, words) in cases {
        let (file, flags) = arguments.split_once(' ').unwrap_or((arguments, ""));
        workspace.refuses(&format!("import {file}.safetensors {flags}"), words);
    }
}

#[test]
fn wrong_flags_are_named() {
    let workspace = workspace(&["plain_dynamo.onnx"]);
    let cases: [(&str, &[&str]); 11] = [
        ("--classes a,b", &["--classes a,b has 2 names", "3 classes"]),
        ("--classes a,,b", &["class 1", "empty"]),
        ("--scale x", &["--scale x", "no numbers"]),
        ("--scale 1,2", &["--scale 1,2", "1 channels"]),
        ("--shift 1/0", &["--shift 1/0"]),
        ("--scale 1e300", &["not finite"]),
        ("--mean 0.5", &["--std"]),
        ("--mean 0.5 --std 0", &["--std has a 0"]),
        ("--mean 0.5 --std 1 --scale 1", &["--scale"]),
        (
            "--model sequential.toml",
            &["plain_dynamo.onnx", "--model is for safetensors"],
        ),
        ("--out none/model.kiln", &["none/model.kiln"]),
    ];
    for (flags, words) in cases {
        workspace.refuses(&format!("import plain_dynamo.onnx {flags}"), words);
    }
}

#[test]
fn files_of_no_known_format_are_named() {
    let workspace = workspace(&[]);
    workspace.write("model.pt", b"PK\x03\x04");
    workspace.write("renamed.safetensors", b"PK\x03\x04archive");
    workspace.write("model.h5", b"HDF");
    workspace.refuses("import model.pt", &["model.pt", "an archive"]);
    workspace.refuses(
        "import renamed.safetensors",
        &["renamed.safetensors", "an archive"],
    );
    workspace.write("named.pt", b"?");
    workspace.refuses("import named.pt", &["torch.save", "save_file"]);
    workspace.refuses("import model.h5", &["model.h5", "Keras", "model.export"]);
    workspace.refuses("import none.onnx", &["none.onnx", "cannot read"]);
    for (name, ending) in [
        ("plain_dynamo.onnx", "onnx"),
        ("sequential.safetensors", "safetensors"),
    ] {
        let good = read(fixture(name));
        for length in [0, 5, 100, good.len() / 2, good.len() - 1] {
            let file = format!("bad.{ending}");
            workspace.write(&file, &good[..length]);
            workspace.refuses(&format!("import {file} --model sequential.toml"), &[&file]);
        }
    }
}

#[test]
fn flags_of_another_export_are_named() {
    let workspace = workspace(&["plain_dynamo.onnx"]);
    workspace.text("import plain_dynamo.onnx --out model.kiln");
    let export = "export --weights model.kiln";
    workspace.write("model.onnx", "the work of a day");
    let words = ["model.onnx is there already", "--out"];
    workspace.refuses(&format!("{export} --to onnx"), &words);
    workspace.write("plain_dynamo.kiln", "the work of another");
    workspace.refuses(
        "import plain_dynamo.onnx",
        &["plain_dynamo.kiln is there already"],
    );
    workspace.refuses(&format!("{export} --dataset mnist"), &["--out"]);
    workspace.refuses(
        &format!("{export} --to firmware --dataset mnist"),
        &["--out"],
    );
    workspace.refuses(
        &format!("{export} --to firmware --out device"),
        &["--dataset"],
    );
    workspace.refuses(&format!("{export} --out device"), &["--dataset"]);
    let words = ["--samples is for --to firmware or c"];
    workspace.refuses(&format!("{export} --to onnx --samples 3"), &words);
    for flag in ["--name digits", "--layout zephyr"] {
        let words = format!("{} is for --to c", &flag[..flag.find(' ').unwrap_or(0)]);
        workspace.refuses(&format!("{export} --to onnx {flag}"), &[&words]);
    }
    let words = ["platformio", "folder, zephyr, arduino"];
    workspace.refuses(&format!("{export} --to c --layout platformio"), &words);
    workspace.refuses(
        &format!("{export} --to torch"),
        &["torch", "safetensors, onnx"],
    );
    workspace.refuses(
        &format!("{export} --to onnx --out none/a.onnx"),
        &["none/a.onnx"],
    );
    workspace.refuses("export --to onnx --weights none.kiln", &["none.kiln"]);
    let evaluate = "evaluate --dataset images --weights model.kiln --outputs none/outputs";
    workspace.refuses(evaluate, &["none/outputs"]);
}

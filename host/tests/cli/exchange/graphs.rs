//! Networks that are no chains, or normalise, pad and dilate.

use super::{gives, workspace};
use crate::support::read;

#[test]
fn graphs_that_branch_pad_and_normalise_give_onnxruntimes_logits() {
    for (file, name) in [
        ("residual_torchscript", "residual_torchscript"),
        ("residual_dynamo", "residual_dynamo"),
        ("shortcuts_torchscript", "shortcuts"),
        ("shortcuts_dynamo", "shortcuts"),
        ("shortcuts_kept_torchscript", "shortcuts"),
        ("mobile_torchscript", "mobile"),
        ("mobile_dynamo", "mobile"),
        ("mobile_kept_torchscript", "mobile"),
        ("uneven_torchscript", "uneven"),
        ("uneven_dynamo", "uneven"),
        ("uneven_kept_dynamo", "uneven"),
        ("unfoldable_torchscript", "unfoldable"),
        ("unfoldable_dynamo", "unfoldable"),
        ("padded_pools_torchscript", "padded_pools"),
        ("padded_pools_dynamo", "padded_pools"),
        ("dilated_torchscript", "dilated"),
        ("dilated_dynamo", "dilated"),
    ] {
        comes_in_and_goes_out(file, name);
    }
}

/// Files put together node by node, as converters other than PyTorch's write them.
#[test]
fn graphs_of_other_converters_give_onnxruntimes_logits() {
    for name in [
        "norm_before_conv",
        "norm_of_row",
        "norm_behind_pool",
        "same_lower",
        "two_outputs",
        "reshaped_weight",
    ] {
        comes_in_and_goes_out(name, name);
    }
}

/// Asserts that a file's network gives the logits of `name`, and comes back to the bit from either
/// export.
fn comes_in_and_goes_out(file: &str, name: &str) {
    let workspace = workspace(&[&format!("{file}.onnx")]);
    workspace.text(&format!("import {file}.onnx --out model.kiln"));
    gives(&workspace, "model.kiln", name, false);
    let model = read(workspace.path("model.kiln"));
    for format in ["onnx", "safetensors"] {
        workspace.text(&format!(
            "export --to {format} --weights model.kiln --out out.{format}"
        ));
        workspace.text(&format!("import out.{format} --out back.{format}.kiln"));
        let back = read(workspace.path(&format!("back.{format}.kiln")));
        assert_eq!(back, model, "{file}, {format}");
    }
}

#[test]
fn a_graph_is_exported_with_a_module_that_follows_it() {
    let workspace = workspace(&["unfoldable_dynamo.onnx"]);
    let text = workspace.text("import unfoldable_dynamo.onnx --out model.kiln");
    assert!(text.contains("stays, as layer"), "{text}");
    let text = workspace.text("export --to safetensors --weights model.kiln");
    for line in [
        "class ScaleShift(nn.Module):\n",
        "class Network(nn.Module):\n",
        " = layer4 + layer3\n",
        "model = Network()\n",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    let report = workspace.json("export --to safetensors --weights model.kiln --out b.safetensors");
    assert_eq!(report["pytorch"], "Network()");
    let definitions = report["pytorch_definitions"].as_str().unwrap();
    assert!(text.contains(definitions), "{definitions}: {text}");
}

/// A network with the batch normalisations of `batch_norm.safetensors`.
const NORMALISED: &str = "input = { channels = 1, height = 8, width = 8 }
layers = [
    { type = 'conv2d', filters = 4, kernel = 3, bias = false }, { type = 'batch_norm' },
    { type = 'relu' }, { type = 'avg_pool2d', window = 2 },
    { type = 'conv2d', filters = 6, kernel = 3, padding = 1 },
    { type = 'batch_norm', epsilon = 0.001 }, { type = 'relu' },
    { type = 'dropout', probability = 0.3 }, { type = 'linear', outputs = 8 },
    { type = 'batch_norm' }, { type = 'relu' }, { type = 'linear', outputs = 3 },
]";

#[test]
fn batch_norms_of_a_state_dict_are_folded() {
    let workspace = workspace(&["batch_norm.safetensors"]);
    workspace.write("normalised.toml", NORMALISED);
    let import = "import batch_norm.safetensors --model normalised.toml";
    let report = workspace.json(import);
    // 40 and 222 of the convolutions, 440 and 27 of the linear layers, biases and all.
    assert_eq!(report["parameters"], 40 + 222 + 440 + 27);
    let remarks = report["remarks"].to_string();
    assert!(
        remarks.contains("folded 3 of 3 batch normalisations"),
        "{remarks}"
    );
    workspace.write(
        "sequential.toml",
        NORMALISED
            .replace("{ type = 'batch_norm' },\n", "")
            .as_str(),
    );
    workspace.refuses(
        "import batch_norm.safetensors --model sequential.toml --out other.kiln",
        &["1.weight", "batch_norm.safetensors"],
    );
}

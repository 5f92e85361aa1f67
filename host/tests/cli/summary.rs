use crate::support::Workspace;

const NETWORK: &str = "input = { channels = 1, height = 28, width = 28 }\n\
    [[layers]]\ntype = 'conv2d'\nfilters = 8\nkernel = 3\n\
    [[layers]]\ntype = 'relu'\n\
    [[layers]]\ntype = 'linear'\noutputs = 10\n";

#[test]
fn a_network_file_is_summed_up_layer_by_layer() {
    let workspace = Workspace::new();
    workspace.write("network.toml", NETWORK);
    let text = workspace.text("summary network.toml");
    for word in ["8x26x26", "48,672", "97,344", "54,090", "working memory"] {
        assert!(text.contains(word), "{word}: {text}");
    }
    let report = workspace.json("summary network.toml");
    assert_eq!(report["layers"][0]["parameters"], 80);
    assert_eq!(
        report["layers"][0]["output"],
        serde_json::json!([8, 26, 26])
    );
    assert_eq!(report["parameters"], 80 + 54_090);
    assert_eq!(
        report["flops"].as_u64(),
        report["macs"].as_u64().map(|macs| 2 * macs)
    );
    assert_eq!(report["parameter_bytes"], 4 * (80 + 54_090));
    assert!(report["training_bytes"].as_u64() > report["inference_bytes"].as_u64());
}

#[test]
fn a_model_file_tells_its_classes_and_origin() {
    let workspace = Workspace::new();
    workspace.images("bars", 2, 10);
    workspace.text("train bars --epochs 1 --seed 77 --out run");
    let report = workspace.json("summary run/model.kiln");
    assert_eq!(
        report["class_names"],
        serde_json::json!(["class0", "class1"])
    );
    assert!(report["notes"].as_str().unwrap().contains("seed 77"));
    assert!(
        workspace
            .text("summary run/model.kiln")
            .contains("class0, class1")
    );
}

#[test]
fn impossible_layers_are_named_by_their_number() {
    let workspace = Workspace::new();
    workspace.write("network.toml", NETWORK.replace("kernel = 3", "kernel = 29"));
    workspace.refuses(
        "summary network.toml",
        &["network.toml: layer 1 (conv2d)", "29x29"],
    );
    workspace.write("network.toml", NETWORK.replace("outputs", "output"));
    workspace.refuses(
        "summary network.toml",
        &["network.toml: line 10: unknown field `output`"],
    );
    workspace.write("network.toml", "");
    workspace.refuses("summary network.toml", &["network.toml", "`input`"]);
    workspace.refuses("summary missing.toml", &["missing.toml", "cannot read"]);
    workspace.write("broken.kiln", "KILN");
    workspace.refuses("summary broken.kiln", &["broken.kiln", "cut short"]);
}

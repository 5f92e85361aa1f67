//! Networks that branch and normalise, from their file to what a run leaves.

use crate::support::{Workspace, read};
use kiln_core::LaneWidth;

/// An addition, batch normalisations that become part of a convolution, one behind the addition that
/// cannot, and a dropout.
const RESIDUAL: &str = r#"
input = { channels = 1, height = 12, width = 12 }
layers = [
    { type = "conv2d", filters = 4, kernel = 3, bias = false },
    { type = "batch_norm" },
    { type = "relu6", name = "stem <i>" },
    { type = "conv2d", filters = 4, kernel = 3, padding = 1, bias = false },
    { type = "batch_norm", name = "main" },
    { type = "add", inputs = ["main", "stem <i>"] },
    { type = "batch_norm" },
    { type = "relu" },
    { type = "dropout", probability = 0.2 },
    { type = "global_avg_pool2d" },
    { type = "linear", outputs = "classes" },
]
"#;

fn workspace() -> Workspace {
    let workspace = Workspace::new();
    workspace.images("bars", 3, 20);
    workspace.write("net.toml", RESIDUAL);
    workspace
}

#[test]
fn a_residual_network_is_trained_folded_and_told_of() {
    let workspace = workspace();
    let train = "train bars --model net.toml --epochs 3 --batch 20 --label-smoothing 0.1";
    let report = workspace.json(&format!("{train} --out run"));
    let folding = &report["folding"];
    assert_eq!(
        (&folding["merged"], &folding["kept"]),
        (&2.into(), &1.into())
    );
    let moved = &folding["moved"];
    assert_eq!(moved["samples"], 6);
    let losses = ["before", "after"].map(|when| moved[when]["loss"].as_f64().unwrap());
    assert!((losses[0] - losses[1]).abs() < 1e-4, "{moved}");
    let last = &report["epochs"][2];
    assert_eq!(moved["after"]["loss"], last["validation_loss"]);
    assert_eq!(moved["after"]["accuracy"], last["validation_accuracy"]);
    assert_eq!(moved["classified_otherwise"], 0);

    let text = workspace.text(&format!("{train} --out again"));
    let line = "folded     2 batch normalisations into their neighbours, 1 batch normalisation into \
                a scale and a shift; ";
    assert!(text.contains(line), "{text}");
    assert!(
        text.contains(" 0 of 6 samples classified otherwise"),
        "{text}"
    );

    let plain = train.replace("--label-smoothing 0.1", "--out plain");
    let plain = workspace.json(&plain);
    assert_ne!(plain["weights_sha256"], report["weights_sha256"]);

    // What is kept is the folded network: it scores without a further step.
    let summary = workspace.json("summary run");
    let kinds = summary["layers"].as_array().unwrap().iter();
    let kinds: Vec<&str> = kinds.map(|layer| layer["type"].as_str().unwrap()).collect();
    let expected = "conv2d relu6 conv2d add scale_shift relu global_avg_pool2d linear";
    assert_eq!(kinds.join(" "), expected);
    assert!(summary["folded"].is_null());
    let scored = workspace.json("evaluate --dataset bars --weights run");
    assert_eq!(scored["weights_sha256"], report["weights_sha256"]);
}

#[test]
fn threads_and_lanes_do_not_show_in_a_residual_network() {
    let workspace = workspace();
    let train = "train bars --model net.toml --epochs 2 --batch 40";
    let first = workspace.json(&format!("{train} --threads 2 --out run"));
    for width in LaneWidth::available() {
        for threads in [1, 2] {
            let machine = format!("--threads {threads} --lanes {} --out again", width.lanes());
            let again = workspace.json(&format!("{train} {machine}"));
            assert_eq!(
                again["weights_sha256"], first["weights_sha256"],
                "{machine}"
            );
        }
    }
    let config = workspace.json("train --config run/config.toml --out again");
    assert_eq!(config["weights_sha256"], first["weights_sha256"]);
}

#[test]
fn a_report_draws_the_graph_with_its_names() {
    let workspace = workspace();
    workspace.text("train bars --model net.toml --epochs 1 --out run");
    let config = String::from_utf8(read(workspace.path("run/config.toml"))).unwrap();
    for line in ["name = \"stem <i>\"", "outputs = 3"] {
        assert!(config.contains(line), "{line}: {config}");
    }
    let report = String::from_utf8(read(workspace.path("run/report.html"))).unwrap();
    for text in [
        "6 add: 5 main + 3 stem &lt;i&gt;",
        "5 main: batch_norm",
        "4x10x10",
        "<td>5 main, 3 stem &lt;i&gt;</td>",
        "<td>folded</td>",
    ] {
        assert!(report.contains(text), "{text}: {report}");
    }
    assert!(!report.contains("<i>"));
    workspace.text("report run");
    let again = String::from_utf8(read(workspace.path("run/report.html"))).unwrap();
    assert_eq!(again, report);
}

#[test]
fn a_batch_of_one_sample_is_left_out_aloud_or_refused() {
    let workspace = workspace();
    workspace.write(
        "flat.toml",
        "input = { channels = 1, height = 12, width = 12 }\nlayers = [\n\
         { type = 'linear', outputs = 4 },\n{ type = 'batch_norm', name = 'middle' },\n\
         { type = 'relu' },\n{ type = 'linear', outputs = 'classes' },\n]\n",
    );
    let train = "train bars --model flat.toml --epochs 1 --out run";
    // 54 samples are trained on: the last batch would have one.
    let text = workspace.text(&format!("{train} --batch 53"));
    assert!(text.contains("1 epoch of 1 step,"), "{text}");
    assert!(text.contains("single sample"), "{text}");
    let text = workspace.text(&format!("{train} --batch 27"));
    assert!(text.contains("1 epoch of 2 steps,"), "{text}");
    assert!(!text.contains("single sample"), "{text}");
    let words = ["layer 2 \"middle\" (batch_norm)", "--batch"];
    workspace.refuses(&format!("{train} --batch 1"), &words);
    // Each map has more than one value: a single sample will do.
    workspace.text("train bars --model net.toml --epochs 1 --batch 1 --out other");
}

#[test]
fn a_sweep_varies_the_width_of_a_residual_network() {
    let workspace = workspace();
    let model = RESIDUAL.replace("filters = 4", "filters = \"$width\"");
    let head = "dataset = 'bars'\n[training]\nepochs = 1\n[grid]\nwidth = [2, 3]\n[model]\n";
    workspace.write("sweep.toml", format!("{head}{model}"));
    let report = workspace.json("sweep sweep.toml --out sweep");
    let runs = report["runs"].as_array().unwrap();
    let mut parameters: Vec<u64> = runs
        .iter()
        .map(|run| run["parameters"].as_u64().unwrap())
        .collect();
    parameters.sort_unstable();
    // Folded: two convolutions with biases, a scale and a shift, and the linear layer.
    let folded = |width: u64| width * 10 + width * (9 * width + 1) + 2 * width + 3 * (width + 1);
    assert_eq!(parameters, [2, 3].map(folded));
    assert!(
        runs.iter().all(|run| run["outcome"] == "trained"),
        "{report}"
    );
    // Files of networks keep their names, too.
    let head = "dataset = 'bars'\n[training]\nepochs = 1\n[grid]\nmodel = ['net.toml']\n";
    workspace.write("files.toml", head);
    workspace.text("sweep files.toml --out files");
    let config = read(workspace.path("files/001-model=net/config.toml"));
    assert!(String::from_utf8(config).unwrap().contains("stem <i>"));
}

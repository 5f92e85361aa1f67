//! `kiln bench`: any network, in all and layer by layer.

use crate::support::Workspace;
use serde_json::Value;

/// Nine layers with all that is special: batch normalisations, a branch, a layer that runs alone.
const GRAPH: &str = r#"
input = { channels = 2, height = 9, width = 7 }

layers = [
    { type = "conv2d", filters = 5, kernel = 3, padding = 1, bias = false },
    { type = "batch_norm" },
    { type = "relu", name = "stem" },
    { type = "conv2d", filters = 5, kernel = [1, 3], padding = [0, 1], name = "main" },
    { type = "add", inputs = ["main", "stem"] },
    { type = "avg_pool2d", window = 2 },
    { type = "linear", outputs = 6 },
    { type = "batch_norm" },
    { type = "linear", outputs = 3 },
]
"#;

const AUTOENCODER: &str = r#"
input = { channels = 20, height = 1, width = 1 }
layers = [{ type = "linear", outputs = 4 }, { type = "linear", outputs = 20 }]
"#;

fn positive(value: &Value) -> f64 {
    let number = value.as_f64().unwrap();
    assert!(number > 0.0 && number.is_finite(), "{value}");
    number
}

#[test]
fn any_networks_are_measured_against_the_limit() {
    let workspace = Workspace::new();
    workspace.write("graph.toml", GRAPH);
    workspace.write("autoencoder.toml", AUTOENCODER);
    let report =
        workspace.json("bench graph.toml autoencoder.toml --seconds 1 --threads 2 --batch 20");
    let limits = report["limits"].as_array().unwrap();
    assert_eq!((limits.len(), &limits[0]["threads"]), (1, &Value::from(2)));
    let widths = limits[0]["widths"].as_array().unwrap();
    let results = report["results"].as_array().unwrap();
    assert_eq!(results.len(), 2 * widths.len());
    for (index, result) in results.iter().enumerate() {
        let name = ["graph.toml", "autoencoder.toml"][index / widths.len()];
        assert_eq!(result["network"], name);
        assert_eq!(result["lanes"], widths[index % widths.len()]["lanes"]);
        assert_eq!(
            (&result["threads"], &result["batch"]),
            (&2.into(), &20.into())
        );
        for pass in ["training", "inference", "inference_single"] {
            let speed = &result[pass];
            let fraction = positive(&speed["fraction"]);
            let of_width = positive(&speed["fraction_of_width"]);
            assert!(fraction <= of_width * 1.000_001, "{result}");
            assert!(fraction < 1.5, "{result}");
            let seconds = positive(&speed["microseconds"]) / 1e6;
            // A width's share follows from its speed and its limit.
            let macs = positive(&speed["gmacs"]) * 1e9 * seconds;
            assert!((macs - macs.round()).abs() < 1e-3, "{macs}");
        }
    }
    let text = workspace.text("bench autoencoder.toml --seconds 1 --threads 1 --lanes 1");
    for word in [
        "limit",
        "autoencoder.toml",
        "train us",
        "single us",
        "of width",
    ] {
        assert!(text.contains(word), "{word}: {text}");
    }
}

#[test]
fn models_are_measured_like_networks_but_integers_beside_no_limit() {
    let model = |name| format!("{}/../firmware/assets/{name}", env!("CARGO_MANIFEST_DIR"));
    let (float, int8) = (model("digits.kiln"), model("digits-int8.kiln"));
    let workspace = Workspace::new();
    let report = workspace.json(&format!(
        "bench {float} {int8} --seconds 1 --threads 1 --lanes auto"
    ));
    let results = report["results"].as_array().unwrap();
    let elements: Vec<&str> = results
        .iter()
        .map(|result| result["element"].as_str().unwrap())
        .collect();
    assert_eq!(elements, ["f32", "int8"]);
    let [float_result, int8_result] = &results[..] else {
        panic!("{report}");
    };
    assert_eq!(int8_result["network"], *int8);
    assert!(int8_result["training"].is_null(), "{report}");
    for pass in ["inference", "inference_single"] {
        positive(&float_result[pass]["fraction"]);
        positive(&int8_result[pass]["microseconds"]);
        assert!(int8_result[pass]["fraction"].is_null(), "{report}");
    }
    workspace.refuses(
        &format!("bench {int8} --layers --seconds 1"),
        &["digits-int8.kiln", "--board"],
    );
}

/// The numbers of the layers that the steps of a pass cover, in order.
fn layers(pass: &Value) -> Vec<u64> {
    let steps = pass["steps"].as_array().unwrap();
    let numbers = steps
        .iter()
        .flat_map(|step| step["layers"].as_array().unwrap());
    numbers.map(|number| number.as_u64().unwrap()).collect()
}

#[test]
fn the_layers_of_a_network_make_up_its_time() {
    let workspace = Workspace::new();
    workspace.write("graph.toml", GRAPH);
    let report = workspace.json("bench graph.toml --layers --seconds 1 --lanes 4 --batch 20");
    let network = &report["networks"][0];
    assert_eq!(network["lanes"], 4);
    let training = &network["training"];
    assert_eq!(layers(training), (1..=9).collect::<Vec<u64>>());
    // Folded, it has none of the batch normalisations.
    assert_eq!(layers(&network["inference"]), (1..=7).collect::<Vec<u64>>());
    for pass in [training, &network["inference"]] {
        let steps = pass["steps"].as_array().unwrap();
        let sum: f64 = steps
            .iter()
            .map(|step| step["share"].as_f64().unwrap())
            .sum();
        let rest = positive(&pass["packing"]) + positive(&pass["loss"]);
        let share = rest / positive(&pass["sum"]);
        assert!((sum + share - 1.0).abs() < 1e-9, "{pass}");
        positive(&pass["whole"]);
        for step in steps {
            positive(&step["forward"]["microseconds"]);
        }
    }
    let steps = training["steps"].as_array().unwrap();
    assert_eq!(steps[0]["name"], "conv2d 3x3 to 5, padding 1x1, no bias");
    assert_eq!(steps[0]["macs"], 2 * 9 * 5 * 63);
    positive(&steps[0]["parameter_gradient"]["fraction"]);
    positive(&steps[0]["update"]["microseconds"]);
    assert!(steps[0]["input_gradient"]["fraction"].is_null());
    positive(&steps[2]["input_gradient"]["fraction"]);
    let text = workspace.text("bench graph.toml --layers --seconds 1");
    for word in [
        "batch_norm > relu",
        "input gradient us",
        "packing",
        "not looked into",
    ] {
        assert!(text.contains(word), "{word}: {text}");
    }
}

#[test]
fn what_cannot_be_measured_is_refused_in_a_line() {
    let workspace = Workspace::new();
    workspace.write("graph.toml", GRAPH);
    workspace.write("bad.toml", GRAPH.replace("window = 2", "window = 20"));
    workspace.write(
        "open.toml",
        GRAPH.replace("outputs = 3", "outputs = \"classes\""),
    );
    workspace.refuses("bench missing.toml", &["missing.toml", "cannot read it"]);
    workspace.refuses(
        "bench graph.toml bad.toml",
        &["bad.toml", "layer 6", "avg_pool2d"],
    );
    workspace.refuses("bench open.toml", &["open.toml", "layer 9", "classes"]);
    let single = [
        "graph.toml",
        "layer 8 (batch_norm)",
        "batches have to be larger",
    ];
    workspace.refuses("bench graph.toml --batch 1 --seconds 1", &single);
    workspace.refuses("bench graph.toml --batch 1 --layers", &single);
    workspace.refuses("bench --batch 0", &["batch is 0", "4096"]);
    workspace.refuses("bench --threads 0", &["threads is 0"]);
    workspace.refuses("bench --lanes 3", &["'3'", "all, auto, 1, 4, 8, 16"]);
    workspace.refuses("bench --layers --threads 2", &["--layers", "--threads"]);
    workspace.refuses("bench --board mps2", &["the boards are", "mps2-an386"]);
    workspace.refuses(
        "bench --board mps2-an386 --lanes 4",
        &["--board", "--lanes"],
    );
    workspace.refuses(
        "bench graph.toml --board nrf52840",
        &["graph.toml", "nrf52840 cannot be emulated"],
    );
    workspace.refuses(
        "bench graph.toml --board stm32f411",
        &[
            "kiln summary --board stm32f411",
            "no firmware",
            "mps2-an386",
        ],
    );
}

/// Nothing is built for it, so that it needs no compiler.
#[test]
fn what_does_not_fit_the_board_is_a_line_of_the_table() {
    let workspace = Workspace::new();
    let wide = AUTOENCODER.replace("outputs = 4", "outputs = 8000");
    workspace.write("wide.toml", wide);
    let report = workspace.json("bench wide.toml --board mps2-an386");
    assert_eq!(report["board"], "mps2-an386");
    let network = &report["networks"][0];
    assert!(network["inference"].is_null() && network["training"].is_null());
    let note = network["note"].as_str().unwrap();
    assert!(
        note.starts_with("does not fit: ") && note.ends_with("of flash too many"),
        "{note}"
    );
    let text = workspace.text("bench wide.toml --board mps2-an386");
    assert!(text.contains(note), "{text}");
}

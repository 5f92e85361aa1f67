use crate::support::Workspace;
use host::boards::{PROGRAM_BYTES, WORKING_BYTES};

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
    assert!(report["training_bytes"].as_u64() > report["arena_bytes"].as_u64());
}

/// The network that `kiln train mnist` trains.
const MNIST: &str = "input = { channels = 1, height = 28, width = 28 }\n\
    [[layers]]\ntype = 'conv2d'\nfilters = 8\nkernel = 3\n\
    [[layers]]\ntype = 'relu'\n\
    [[layers]]\ntype = 'max_pool2d'\nwindow = 2\n\
    [[layers]]\ntype = 'conv2d'\nfilters = 16\nkernel = 3\n\
    [[layers]]\ntype = 'relu'\n\
    [[layers]]\ntype = 'max_pool2d'\nwindow = 2\n\
    [[layers]]\ntype = 'linear'\noutputs = 128\n\
    [[layers]]\ntype = 'relu'\n\
    [[layers]]\ntype = 'linear'\noutputs = 10\n";

/// RAM and flash that the firmware's build keeps for stack, buffers and program.
const RESERVED: [u64; 2] = [WORKING_BYTES as u64, PROGRAM_BYTES as u64];

#[test]
fn each_training_on_a_device_is_told_with_its_bytes() {
    let workspace = Workspace::new();
    workspace.write("network.toml", MNIST);
    let report = workspace.json("summary network.toml");
    // Parameters, gradient, velocity, arena, winners, all.
    let all = 215_464;
    for (index, name, kiln_train, bytes) in [
        (
            0,
            "whole network, in place",
            "from=1",
            [all, 0, 0, 15_840, 1752, 233_056],
        ),
        (
            1,
            "whole network, in batches",
            "from=1,batch",
            [all, all, 0, 15_840, 1752, 448_520],
        ),
        (
            2,
            "whole network, with momentum",
            "from=1,batch,momentum",
            [all, all, all, 15_840, 1752, 663_984],
        ),
        (
            3,
            "last layer, in place",
            "from=9",
            [5160, 0, 0, 8544, 0, 13_704],
        ),
        (
            4,
            "biases only, in place",
            "from=1,biases",
            [648, 0, 0, 8544, 1752, 10_944],
        ),
    ] {
        let mode = &report["device_training"][index];
        assert_eq!(
            (&mode["name"], &mode["kiln_train"]),
            (&name.into(), &kiln_train.into())
        );
        let names = [
            "parameters",
            "gradient",
            "velocity",
            "arena",
            "winners",
            "total",
        ];
        assert_eq!(
            names.map(|name| mode[name].as_u64().unwrap()),
            bytes,
            "{name}"
        );
    }
    assert!(report["board"].is_null());
    let text = workspace.text("summary network.toml");
    for word in [
        "on the desktop",
        "training on a device",
        "233,056",
        "663,984",
    ] {
        assert!(text.contains(word), "{word}: {text}");
    }
    assert!(!text.contains("too many"), "{text}");
}

#[test]
fn a_board_has_room_for_a_training_or_lacks_so_many_bytes() {
    let workspace = Workspace::new();
    workspace.write("network.toml", MNIST);
    let text = workspace.text("summary network.toml --board mps2-an386");
    for line in [
        "8,544 of 262,144 bytes of RAM with the input, beside 16,384 for stack and buffers: fits",
        "215,464 of 1,048,576 bytes of flash, beside 32,768 for the program: fits",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    for (name, verdict) in [
        ("whole network, in place", "fits"),
        ("whole network, in batches", "202,760 bytes of RAM too many"),
        (
            "whole network, with momentum",
            "418,224 bytes of RAM too many",
        ),
        ("last layer, in place", "fits"),
        ("biases only, in place", "fits"),
    ] {
        let line = text.lines().find(|line| line.contains(name)).unwrap();
        assert!(line.trim_end().ends_with(verdict), "{line}, not {verdict}");
    }
    for (board, fitting) in [("mps2-an386", 3), ("mps2-an500", 5), ("nrf52840", 3)] {
        let report = workspace.json(&format!("summary network.toml --board {board}"));
        let trainings = report["board"]["device_training"].as_array().unwrap();
        let mut fits = 0;
        for (training, mode) in trainings
            .iter()
            .zip(report["device_training"].as_array().unwrap())
        {
            assert_eq!(training["ram"]["needed"], mode["total"]);
            let [ram, flash] = ["ram", "flash"].map(|memory| {
                let need = |key: &str| training[memory][key].as_u64().unwrap();
                let fits = need("needed") + need("reserved") <= need("available");
                assert_eq!(training[memory]["fits"], fits);
                (need("reserved"), fits)
            });
            assert_eq!([ram.0, flash.0], RESERVED);
            fits += usize::from(ram.1 && flash.1);
        }
        assert_eq!(fits, fitting, "{board}");
    }
}

#[test]
fn a_network_that_fits_but_for_the_stack_does_not_fit() {
    let workspace = Workspace::new();
    // An arena of 250,000 bytes: less than the board's RAM, but not beside stack and buffers.
    let network = "input = { channels = 1, height = 250, width = 249 }\n\
        [[layers]]\ntype = 'linear'\noutputs = 250\n";
    workspace.write("network.toml", network);
    let report = workspace.json("summary network.toml --board mps2-an386");
    let inference = &report["board"]["inference"];
    assert_eq!(inference["needed"], 250_000);
    assert_eq!(inference["fits"], false);
    let text = workspace.text("summary network.toml --board mps2-an386");
    let line = "250,000 of 262,144 bytes of RAM with the input, beside 16,384 for stack and buffers: does not \
        fit, 4,240 bytes too many";
    assert!(text.contains(line), "{line}: {text}");
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
    workspace.write("network.toml", "# Nothing yet.\n");
    workspace.refuses("summary network.toml", &["network.toml", "`input`"]);
    workspace.refuses("summary missing.toml", &["missing.toml", "cannot read"]);
    workspace.write("broken.kiln", "KILN");
    workspace.refuses("summary broken.kiln", &["broken.kiln", "cut short"]);
}

#[test]
fn the_examples_have_the_published_counts_as_they_are_folded() {
    let workspace = Workspace::new();
    let examples = [
        ("resnet8", "--classes 10", 77_706, 12_501_632),
        ("resnet8", "--classes 100", 83_556, 12_507_392),
        ("ds_cnn", "", 22_604, 2_656_768),
        ("mobilenet_v1_025", "", 210_850, 7_489_664),
        ("autoencoder", "", 265_864, 264_192),
        ("colour63", "", 61_308, 7_248_832),
    ];
    for (name, classes, parameters, macs) in examples {
        let path = format!("{}/examples/{name}.toml", env!("CARGO_MANIFEST_DIR"));
        workspace.write("network.toml", std::fs::read(path).unwrap());
        let arguments = format!("summary network.toml {classes}");
        let report = workspace.json(&arguments);
        let folded = &report["folded"];
        assert_eq!(folded["parameters"], parameters, "{name}");
        assert_eq!(folded["macs"], macs, "{name}");
        assert_eq!(folded["parameter_bytes"], 4 * parameters, "{name}");
        assert_eq!(report["parameter_bytes"], 4 * parameters, "{name}");
        assert!(
            report["parameters"].as_u64() > folded["parameters"].as_u64(),
            "{name}"
        );
        let layers = folded["layers"].as_array().unwrap();
        assert!(
            layers.iter().all(|layer| layer["type"] != "batch_norm"),
            "{name}"
        );
        let text = workspace.text(&arguments);
        for number in [parameters, macs, 4 * parameters] {
            let shown = host::output::grouped(number);
            assert!(text.contains(&shown), "{name}: {shown}: {text}");
        }
    }
}

#[test]
fn what_a_layer_reads_is_said_by_number_and_name() {
    let workspace = Workspace::new();
    let path = format!("{}/examples/resnet8.toml", env!("CARGO_MANIFEST_DIR"));
    workspace.write("network.toml", std::fs::read(path).unwrap());
    let text = workspace.text("summary network.toml");
    let row = |number: &str| {
        let mut rows = text.lines().map(str::split_whitespace);
        let row = rows.find(|row| row.clone().next() == Some(number)).unwrap();
        row.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(row("9"), "9 add 8 main_16, 3 stem 16x32x32 0 0 0");
    assert_eq!(row("8"), "8 batch_norm main_16 16x32x32 32 0 0");
    assert_eq!(
        row("16"),
        "16 conv2d shortcut_32 10 stage_16 32x16x16 544 131,072 262,144"
    );
    let report = workspace.json("summary network.toml");
    let add = &report["layers"][8];
    assert_eq!(add["inputs"], serde_json::json!([8, 3]));
    assert_eq!(report["layers"][7]["name"], "main_16");
    // A chain has neither column.
    workspace.write("chain.toml", NETWORK);
    let text = workspace.text("summary chain.toml");
    assert!(
        !text.contains("reads") && !text.contains("name") && !text.contains("folded"),
        "{text}"
    );
}

#[test]
fn classes_are_given_only_where_they_are_asked_for() {
    let workspace = Workspace::new();
    workspace.write(
        "network.toml",
        NETWORK.replace("outputs = 10", "outputs = 'classes'"),
    );
    let report = workspace.json("summary network.toml --classes 7");
    assert_eq!(report["layers"][2]["output"], serde_json::json!([7, 1, 1]));
    workspace.refuses("summary network.toml", &["layer 3 (linear)", "classes"]);
    workspace.refuses(
        "summary network.toml --classes 0",
        &["layer 3 (linear)", "outputs is 0"],
    );
    workspace.write("chain.toml", NETWORK);
    workspace.refuses(
        "summary chain.toml --classes 7",
        &["chain.toml", "--classes"],
    );
}

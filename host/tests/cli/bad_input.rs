use crate::support::{Workspace, idx, read, refused};

const FAST: &str = "--epochs 1 --out run";

fn trained() -> Workspace {
    let workspace = Workspace::new();
    workspace.images("bars", 2, 10);
    workspace.text("train bars --epochs 1 --out run");
    workspace
}

#[test]
fn settings_out_of_bounds_are_named_with_their_value() {
    let workspace = Workspace::new();
    let cases = [
        ("--lr nan", "lr is NaN"),
        ("--lr 0", "lr is 0"),
        ("--lr -0.1", "lr is -0.1"),
        ("--lr inf", "lr is inf"),
        ("--lr 1e-60", "lr is "),
        ("--momentum 1", "momentum is 1"),
        ("--momentum nan", "momentum is NaN"),
        ("--weight-decay -1", "weight-decay is -1"),
        ("--weight-decay nan", "weight-decay is NaN"),
        ("--epochs 0", "epochs is 0"),
        ("--batch 0", "batch is 0"),
        ("--validation 1", "validation is 1"),
        ("--validation -0.1", "validation is -0.1"),
        ("--validation nan", "validation is NaN"),
        ("--threads 0", "threads is 0"),
        ("--augment shift:x", "not an augmentation"),
        ("--seed 18446744073709551615", "seed is"),
    ];
    for (flag, expected) in cases {
        workspace.refuses(
            &format!("train mnist --offline --out run {flag}"),
            &[expected],
        );
    }
    workspace.write("config.toml", "dataset = 'mnist'\n[training]\nlr = nan\n");
    workspace.refuses("train --config config.toml", &["config.toml", "lr is NaN"]);
    assert_eq!(workspace.names("."), ["config.toml"]);
}

#[test]
fn config_files_with_mistakes_are_named_with_the_line() {
    let workspace = Workspace::new();
    workspace.write("config.toml", "dataset = 'mnist'\nepochs = 3\n");
    workspace.refuses(
        "train --config config.toml",
        &["config.toml: line 2: unknown field `epochs`"],
    );
    workspace.write("config.toml", "[training]\nepochs = 3\n");
    workspace.refuses(
        "train --config config.toml",
        &["config.toml", "names no dataset"],
    );
    workspace.refuses(
        "train mnist --config missing.toml",
        &["missing.toml", "cannot read"],
    );
}

#[test]
fn folders_that_are_no_dataset_are_named() {
    let workspace = Workspace::new();
    workspace.write("empty/x", "");
    std::fs::remove_file(workspace.path("empty/x")).unwrap();
    workspace.refuses(&format!("train empty {FAST}"), &["empty"]);
    workspace.refuses(&format!("train missing {FAST}"), &["missing"]);
    workspace.images("single", 1, 5);
    workspace.refuses(&format!("train single {FAST}"), &["single", "class"]);
    workspace.images("bars", 2, 5);
    workspace.write("bars/class1/broken.png", "no picture");
    workspace.refuses(&format!("train bars {FAST}"), &["broken.png"]);
    assert_eq!(workspace.names("."), ["bars", "empty", "single"]);
}

#[test]
fn damaged_idx_files_are_named() {
    let workspace = Workspace::new();
    let images = idx(&[4, 12, 12], &[0; 576]);
    let labels = idx(&[4], &[0, 1, 0, 1]);
    let cases = [
        ("train-images-idx3-ubyte", images[..500].to_vec()),
        ("train-images-idx3-ubyte", labels.clone()),
        ("train-labels-idx1-ubyte", images.clone()),
        ("train-labels-idx1-ubyte", idx(&[3], &[0, 1, 0])),
        ("train-images-idx3-ubyte", b"no IDX".to_vec()),
    ];
    for (name, content) in cases {
        workspace.write("digits/train-images-idx3-ubyte", &images);
        workspace.write("digits/train-labels-idx1-ubyte", &labels);
        workspace.write(&format!("digits/{name}"), content);
        workspace.refuses(&format!("train digits {FAST}"), &["digits"]);
    }
    assert_eq!(workspace.names("."), ["digits"]);
}

#[test]
fn networks_that_do_not_fit_are_named() {
    let workspace = Workspace::new();
    workspace.images("bars", 2, 5);
    let network = "input = { channels = 1, height = 12, width = 12 }\n[[layers]]\n";
    workspace.write(
        "network.toml",
        format!("{network}type = 'conv2d'\nfilters = 2\nkernel = 13\n"),
    );
    let words = ["network.toml: layer 1 (conv2d)"];
    workspace.refuses(&format!("train bars --model network.toml {FAST}"), &words);
    workspace.write(
        "network.toml",
        format!("{network}type = 'linear'\noutputs = 3\n"),
    );
    let words = ["network.toml", "3 classes", "bars has 2", "outputs"];
    workspace.refuses(&format!("train bars --model network.toml {FAST}"), &words);
    assert_eq!(workspace.names("."), ["bars", "network.toml"]);
}

#[test]
fn graphs_that_do_not_hold_together_are_named_by_number_and_name() {
    let workspace = Workspace::new();
    workspace.images("bars", 2, 5);
    let first = "{ type = 'conv2d', filters = 2, kernel = 3, name = 'a' }";
    let second = "{ type = 'conv2d', filters = 3, kernel = 3, padding = 1, name = 'b' }";
    let last = "{ type = 'linear', outputs = 'classes', name = 'out' }";
    let cases: [(&[&str], &[&str]); 6] = [
        (
            &[first, "{ type = 'relu', name = 'a' }", last],
            &["layer 2 (relu)", "layer 1 is named \"a\" already"],
        ),
        (
            &[first, "{ type = 'add', inputs = ['a', 'out'] }", last],
            &["layer 2 (add)", "\"out\"", "layer 3, not an earlier one"],
        ),
        (
            &[first, "{ type = 'add', inputs = ['a', 'c'] }", last],
            &["layer 2 (add)", "\"c\"", "no layer is named so"],
        ),
        (
            &[
                first,
                second,
                "{ type = 'add', inputs = ['a', 'b'], name = 'sum' }",
                last,
            ],
            &["layer 3 \"sum\" (add)", "2x10x10", "3x10x10"],
        ),
        (
            &[
                first,
                second,
                "{ type = 'linear', outputs = 'classes', inputs = ['a'] }",
            ],
            &["layer 2 \"b\" (conv2d)"],
        ),
        (
            &[first, "{ type = 'add', inputs = ['a'] }", last],
            &["layer 2 (add)", "it reads 1, but takes 2"],
        ),
    ];
    for (layers, words) in cases {
        let layers = layers.join(",\n");
        workspace.write(
            "network.toml",
            format!(
                "input = {{ channels = 1, height = 12, width = 12 }}\nlayers = [\n{layers}\n]\n"
            ),
        );
        let words = [&["network.toml: "][..], words].concat();
        workspace.refuses(&format!("train bars --model network.toml {FAST}"), &words);
        workspace.refuses("summary network.toml --classes 2", &words);
    }
    assert_eq!(workspace.names("."), ["bars", "network.toml"]);
}

#[test]
fn weights_for_other_classes_are_named() {
    let workspace = trained();
    workspace.images("more", 3, 5);
    let words = [
        "run/model.kiln",
        "2 classes",
        "class0, class1",
        "more has 3",
    ];
    workspace.refuses("evaluate --dataset more --weights run/model.kiln", &words);
    std::fs::rename(workspace.path("bars/class1"), workspace.path("bars/dog")).unwrap();
    let words = ["class0, class1", "class0, dog"];
    workspace.refuses("evaluate --dataset bars --weights run/model.kiln", &words);
}

#[test]
fn damaged_model_files_are_named() {
    let workspace = trained();
    let good = read(workspace.path("run/model.kiln"));
    let evaluate = "evaluate --dataset bars --weights bad.kiln";
    workspace.write("bad.kiln", "");
    workspace.refuses(evaluate, &["bad.kiln", "an empty file"]);
    for length in [3, 15, 16, 100, good.len() - 1] {
        workspace.write("bad.kiln", &good[..length]);
        workspace.refuses(evaluate, &["bad.kiln", "cut short"]);
    }
    for position in [0, 4, 8, 12, 20, good.len() / 2, good.len() - 1] {
        let mut bytes = good.clone();
        bytes[position] ^= 0x10;
        workspace.write("bad.kiln", bytes);
        workspace.refuses(evaluate, &["bad.kiln"]);
    }
    workspace.write("bad.kiln", [good.as_slice(), b"more"].concat());
    workspace.refuses(evaluate, &["bad.kiln", "ends after"]);
    workspace.refuses(
        "evaluate --dataset bars --weights none.kiln",
        &["none.kiln", "cannot read"],
    );
    workspace.refuses(
        "evaluate --dataset bars --weights bars",
        &["bars: no model.kiln in this folder"],
    );
}

#[test]
fn too_few_samples_are_refused() {
    let workspace = Workspace::new();
    workspace.images("bars", 2, 1);
    workspace.refuses(
        &format!("train bars --validation 0.9 {FAST}"),
        &["bars", "--validation"],
    );
}

#[test]
fn divergence_stops_the_run_and_saves_nothing() {
    let workspace = Workspace::new();
    workspace.images("bars", 2, 20);
    let run = "train bars --lr 1e30 --momentum 0 --batch 4 --schedule constant --out run";
    refused(
        &mut workspace.kiln(run),
        &["diverged in epoch 1, step ", "lower --lr"],
    );
    assert_eq!(workspace.names("."), ["bars"]);
}

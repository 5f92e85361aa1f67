//! Samples to validate and to test on that are elsewhere, and what is there twice in a split.

use crate::support::{Workspace, read};
use std::fs;

/// Folders `data`, `checked` and `field` of bars.
fn three_folders() -> Workspace {
    let workspace = Workspace::new();
    for (folder, each) in [("data", 20), ("checked", 8), ("field", 5)] {
        workspace.images(folder, 3, each);
    }
    workspace
}

#[test]
fn named_folders_validate_and_test() {
    let workspace = three_folders();
    // Its classes are matched by name, in whatever order, and need not all be there.
    fs::remove_dir_all(workspace.path("checked/class1")).unwrap();
    let train = "train data --epochs 3 --validation-data checked --test-data field";
    let text = workspace.text(&format!("{train} --out run"));
    for words in [
        "60 to train, 16 to validate, 15 to test",
        "class0 20/8/5, class1 20/0/5, class2 20/8/5 (to train/validate/test)",
        "no samples to validate on of class1",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let first = workspace.json(&format!("{train} --out first"));
    let scored = workspace.json("evaluate --dataset field --weights first");
    assert_eq!(scored["accuracy"], first["test_accuracy"]);
    let checked = workspace.json("evaluate --dataset checked --weights first");
    assert_eq!(
        checked["accuracy"],
        first["epochs"][2]["validation_accuracy"]
    );
    // The config names all three.
    let again = workspace.json("train --config first/config.toml --out again");
    assert_eq!(again["weights_sha256"], first["weights_sha256"]);
    assert_eq!(again["validation_samples"], 16);
    let config = String::from_utf8(read(workspace.path("first/config.toml"))).unwrap();
    assert!(config.contains("validation_data = "), "{config}");
    // All of the data trains: the same as in one folder that is divided.
    for (from, to) in [
        ("data", "all/train"),
        ("checked", "all/val"),
        ("field", "all/test"),
    ] {
        fs::create_dir_all(workspace.path("all")).unwrap();
        fs::rename(workspace.path(from), workspace.path(to)).unwrap();
    }
    let whole = workspace.json("train all --epochs 3 --out whole");
    assert_eq!(whole["weights_sha256"], first["weights_sha256"]);
}

#[test]
fn what_contradicts_named_folders_is_refused() {
    let workspace = three_folders();
    workspace.images("other", 4, 3);
    workspace.images("divided/train", 3, 4);
    workspace.images("divided/val", 3, 4);
    let refused = |arguments: &str, words: &[&str]| {
        workspace.refuses(&format!("train {arguments} --out none"), words);
    };
    refused(
        "data --validation-data checked --validation 0.2",
        &["--validation"],
    );
    refused(
        "divided --validation-data checked",
        &[
            "divided has samples of its own to validate on",
            "leave out --validation-data",
        ],
    );
    refused(
        "data --test-data divided",
        &["--test-data divided", "divided into parts itself"],
    );
    refused(
        "data --test-data other",
        &["--test-data other", "class3", "data has not"],
    );
    refused("data --test-data nowhere", &["nowhere"]);
    assert!(!workspace.path("none").exists());
}

#[test]
fn a_sweep_takes_named_folders() {
    let workspace = three_folders();
    let sweep = "dataset = \"data\"\nvalidation_data = \"checked\"\ntest_data = \"field\"\n\
                 [training]\nepochs = 1\n[grid]\nbatch = [8, 16]\n";
    workspace.write("sweep.toml", sweep);
    workspace.text("sweep sweep.toml --out swept");
    let run = workspace
        .names("swept")
        .into_iter()
        .find(|name| name.starts_with("001") || name.starts_with("1"))
        .unwrap();
    let config = format!("train --config swept/{run}/config.toml --out again");
    let again = workspace.json(&config);
    assert_eq!(again["validation_samples"], 24);
    assert_eq!(again["test_samples"], 15);
    let model = |path: String| read(workspace.path(&path));
    assert_eq!(
        model("again/model.kiln".into()),
        model(format!("swept/{run}/model.kiln"))
    );
}

#[test]
fn an_autoencoder_is_tested_on_what_it_never_saw() {
    let workspace = Workspace::new();
    workspace.images("normal", 1, 20);
    workspace.images("odd", 2, 6);
    fs::rename(workspace.path("odd/class1"), workspace.path("odd/anomaly")).unwrap();
    workspace.write(
        "network.toml",
        "input = { channels = 1, height = 12, width = 12 }\n\
         [[layers]]\ntype = \"linear\"\noutputs = 8\n[[layers]]\ntype = \"linear\"\noutputs = 144\n",
    );
    let text = workspace
        .text("train normal --loss mse --model network.toml --epochs 2 --test-data odd --out run");
    assert!(text.contains("anomaly by its error"), "{text}");
}

#[test]
fn duplicates_are_kept_on_one_side() {
    let workspace = Workspace::new();
    workspace.images("data", 3, 10);
    // Each is there twice.
    for class in 0..3 {
        for number in 0..10 {
            let path = |name: String| workspace.path(&format!("data/class{class}/{name}"));
            fs::copy(
                path(format!("image {number}.png")),
                path(format!("copy {number}.png")),
            )
            .unwrap();
        }
    }
    let text = workspace.text("train data --epochs 1 --validation 0.2 --out run");
    for words in [
        "30 samples to train on are there once more; duplicates are kept on one side of the split",
        "48 to train, 12 to validate",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    // A part that is given apart stays as it is, which is said.
    workspace.images("checked", 3, 2);
    let text = workspace.text("train data --epochs 1 --validation-data checked --out other");
    let words = "6 samples to validate on are among those to train on";
    assert!(
        text.contains(words) && !text.contains("one side of the split"),
        "{text}"
    );
}

#[test]
fn a_size_beside_a_network_changes_its_input() {
    let workspace = Workspace::new();
    workspace.images("bars", 3, 10);
    workspace.write(
        "network.toml",
        "input = { channels = 1, height = 12, width = 12 }\n\
         [[layers]]\ntype = \"conv2d\"\nfilters = 4\nkernel = 3\n\
         [[layers]]\ntype = \"relu\"\n[[layers]]\ntype = \"linear\"\noutputs = \"classes\"\n",
    );
    let train = "train bars --epochs 1 --model network.toml --out run";
    let text = workspace.text(&format!("{train} --size 20x16"));
    assert!(text.contains("samples of 1x16x20"), "{text}");
    let again = workspace.text("train --config run/config.toml --out again");
    assert!(again.contains("samples of 1x16x20"), "{again}");
    workspace.refuses(
        &format!("{train} --size 2"),
        &["network.toml with --size 2x2", "layer 1"],
    );
    workspace.refuses(
        &format!("{train} --size own"),
        &["--size own", "WIDTHxHEIGHT"],
    );
}

#[test]
fn a_network_that_no_board_holds_is_told_of() {
    let workspace = Workspace::new();
    workspace.images("bars", 2, 3);
    let wide = "input = { channels = 1, height = 12, width = 12 }\n\
                [[layers]]\ntype = \"linear\"\noutputs = 30000\n\
                [[layers]]\ntype = \"linear\"\noutputs = \"classes\"\n";
    workspace.write("wide.toml", wide);
    let train = "train bars --epochs 1 --batch 1 --threads 1 --out run";
    let text = workspace.text(&format!("{train} --model wide.toml"));
    assert!(
        text.contains("no board that Kiln knows would hold this network"),
        "{text}"
    );
    assert!(!workspace.text(train).contains("no board"));
}

//! Classes with many more samples than others.

use crate::support::{Workspace, read};

/// A folder `data` of three classes with 40, 40 and 5 images.
fn unbalanced() -> Workspace {
    let workspace = Workspace::new();
    workspace.images("data", 3, 5);
    workspace.images("data", 2, 23);
    workspace
}

#[test]
fn balanced_accuracy_is_said_of_unbalanced_classes() {
    let workspace = unbalanced();
    let text = workspace.text("train data --epochs 2 --validation 0.3 --out run");
    assert!(text.contains("balanced   "), "{text}");
    let page = String::from_utf8(read(workspace.path("run/report.html"))).unwrap();
    assert!(page.contains("Balanced accuracy"));
    let text = workspace.text("evaluate --dataset data --weights run");
    assert!(text.contains("balanced   "), "{text}");
    let scored = workspace.json("evaluate --dataset data --weights run");
    let recalls: Vec<f64> = scored["per_class"]
        .as_array()
        .unwrap()
        .iter()
        .map(|class| class["recall"].as_f64().unwrap())
        .collect();
    let mean = recalls.iter().sum::<f64>() / 3.0;
    assert!((scored["balanced_accuracy"].as_f64().unwrap() - mean).abs() < 1e-12);
    workspace.images("even", 3, 10);
    let text = workspace.text("train even --epochs 1 --out even-run");
    assert!(!text.contains("balanced"), "{text}");
}

#[test]
fn balancing_weighs_each_class_by_its_share() {
    let workspace = unbalanced();
    let train = "train data --epochs 3 --balance";
    let text = workspace.text(&format!("{train} --out run"));
    assert!(
        text.contains("balanced   a sample counts, in the loss, by its class: class0 0.77, "),
        "{text}"
    );
    let first = workspace.json(&format!("{train} --out one --threads 1 --lanes 1"));
    let plain = workspace.json("train data --epochs 3 --out plain");
    assert_ne!(first["weights_sha256"], plain["weights_sha256"]);
    for width in ["--threads 2", "--threads 3 --lanes 4"] {
        let other = workspace.json(&format!("{train} --out other {width}"));
        assert_eq!(other["weights_sha256"], first["weights_sha256"], "{width}");
    }
    let again = workspace.json("train --config one/config.toml --out again");
    assert_eq!(again["weights_sha256"], first["weights_sha256"]);
    // Of classes with as many samples each, every weight is 1.
    workspace.images("even", 3, 10);
    let even = |balance: &str| {
        workspace.json(&format!(
            "train even --epochs 2 --validation 0 {balance} --out even-run"
        ))["weights_sha256"]
            .clone()
    };
    assert_eq!(even("--balance"), even(""));
    workspace.refuses(
        "train data --balance --loss mse --out none",
        &["balance", "cross-entropy"],
    );
}

#[test]
fn few_samples_are_told_with_their_count() {
    let workspace = Workspace::new();
    workspace.images("few", 3, 20);
    let text = workspace.text("train few --epochs 1 --out run");
    assert!(
        text.contains("of 6 samples (") && text.contains("few to judge by"),
        "{text}"
    );
    workspace.images("test", 3, 12);
    let text = workspace.text("evaluate --dataset test --weights run");
    assert!(!text.contains("few to judge by"), "{text}");
}

#[test]
fn the_report_lists_every_class_with_its_counts() {
    let workspace = Workspace::new();
    workspace.images("many/train", 6, 4);
    workspace.images("many/test", 6, 2);
    for class in 6..15 {
        let folder = workspace.path(&format!("many/train/class{class}"));
        std::fs::create_dir_all(&folder).unwrap();
        image::GrayImage::from_pixel(12, 12, image::Luma([class as u8 * 9]))
            .save(folder.join("one.png"))
            .unwrap();
    }
    workspace.text("train many --epochs 1 --out run");
    let page = String::from_utf8(read(workspace.path("run/report.html"))).unwrap();
    for words in ["class14", "trained on", "validated on", "tested on"] {
        assert!(page.contains(words), "{words}");
    }
}

//! Networks that learn to give their input again, and whose error finds what is unlike it.

use crate::support::{Workspace, read};
use image::GrayImage;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use std::collections::HashMap;

const NETWORK: &str = r#"
input = { channels = 16, height = 1, width = 1 }
layers = [
    { type = "linear", outputs = 8 },
    { type = "batch_norm" },
    { type = "relu" },
    { type = "linear", outputs = 2 },
    { type = "linear", outputs = 16, name = "out" },
]
"#;

/// Rows of 16 values on a plane through the space of them; those with an anomaly are off it.
fn rows(count: usize, is_anomaly: impl Fn(usize) -> bool) -> Vec<u8> {
    let value = |place: usize| {
        let (row, column) = (place / 16, place % 16);
        let [one, other] = [7919, 104_729].map(|prime| (row * prime % 101) as f32 / 50.0 - 1.0);
        let on_plane = match column < 8 {
            true => one,
            false => other,
        };
        match is_anomaly(row) && column % 2 == 0 {
            true => -2.0 - on_plane,
            false => on_plane,
        }
    };
    let values = (0..count * 16).map(value);
    values.flat_map(f32::to_le_bytes).collect()
}

fn save(workspace: &Workspace, name: &str, is_labelled: bool) {
    let (train, test) = (rows(200, |_| false), rows(60, |row| row % 3 == 2));
    let labels: Vec<u8> = (0..60).map(|row| u8::from(row % 3 == 2)).collect();
    let mut views = vec![
        ("input", TensorView::new(Dtype::F32, vec![200, 16], &train)),
        (
            "test_input",
            TensorView::new(Dtype::F32, vec![60, 16], &test),
        ),
    ];
    if is_labelled {
        views.push(("test_labels", TensorView::new(Dtype::U8, vec![60], &labels)));
    }
    let views = views.into_iter().map(|(name, view)| (name, view.unwrap()));
    let classes = is_labelled.then(|| HashMap::from([("classes".into(), "calm\nanomaly".into())]));
    workspace.write(name, safetensors::serialize(views, classes).unwrap());
}

fn workspace() -> Workspace {
    let workspace = Workspace::new();
    save(&workspace, "sounds.safetensors", true);
    workspace.write("net.toml", NETWORK);
    workspace
}

const TRAIN: &str =
    "train sounds.safetensors --model net.toml --loss mse --epochs 20 --batch 16 --lr 0.2";

#[test]
fn an_autoencoder_finds_anomalies_by_its_error() {
    let workspace = workspace();
    let report = workspace.json(&format!("{TRAIN} --out run"));
    let area = report["anomaly"]["area"].as_f64().unwrap();
    assert!(area > 0.9, "{report}");
    assert_eq!(report["anomaly"]["class"], "anomaly");
    assert!(report["test_accuracy"].is_null());
    let epochs = report["epochs"].as_array().unwrap();
    let losses = [&epochs[0], &epochs[19]].map(|epoch| epoch["validation_loss"].as_f64().unwrap());
    assert!(losses[1] < 0.5 * losses[0], "{losses:?}");
    assert!(epochs[19]["validation_accuracy"].is_null());
    let moved = &report["folding"]["moved"];
    assert_eq!(moved["after"]["loss"], report["test_loss"]);
    assert!(moved["classified_otherwise"].is_null());

    let scored = workspace
        .json("evaluate --dataset sounds.safetensors --weights run --outputs out.safetensors");
    assert_eq!(scored["loss"], report["test_loss"]);
    assert_eq!(scored["anomaly"], report["anomaly"]);
    assert_eq!(scored["samples"], 60);
    for field in ["accuracy", "confusion", "correct", "logits_sha256"] {
        assert!(scored[field].is_null(), "{field}: {scored}");
    }
    let bytes = read(workspace.path("out.safetensors"));
    let outputs = SafeTensors::deserialize(&bytes).unwrap();
    let errors = outputs.tensor("errors").unwrap();
    assert_eq!((errors.dtype(), errors.shape()), (Dtype::F32, &[60][..]));
    let errors = errors.data().as_chunks::<4>().0.iter();
    let errors: Vec<f64> = errors
        .map(|error| f64::from(f32::from_le_bytes(*error)))
        .collect();
    let mean = errors.iter().sum::<f64>() / 60.0;
    let loss = scored["loss"].as_f64().unwrap();
    assert!((mean - loss).abs() < 1e-6 * loss, "{mean}, {loss}");
    for machine in ["--threads 1 --lanes 1", "--threads 2"] {
        let again = format!("evaluate --dataset sounds.safetensors --weights run {machine}");
        assert_eq!(
            workspace.json(&again)["errors_sha256"],
            scored["errors_sha256"]
        );
        let again = workspace.json(&format!("{TRAIN} {machine} --out again"));
        assert_eq!(again["weights_sha256"], report["weights_sha256"]);
    }
}

#[test]
fn an_autoencoder_is_told_of_without_accuracies() {
    let workspace = workspace();
    let text = workspace.text(&format!("{TRAIN} --out run"));
    for words in [
        "test       mean squared error ",
        "anomaly    anomaly by its error: ",
        "folded     1 batch normalisation into its neighbour; error ",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(!text.contains('%') && !text.contains("guessing"), "{text}");
    assert!(!workspace.names("run").contains(&"confusion.svg".into()));
    let metrics = String::from_utf8(read(workspace.path("run/metrics.csv"))).unwrap();
    let line: Vec<&str> = metrics.lines().nth(1).unwrap().split(',').collect();
    assert_eq!((line[2], line[4]), ("", ""), "{metrics}");
    let report = String::from_utf8(read(workspace.path("run/report.html"))).unwrap();
    for words in [
        "an autoencoder of 16x1x1",
        "Area under ROC",
        "Reconstruction error",
    ] {
        assert!(report.contains(words), "{words}: {report}");
    }
    assert!(!report.contains("Confusion"));
    workspace.text("report run");

    let text = workspace.text("evaluate --dataset sounds.safetensors --weights run");
    assert!(text.contains("scored     mean squared error "), "{text}");
    assert!(text.contains("under the ROC curve"), "{text}");
    let predicted = workspace.json("predict sounds.safetensors --weights run");
    let predictions = predicted["predictions"].as_array().unwrap();
    assert_eq!(predictions.len(), 200);
    assert!(predictions[0]["error"].as_f64().unwrap() > 0.0);
    assert!(predictions[0]["top"].is_null());
    let text = workspace.text("predict sounds.safetensors --weights run");
    assert!(text.contains("sounds.safetensors[199]"), "{text}");
}

#[test]
fn samples_without_labels_are_enough() {
    let workspace = workspace();
    save(&workspace, "bare.safetensors", false);
    let train = TRAIN.replace("sounds", "bare");
    let report = workspace.json(&format!("{train} --out run"));
    assert!(report["anomaly"].is_null());
    let labelled = workspace.json(&format!("{TRAIN} --out again"));
    assert_eq!(report["weights_sha256"], labelled["weights_sha256"]);
    assert_eq!(report["test_loss"], labelled["test_loss"]);
}

#[test]
fn folders_of_normal_images_and_of_anomalies_will_do() {
    let workspace = Workspace::new();
    for (folder, count) in [
        ("train/normal", 40),
        ("test/normal", 10),
        ("test/anomaly", 10),
    ] {
        for number in 0..count {
            let image = GrayImage::from_fn(4, 4, |x, y| {
                let value = match folder.ends_with("anomaly") {
                    true => (x * 97 + y * 61 + number * 37) % 251,
                    false => 20 * number % 200 + x,
                };
                image::Luma([value as u8])
            });
            let name = format!("pictures/{folder}/{number}.png");
            workspace.write(&name, "");
            image.save(workspace.path(&name)).unwrap();
        }
    }
    let network = NETWORK.replace(
        "channels = 16, height = 1, width = 1",
        "channels = 1, height = 4, width = 4",
    );
    workspace.write("net.toml", network);
    let report = workspace
        .json("train pictures --model net.toml --loss mse --epochs 20 --batch 8 --out run");
    assert_eq!(report["anomaly"]["class"], "anomaly");
    assert!(
        report["anomaly"]["area"].as_f64().unwrap() > 0.9,
        "{report}"
    );
    let scored = workspace.json("evaluate --dataset pictures --weights run");
    assert_eq!(scored["anomaly"], report["anomaly"]);
}

#[test]
fn samples_of_a_single_class_will_do() {
    let workspace = Workspace::new();
    workspace.images("bars", 1, 20);
    let shape = "channels = 1, height = 4, width = 4";
    let network = NETWORK.replace("channels = 16, height = 1, width = 1", shape);
    workspace.write("net.toml", network);
    workspace.refuses("train bars --model net.toml --out run", &["one class only"]);
    let report = workspace.json("train bars --model net.toml --loss mse --epochs 1 --out run");
    assert!(report["anomaly"].is_null());
    let scored = workspace.json("evaluate --dataset bars --weights run");
    assert_eq!(scored["samples"], 20);
    assert!(scored["anomaly"].is_null());
}

#[test]
fn what_is_no_autoencoder_is_refused_in_words() {
    let workspace = workspace();
    workspace.write(
        "small.toml",
        NETWORK.replace("outputs = 16", "outputs = 15"),
    );
    let train = "train sounds.safetensors --loss mse --out run --epochs 1";
    workspace.refuses(
        &format!("{train} --model small.toml"),
        &[
            "small.toml: layer 5 \"out\" (linear): it gives 15 values",
            "16 values",
        ],
    );
    workspace.refuses(train, &["--loss mse", "--model"]);
    workspace.refuses(
        &format!("{train} --model net.toml --label-smoothing 0.1"),
        &["label-smoothing is 0.1"],
    );
    workspace.refuses(
        "train sounds.safetensors --model net.toml --out run --epochs 1",
        &["sounds.safetensors has no labels", "--loss mse"],
    );
    workspace.write(
        "sweep.toml",
        "dataset = 'sounds.safetensors'\nmodel = 'net.toml'\n[grid]\nlr = [0.1]\n\
         [training]\nloss = 'mse'\n",
    );
    workspace.refuses("sweep sweep.toml --out sweep", &["loss is mse", "accuracy"]);
    assert!(!workspace.path("run").exists());
}

//! Training that starts from a trained model's weights, and which epoch's weights are kept.

use crate::support::{Workspace, read};
use host::weights::ModelBytes;
use serde_json::Value;
use std::path::Path;

/// Two convolutions with a batch normalisation each, which folding merges.
const NETWORK: &str = r#"
input = { channels = 1, height = 12, width = 12 }
[[layers]]
type = "conv2d"
name = "stem"
filters = 4
kernel = 3
bias = false
[[layers]]
type = "batch_norm"
[[layers]]
type = "relu"
[[layers]]
type = "conv2d"
name = "second"
filters = 6
kernel = 3
bias = false
[[layers]]
type = "batch_norm"
[[layers]]
type = "relu"
[[layers]]
type = "dropout"
probability = 0.1
[[layers]]
type = "linear"
outputs = "classes"
"#;

/// The parameters of a model file.
fn parameters(path: &Path) -> Vec<f32> {
    let bytes = ModelBytes::read(path).unwrap();
    bytes.open().unwrap().parameters().to_vec()
}

/// A run on three classes of bars, in `run`, of a network that was folded.
fn trained() -> Workspace {
    let workspace = Workspace::new();
    workspace.images("bars", 3, 20);
    workspace.write("network.toml", NETWORK);
    workspace.text("train bars --model network.toml --epochs 8 --out run");
    workspace
}

#[test]
fn a_run_goes_on_from_weights_for_the_same_classes() {
    let workspace = trained();
    let text = workspace.text("train bars --weights run --epochs 1 --lr 1e-30 --out again");
    assert!(
        text.contains("weights    of run/model.kiln, for the same classes"),
        "{text}"
    );
    // No step has changed them.
    assert_eq!(
        parameters(&workspace.path("again/model.kiln")),
        parameters(&workspace.path("run/model.kiln"))
    );
    let first = workspace.json("train bars --weights run --epochs 2 --out one --threads 1");
    let config = "train --config one/config.toml --out two --lanes 1";
    assert_eq!(
        workspace.json(config)["weights_sha256"],
        first["weights_sha256"]
    );
    let config = String::from_utf8(read(workspace.path("one/config.toml"))).unwrap();
    assert!(config.contains("weights_sha256 = "), "{config}");
    workspace.text("train bars --epochs 1 --model network.toml --seed 5 --out run");
    let text = workspace.text("train --config one/config.toml --out three");
    assert!(text.contains("has other weights than the run"), "{text}");
}

#[test]
fn a_last_layer_is_made_anew_for_other_classes() {
    let workspace = trained();
    workspace.images("more", 5, 20);
    let train = "train more --weights run/model.kiln --train-from second --epochs 3 --out more-run";
    let text = workspace.text(train);
    for words in [
        "the last layer (5 linear) is made anew, for 5 classes (class0, class1, class2, class3, …)",
        "instead of 3 classes (class0, class1, class2)",
        "trained from layer 3 (conv2d) on",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let before = parameters(&workspace.path("run/model.kiln"));
    let after = parameters(&workspace.path("more-run/model.kiln"));
    // Four filters of nine weights, each with a bias, stay; six with 36 weights each learn.
    assert_eq!(before[..40], after[..40]);
    assert_ne!(before[40..262], after[40..262]);
    let scored = workspace.json("evaluate --dataset more --weights more-run");
    assert_eq!(scored["classes"], 5);
    let numbered = "train more --weights run --train-from 3 --epochs 3 --out numbered --threads 1";
    workspace.text(numbered);
    assert_eq!(after, parameters(&workspace.path("numbered/model.kiln")));
}

#[test]
fn classes_in_another_order_are_the_same() {
    let workspace = trained();
    // The same images by other names that sort otherwise.
    for (from, to) in [("class0", "z"), ("class1", "y"), ("class2", "x")] {
        let [from, to] =
            [format!("bars/{from}"), format!("named/{to}")].map(|p| workspace.path(&p));
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::rename(from, to).unwrap();
    }
    workspace.text("train named --model network.toml --epochs 8 --out named-run");
    let scored = |run: &str| -> Value {
        workspace.json(&format!("evaluate --dataset named --weights {run}"))["accuracy"].clone()
    };
    let text = workspace.text("train named --weights named-run --epochs 1 --lr 1e-30 --out on");
    assert!(text.contains("for the same classes"), "{text}");
    assert_eq!(scored("on"), scored("named-run"));
}

#[test]
fn weights_that_cannot_be_trained_on_are_refused() {
    let workspace = trained();
    workspace.text("quantize --weights run --dataset bars --out int8.kiln");
    let refused = |arguments: &str, words: &[&str]| {
        workspace.refuses(&format!("train bars --out none {arguments}"), words);
    };
    refused(
        "--weights int8.kiln",
        &["int8.kiln", "quantise it again", "kiln device train"],
    );
    refused(
        "--weights run --train-from 9",
        &["train-from is 9", "5 layers"],
    );
    refused("--weights run --train-from 0", &["counted from 1"]);
    refused(
        "--weights run --train-from head",
        &["\"head\"", "stem, second"],
    );
    refused("--train-from 2", &["--weights"]);
    refused("--weights run --model network.toml", &["--model"]);
    refused("--weights run --size 20", &["--size"]);
    refused(
        "--weights run --loss mse",
        &["a classifier", "leave out --loss"],
    );
    refused("--weights nothing.kiln", &["nothing.kiln"]);
    refused("--weights bars", &["bars", "no model.kiln"]);
    assert!(!workspace.path("none").exists());
}

#[test]
fn an_interrupted_fine_tuning_goes_on_to_the_same_bits() {
    use crate::resume::Running;

    let workspace = trained();
    workspace.images("more", 5, 20);
    let train =
        "train more --weights run --train-from 3 --epochs 60 --batch 4 --keep best --threads 1";
    let whole = workspace.json(&format!("{train} --out whole"));
    let mut running = Running::start(&workspace, &format!("{train} --out part"));
    running.until_word("3");
    running.signal("kill -INT PID");
    let ended = running.end();
    assert_eq!(ended.code, Some(130), "{}", ended.errors);
    std::fs::remove_dir_all(workspace.path("run")).unwrap();
    let resumed = workspace.json("train --resume part --threads 1");
    assert_eq!(resumed["weights_sha256"], whole["weights_sha256"]);
    assert_eq!(resumed["kept_epoch"], whole["kept_epoch"]);
    assert!(resumed["kept_epoch"].as_u64().unwrap() <= 60, "{resumed}");
}

#[test]
fn the_best_epoch_is_kept_and_said() {
    let workspace = Workspace::new();
    workspace.images("bars", 4, 12);
    // A rate that rises makes a later epoch worse than one before.
    let train = "train bars --epochs 5 --batch 8 --lr 0.01 --schedule step:3:12 --validation 0.3 --threads 1";
    let last = workspace.json(&format!("{train} --out last"));
    let best = workspace.json(&format!("{train} --keep best --out best"));
    assert_eq!(last.get("kept_epoch"), None);
    let kept = best["kept_epoch"].as_u64().unwrap();
    let accuracy = |epoch: &Value| epoch["validation_accuracy"].as_f64().unwrap();
    let epochs = best["epochs"].as_array().unwrap();
    let most = epochs.iter().map(accuracy).fold(0.0, f64::max);
    assert_eq!(accuracy(&epochs[kept as usize - 1]), most);
    assert!(accuracy(&epochs[4]) < most, "{best}");
    // The weights are those of a run that ends there, but for its schedule.
    let scored = workspace.json("evaluate --dataset bars --weights best");
    assert_eq!(scored["weights_sha256"], best["weights_sha256"]);
    assert_ne!(last["weights_sha256"], best["weights_sha256"]);
    let text = workspace.text(&format!("{train} --keep best --out told"));
    let words = format!("kept       the weights of epoch {kept} of 5, the best by validation: ");
    assert!(text.contains(&words), "{text}");
    let page = String::from_utf8(read(workspace.path("told/report.html"))).unwrap();
    assert!(page.contains(&format!("epoch {kept}'s weights kept")));
    let text = workspace.text(&format!("{train} --out plain"));
    assert!(text.contains("which --keep best keeps"), "{text}");
    let again = workspace.json("train --config best/config.toml --out again");
    assert_eq!(again["weights_sha256"], best["weights_sha256"]);
    workspace.refuses(
        "train bars --keep best --validation 0 --out none",
        &["keep is best", "--validation"],
    );
}

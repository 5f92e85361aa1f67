use crate::resume::Running;
use crate::support::{Workspace, read};

/// The committed network of digits in integers.
const DIGITS: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../firmware/assets/digits-int8.kiln"
);

#[test]
fn a_quantised_network_is_trained_on_with_its_codes() {
    let workspace = Workspace::new();
    let train = "train mnist --offline --epochs 1 --quantize";
    workspace.text(&format!("{train} --out plain"));
    let tuned = workspace.json(&format!(
        "{train} --quantize-epochs 1 --threads 2 --out run"
    ));
    let int8 = &tuned["int8"];
    assert_eq!(int8["tuned"]["epochs"], 1);
    let accuracy = |score: &serde_json::Value| score["accuracy"].as_f64().unwrap();
    let scored = &int8["scored"];
    assert!(
        accuracy(&scored["after"]) > accuracy(&scored["before"]) - 0.01,
        "{int8}"
    );
    assert!(accuracy(&int8["tuned"]["rounded"]) > 0.8, "{int8}");
    // The network of floating-point numbers stays what it was, that of integers does not.
    let file = |name: &str| read(workspace.path(name));
    assert!(file("run/model.kiln") == file("plain/model.kiln"));
    assert!(file("run/model-int8.kiln") != file("plain/model-int8.kiln"));
    let config = String::from_utf8(file("run/config.toml")).unwrap();
    assert!(config.contains("quantize_epochs = 1\n"), "{config}");
    let page = String::from_utf8(file("run/report.html")).unwrap();
    assert!(page.contains("by rounding alone") && page.contains("trained on for 1 epoch"));
    // The command does the same to a finished run, with any threads and lanes.
    let text = workspace.text(
        "quantize --weights plain --dataset mnist --offline --quantize-epochs 1 --threads 1 \
         --lanes 4 --out own.kiln",
    );
    assert!(text.contains("quantising epoch 1 of 1, loss"), "{text}");
    assert!(text.contains("tuned      1 epoch at lr 0.00015"), "{text}");
    assert!(file("own.kiln") == file("run/model-int8.kiln"));
}

#[test]
fn epochs_of_quantisation_that_make_no_sense_are_refused() {
    let workspace = Workspace::new();
    workspace.refuses(
        "train mnist --offline --quantize-epochs 2",
        &["quantize-epochs is 2", "add --quantize"],
    );
    workspace.refuses(
        "train mnist --offline --quantize --quantize-epochs 0",
        &["quantize-epochs is 0", "at least 1"],
    );
    workspace.refuses(
        "quantize --weights run --dataset mnist --offline --quantize-epochs 0",
        &["--quantize-epochs is 0"],
    );
    workspace.write("digits.kiln", read(DIGITS));
    workspace.refuses(
        "quantize --weights digits.kiln --dataset mnist --offline --quantize-epochs 1 --out own.kiln",
        &["digits.kiln", "int8 network"],
    );
}

#[test]
fn an_interrupted_run_begins_its_epochs_of_quantisation_anew() {
    const RUN: &str =
        "train bars --epochs 2 --batch 2 --lr 0.01 --quantize --quantize-epochs 150 --out";
    let workspace = Workspace::new();
    workspace.images("bars", 3, 20);
    let mut running = Running::start(&workspace, &format!("{RUN} run"));
    running.until_word("quantising");
    running.signal("kill -INT PID");
    let ended = running.end();
    assert_eq!(ended.code, Some(130), "{}", ended.errors);
    assert!(
        ended
            .errors
            .contains("begin anew; go on with: kiln train --resume run"),
        "{}",
        ended.errors
    );
    assert_eq!(workspace.names("run"), ["checkpoint.kiln-run"]);
    let text = workspace.text("train --resume run");
    assert!(text.contains("quantising epoch 150 of 150"), "{text}");
    workspace.text(&format!("{RUN} other"));
    for name in ["model.kiln", "model-int8.kiln"] {
        let [own, other] =
            ["run", "other"].map(|run| read(workspace.path(&format!("{run}/{name}"))));
        assert!(own == other, "{name}");
    }
}

#[test]
fn a_sweep_compares_epochs_of_quantisation() {
    let workspace = Workspace::new();
    workspace.images("bars", 3, 20);
    workspace.write(
        "sweep.toml",
        "dataset = 'bars'\n[training]\nepochs = 2\nbatch = 4\nquantize = true\n\
         [grid]\nquantize_epochs = [1, 3]\n\
         [model]\ninput = { channels = 1, height = 12, width = 12 }\n\
         [[model.layers]]\ntype = 'linear'\noutputs = 3\n",
    );
    let report = workspace.json("sweep sweep.toml --out out");
    let runs = report["runs"].as_array().unwrap();
    let names = runs.iter().map(|run| run["run"].as_str().unwrap());
    let files: Vec<Vec<u8>> = names
        .map(|name| read(workspace.path(&format!("out/{name}/model-int8.kiln"))))
        .collect();
    assert_eq!(files.len(), 2);
    assert!(files[0] != files[1]);
}

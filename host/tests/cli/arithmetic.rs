//! The fused arithmetic, where one asks for it.

use crate::support::{Workspace, read};
use kiln_core::{Arithmetic, LaneWidth};
use serde_json::Value;

const TRAIN: &str = "train mnist --offline --epochs 1 --validation 0 --arithmetic fused";

/// Whether this processor has it; says where it does not.
fn is_here() -> bool {
    let here = Arithmetic::Fused.widths().next().is_some();
    if !here {
        eprintln!("skipped: this processor has no fused arithmetic");
    }
    here
}

#[test]
fn fused_weights_are_the_same_on_any_threads_and_lanes_and_unlike_separate_ones() {
    if !is_here() {
        return;
    }
    let workspace = Workspace::new();
    let first = workspace.json(&format!("{TRAIN} --out run"));
    for width in Arithmetic::Fused.widths() {
        for threads in [1, 2] {
            let machine = format!("--threads {threads} --lanes {} --out again", width.lanes());
            let again = workspace.json(&format!("{TRAIN} {machine}"));
            assert_eq!(
                again["weights_sha256"], first["weights_sha256"],
                "{machine}"
            );
        }
    }
    let config = String::from_utf8(read(workspace.path("run/config.toml"))).unwrap();
    assert!(config.contains("arithmetic = \"fused\""), "{config}");
    let again = workspace.json("train --config run/config.toml --out again");
    assert_eq!(again["weights_sha256"], first["weights_sha256"]);
    let separate = TRAIN.replace("fused", "separate");
    let separate = workspace.json(&format!("{separate} --out separate"));
    assert_ne!(separate["weights_sha256"], first["weights_sha256"]);
    let config = String::from_utf8(read(workspace.path("separate/config.toml"))).unwrap();
    assert!(!config.contains("arithmetic"), "{config}");
}

#[test]
fn what_is_trained_fused_is_evaluated_as_ever_unless_asked_otherwise() {
    if !is_here() {
        return;
    }
    let workspace = Workspace::new();
    let trained = workspace.json(&format!("{TRAIN} --out run"));
    let evaluate = "evaluate --dataset mnist --offline --weights run";
    let separate = workspace.json(evaluate);
    assert_eq!(separate["loss"], trained["test_loss"]);
    assert_eq!(separate["arithmetic"], "separate");
    let fused = |lanes: LaneWidth| {
        let lanes = lanes.lanes();
        workspace.json(&format!("{evaluate} --arithmetic fused --lanes {lanes}"))
    };
    let scored: Vec<Value> = Arithmetic::Fused.widths().map(fused).collect();
    for fused in &scored {
        assert_eq!(fused["arithmetic"], "fused");
        assert_eq!(fused["logits_sha256"], scored[0]["logits_sha256"]);
        assert_ne!(fused["logits_sha256"], separate["logits_sha256"]);
        let losses = [fused, &separate].map(|scored| scored["loss"].as_f64().unwrap());
        assert!((losses[0] - losses[1]).abs() < 1e-5, "{losses:?}");
    }
}

#[test]
fn a_width_without_the_fused_arithmetic_is_refused() {
    let workspace = Workspace::new();
    let words = ["this processor has no fused arithmetic at 4 lanes; use --arithmetic separate"];
    for command in [
        format!("{TRAIN} --lanes 4"),
        "evaluate --dataset mnist --offline --weights none.kiln --arithmetic fused --lanes 4"
            .into(),
        "bench --arithmetic fused --lanes 4".into(),
    ] {
        workspace.refuses(&command, &words);
    }
}

#[test]
fn a_sweep_compares_both() {
    if !is_here() {
        return;
    }
    let workspace = Workspace::new();
    workspace.write(
        "sweep.toml",
        "dataset = 'mnist'\n[training]\nepochs = 1\n[grid]\narithmetic = ['separate', 'fused']\n",
    );
    let report = workspace.json("sweep sweep.toml --offline --out sweep");
    let runs = report["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 2, "{report}");
    let models = ["001-arithmetic=separate", "002-arithmetic=fused"];
    let models = models.map(|run| read(workspace.path(&format!("sweep/{run}/model.kiln"))));
    assert_ne!(models[0], models[1]);
}

//! Memory that a network or a file asks for: it is known before it is taken, and refused in a line.

use crate::support::{Workspace, refused};
use host::weights::ModelBytes;
use kiln_core::{ModelParts, ModelTask, Network, Scaling};
use std::time::Duration;

/// Of 68 bytes; one packet of its input takes 16 GiB.
const HUGE: Network = Network::input(1, 16_384, 16_384)
    .global_avg_pool2d()
    .linear(2);
/// A small file whose network takes much memory.
pub const WIDE: &str = "input = { channels = 1, height = 28, width = 28 }
[[layers]]
type = 'conv2d'
filters = 65535
kernel = 1
[[layers]]
type = 'global_avg_pool2d'
[[layers]]
type = 'linear'
outputs = 10
";
/// Less than either takes.
const LIMIT: &str = "--memory 200MiB";

fn refuses(workspace: &Workspace, arguments: &str, words: &[&str]) {
    let mut command = workspace.kiln(arguments);
    refused(command.timeout(Duration::from_secs(20)), words);
}

fn huge(workspace: &Workspace) {
    let parts = ModelParts {
        task: ModelTask::Classification,
        network: &HUGE,
        scaling: &Scaling::uniform(1, 1.0, 0.0).unwrap(),
        class_names: &[],
        notes: "",
        parameters: &[0.5; HUGE.parameters()],
    };
    let model = ModelBytes::encode(&parts).unwrap();
    workspace.write("huge.kiln", model.as_slice());
}

#[test]
fn a_network_that_takes_more_memory_than_there_may_be_is_refused() {
    let workspace = Workspace::new();
    workspace.images("bars", 2, 10);
    huge(&workspace);
    workspace.write("wide.toml", WIDE);
    let commands = [
        "predict bars/class0/missing.png --weights huge.kiln",
        "evaluate --dataset bars --weights huge.kiln",
        "train mnist --offline --model wide.toml --out run",
        "bench wide.toml",
    ];
    for command in commands {
        let words = [" of memory needed, but --memory allows 200.0 MiB in all"];
        refuses(&workspace, &format!("{command} {LIMIT}"), &words);
    }
    for (command, name) in commands
        .into_iter()
        .zip(["huge.kiln", "huge.kiln", "wide.toml"])
    {
        refuses(&workspace, &format!("{command} {LIMIT}"), &[name]);
    }
    let images = "train bars --out run --memory 100KiB --size 4000";
    refuses(
        &workspace,
        images,
        &["20 images of 1x4000x4000: ", "--memory allows"],
    );
    assert!(!workspace.path("run").exists());
}

#[test]
fn without_a_limit_it_is_what_the_machine_has_free() {
    let workspace = Workspace::new();
    workspace.images("bars", 2, 2);
    // 1024 threads that have 16 GiB each.
    huge(&workspace);
    let predict = "predict bars/class0/missing.png --weights huge.kiln --threads 1024";
    refuses(
        &workspace,
        predict,
        &["huge.kiln: ", " of memory needed, but "],
    );
}

#[test]
fn a_limit_that_is_none_is_named_and_a_wide_one_changes_nothing() {
    let workspace = Workspace::new();
    workspace.images("bars", 2, 10);
    refuses(
        &workspace,
        "train bars --memory much",
        &["memory is \"much\""],
    );
    refuses(
        &workspace,
        "--memory 0 summary x.toml",
        &["memory is \"0\""],
    );
    workspace.text("train bars --epochs 1 --out run --memory 1GiB");
    workspace.text("evaluate --dataset bars --weights run --memory 1GiB");
}

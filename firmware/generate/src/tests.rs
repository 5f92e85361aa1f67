//! What no module is made of, and why not.

use super::*;
use kiln_core::{ModelParts, ModelTask, Network, Scaling};
use std::fs;
use std::path::PathBuf;

/// A module of a file with a training, or the words that refuse it.
fn made(path: &std::path::Path, layers: Option<TrainedLayers>) -> Result<String, String> {
    let training = layers.map(|layers| ModuleTraining {
        layers,
        biases_only: false,
        batch: false,
        momentum: false,
    });
    let options = ModuleOptions {
        name: "digits",
        path,
        training,
        most_ram: None,
        most_flash: Some(300_000),
    };
    module(&options).map_err(|error| error.to_string())
}

fn asset(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../assets")
        .join(name)
}

fn refused(path: &std::path::Path, layers: Option<TrainedLayers>, words: &str) {
    let reason = made(path, layers).unwrap_err();
    assert!(reason.contains(words), "{reason}, not {words}");
    let name = path.file_name().unwrap().to_string_lossy();
    assert!(reason.contains(&*name), "{reason} names no file");
}

#[test]
fn modules_have_what_is_asked_for() {
    for name in ["digits.kiln", "digits-int8.kiln"] {
        let plain = made(&asset(name), None).unwrap();
        assert!(plain.contains("pub type Classifier") && !plain.contains("pub type Trainer"));
        let learning = made(&asset(name), Some(TrainedLayers::Last(1))).unwrap();
        assert!(learning.contains("pub type Trainer"));
        for template in [plain, learning] {
            let is_place = |text: &str| {
                let plain = |each: char| each.is_ascii_lowercase() || each == '_';
                !text.is_empty() && text.chars().all(plain)
            };
            let mut insides = template.split('{').filter_map(|part| part.split_once('}'));
            let left = insides.any(|(inside, _)| is_place(inside));
            assert!(!left, "a place was left open");
        }
    }
}

#[test]
fn trainings_that_a_network_has_not_are_refused() {
    let (float, int8) = (asset("digits.kiln"), asset("digits-int8.kiln"));
    refused(
        &float,
        Some(TrainedLayers::Last(7)),
        "write a number from 1 to 4",
    );
    refused(&float, Some(TrainedLayers::From(99)), "99");
    refused(
        &int8,
        Some(TrainedLayers::All),
        "is the first that has parameters",
    );
}

#[test]
fn networks_without_classes_and_models_too_large_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = |network: &Network, task| {
        let path = folder.path().join("made.kiln");
        let parts = ModelParts {
            network,
            task,
            scaling: &Scaling::new(&[1.0], &[0.0]).unwrap(),
            class_names: &[],
            notes: "",
            parameters: &vec![0.0; network.parameters()],
        };
        let mut bytes = vec![0; parts.encoded_len().unwrap()];
        parts.write(&mut bytes).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    };
    let echo = Network::input(1, 2, 2).linear(4);
    let path = file(&echo, ModelTask::Reconstruction);
    refused(&path, None, "tells no classes apart");
    let wide = Network::input(1, 30, 30).linear(100);
    let path = file(&wide, ModelTask::Classification);
    refused(&path, None, "too large for the 300000 bytes of flash");
    refused(
        &folder.path().join("none.kiln"),
        None,
        "the folder of the package's Cargo.toml",
    );
}

//! A firmware in C, made of what `kiln export --to c` and `scripts/c_library.sh` write: it prints what the
//! desktop computes.

use super::support::{asset, has_emulator, repository, samples, skip, thorough};
use host::data::Samples;
use host::engine::{AnyEngine, EngineOptions};
use host::model::{AnyModel, ModelFacts};
use host::weights::ModelBytes;
use safetensors::tensor::{Dtype, TensorView};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{env, fs};

const TARGET: &str = "thumbv7em-none-eabihf";
/// The script's exit code where no compiler can build for the target.
const NO_TARGET: i32 = 3;
/// Samples between two that the example classifies.
const STEP: usize = 33;

#[test]
fn the_example_in_c_prints_the_desktops_outputs() {
    let chosen: Vec<u32> = (0..samples().labels.len() as u32).step_by(STEP).collect();
    let samples = samples().chosen(&chosen);
    let models = [
        ("digits.kiln", "expected.txt"),
        ("digits-int8.kiln", "expected_int8.txt"),
    ];
    for (model, file) in models {
        let committed = fs::read_to_string(example().join(file)).unwrap();
        assert_eq!(
            desktop(model, &samples),
            committed,
            "{file} is not what the desktop computes"
        );
    }
    if !(thorough() && has_emulator() && has_compiler()) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let Some(library) = library(TARGET, &folder.path().join("library")) else {
        return;
    };
    for (model, file) in models {
        let program = built(model, &samples, &library, &folder.path().join(model));
        let emulated = kiln(&["emulate", "--board", "mps2-an386"], &[&program]);
        let expected = fs::read_to_string(example().join(file)).unwrap();
        assert_eq!(
            String::from_utf8_lossy(&emulated.stdout),
            expected,
            "{model}"
        );
    }
}

pub fn example() -> PathBuf {
    repository().join("firmware/examples/c")
}

/// What the example has to print.
fn desktop(model: &str, samples: &Samples) -> String {
    let bytes = ModelBytes::read(&asset(model)).unwrap();
    let model = AnyModel::open(&bytes).unwrap();
    let mut engine = AnyEngine::new(&model, &EngineOptions::default()).unwrap();
    let indices: Vec<u32> = (0..samples.len() as u32).collect();
    let (_, left) = engine.evaluate(samples, &indices).unwrap();
    let names = model.class_names();
    let mut text = String::new();
    for outputs in left.scores.chunks(model.network().classes()) {
        let best = kiln_core::reference::loss::highest_class(outputs);
        write!(text, "{}:", names[best]).unwrap();
        for output in outputs {
            write!(text, " {:08x}", output.to_bits()).unwrap();
        }
        text.push('\n');
    }
    let count = samples.len();
    writeln!(text, "{count} of {count} as on the desktop").unwrap();
    text
}

/// Whether there is a compiler of C for the processor; says so where there is none.
pub fn has_compiler() -> bool {
    let found = Command::new("arm-none-eabi-gcc").arg("--version").output();
    if found.is_err() {
        skip("no arm-none-eabi-gcc (apt-get install gcc-arm-none-eabi libnewlib-arm-none-eabi)");
    }
    found.is_ok()
}

/// Builds the library into a folder; `None` where no compiler here can.
pub fn library(target: &str, folder: &Path) -> Option<PathBuf> {
    let output = Command::new(repository().join("scripts/c_library.sh"))
        .arg(target)
        .arg(folder)
        .env_remove("CARGO_TARGET_DIR")
        .output()
        .unwrap();
    let reason = String::from_utf8_lossy(&output.stderr);
    if output.status.code() == Some(NO_TARGET) {
        skip(&reason);
        return None;
    }
    assert!(output.status.success(), "{reason}");
    Some(folder.into())
}

/// Exports a model with samples, and builds the example with it.
fn built(model: &str, samples: &Samples, library: &Path, folder: &Path) -> PathBuf {
    fs::create_dir_all(folder).unwrap();
    let dataset = folder.join("samples.safetensors");
    write_samples(samples, &dataset);
    let count = samples.len().to_string();
    kiln(
        &[
            "export",
            "--to",
            "c",
            "--name",
            "digits",
            "--samples",
            &count,
        ],
        &[
            Path::new("--weights"),
            &asset(model),
            Path::new("--dataset"),
            &dataset,
            Path::new("--out"),
            folder,
        ],
    );
    // The example is what is written to begin with.
    let [own, written] = [example(), folder.into()]
        .map(|folder: PathBuf| fs::read_to_string(folder.join("main.c")).unwrap());
    assert_eq!(own, written);
    for file in ["libkiln.a", "kiln.h"] {
        fs::copy(library.join(file), folder.join(file)).unwrap();
    }
    let program = folder.join("digits.elf");
    let output = Command::new(example().join("build.sh"))
        .args([folder, &program])
        .output()
        .unwrap();
    succeeded(&output);
    program
}

pub fn write_samples(samples: &Samples, path: &Path) {
    let shape = samples.shape;
    let labels: Vec<u8> = samples
        .labels
        .iter()
        .flat_map(|label| i64::from(*label).to_le_bytes())
        .collect();
    let bytes = samples.bytes().unwrap();
    let extents = vec![samples.len(), shape.channels, shape.height, shape.width];
    let input = TensorView::new(Dtype::U8, extents, bytes.pixels()).unwrap();
    let labels = TensorView::new(Dtype::I64, vec![samples.len()], &labels).unwrap();
    let tensors = [("input", input), ("labels", labels)];
    fs::write(path, safetensors::serialize(tensors, None).unwrap()).unwrap();
}

pub fn kiln(words: &[&str], paths: &[&Path]) -> Output {
    let output = Command::new(env!("CARGO_BIN_EXE_kiln"))
        .args(words)
        .args(paths)
        .output()
        .unwrap();
    succeeded(&output);
    output
}

pub fn succeeded(output: &Output) {
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

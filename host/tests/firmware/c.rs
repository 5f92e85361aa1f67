//! A firmware in C, made of what `kiln export --to c` and `scripts/c_library.sh` write: it prints what the
//! desktop computes, before and after it has learned.

mod limits;
mod misuse;
mod page;

use super::support::{asset, has_emulator, repository, samples, skip, thorough};
use host::data::Samples;
use host::engine::{Engine, EngineOptions};
use host::model::{AnyModel, ModelFacts};
use host::quantization::LearningHead;
use host::weights::ModelBytes;
use kiln_core::{ModelFile, Sgd, Trainable};
use safetensors::tensor::{Dtype, TensorView};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{env, fs};

/// Processors with one memory map: the flags of C's compiler for them where it is not to take its own, and
/// boards.
const PROCESSORS: [(&str, Option<&str>, &[&str]); 2] = [
    (TARGET, None, &["mps2-an386", "mps2-an500"]),
    (
        "thumbv7m-none-eabi",
        Some("-mcpu=cortex-m3 -mthumb -mfloat-abi=soft"),
        &["mps2-an385"],
    ),
];
const TARGET: &str = "thumbv7em-none-eabihf";
/// The script's exit code where no compiler can build for the target.
const NO_TARGET: i32 = 3;
/// Samples between two that the example classifies.
const STEP: usize = 33;
/// The example and the page's program have fewer.
const MOST_LINES: usize = 60;

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
    for (target, processor, boards) in PROCESSORS {
        let folder = tempfile::tempdir().unwrap();
        let Some(library) = library_to_run(target, &folder.path().join("library")) else {
            return;
        };
        for (model, file) in models {
            let own = folder.path().join(model);
            let program = built(model, &samples, &library, &own, processor);
            let expected = fs::read_to_string(example().join(file)).unwrap();
            for board in boards {
                let emulated = kiln(&["emulate", "--board", board], &[&program]);
                let printed = String::from_utf8_lossy(&emulated.stdout);
                assert_eq!(printed, expected, "{model} on {board}");
            }
        }
    }
}

pub fn example() -> PathBuf {
    repository().join("firmware/examples/c")
}

/// What the example has to print: its last layer learns all samples, one by one.
fn desktop(model: &str, samples: &Samples) -> String {
    let bytes = ModelBytes::read(&asset(model)).unwrap();
    let model = AnyModel::open(&bytes).unwrap();
    let names = model.class_names();
    let last = model.network().layers().len();
    let text = match &model {
        AnyModel::Float(model) => learned(model, Trainable::from_layer(last), samples, &names),
        AnyModel::Int8(model) => {
            let head = LearningHead::of(model, last).unwrap();
            let features = head.features(samples, 1).unwrap();
            let own = head.model().unwrap();
            learned(&own.open().unwrap(), Trainable::ALL, &features, &names)
        }
    };
    let count = 2 * samples.len();
    text + &format!("{count} of {count} as on the desktop\n")
}

fn learned(
    model: &ModelFile<'_>,
    trainable: Trainable,
    samples: &Samples,
    names: &[String],
) -> String {
    let options = EngineOptions {
        trainable,
        ..EngineOptions::default()
    };
    let parameters = model.parameters().to_vec();
    let mut engine = Engine::new(model.network(), model.scaling(), parameters, &options).unwrap();
    let before = lines(&mut engine, samples, names);
    for index in 0..samples.len() as u32 {
        engine.step(samples, &[index], &Sgd::new(0.01)).unwrap();
    }
    before + &lines(&mut engine, samples, names)
}

fn lines(engine: &mut Engine, samples: &Samples, names: &[String]) -> String {
    let indices: Vec<u32> = (0..samples.len() as u32).collect();
    let mut scores = vec![0.0; indices.len() * names.len()];
    engine
        .evaluate(samples, &indices, Some(&mut scores))
        .unwrap();
    let mut text = String::new();
    for outputs in scores.chunks(names.len()) {
        let best = kiln_core::reference::loss::highest_class(outputs);
        write!(text, "{}:", names[best]).unwrap();
        for output in outputs {
            write!(text, " {:08x}", output.to_bits()).unwrap();
        }
        text.push('\n');
    }
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

/// The library for the emulated board; `None` where it is not to be, or cannot be built or run here.
fn ready_library(folder: &Path) -> Option<PathBuf> {
    library_to_run(TARGET, folder)
}

/// The same for any processor.
fn library_to_run(target: &str, folder: &Path) -> Option<PathBuf> {
    (thorough() && has_emulator() && has_compiler()).then_some(())?;
    library(target, folder)
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

/// Exports a model whose last layer learns, with samples, and builds the example with it.
fn built(
    model: &str,
    samples: &Samples,
    library: &Path,
    folder: &Path,
    processor: Option<&str>,
) -> PathBuf {
    fs::create_dir_all(folder).unwrap();
    let dataset = folder.join("samples.safetensors");
    write_samples(samples, &dataset);
    let count = samples.len().to_string();
    let learning = ["--train", "1", "--samples", &count, "--dataset"];
    let words = [&learning[..], &[dataset.to_str().unwrap()]].concat();
    export(model, &words, folder);
    // The example is what is written to begin with.
    let [own, written] = [example(), folder.into()]
        .map(|folder: PathBuf| fs::read_to_string(folder.join("main.c")).unwrap());
    assert_eq!(own, written);
    assert!(own.lines().count() < MOST_LINES);
    compiled_for(processor, library, folder, &[])
}

/// Exports a model as `digits`.
fn export(model: &str, words: &[&str], folder: &Path) {
    let first = ["export", "--to", "c", "--name", "digits"];
    kiln(
        &[&first[..], words].concat(),
        &[
            Path::new("--weights"),
            &asset(model),
            Path::new("--out"),
            folder,
        ],
    );
}

/// Builds what was exported into a folder, by the example's script.
fn compiled(library: &Path, folder: &Path, flags: &[&str]) -> PathBuf {
    compiled_for(None, library, folder, flags)
}

/// The same for a processor.
fn compiled_for(processor: Option<&str>, library: &Path, folder: &Path, flags: &[&str]) -> PathBuf {
    for file in ["libkiln.a", "kiln.h"] {
        fs::copy(library.join(file), folder.join(file)).unwrap();
    }
    let program = folder.join("digits.elf");
    let output = Command::new(example().join("build.sh"))
        .args([folder, &program])
        .args(flags)
        .env_remove("PROCESSOR")
        .envs(processor.map(|flags| ("PROCESSOR", flags)))
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

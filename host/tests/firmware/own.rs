//! A firmware outside of Kiln's, made with the crate `kiln`: it prints what the desktop computes.

use super::support::{asset, bits, has_emulator, int8_images, repository, samples, skip, thorough};
use host::data::Samples;
use host::engine::{Engine, EngineOptions, Int8Engine};
use host::model::AnyModel;
use host::quantization::LearningHead;
use host::weights::ModelBytes;
use kiln_core::{CameraFrame, Int8ModelFile, PixelFormat, Scaling, Sgd, Trainable};
use object::{Object, ObjectSegment};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const TARGET: &str = "thumbv7em-none-eabihf";
/// The emulator's name of the board that the page is about.
const MACHINE: &str = "mps2-an386";
/// The script's exit code where no compiler can build for the target.
const NO_TARGET: i32 = 3;
/// Samples between two that are shown.
const STEP: usize = 10;
/// Flash that the page's program may take beyond its model, with the 12 KB of what it prints.
const MOST_FLASH: usize = 32_700;
/// Flash that programs which only classify may take beyond their models, with the 1,188 bytes of vectors
/// and start-up. By the page's profile for floats, which `scripts/own_figures.py` leaves out for integers.
const LEAST_FLASH: [(&str, &str, usize); 2] = [
    ("least", "digits.kiln", 12 << 10),
    ("least_int8", "digits-int8.kiln", 10_700),
];

#[test]
fn the_example_prints_the_logits_of_the_desktop_before_and_after_it_has_learned() {
    let expected = [float_lines(), int8_lines(), later_lines()];
    let files = ["expected.txt", "expected_int8.txt", "expected_later.txt"];
    for (lines, file) in expected.iter().zip(files) {
        let committed = fs::read_to_string(example().join(file)).unwrap();
        assert_eq!(*lines, committed, "{file} is not what the desktop computes");
    }
    let Some(programs) = build(TARGET) else {
        return;
    };
    let names = ["own", "int8", "later"];
    let prints = |programs: &Path, machine| {
        for (lines, name) in expected.iter().zip(names) {
            let printed = printed(&programs.join(name), machine);
            assert_eq!(*lines, printed, "{name} on {machine}");
        }
    };
    prints(&programs, MACHINE);
    // A Cortex-M7 runs what a Cortex-M4 does.
    prints(&programs, "mps2-an500");
    for (name, model, most) in LEAST_FLASH {
        let own = flash_beyond(model, &programs.join(name));
        assert!(own <= most, "{name}: {own} bytes beyond the model");
    }
    if let Some(programs) = build("thumbv7m-none-eabi") {
        prints(&programs, "mps2-an385");
    }
}

#[test]
fn a_project_of_the_page_s_own_text_prints_what_the_desktop_computes() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let kiln = repository().join("firmware/kiln");
    let kiln = kiln.canonicalize().unwrap();
    for (name, text) in page_files() {
        assert!(text.lines().count() < 40, "{name}");
        let path = kiln.to_str().unwrap();
        write(name, &text.replace("../kiln/firmware/kiln", path));
    }
    for (from, name) in [
        (asset("digits.kiln"), "digits.kiln"),
        (example().join("Cargo.lock"), "Cargo.lock"),
    ] {
        fs::copy(from, folder.path().join(name)).unwrap();
    }
    let output = example().join("target");
    if build_in(folder.path(), TARGET, &output, &[]).is_none() {
        return;
    }
    let program = folder.path().join("own");
    fs::copy(output.join(TARGET).join("release/own"), &program).unwrap();
    assert_eq!(page_lines(), printed(&program, MACHINE));
    let own = flash_beyond("digits.kiln", &program);
    assert!(own <= MOST_FLASH, "{own} bytes beyond the model");
}

/// Bytes that a program has in flash beyond the file of its model.
fn flash_beyond(model: &str, program: &Path) -> usize {
    let content = fs::read(program).unwrap();
    let file = object::File::parse(&*content).unwrap();
    let flash: u64 = file.segments().map(|segment| segment.file_range().1).sum();
    flash as usize - fs::metadata(asset(model)).unwrap().len() as usize
}

/// The files of a new project, as the page has them.
fn page_files() -> [(&'static str, String); 4] {
    let page = fs::read_to_string(repository().join("firmware/README.md")).unwrap();
    let mut blocks = page.split("```").skip(1).step_by(2).filter_map(|block| {
        let (language, text) = block.split_once('\n')?;
        (language != "sh").then_some(text.to_string())
    });
    [
        "Cargo.toml",
        ".cargo/config.toml",
        "memory.x",
        "src/main.rs",
    ]
    .map(|name| {
        let text = blocks.next();
        (
            name,
            text.unwrap_or_else(|| panic!("the page has no {name}")),
        )
    })
}

/// What a program prints in the emulator until it ends.
fn printed(program: &Path, machine: &str) -> String {
    let output = Command::new("qemu-system-arm")
        .args(["-M", machine, "-nographic", "-semihosting-config"])
        .args(["enable=on,target=native", "-kernel"])
        .arg(program)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// What the page's program has to print: it learns that a black image is a 7.
pub fn page_lines() -> String {
    let bytes = ModelBytes::read(&asset("digits.kiln")).unwrap();
    let model = bytes.open().unwrap();
    let options = EngineOptions {
        trainable: Trainable::from_layer(model.network().layers().len()),
        ..EngineOptions::default()
    };
    let parameters = model.parameters().to_vec();
    let mut engine = Engine::new(model.network(), model.scaling(), parameters, &options).unwrap();
    let shape = model.network().input_shape();
    let black = Samples::of_bytes(vec![0; shape.elements()], vec![7], shape.into());
    let mut text = String::new();
    for _ in 0..3 {
        let mut logits = vec![0.0; model.network().classes()];
        engine.evaluate(&black, &[0], Some(&mut logits)).unwrap();
        let class = kiln_core::reference::loss::highest_class(&logits);
        text += &format!("looks like {}\n", model.class_names().nth(class).unwrap());
        engine.step(&black, &[0], &Sgd::new(0.1)).unwrap();
    }
    text
}

fn example() -> PathBuf {
    repository().join("firmware/examples/own")
}

/// The folder of the example's programs, built by the page's profile, so that dependencies need not be
/// compiled twice; `None` where they cannot be built or run here.
fn build(target: &str) -> Option<PathBuf> {
    let [(_, manifest), ..] = page_files();
    let profile = manifest.find("[profile.").map(|at| &manifest[at..]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("profile.toml");
    fs::write(&file, profile.expect("the page has no profile")).unwrap();
    let output = example().join("target");
    // The example's own configuration knows the board that it is shown on.
    let flags = format!("target.{target}.rustflags = ['-C', 'link-arg=-Tlink.x']");
    let option = OsStr::new("--config");
    let options = [option, file.as_os_str(), option, OsStr::new(&flags)];
    let known = if target == TARGET { 2 } else { 0 };
    build_in(
        &example(),
        target,
        &output,
        &options[..options.len() - known],
    )?;
    Some(output.join(target).join("release"))
}

/// Builds a package for the emulated board; `None` where it cannot be built or run here.
fn build_in(package: &Path, target: &str, output: &Path, options: &[&OsStr]) -> Option<()> {
    (thorough() && has_emulator()).then_some(())?;
    let output = Command::new(repository().join("scripts/cross_cargo.sh"))
        .args([target, "core", "build", "--release", "--locked"])
        .args(options)
        .current_dir(package)
        .env("CARGO_TARGET_DIR", output)
        .output()
        .unwrap();
    let reason = String::from_utf8_lossy(&output.stderr);
    if output.status.code() == Some(NO_TARGET) {
        skip(&reason);
        return None;
    }
    assert!(output.status.success(), "{reason}");
    Some(())
}

/// What the example has to print.
fn float_lines() -> String {
    let bytes = ModelBytes::read(&asset("digits.kiln")).unwrap();
    let model = bytes.open().unwrap();
    let last = model.network().layers().len();
    let run = Run {
        network: model.network(),
        scaling: model.scaling(),
        parameters: model.parameters(),
        trainable: Trainable::from_layer(last),
    };
    let [before, after] = run.logits(&samples());
    let names: Vec<&str> = model.class_names().collect();
    lines(&before, &names) + &lines(&after, &names)
}

/// What the example in integers has to print: codes, then the logits of a last layer that has learned in
/// floating-point numbers.
fn int8_lines() -> String {
    let bytes = ModelBytes::read(&asset("digits-int8.kiln")).unwrap();
    let model = Int8ModelFile::open(bytes.as_slice()).unwrap();
    let names: Vec<&str> = model.class_names().collect();
    let labels = samples().labels;
    let images = int8_images(labels.len());
    let shown = images.iter().zip(&labels).step_by(STEP);
    let mut text = String::new();
    for (image, label) in shown {
        let codes = &image.output;
        // The first of equals.
        let best = (0..codes.len())
            .rev()
            .max_by_key(|class| codes[*class])
            .unwrap();
        text += &format!("{label} looks like {}: {codes:?}\n", names[best]);
    }
    let head = LearningHead::of(&model, model.network().layers().len()).unwrap();
    let own = head.model().unwrap();
    let own = own.open().unwrap();
    let run = Run {
        network: own.network(),
        scaling: own.scaling(),
        parameters: own.parameters(),
        trainable: Trainable::ALL,
    };
    let features = head.features(&samples(), 1).unwrap();
    text + &lines(&run.logits(&features)[1], &names)
}

/// What the example that opens a model later has to print, of pictures of a camera.
fn later_lines() -> String {
    let bytes = ModelBytes::read(&asset("digits-int8.kiln")).unwrap();
    let AnyModel::Int8(model) = AnyModel::open(&bytes).unwrap() else {
        panic!("the committed network of integers is none");
    };
    let (samples, shape) = (samples(), model.network().input_shape());
    let shown: Vec<u32> = (0..samples.len() as u32).step_by(STEP).collect();
    let labels: Vec<u16> = shown
        .iter()
        .map(|index| samples.labels[*index as usize])
        .collect();
    let all = samples.bytes().unwrap().pixels().chunks(shape.elements());
    let mut seen = vec![0; shown.len() * shape.elements()];
    for (image, seen) in all.step_by(STEP).zip(seen.chunks_mut(shape.elements())) {
        let (width, height) = (56, 42);
        let picture: Vec<u8> = (0..width * height)
            .flat_map(|at| {
                let grey = image[at / width * 28 / height * 28 + at % width * 28 / width];
                // Five bits and six, as the camera has them, and eight again.
                let (five, six) = (grey >> 3, grey >> 2);
                [
                    five << 3 | five >> 2,
                    six << 2 | six >> 4,
                    five << 3 | five >> 2,
                ]
            })
            .collect();
        let frame = CameraFrame::new(&picture, width, height, PixelFormat::Rgb888).unwrap();
        frame.write(shape, seen).unwrap();
    }
    let seen = Samples::of_bytes(seen, labels, shape.into());
    let mut engine = Int8Engine::new(&model, 1, None).unwrap();
    let indices: Vec<u32> = (0..seen.len() as u32).collect();
    let (_, left) = engine.evaluate(&seen, &indices).unwrap();
    let codes = left.codes.chunks(left.codes.len() / seen.len());
    let lines = codes.zip(&seen.labels).map(|(codes, label)| {
        // The first of equals.
        let best = (0..codes.len()).rev().max_by_key(|class| codes[*class]);
        format!("{label} looks like {}: {codes:?}\n", best.unwrap())
    });
    lines.collect()
}

/// A training of some layers on all samples, one by one.
struct Run<'a> {
    network: &'a kiln_core::Network,
    scaling: &'a Scaling,
    parameters: &'a [f32],
    trainable: Trainable,
}

impl Run<'_> {
    /// The logits of the samples that are shown, with their labels, before and after it.
    fn logits(&self, samples: &Samples) -> [Vec<(u16, Vec<f32>)>; 2] {
        let options = EngineOptions {
            trainable: self.trainable,
            ..EngineOptions::default()
        };
        let parameters = self.parameters.to_vec();
        let mut engine = Engine::new(self.network, self.scaling, parameters, &options).unwrap();
        let before = self.shown(&mut engine, samples);
        for index in 0..samples.labels.len() as u32 {
            engine.step(samples, &[index], &Sgd::new(0.01)).unwrap();
        }
        [before, self.shown(&mut engine, samples)]
    }

    fn shown(&self, engine: &mut Engine, samples: &Samples) -> Vec<(u16, Vec<f32>)> {
        let shown: Vec<u32> = (0..samples.labels.len() as u32).step_by(STEP).collect();
        let classes = self.network.classes();
        let mut logits = vec![0.0; shown.len() * classes];
        engine.evaluate(samples, &shown, Some(&mut logits)).unwrap();
        let labels = shown.iter().map(|index| samples.labels[*index as usize]);
        labels
            .zip(logits.chunks(classes).map(<[f32]>::to_vec))
            .collect()
    }
}

fn lines(shown: &[(u16, Vec<f32>)], names: &[&str]) -> String {
    let line = |(label, logits): &(u16, Vec<f32>)| {
        let best = kiln_core::reference::loss::highest_class(logits);
        let words: Vec<String> = bits(logits)
            .iter()
            .map(|word| format!("{word:08x}"))
            .collect();
        format!("{label} looks like {}: {}\n", names[best], words.join(" "))
    };
    shown.iter().map(line).collect()
}

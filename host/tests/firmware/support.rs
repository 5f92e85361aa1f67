//! Firmware to test, a connection to it, and what the desktop makes of the same images.

use host::boards::{BOARDS, Board, BoardPrograms, QemuSystem};
use host::data::{ImageShape, Samples};
use host::emulator::{EmulatedProgram, EmulatedSerial, Emulation, EmulationError, Stopper};
use host::engine::Int8Engine;
use host::firmware::{BuildError, Content, Firmware, FirmwareProfile, TrainingMemory, build};
use host::model::AnyModel;
use host::platform;
use host::weights::ModelBytes;
use kiln_core::{Program, Purpose, SamplesFile, pack_pixels};
use std::env;
use std::fs;
use std::io::{self, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use tempfile::TempDir;

/// Whether all boards are asked for, and nothing may be skipped.
pub fn all() -> bool {
    env::var_os("KILN_TEST_FIRMWARE").is_some_and(|value| value == "all")
}

/// Whether a test that takes a build of its own is to be run: where all boards are asked for. Says
/// so where it is not.
pub fn thorough() -> bool {
    if !all() {
        let message = "a firmware test was SKIPPED: it takes a build of its own; to run it: \
                       KILN_TEST_FIRMWARE=all cargo test -p host --test firmware";
        say(message);
    }
    all()
}

/// The boards to test that have every program.
pub fn boards() -> &'static [Board] {
    let is_whole = |board: &&Board| board.programs == BoardPrograms::All;
    let whole = BOARDS.iter().take_while(is_whole).count();
    &BOARDS[..if all() { whole } else { 1 }]
}

/// Bytes of stack that inference may take, the link's buffers among them. What is built quickly, crate
/// by crate, takes half as much again as what is flashed.
pub fn most_stack() -> usize {
    if all() { 2048 } else { 3072 }
}

/// The committed model or samples.
pub fn asset(name: &str) -> PathBuf {
    repository().join("firmware/assets").join(name)
}

/// The top of all sources.
pub fn repository() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// A firmware with the committed files; `None` where it cannot be built or run here.
pub fn firmware(board: Board, program: &str) -> Option<Firmware> {
    has_emulator().then_some(())?;
    // As they are flashed where all are asked for.
    let profile = if all() {
        FirmwareProfile::Release
    } else {
        FirmwareProfile::Quick
    };
    built(build(board, program, None, None, profile)).map(|result| result.unwrap())
}

/// The same, with memory for a training.
pub fn trainer(board: Board, program: &str, memory: TrainingMemory) -> Option<Firmware> {
    has_emulator().then_some(())?;
    // What is built quickly has all that it depends on to itself: that pays where many programs are.
    let profile = match board.target == BOARDS[0].target && board.emulated.is_some() {
        true => FirmwareProfile::Quick,
        false => FirmwareProfile::Release,
    };
    built(build(board, program, None, Some(memory), profile)).map(|result| result.unwrap())
}

/// Why a firmware with this content is not built; `None` where none can be.
pub fn refusal(board: Board, content: Content<'_>) -> Option<String> {
    let result = built(build(
        board,
        "evaluate",
        Some(content),
        None,
        FirmwareProfile::Quick,
    ))?;
    Some(result.err().expect("it was built").to_string())
}

/// The same for a training of the committed model.
pub fn training_refusal(board: Board, memory: TrainingMemory) -> Option<String> {
    let result = built(build(
        board,
        "train",
        None,
        Some(memory),
        FirmwareProfile::Quick,
    ))?;
    Some(result.err().expect("it was built").to_string())
}

/// Says that the test is skipped where there is no compiler for the board.
fn built(result: Result<Firmware, BuildError>) -> Option<Result<Firmware, BuildError>> {
    if let Err(BuildError::NoTarget(reason)) = &result {
        skip(reason);
        return None;
    }
    Some(result)
}

/// Whether there is an emulator; says so where there is none.
pub fn has_emulator() -> bool {
    let folders = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&folders).any(|folder| folder.join("qemu-system-arm").is_file());
    if !found {
        skip(&EmulationError::NoQemu(QemuSystem::Arm).to_string());
    }
    found
}

/// Says what is missing; fails where nothing may be skipped.
pub fn skip(reason: &str) {
    let message = format!(
        "a firmware test was SKIPPED: {reason}; to run it: rustup target add \
         thumbv7em-none-eabihf, and apt-get install qemu-system-arm"
    );
    assert!(!all(), "{message}");
    say(&message);
}

fn say(message: &str) {
    // Not by `eprintln!`, which is shown for tests that fail only.
    io::stderr()
        .write_all(format!("{message}\n").as_bytes())
        .unwrap();
}

/// The log of a firmware until it ends, and how it ended.
pub fn run(path: &Path, board: Board) -> (Vec<String>, ExitStatus) {
    let program = EmulatedProgram::read(path).unwrap();
    assert_eq!(program.board(), Some(board));
    let mut emulation = Emulation::start(&program, board, EmulatedSerial::Nowhere).unwrap();
    let mut log = vec![];
    let status = emulation.follow(&program, |line| {
        log.push(line.to_string());
        Ok(())
    });
    (log, status.unwrap())
}

/// A firmware that serves, and the other end of its serial port.
pub struct Served {
    pub port: UnixStream,
    log: Arc<Mutex<Vec<String>>>,
    stopper: Stopper,
    follower: Option<JoinHandle<()>>,
    /// QEMU reads it after it has connected.
    _firmware: Firmware,
    _folder: TempDir,
}

impl Served {
    /// What the firmware has logged so far.
    pub fn log(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }

    /// All that it has logged, once it has ended by itself.
    pub fn last_log(mut self) -> Vec<String> {
        self.follower.take().unwrap().join().unwrap();
        self.log()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.stopper.stop();
        if let Some(follower) = self.follower.take() {
            follower.join().unwrap();
        }
    }
}

/// Starts the firmware that serves the committed model.
pub fn serve(board: Board) -> Option<Served> {
    Some(served(board, firmware(board, "serve")?))
}

/// Starts the firmware that serves the committed model and has memory for a training.
pub fn serve_training(board: Board, memory: TrainingMemory) -> Option<Served> {
    Some(served(board, trainer(board, "serve", memory)?))
}

/// Starts the firmware that serves another model and has memory for a training.
pub fn serve_content(board: Board, content: Content<'_>, memory: TrainingMemory) -> Option<Served> {
    has_emulator().then_some(())?;
    let firmware = built(build(
        board,
        "serve",
        Some(content),
        Some(memory),
        FirmwareProfile::Quick,
    ))?;
    Some(served(board, firmware.unwrap()))
}

/// Starts a firmware that serves.
pub fn served(board: Board, firmware: Firmware) -> Served {
    let program = EmulatedProgram::read(firmware.path()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (listener, place) = platform::listen(folder.path()).unwrap();
    let mut emulation = Emulation::start(&program, board, EmulatedSerial::Socket(&place)).unwrap();
    let stopper = emulation.stopper();
    let log = Arc::new(Mutex::new(vec![]));
    let lines = Arc::clone(&log);
    let follower = thread::spawn(move || {
        let keep = |line: &str| {
            lines.lock().unwrap().push(line.to_string());
            Ok(())
        };
        emulation.follow(&program, keep).unwrap();
    });
    Served {
        port: listener.accept().unwrap().0,
        log,
        stopper,
        follower: Some(follower),
        _firmware: firmware,
        _folder: folder,
    }
}

/// The first `count` committed images, and the logits that the desktop gives them.
pub fn images(count: usize) -> Vec<(Vec<u8>, Vec<u32>)> {
    let bytes = ModelBytes::read(&asset("digits.kiln")).unwrap();
    let model = bytes.open().unwrap();
    let samples = fs::read(asset("digits.samples")).unwrap();
    let samples = SamplesFile::open(&samples).unwrap();
    let program: Program = Program::of(model.network(), Purpose::Inference);
    let mut arena = vec![0.0_f32; program.arena_packets()];
    let images = samples.samples().take(count).map(|(_, image)| {
        let fill = |input: &mut [f32]| pack_pixels(model.scaling(), &[image], input);
        let logits = program.infer(model.parameters(), &mut arena, fill);
        (image.to_vec(), bits(logits.unwrap()))
    });
    images.collect()
}

/// An image, and the codes that the desktop makes of it.
pub struct Int8Image {
    pub image: Vec<u8>,
    /// Of the input, rows x columns x channels.
    pub input: Vec<i8>,
    /// Of the output.
    pub output: Vec<i8>,
}

/// The first `count` committed images, by the committed network of integers.
pub fn int8_images(count: usize) -> Vec<Int8Image> {
    let bytes = ModelBytes::read(&asset("digits-int8.kiln")).unwrap();
    let AnyModel::Int8(model) = AnyModel::open(&bytes).unwrap() else {
        panic!("the committed network of integers is none");
    };
    let content = fs::read(asset("digits.samples")).unwrap();
    let file = SamplesFile::open(&content).unwrap();
    let (labels, images): (Vec<u16>, Vec<&[u8]>) = file.samples().take(count).unzip();
    let samples = Samples::of_bytes(images.concat(), labels, file.shape().into());
    let mut engine = Int8Engine::new(&model, 1, None).unwrap();
    let indices: Vec<u32> = (0..count as u32).collect();
    let (_, left) = engine.evaluate(&samples, &indices).unwrap();
    let outputs = left.codes.chunks_exact(left.codes.len() / count);
    let images = images.iter().zip(outputs).zip(indices);
    images
        .map(|((image, output), index)| Int8Image {
            image: image.to_vec(),
            input: engine.input_codes(&samples, index),
            output: output.to_vec(),
        })
        .collect()
}

/// The bits of values.
pub fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

/// The committed samples.
pub fn samples() -> Samples {
    let bytes = fs::read(asset("digits.samples")).unwrap();
    let file = SamplesFile::open(&bytes).unwrap();
    let shape = file.shape();
    let images = file.samples().flat_map(|(_, image)| image.to_vec());
    let labels = file.samples().map(|(label, _)| label);
    Samples::of_bytes(images.collect(), labels.collect(), ImageShape::from(shape))
}

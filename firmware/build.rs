//! Opens the model and its samples, checks that they fit the board, and writes what the program
//! needs of them as constants: see `src/model.rs`.

#[path = "build/board.rs"]
mod board;
#[path = "build/constants.rs"]
mod constants;
#[path = "src/course.rs"]
mod course;
#[path = "build/error.rs"]
mod error;
#[path = "build/files.rs"]
mod files;
#[path = "src/first_parameters.rs"]
mod first_parameters;
#[path = "build/int8.rs"]
mod int8;
#[path = "build/int8_head.rs"]
mod int8_head;
#[path = "build/training.rs"]
mod training;

use boards::BoardPrograms;
use error::Error;
use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use training::Training;

fn main() -> ExitCode {
    match build() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("cargo::error={error}");
            ExitCode::FAILURE
        }
    }
}

fn build() -> Result<(), Error> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=build");
    println!("cargo::rerun-if-changed=src/course.rs");
    println!("cargo::rerun-if-changed=src/first_parameters.rs");
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or(Error::NotCargo("OUT_DIR"))?);
    let board = board::chosen()?;
    let files = files::read()?;
    let model = files.model()?;
    let samples = files.samples()?;
    let training = Training::chosen()?;
    if training.is_some() && board.programs != BoardPrograms::All {
        return Err(Error::NoTraining(board.name));
    }
    if board.has_program("evaluate") {
        board::check(&board, &files, &model)?;
    }
    let storage = match &training {
        Some(training) => {
            training.check(&board, &files, &model)?;
            training.storage(&model)?
        }
        None => 0,
    };
    let code = constants::constants(&files, &model, &samples, training.as_ref())?;
    let write = |name: &str, content: &[u8]| {
        let path = out.join(name);
        fs::write(&path, content).map_err(|cause| Error::Unwritable { path, cause })
    };
    let int8 = int8::read()?;
    let int8_code = int8.constants(&board)?;
    let storage = storage.max(int8_code.storage);
    write("memory.x", board::layout(&board, storage).as_bytes())?;
    if !board.has_device_crate {
        // Names no interrupt: all go to the default handler.
        write("device.x", b"")?;
    }
    write("model.kiln", files.model_bytes())?;
    write("samples.bin", files.samples_bytes())?;
    write("model.rs", code.as_bytes())?;
    write("int8_model.rs", int8_code.code.as_bytes())?;
    write("int8_samples.bin", int8.samples_bytes())?;
    println!("cargo::rustc-link-search={}", out.display());
    println!("cargo::rustc-link-arg-bins=--nmagic");
    println!("cargo::rustc-link-arg-bins=-Tlink.x");
    println!("cargo::rustc-link-arg-bins=-Tdefmt.x");
    // So that the host program knows what to emulate.
    println!(
        "cargo::rustc-link-arg-bins=--defsym={}=1",
        board::symbol(&board)
    );
    Ok(())
}

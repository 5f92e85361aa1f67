//! The model as Rust: its network, its scaling, and what the desktop computes with it.

use crate::course;
use crate::error::Error;
use crate::files::Files;
use crate::first_parameters::initialise;
use crate::training::Training;
use generate::{description, network, values};
use kiln_core::{
    CompactMemory, CompactTrainer, Crc32, ModelFile, Program, Purpose, SamplesFile, pack_pixels,
};
use std::fmt::Write;

/// The content of `model.rs`.
pub fn constants(
    files: &Files,
    model: &ModelFile<'_>,
    samples: &SamplesFile<'_>,
    training: Option<&Training>,
) -> Result<String, Error> {
    let program: Program =
        Program::try_of(model.network(), Purpose::Inference).map_err(Error::Program)?;
    let identity = files
        .model_bytes()
        .last_chunk()
        .copied()
        .unwrap_or_default();
    let mut code = String::new();
    let mut constant = |name: &str, kind: &str, value: String| {
        // Writing to a string cannot fail.
        let _ = writeln!(code, "pub const {name}: {kind} = {value};");
    };
    constant("NETWORK", "kiln_core::Network", network(model.network()));
    constant("STEPS", "usize", program.steps().len().to_string());
    constant("ARENA_VALUES", "usize", program.arena_packets().to_string());
    constant("CLASSES", "usize", program.classes().to_string());
    constant(
        "PIXELS",
        "usize",
        program.input_shape().elements().to_string(),
    );
    constant("SCALE", "&[f32]", values(model.scaling().scale()));
    constant("SHIFT", "&[f32]", values(model.scaling().shift()));
    constant("MODEL_LEN", "usize", files.model_bytes().len().to_string());
    constant("MODEL_CRC", "u32", u32::from_le_bytes(identity).to_string());
    constant(
        "SAMPLES_LEN",
        "usize",
        files.samples_bytes().len().to_string(),
    );
    constant(
        "EXPECTED_CRC",
        "u32",
        logits_crc(model, samples)?.to_string(),
    );
    if let Some(training) = training {
        let crc = trained_crc(training, model, samples)?;
        let mut constant = |name: &str, kind: &str, value: String| {
            let _ = writeln!(code, "pub const {name}: {kind} = {value};");
        };
        constant("TRAIN_MODE", "kiln_core::CompactMode", training.code());
        constant("START_SEED", "Option<u64>", format!("{:?}", training.seed));
        constant(
            "STORAGE_BYTES",
            "usize",
            training.storage(model)?.to_string(),
        );
        constant("TRAINED_CRC", "u32", crc.to_string());
    }
    let _ = writeln!(
        code,
        "pub fn description() -> defmt::Str {{ defmt::intern!({:?}) }}",
        description(model.network())
    );
    Ok(code)
}

/// CRC-32 of the logits of all samples, computed here and now by the kernels the device has.
fn logits_crc(model: &ModelFile<'_>, samples: &SamplesFile<'_>) -> Result<u32, Error> {
    let program: Program =
        Program::try_of(model.network(), Purpose::Inference).map_err(Error::Program)?;
    let mut arena = vec![0.0_f32; program.arena_packets()];
    let mut crc = Crc32::new();
    for (_, image) in samples.samples() {
        let fill = |input: &mut [f32]| pack_pixels(model.scaling(), &[image], input);
        let logits = program
            .infer(model.parameters(), &mut arena, fill)
            .map_err(Error::Run)?;
        crc.update_values(logits);
    }
    Ok(crc.value())
}

/// CRC-32 of the trained parameters after the run that the device makes on the samples.
fn trained_crc(
    training: &Training,
    model: &ModelFile<'_>,
    samples: &SamplesFile<'_>,
) -> Result<u32, Error> {
    let program = training.program(model)?;
    let mut trained = vec![0.0; program.trained_values()];
    match training.seed {
        Some(seed) => initialise(&program, model.network(), &mut trained, seed),
        None => program
            .extract(model.parameters(), &mut trained)
            .map_err(Error::Train)?,
    }
    let memory = CompactMemory {
        frozen: &model.parameters()[..program.frozen_values()],
        trained: &mut trained,
        gradient: &mut vec![0.0; program.gradient_values()],
        velocity: &mut vec![0.0; program.velocity_values()],
        arena: &mut vec![0.0; program.arena_packets()],
        winners: &mut vec![0; program.winner_bytes()],
    };
    let mut trainer = CompactTrainer::new(&program, memory).map_err(Error::Train)?;
    let samples: Vec<course::Sample<'_>> = samples.samples().collect();
    for _ in 0..course::EPOCHS {
        for batch in samples.chunks(course::batch(&program)) {
            course::step(&program, &mut trainer, model.scaling(), batch).map_err(Error::Train)?;
        }
    }
    let mut crc = Crc32::new();
    crc.update_values(trainer.trained());
    Ok(crc.value())
}

//! The model in flash: its network as a program, its parameters where they lie, and samples for it.
//!
//! All constants are the build's, which opened the files and checked them.

mod generated {
    #![allow(missing_docs)]
    include!(concat!(env!("OUT_DIR"), "/model.rs"));
}

use generated::{SAMPLES_LEN, SCALE, SHIFT};
#[cfg(not(feature = "training"))]
use kiln_core::LinkedProgram;
use kiln_core::{ModelError, ModelFile, SamplesError, SamplesFile, Scaling, ScalingError};
#[cfg(feature = "training")]
use kiln_core::{Program, Purpose};

pub use generated::{
    ARENA_VALUES, CLASSES, EXPECTED_CRC, MODEL_CRC, MODEL_LEN, NETWORK, PIXELS, STEPS, description,
};

#[cfg(feature = "training")]
pub use generated::{START_SEED, STORAGE_BYTES, TRAINED_CRC};

/// The program of the training that the build set memory aside for.
#[cfg(feature = "training")]
#[allow(
    long_running_const_eval,
    reason = "the deeper the network, the longer it is planned"
)]
pub static TRAINING: Program<STEPS> =
    Program::of(&NETWORK, Purpose::Compact(generated::TRAIN_MODE));

/// The program of inference, with no kernels but its own.
#[cfg(not(feature = "training"))]
#[allow(
    long_running_const_eval,
    reason = "the deeper the network, the longer it is planned"
)]
pub static INFERENCE: LinkedProgram<STEPS> = LinkedProgram::of(&NETWORK);

/// The program of inference, by the kernels that a training over the link has, which may need any.
#[cfg(feature = "training")]
#[allow(
    long_running_const_eval,
    reason = "the deeper the network, the longer it is planned"
)]
pub static INFERENCE: Program<STEPS> = Program::of(&NETWORK, Purpose::Inference);

/// Where parameters are read as f32, vectors of them included.
#[repr(align(16))]
struct Aligned<const LEN: usize>([u8; LEN]);

static MODEL: Aligned<MODEL_LEN> =
    Aligned(*include_bytes!(concat!(env!("OUT_DIR"), "/model.kiln")));

static SAMPLES: [u8; SAMPLES_LEN] = *include_bytes!(concat!(env!("OUT_DIR"), "/samples.bin"));

/// The parameters in flash, if not a byte of the model has changed since the build.
///
/// # Errors
///
/// What is wrong with the model.
pub fn parameters() -> Result<&'static [f32], ModelError> {
    ModelFile::verified_parameters(hidden(&MODEL.0))
}

/// The labelled images in flash.
///
/// # Errors
///
/// What is wrong with them.
pub fn samples() -> Result<SamplesFile<'static>, SamplesError> {
    SamplesFile::open(hidden(&SAMPLES))
}

/// How pixels become the network's input.
///
/// # Errors
///
/// None, after a build that opened the model.
pub fn scaling() -> Result<Scaling, ScalingError> {
    Scaling::for_channels(NETWORK.input_shape().channels as usize, SCALE, SHIFT)
}

/// Keeps the compiler from working with the bytes of the build: flash may hold others.
fn hidden(bytes: &'static [u8]) -> &'static [u8] {
    core::hint::black_box(bytes)
}

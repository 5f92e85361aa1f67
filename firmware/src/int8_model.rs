//! The int8 model in flash: its network as a program, its integers as this processor reads them, and
//! samples for it. All constants are the build's, which opened the files and checked them.

pub(crate) mod generated {
    #![allow(missing_docs)]
    include!(concat!(env!("OUT_DIR"), "/int8_model.rs"));
}

use crate::board;
use generated::{NETWORK, RULE, SAMPLES_LEN, STEPS, VALUES, WORDS};
use kiln_core::{
    ArrangedNetwork, Int8Kernels, Program, Purpose, SamplesError, SamplesFile, codes_in_words,
};

pub use generated::{
    ARENA_WORDS, EXPECTED_CRC, INPUT_CODES, MODEL_CRC, MODEL_LEN, OUTPUTS, PIXELS, description,
};

/// Bytes that an inference works in, the input among them.
pub const ARENA_BYTES: usize = size_of::<u32>() * ARENA_WORDS;

/// The program of inference.
#[allow(
    long_running_const_eval,
    reason = "the deeper the network, the longer it is planned"
)]
pub static INFERENCE: Program<STEPS> = Program::of(&NETWORK, Purpose::Int8(RULE));

static SAMPLES: [u8; SAMPLES_LEN] = *include_bytes!(concat!(env!("OUT_DIR"), "/int8_samples.bin"));

/// What this network needs, and nothing else; its trunk, where its last layers learn, needs no more.
pub(crate) static KERNELS: Int8Kernels = INFERENCE.int8_kernels();

/// The network's integers.
pub fn network() -> ArrangedNetwork<'static> {
    ArrangedNetwork {
        rule: RULE,
        values: core::hint::black_box(&VALUES),
        words: core::hint::black_box(&WORDS),
        kernels: KERNELS,
    }
}

/// What an inference works in; nothing where it has been taken before.
pub fn arena() -> Option<&'static mut [i8]> {
    let words = board::singleton!(: [u32; ARENA_WORDS] = [0; ARENA_WORDS])?;
    Some(codes_in_words(words))
}

/// Words that the network and, where its last layers learn, its trunk compute in.
pub const WORKING_WORDS: usize = generated::WORKING_WORDS;

/// Memory for the network and its trunk; nothing where it has been taken before.
pub fn working_memory() -> Option<&'static mut [i8]> {
    let words = board::singleton!(: [u32; WORKING_WORDS] = [0; WORKING_WORDS])?;
    Some(codes_in_words(words))
}

/// The labelled images in flash.
///
/// # Errors
///
/// What is wrong with them.
pub fn samples() -> Result<SamplesFile<'static>, SamplesError> {
    SamplesFile::open(core::hint::black_box(&SAMPLES))
}

/// Brings an image, channels x rows x columns, to codes, rows x columns x channels.
pub fn fill(image: &[u8], codes: &mut [i8]) {
    let channels = NETWORK.input_shape().channels as usize;
    let map = image.len() / channels;
    for channel in 0..channels {
        // One for all where they are scaled alike.
        let table = INPUT_CODES.get(channel).unwrap_or(&INPUT_CODES[0]);
        let pixels = &image[channel * map..][..map];
        let places = codes.iter_mut().skip(channel).step_by(channels);
        for (code, pixel) in places.zip(pixels) {
            *code = table[usize::from(*pixel)];
        }
    }
}

//! The last layers of the int8 model in flash, as they learn: in floating-point numbers, behind a trunk
//! of integers that stays as it is. Where the network is cut, and what it then is, the build has said.

use crate::board;
use crate::int8_model::{self, generated};
use crate::memory::Memory;
use generated::{
    HEAD_CONSTANTS, HEAD_MODE, HEAD_NETWORK, HEAD_STEPS, HEAD_WEIGHTS, RULE, TRUNK_ARENA,
    TRUNK_NETWORK, TRUNK_NODES, TRUNK_STEPS, TRUNK_WORDS, VALUES,
};
use kiln_core::{ArrangedNetwork, BufferError, Network, Program, Purpose, QuantizedNetwork};

pub use generated::HEAD_STORAGE_BYTES as STORAGE_BYTES;

/// Steps of a program of a training.
pub const STEPS: usize = HEAD_STEPS;

/// The graph that learns.
pub static NETWORK: Network = HEAD_NETWORK;

/// The program of the training that the build set memory aside for.
#[allow(
    long_running_const_eval,
    reason = "the deeper the network, the longer it is planned"
)]
pub static TRAINING: Program<STEPS> = Program::of(&HEAD_NETWORK, Purpose::Compact(HEAD_MODE));

/// The program of the trunk.
#[allow(
    long_running_const_eval,
    reason = "the deeper the network, the longer it is planned"
)]
static TRUNK: Program<TRUNK_STEPS> = Program::of(&TRUNK_NETWORK, Purpose::Int8(RULE));

/// Values that a training takes.
pub const ROOM_VALUES: usize = (TRAINING.compact_bytes() - ROOM_WINNERS) / size_of::<f32>();
/// Bytes for the winners of its pools.
pub const ROOM_WINNERS: usize = TRAINING.winner_bytes();

/// What a training works in.
///
/// # Panics
///
/// At a second call.
pub fn memory() -> Memory {
    let values = board::singleton!(: [f32; ROOM_VALUES] = [0.0; ROOM_VALUES]);
    let winners = board::singleton!(: [u8; ROOM_WINNERS] = [0; ROOM_WINNERS]);
    match (values, winners) {
        (Some(values), Some(winners)) => Memory { values, winners },
        _ => panic!("the memory has been taken before"),
    }
}

/// Sets all parameters to what the head's integers stand for.
///
/// # Errors
///
/// Another number of parameters than the head has.
pub fn dequantize(parameters: &mut [f32]) -> Result<(), BufferError> {
    let head = QuantizedNetwork::new(
        &NETWORK,
        RULE,
        &VALUES[TRUNK_NODES..],
        core::hint::black_box(&HEAD_WEIGHTS),
        core::hint::black_box(&HEAD_CONSTANTS),
    );
    match head {
        Ok(head) => head.dequantize(parameters),
        Err(_) => Err(BufferError::Purpose),
    }
}

/// Makes the head's input of an image: the numbers that the codes of the trunk stand for.
pub fn fill(arena: &mut [i8], image: &[u8], input: &mut [f32]) {
    let whole = int8_model::network();
    let trunk = ArrangedNetwork {
        rule: RULE,
        values: &whole.values[..=TRUNK_NODES],
        words: &whole.words[..TRUNK_WORDS],
        kernels: whole.kernels,
    };
    let arena = &mut arena[..TRUNK_ARENA];
    let codes = TRUNK.infer_arranged(&trunk, arena, |codes| int8_model::fill(image, codes));
    if let Ok(codes) = codes {
        VALUES[TRUNK_NODES].numbers(NETWORK.input_shape(), codes, input);
    }
}

//! All memory of inference and training, taken once from the heap at the start.

use crate::{board, model};
use alloc::boxed::Box;
use alloc::vec;

/// What the program works in.
pub struct Memory {
    /// [`VALUES`] values.
    pub values: &'static mut [f32],
    /// [`WINNERS`] bytes; training's.
    pub winners: &'static mut [u8],
}

/// Starts the heap and takes the memory; it is never given back.
///
/// # Panics
///
/// At a second call.
pub fn take() -> Memory {
    board::start_heap();
    Memory {
        values: Box::leak(vec![0.0; VALUES].into_boxed_slice()),
        winners: Box::leak(vec![0; WINNERS].into_boxed_slice()),
    }
}

/// Values for inference, or for the training that the build set memory aside for.
#[cfg(not(feature = "training"))]
pub const VALUES: usize = model::ARENA_VALUES;
/// Bytes for the winners of training's pools.
#[cfg(not(feature = "training"))]
pub const WINNERS: usize = 0;

/// Values for inference, or for the training that the build set memory aside for.
#[cfg(feature = "training")]
pub const VALUES: usize = {
    let training = (model::TRAINING.compact_bytes() - WINNERS) / size_of::<f32>();
    if training > model::ARENA_VALUES {
        training
    } else {
        model::ARENA_VALUES
    }
};
/// Bytes for the winners of training's pools.
#[cfg(feature = "training")]
pub const WINNERS: usize = model::TRAINING.winner_bytes();

/// Bytes of all of it: all that the heap is for.
pub const BYTES: usize = size_of::<f32>() * VALUES + WINNERS;

#[cfg(feature = "training")]
impl Memory {
    /// The memory of a program that is no larger, with the parameters that it does not train.
    pub fn of<'m, const STEPS: usize>(
        &'m mut self,
        program: &kiln_core::Program<STEPS>,
        frozen: &'m [f32],
    ) -> kiln_core::CompactMemory<'m> {
        let (trained, rest) = self.values.split_at_mut(program.trained_values());
        let (gradient, rest) = rest.split_at_mut(program.gradient_values());
        let (velocity, rest) = rest.split_at_mut(program.velocity_values());
        velocity.fill(0.0);
        kiln_core::CompactMemory {
            frozen: &frozen[..program.frozen_values()],
            trained,
            gradient,
            velocity,
            arena: &mut rest[..program.arena_packets()],
            winners: &mut self.winners[..program.winner_bytes()],
        }
    }
}

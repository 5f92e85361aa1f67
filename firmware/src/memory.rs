//! The arena: all memory of inference, taken once from the heap at the start.

use crate::model;
use alloc::boxed::Box;
use alloc::vec;

/// Takes the arena; it is never given back.
pub fn take_arena() -> &'static mut [f32] {
    Box::leak(vec![0.0; model::ARENA_VALUES].into_boxed_slice())
}

/// Bytes of the arena.
pub const ARENA_BYTES: usize = size_of::<f32>() * model::ARENA_VALUES;

/// Bytes of the heap: the arena, and what the link takes.
pub const HEAP_BYTES: usize = ARENA_BYTES + crate::serve::HEAP_BYTES;

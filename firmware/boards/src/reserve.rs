//! What the firmware keeps of a board's memory for itself.

/// Flash kept for the program, in bytes: the build refuses what does not leave it. The linker knows
/// what a program takes exactly.
pub const PROGRAM_BYTES: usize = 32 << 10;

/// The same of a program that computes in integers, which has kernels for any processor, too, and for
/// both ways of rounding.
pub const INT8_PROGRAM_BYTES: usize = 44 << 10;

/// RAM kept for the stack, the link's buffers, the program of a training and the log, in bytes: the
/// build refuses what does not leave it.
pub const WORKING_BYTES: usize = 16 << 10;

/// The same where a network of integers is evaluated and no more, so that there is no link and no training,
/// in bytes.
pub const INT8_EVALUATION_WORKING_BYTES: usize = 6 << 10;

/// The least RAM that may be left for the stack, its guard included, in bytes: the linker refuses
/// what does not leave it. Inference takes half of it, training three quarters.
pub const STACK_BYTES: usize = 4 << 10;

/// Bytes at the stack's end that no program may ever write: one that does has overflowed. No
/// function skips as many, since none keeps an array on the stack that is as long and not filled.
pub const STACK_GUARD_BYTES: usize = 256;

const _: () = assert!(STACK_GUARD_BYTES < STACK_BYTES && STACK_BYTES < WORKING_BYTES);
const _: () = assert!(STACK_BYTES < INT8_EVALUATION_WORKING_BYTES);

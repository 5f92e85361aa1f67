//! How deep the stack ever was, and whether that was too deep: the start-up code painted it, and
//! what it wrote over stays.
//!
//! A Cortex-M's stack ends where the RAM begins, so that the processor faults where it would go on. A
//! RISC-V's ends above the statics. In both, the last bytes are a guard that no program may write: one that
//! did has, on a RISC-V, perhaps written over the statics, too.

use boards::STACK_GUARD_BYTES;

/// What the stack is painted with before the program starts; of a Cortex-M, by cortex-m-rt.
pub(super) const PAINT: u32 = 0xCCCC_CCCC;

// SAFETY: the linker script defines them; only their addresses are taken.
unsafe extern "C" {
    // Both are the linker script's: the lowest address the stack may reach, and its top.
    static _stack_end: u32;
    static _stack_start: u32;
}

/// Most bytes of stack that were ever in use, from its top down; nothing where it has
/// overflowed.
pub fn stack_high_water() -> Option<usize> {
    let top = &raw const _stack_start;
    let deepest = first_written(top);
    (deepest >= guard_end()).then_some(top as usize - deepest as usize)
}

/// Whether the stack ever reached its guard.
pub fn stack_has_overflowed() -> bool {
    first_written(guard_end()) < guard_end()
}

/// Bytes of stack that may be in use.
pub fn stack_bytes() -> usize {
    (&raw const _stack_start) as usize - guard_end() as usize
}

/// Whether a stack that is at this address in a fault has overflowed: its end is not far above, or below
/// by less than what a function saves at once.
#[cfg(not(target_arch = "riscv32"))]
pub(super) fn ends_above(stack_pointer: usize) -> bool {
    stack_pointer < guard_end() as usize
}

fn guard_end() -> *const u32 {
    (&raw const _stack_end).wrapping_byte_add(STACK_GUARD_BYTES)
}

/// The lowest word below `end` that is no longer painted, or else `end`.
fn first_written(end: *const u32) -> *const u32 {
    let mut word = &raw const _stack_end;
    // SAFETY: `word` runs from the linker's symbol up to the stack's top at most, a region of RAM
    // that nothing but the stack uses; the reads are volatile, since the stack is not Rust's memory.
    while word < end && unsafe { word.read_volatile() } == PAINT {
        word = word.wrapping_add(1);
    }
    word
}

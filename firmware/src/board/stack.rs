//! How deep the stack ever was: the start-up code painted it, and what it wrote over stays.

/// What cortex-m-rt paints the stack with before the program starts.
const PAINT: u32 = 0xCCCC_CCCC;

/// Most bytes of stack that were ever in use, from the top of RAM down.
pub fn stack_high_water() -> usize {
    unsafe extern "C" {
        // Both are the linker script's: the lowest address the stack may reach, and its top.
        static _stack_end: u32;
        static _stack_start: u32;
    }
    let mut word = &raw const _stack_end;
    let top = &raw const _stack_start;
    // SAFETY: `word` runs from the linker's one symbol to the other, a region of RAM that nothing
    // but the stack uses; the reads are volatile, since the stack is not Rust's memory.
    while word < top && unsafe { word.read_volatile() } == PAINT {
        word = word.wrapping_add(1);
    }
    top as usize - word as usize
}

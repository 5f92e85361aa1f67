//! What a program on a RISC-V needs before any board: its entry, its painted stack, and what a fault does.

use super::stack::PAINT;
use core::arch::global_asm;

pub use riscv::singleton;
pub use riscv_rt::entry;

// The start-up code calls it before there are statics, with the stack set and nothing on it.
//
// SAFETY: it writes nothing but the stack's memory, and no register that the start-up code keeps: that
// expects a C function here.
global_asm!(
    ".pushsection .text.__pre_init, \"ax\", @progbits",
    ".global __pre_init",
    "__pre_init:",
    "la t0, _stack_end",
    "li t1, {paint}",
    "1: bgeu t0, sp, 2f",
    "sw t1, 0(t0)",
    "addi t0, t0, 4",
    "j 1b",
    "2: ret",
    ".popsection",
    paint = const PAINT,
);

// SAFETY: the start-up code calls what has this name at an exception, with a frame that it does not need,
// and no other symbol has the name.
#[unsafe(no_mangle)]
extern "C" fn ExceptionHandler() -> ! {
    super::stop_after_fault(super::stack_has_overflowed())
}

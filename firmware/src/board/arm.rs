//! What a program on a Cortex-M needs before any board: its entry, and what a fault does.

#[cfg(target_os = "none")]
use core::arch::global_asm;

pub use cortex_m::singleton;
pub use cortex_m_rt::entry;

// What the vector table names for a fault. The stack may be where there is no memory, so it begins anew
// before anything is put on it: what lay on it is not needed any more. The floating-point registers, which
// the processor saves at their first use from now on, would be saved there, too: they are let go
// (FPCCR.LSPACT).
//
// SAFETY: only the processor calls it, it does not return, and no other symbol has the name.
#[cfg(target_os = "none")]
global_asm!(
    ".pushsection .HardFault.kiln, \"ax\", %progbits",
    ".global HardFault",
    ".type HardFault, %function",
    ".thumb_func",
    "HardFault:",
    "mov r0, sp",
    "ldr r1, =_stack_start",
    "mov sp, r1",
    #[cfg(target_abi = "eabihf")]
    "ldr r1, =0xE000EF34",
    #[cfg(target_abi = "eabihf")]
    "ldr r2, [r1]",
    #[cfg(target_abi = "eabihf")]
    "bic r2, r2, #1",
    #[cfg(target_abi = "eabihf")]
    "str r2, [r1]",
    "bl {stop}",
    ".ltorg",
    ".size HardFault, . - HardFault",
    ".popsection",
    stop = sym stop,
);

// The start-up code calls it first of all. Region 0 of the memory protection unit, of a mebibyte, forbids all
// access below the stack (RBAR, RASR: no access, no execution, 2^(19 + 1) bytes); all else is as it is
// without the unit (CTRL.PRIVDEFENA), which in a fault's handler is off. A Cortex-M0 has none, and its bus
// knows that there is no memory; an M33 has a limit of its stack pointer, which the start-up code sets.
//
// SAFETY: it writes nothing but the unit's registers, and changes no register that the start-up code keeps:
// that expects a C function here. No other symbol has the name.
#[cfg(all(feature = "memory-protection", target_os = "none"))]
global_asm!(
    ".pushsection .text.__pre_init, \"ax\", %progbits",
    ".global __pre_init",
    ".type __pre_init, %function",
    ".thumb_func",
    "__pre_init:",
    "ldr r0, =0xE000ED94",
    "ldr r1, =_kiln_forbidden + 0x10",
    "ldr r2, =0x10000027",
    "str r1, [r0, #8]",
    "str r2, [r0, #12]",
    "movs r1, #5",
    "str r1, [r0]",
    "dsb",
    "isb",
    "bx lr",
    ".ltorg",
    ".size __pre_init, . - __pre_init",
    ".popsection",
);

/// Says what the fault was, and stops; the stack was at this address.
#[cfg_attr(not(target_os = "none"), expect(dead_code))]
extern "C" fn stop(stack_pointer: usize) -> ! {
    super::stop_after_fault(super::stack::ends_above(stack_pointer) || is_beyond_limit())
}

/// Whether the stack pointer was to go beyond its limit, and so is where it was.
#[cfg(any(feature = "mps2-an505", feature = "rp2350"))]
fn is_beyond_limit() -> bool {
    /// CFSR.STKOF.
    const OVERFLOWED: u32 = 1 << 20;
    // SAFETY: every Armv8-M of the main line has the register, and reading it changes nothing.
    let status = unsafe { (*cortex_m::peripheral::SCB::PTR).cfsr.read() };
    status & OVERFLOWED != 0
}

/// There is no limit.
#[cfg(not(any(feature = "mps2-an505", feature = "rp2350")))]
fn is_beyond_limit() -> bool {
    false
}

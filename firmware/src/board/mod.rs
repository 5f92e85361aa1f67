//! The boards: clock, tick counter, serial port and memory layout; a module each, one of them
//! chosen by its feature. The only code that knows a register, and the only `unsafe` code.

mod heap;
mod stack;

#[cfg(feature = "microbit")]
#[path = "microbit.rs"]
mod chosen;
#[cfg(feature = "mps2-an385")]
#[path = "mps2_an385.rs"]
mod chosen;
#[cfg(feature = "mps2-an386")]
#[path = "mps2_an386.rs"]
mod chosen;
#[cfg(feature = "mps2-an500")]
#[path = "mps2_an500.rs"]
mod chosen;
#[cfg(feature = "mps2-an505")]
#[path = "mps2_an505.rs"]
mod chosen;
#[cfg(feature = "nrf52840")]
#[path = "nrf52840.rs"]
mod chosen;
#[cfg(feature = "stm32f405")]
#[path = "stm32f405.rs"]
mod chosen;
#[cfg(any(feature = "mps2-an386", feature = "mps2-an500", feature = "mps2-an385"))]
mod cmsdk_uart;
#[cfg(all(feature = "semihosted", not(feature = "all-programs")))]
mod evaluating;
#[cfg(any(feature = "mps2-an386", feature = "mps2-an500", feature = "mps2-an385"))]
mod mps2;
#[cfg(feature = "semihosted")]
mod semihosted;
#[cfg(all(
    feature = "training",
    any(feature = "mps2-an386", feature = "mps2-an500", feature = "mps2-an385")
))]
mod simulated_storage;

#[cfg(feature = "training")]
pub use chosen::Storage;
pub use chosen::{Board, NAME, TICK_UNIT, exit};
pub use heap::{heap_high_water, start_heap};
pub use stack::{stack_bytes, stack_has_overflowed, stack_high_water};

/// A fault of the processor stops the program as a panic does, instead of hanging it.
// SAFETY: only the processor calls it, and it uses nothing that was interrupted but the log.
#[cortex_m_rt::exception(trampoline = false)]
unsafe fn HardFault() -> ! {
    defmt::println!("error: stopped by a fault of the processor");
    exit(Exit::Failure)
}

/// How a program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// It did what it should.
    Success,
    /// It said what went wrong.
    Failure,
}

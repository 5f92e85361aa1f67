//! The boards: clock, tick counter, serial port and memory layout; a module each, one of them
//! chosen by its feature. The only code that knows a register, and the only `unsafe` code.

mod heap;
#[cfg_attr(target_arch = "riscv32", path = "riscv.rs")]
#[cfg_attr(not(target_arch = "riscv32"), path = "arm.rs")]
mod processor;
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
#[cfg(feature = "riscv-virt")]
#[path = "riscv_virt.rs"]
mod chosen;
#[cfg(feature = "rp2040")]
#[path = "rp2040.rs"]
mod chosen;
#[cfg(feature = "rp2350")]
#[path = "rp2350.rs"]
mod chosen;
#[cfg(feature = "stm32f405")]
#[path = "stm32f405.rs"]
mod chosen;
#[cfg(any(feature = "mps2-an386", feature = "mps2-an500", feature = "mps2-an385"))]
mod cmsdk_uart;
#[cfg(any(feature = "microbit", feature = "mps2-an505", feature = "stm32f405"))]
mod evaluating;
#[cfg(not(any(feature = "nrf52840", target_arch = "riscv32")))]
mod interrupts;
#[cfg(any(feature = "mps2-an386", feature = "mps2-an500", feature = "mps2-an385"))]
mod mps2;
#[cfg(feature = "probed")]
mod probed;
#[cfg(feature = "semihosted")]
mod semihosted;
#[cfg(all(
    feature = "training",
    any(feature = "mps2-an386", feature = "mps2-an500", feature = "mps2-an385")
))]
mod simulated_storage;
#[cfg(all(feature = "semihosted", not(target_arch = "riscv32")))]
mod system_tick;

#[cfg(feature = "training")]
pub use chosen::Storage;
pub use chosen::{Board, NAME, TICK_UNIT, exit};
pub use heap::{heap_high_water, start_heap};
pub use processor::{entry, singleton};
pub use stack::{stack_bytes, stack_has_overflowed, stack_high_water};

/// How a program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// It did what it should.
    Success,
    /// It said what went wrong.
    Failure,
}

/// A fault of the processor stops the program as a panic does, instead of hanging it.
fn stop_after_fault(is_overflow: bool) -> ! {
    if is_overflow {
        defmt::println!(
            "error: the stack overflowed its {=usize} bytes: take a board with more RAM, or a network that \
             leaves the stack more",
            stack_bytes()
        );
    } else {
        defmt::println!("error: stopped by a fault of the processor");
    }
    exit(Exit::Failure)
}

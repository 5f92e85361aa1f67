//! Firmware in QEMU, with every instruction counted, and its log.

mod log;
mod program;
mod qemu;

pub use log::{LogError, LogTableError};
pub use program::{EmulatedProgram, EmulatedProgramError};
pub use qemu::{EmulatedSerial, Emulation, EmulationError, Stopper};

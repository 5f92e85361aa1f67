//! Firmware in QEMU, with every instruction counted, and its log.

mod bound;
mod log;
mod program;
mod qemu;

pub use bound::offer;
pub use log::LogError;
pub use program::{EmulatedProgram, EmulatedProgramError};
pub use qemu::{EmulatedSerial, Emulation, EmulationError, Stopper};

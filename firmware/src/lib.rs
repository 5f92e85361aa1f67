#![no_std]
//! Kiln on a Cortex-M: one application over thin boards.
//!
//! [`evaluate`] classifies the samples in flash and reports; [`serve`] does what a desktop asks
//! over the serial port. Both run the [`model`] that the build put into flash, in the one arena
//! that [`memory`] takes at the start. A [`board`] holds clock, tick counter, serial port and
//! memory layout, and nothing above it knows a register.

extern crate alloc;

pub mod board;
pub mod evaluate;
pub mod memory;
pub mod model;
mod panic;
pub mod serve;

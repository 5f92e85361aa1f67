#![no_std]
//! Kiln on a Cortex-M or a RISC-V: one application over thin boards.
//!
//! [`evaluate`] classifies the samples in flash and reports; [`serve`] does what a desktop asks
//! over the serial port; [`profile`] tells what each step takes. All run the [`model`] that the
//! build put into flash, in what [`memory`] takes at the start, or the [`int8_model`], which needs no
//! heap. Built with the feature `training`, `train` learns the samples in flash,
//! [`serve`] learns what the desktop sends, and `store` keeps what was learned over a loss of power.
//! Boards that classify only have [`evaluate`] and [`evaluate_int8`], and not the feature `all-programs`.
//! A [`board`] holds clock, tick counter, serial port, storage and memory layout, and nothing above
//! it knows a register.

extern crate alloc;

pub mod board;
#[cfg(all(feature = "all-programs", target_abi = "eabihf"))]
pub mod codes;
#[cfg(feature = "training")]
mod course;
pub mod evaluate;
pub mod evaluate_int8;
#[cfg(feature = "training")]
mod first_parameters;
#[cfg(feature = "all-programs")]
pub mod gradients;
#[cfg(feature = "training")]
pub mod int8_head;
pub mod int8_model;
#[cfg(feature = "all-programs")]
pub mod layers;
mod mean;
pub mod memory;
pub mod model;
#[cfg(not(target_arch = "riscv32"))]
pub mod overflow;
mod panic;
#[cfg(feature = "all-programs")]
pub mod profile;
#[cfg(feature = "all-programs")]
pub mod profile_int8;
#[cfg(feature = "all-programs")]
pub mod serve;
#[cfg(feature = "training")]
pub mod store;
pub mod tally;
#[cfg(feature = "training")]
pub mod train;

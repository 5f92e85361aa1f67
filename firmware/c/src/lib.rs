//! Kiln for firmware in C.
//!
//! `kiln export --to c` writes a model as an array of words with a table of the kernels that it needs
//! ([`StoredModel`](kiln_core::StoredModel)); the functions of [`interface`] run it in memory that the
//! caller gives. `include/kiln.h` is made from there, and all of the library's `unsafe` is there.
#![cfg_attr(not(test), no_std)]

pub mod interface;
mod kernels;
#[cfg(not(test))]
mod panic;
mod runner;
mod status;
#[cfg(test)]
mod tests;

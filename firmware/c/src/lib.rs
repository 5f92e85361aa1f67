//! Kiln for firmware in C.
//!
//! `kiln export --to c` writes a model as an array of words with a table of the kernels that it needs
//! ([`StoredModel`](kiln_core::StoredModel)); the functions of [`interface`] run it in memory that the
//! caller gives, those of [`learning`] train it. `include/kiln.h` is made from there; all of the library's
//! `unsafe` is there and in `pointers`.
#![cfg_attr(not(test), no_std)]

pub mod interface;
mod kernels;
mod learner;
pub mod learning;
#[cfg(not(test))]
mod panic;
mod pointers;
mod runner;
mod status;
#[cfg(test)]
mod tests;

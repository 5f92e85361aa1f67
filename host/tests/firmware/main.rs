//! The firmware in the emulator, for real: built, run, talked to, damaged and killed.
//!
//! Where QEMU or a compiler for the board is missing, each test says that it was skipped. The
//! default board is tested unless `KILN_TEST_FIRMWARE=all` asks for all of them; then nothing is
//! skipped, and what is missing fails. On Windows there are none: a test holds a Unix socket.

#![cfg(unix)]

mod boards;
mod build;
mod c;
mod c_layouts;
mod ends;
mod evaluation;
mod flash;
mod gradients;
mod graphs;
mod int8_head;
mod kernels;
mod line;
mod link;
mod mutated;
mod own;
mod own_refusals;
mod port;
mod profile;
mod refusals;
mod sources;
mod stack;
mod support;
mod training;

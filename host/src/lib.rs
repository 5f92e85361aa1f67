//! Kiln host library.

pub mod data;
pub mod engine;

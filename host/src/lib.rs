//! Kiln host library.

pub mod data;

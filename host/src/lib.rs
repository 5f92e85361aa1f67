//! Kiln host library.

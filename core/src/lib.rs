#![no_std]
//! Kiln core.

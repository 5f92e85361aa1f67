//! Kiln's host program as a library: what the commands do, callable from tests.
//!
//! [`cli`] turns arguments into one of the [`commands`]; these read [`data`], a
//! [`network_file`] or [`weights`], let [`training`] drive the [`engine`], and leave the folder of a
//! [`run`], with a checkpoint in it where they were interrupted. A [`sweep`] is many of them. [`exchange`] reads and writes other programs' networks.
//!
//! What speaks with boards is the feature `device`, and what fetches datasets `download`; both are on unless turned off.

pub mod bench;
pub mod boards;
pub mod charts;
pub mod classes;
pub mod cli;
pub mod commands;
pub mod confusion;
#[cfg(feature = "device")]
pub mod emulator;
pub mod exchange;
#[cfg(feature = "device")]
pub mod firmware;
#[cfg(feature = "device")]
pub mod link;
#[cfg(not(feature = "device"))]
pub mod missing_feature;
pub mod network_file;
pub mod report;
pub mod roc;
pub mod run;
pub mod sweep;

// What runs once a sample or more is compiled by itself, with optimisation; its modules are reached as this crate's.
pub use trainer::{
    augmentation, data, defaults, engine, file_kind, folder_lock, memory_limit, model, number,
    output, plain_file, platform, quantization, seeds, settings, training, weights, whole_file,
};

//! Kiln's host program as a library: what the commands do, callable from tests.
//!
//! [`cli`] turns arguments into one of the [`commands`]; these read [`data`], a
//! [`network_file`] or [`weights`], let [`training`] drive the [`engine`], and leave the folder of a
//! [`run`], with a checkpoint in it where they were interrupted. A [`sweep`] is many of them. [`exchange`] reads and writes other programs' networks.
//!
//! What speaks with boards is the feature `device`, and what fetches datasets `download`; both are on unless turned off.

pub mod augmentation;
pub mod bench;
pub mod boards;
pub mod charts;
pub mod classes;
pub mod cli;
pub mod commands;
pub mod confusion;
pub mod data;
pub mod defaults;
#[cfg(feature = "device")]
pub mod emulator;
pub mod engine;
pub mod exchange;
pub mod file_kind;
#[cfg(feature = "device")]
pub mod firmware;
pub mod folder_lock;
#[cfg(feature = "device")]
pub mod link;
mod memory_gate;
pub mod memory_limit;
#[cfg(not(feature = "device"))]
pub mod missing_feature;
pub mod model;
pub mod network_file;
pub mod number;
pub mod output;
pub mod plain_file;
pub mod platform;
pub mod quantization;
pub mod report;
pub mod roc;
pub mod run;
pub mod seeds;
pub mod settings;
pub mod sweep;
pub mod training;
pub mod weights;
pub mod whole_file;

//! What of the host program runs once a sample or more, and what that stands on: [`data`] is read, [`training`]
//! drives the [`engine`], [`quantization`] makes a network of codes, and [`weights`] are kept.
//!
//! A crate of its own, so that it alone is compiled with optimisation: the commands, reports and exchange of the
//! crate `host`, which gives these modules on as its own, compile in a fifth of the time without.

pub mod augmentation;
pub mod data;
pub mod defaults;
pub mod engine;
pub mod file_kind;
pub mod folder_lock;
mod memory_gate;
pub mod memory_limit;
pub mod model;
pub mod number;
pub mod output;
pub mod plain_file;
pub mod platform;
pub mod quantization;
pub mod seeds;
pub mod settings;
pub mod training;
pub mod weights;
pub mod whole_file;

//! The program run as a person runs it: arguments in, text, files and exit codes out.

mod arithmetic;
mod autoencoder;
mod bad_input;
mod balance;
mod bench;
mod browser;
mod cache;
mod cases;
#[cfg(target_os = "linux")]
mod devices;
mod disk;
mod evaluate;
mod exchange;
mod exit_codes;
#[cfg(unix)]
mod fine_tuning;
#[cfg(unix)]
mod firmware_sources;
mod graphs;
mod help;
#[cfg(target_os = "linux")]
mod hostile_files;
mod import_checked;
#[cfg(unix)]
mod locks;
mod memory;
mod misuse;
mod onnx_cases;
mod outside_words;
mod parts;
#[cfg(target_os = "linux")]
mod peak_memory;
mod predict;
mod quantize;
#[cfg(unix)]
mod quantize_epochs;
mod report;
#[cfg(unix)]
mod resume;
mod same_bits;
#[cfg(target_os = "linux")]
mod signals;
mod splits;
#[cfg(target_os = "linux")]
mod streams;
mod summary;
mod support;
#[cfg(unix)]
mod sweep;
mod tensors;
#[cfg(unix)]
mod torment;
mod train;
#[cfg(unix)]
mod unknown;
mod walk;

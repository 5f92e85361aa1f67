//! The program run as a person runs it: arguments in, text, files and exit codes out.

mod bad_input;
mod browser;
mod disk;
mod evaluate;
mod help;
mod predict;
mod report;
#[cfg(unix)]
mod resume;
mod summary;
mod support;
mod train;

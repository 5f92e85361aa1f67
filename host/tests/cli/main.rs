//! The program run as a person runs it: arguments in, text, files and exit codes out.

mod bad_input;
mod disk;
mod evaluate;
mod exchange;
mod help;
mod predict;
#[cfg(unix)]
mod resume;
mod summary;
mod support;
mod train;

//! What a build without the feature `device` says where it is asked for boards.

use anyhow::{Error, anyhow};
use std::ffi::OsString;

/// Not in this program, which was built without the feature `device`.
#[derive(Debug, clap::Args)]
#[command(disable_help_flag = true)]
pub struct MissingArguments {
    /// Whatever the command takes where it is.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    arguments: Vec<OsString>,
}

/// Why `command` cannot be run, and how to have it.
pub fn error(command: &str) -> Error {
    anyhow!(
        "`kiln {command}` is not in this program: build it with the feature `device`, \
         as `cargo install --path host --locked` does without --no-default-features"
    )
}

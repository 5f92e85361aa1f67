//! Kiln: train small convolutional networks and fire them into firmware.

use std::process::ExitCode;

fn main() -> ExitCode {
    host::cli::run(std::env::args_os())
}

//! Malformed files and messages for everything of Kiln's that reads bytes from outside.
//!
//! A search begins with the small sound files of `corpus/TARGET`, changes them, makes their checksums valid
//! again, and gives them to what reads them, and to what is done with what it accepts. Inputs that lead to
//! something new, by the words of the error or the shape of the network, are changed further. It fails where
//! something panics, takes longer than ten seconds, or takes more memory than twice what its own data need and
//! 64 MiB; the input is kept.
//!
//! ```sh
//! cargo run -p fuzz -- --seconds 3600          # every target for an hour, two at a time
//! cargo run -p fuzz -- onnx --seed 7           # one, by another sequence
//! cargo run -p fuzz -- onnx --file FILE        # a single input
//! ```
//!
//! Each target is searched in a process of its own, so that one that is killed by the system has failed like any
//! other, and by its seed always in the same order.

mod arguments;
mod measured;
mod memory;
mod mend;
mod mutate;
mod processes;
mod protobuf;
mod search;
mod targets;
mod text;

use arguments::{FuzzArguments, Task};
use std::process::ExitCode;

/// Runs the program with these arguments; the code is 1 where an input was found that fails, and 2 where the
/// arguments make no sense.
pub fn run(arguments: impl Iterator<Item = String>) -> ExitCode {
    let done = FuzzArguments::parse(arguments).map(|arguments| match &arguments.task {
        Task::Help => {
            println!("{}", arguments::HELP);
            true
        }
        Task::All => processes::run(&arguments),
        Task::One(target) => search::run(target, &arguments),
        Task::File(target, path) => search::replay(target, path),
    });
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

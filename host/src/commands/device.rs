//! `kiln device`: what a microcontroller does for the desktop.

mod connection;
pub mod evaluate;
mod ticks;
pub mod train;

use anyhow::Result;
use clap::Subcommand;

/// Let a microcontroller work, on a board or emulated.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Evaluate(evaluate::Arguments),
    Train(train::Arguments),
}

/// Runs the command.
///
/// # Errors
///
/// What was wrong with the arguments, the model, the data or the device, in one line.
pub fn run(arguments: &Arguments) -> Result<()> {
    match &arguments.command {
        Command::Evaluate(arguments) => evaluate::run(arguments),
        Command::Train(arguments) => train::run(arguments),
    }
}

//! `kiln device`: what a microcontroller does for the desktop.

mod connection;
pub mod evaluate;
mod ticks;
pub mod train;

use anyhow::Result;
use clap::Subcommand;

/// Let a microcontroller work, on a board or emulated.
#[derive(Debug, clap::Args)]
pub struct DeviceArguments {
    #[command(subcommand)]
    command: DeviceCommand,
}

#[derive(Debug, Subcommand)]
enum DeviceCommand {
    Evaluate(evaluate::DeviceEvaluateArguments),
    Train(train::DeviceTrainArguments),
}

/// Runs the command.
///
/// # Errors
///
/// What was wrong with the arguments, the model, the data or the device, in one line.
pub fn run(arguments: &DeviceArguments) -> Result<()> {
    match &arguments.command {
        DeviceCommand::Evaluate(arguments) => evaluate::run(arguments),
        DeviceCommand::Train(arguments) => train::run(arguments),
    }
}

//! The command line: what can be typed, and how errors and exit codes leave the program.

use crate::commands::{FailedCheck, bench, evaluate, export, import};
#[cfg(feature = "device")]
use crate::commands::{device, emulate};
use crate::commands::{predict, quantize, report, summary, sweep, train};
#[cfg(not(feature = "device"))]
use crate::missing_feature::{self, MissingArguments};
use crate::{memory_limit, number, output};
use clap::error::ErrorKind;
use clap::{Parser, Subcommand};
use std::ffi::OsString;
use std::io;
use std::process::ExitCode;

/// What a run exits with that came to its end, but whose result is wrong.
const FAILED_CHECK: u8 = 1;
/// What all else that fails exits with.
const FAILURE: u8 = 2;

/// Trains small convolutional networks and fires them into firmware.
///
/// Everything Kiln computes is defined to the bit: the same seed gives the same weights on every
/// machine, with any number of threads and any SIMD width, and a microcontroller computes with
/// the same weights the same results.
#[derive(Debug, Parser)]
#[command(name = "kiln", version, after_help = EXAMPLES, max_term_width = 100)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
    // A sweep has one of its own, by the same name: that of its trainings.
    /// Most memory that the program may take, such as 2GiB [default: what the machine has free]
    #[arg(long, global = true, value_name = "BYTES")]
    memory: Option<String>,
}

const EXAMPLES: &str = "\
Examples:
  kiln train mnist                     learn handwritten digits; works without a network, too
  kiln train pictures --epochs 30      learn from a folder with one folder of images per class
  kiln evaluate --dataset mnist --weights runs/mnist-20260102-030405/model.kiln
  kiln report runs/first runs/second   hold runs against each other in a page
  kiln predict seven.png --weights runs/mnist-20260102-030405/model.kiln
  kiln summary network.toml            what a network holds and costs, before training it

Exit codes:
  0    done
  1    done, but the result fails its check: an evaluation whose loss or outputs are no finite
       numbers, or a device whose results are not the desktop's to the bit
  2    not done: wrong arguments, files or data, or no memory, disk or device; one line says which
  130  interrupted by Ctrl-C, SIGTERM or SIGHUP, its state saved where the command keeps one
  `kiln emulate` exits with the code of the program that it runs.
";

#[derive(Debug, Subcommand)]
enum Command {
    Train(train::TrainArguments),
    Sweep(sweep::SweepArguments),
    Report(report::ReportArguments),
    Evaluate(evaluate::EvaluateArguments),
    Predict(predict::PredictArguments),
    Quantize(quantize::QuantizeArguments),
    Summary(summary::SummaryArguments),
    Export(export::ExportArguments),
    Import(import::ImportArguments),
    #[cfg(feature = "device")]
    Emulate(emulate::EmulateArguments),
    #[cfg(feature = "device")]
    Device(device::DeviceArguments),
    #[cfg(not(feature = "device"))]
    Emulate(MissingArguments),
    #[cfg(not(feature = "device"))]
    Device(MissingArguments),
    Bench(bench::BenchArguments),
}

/// Runs the program with these arguments, the program's own name first.
///
/// Returns 0 for success, or the exit code of an emulated program. Any failure is one line on
/// standard error, `error: …`, and 2, or 1 where a command has done its work and found it wrong.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    #[cfg(feature = "device")]
    if let Some(reason) = crate::platform::offer(&arguments) {
        return fail(&reason);
    }
    let count = arguments.len();
    let arguments = match CommandLine::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => return misuse(&error, count),
    };
    if let Err(reason) = limit_memory(&arguments) {
        return fail(&reason);
    }
    let success = |()| ExitCode::SUCCESS;
    let result = match arguments.command {
        Command::Train(arguments) => train::run(arguments),
        Command::Sweep(arguments) => sweep::run(&arguments),
        Command::Report(arguments) => report::run(&arguments).map(success),
        Command::Evaluate(arguments) => evaluate::run(&arguments).map(success),
        Command::Predict(arguments) => predict::run(&arguments).map(success),
        Command::Quantize(arguments) => quantize::run(&arguments).map(success),
        Command::Summary(arguments) => summary::run(&arguments).map(success),
        Command::Export(arguments) => export::run(&arguments).map(success),
        Command::Import(arguments) => import::run(&arguments).map(success),
        #[cfg(feature = "device")]
        Command::Emulate(arguments) => emulate::run(&arguments),
        #[cfg(feature = "device")]
        Command::Device(arguments) => device::run(&arguments).map(success),
        #[cfg(not(feature = "device"))]
        Command::Emulate(_) => Err(missing_feature::error("emulate")),
        #[cfg(not(feature = "device"))]
        Command::Device(_) => Err(missing_feature::error("device")),
        Command::Bench(arguments) => bench::run(&arguments).map(success),
    };
    match result {
        Ok(code) => code,
        // The reader, such as `head`, has seen enough: no news to anyone.
        Err(error) if is_broken_pipe(&error) => ExitCode::from(FAILURE),
        Err(error) if error.is::<FailedCheck>() => {
            output::error(&format!("{error:#}"));
            ExitCode::from(FAILED_CHECK)
        }
        Err(error) => fail(&format!("{error:#}")),
    }
}

/// Takes the limit of memory that is given; that of a sweep is for its trainings.
fn limit_memory(arguments: &CommandLine) -> Result<(), String> {
    match (&arguments.memory, &arguments.command) {
        (None, _) | (_, Command::Sweep(_)) => Ok(()),
        (Some(text), _) => {
            let bytes = number::bytes(text).ok_or_else(|| number::no_bytes(text))?;
            memory_limit::set(bytes as u64);
            Ok(())
        }
    }
}

/// Shows help where it was asked for or nothing was, and else what was wrong with the arguments, in
/// one line; `arguments` is their number, the program's name among them.
fn misuse(error: &clap::Error, arguments: usize) -> ExitCode {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => match error.print() {
            Err(cause) if cause.kind() != io::ErrorKind::BrokenPipe => {
                fail(&output::unwritable("output", &cause).to_string())
            }
            _ => ExitCode::SUCCESS,
        },
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand if arguments > 1 => {
            fail("a subcommand is missing; --help shows what is possible")
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            // Nothing is left to do if the terminal is gone.
            let _ = error.print();
            ExitCode::from(FAILURE)
        }
        _ => fail(&format!("{}; --help shows what is possible", reason(error))),
    }
}

/// What was wrong with the arguments and what may have been meant, without the usage.
fn reason(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let mut lines = text.lines().map(str::trim);
    let reason: Vec<&str> = lines.by_ref().take_while(|line| !line.is_empty()).collect();
    let reason = reason.join(" ");
    let mut reason = reason
        .strip_prefix("error: ")
        .unwrap_or(&reason)
        .to_string();
    for tip in lines.filter_map(|line| line.strip_prefix("tip: ")) {
        reason.push_str("; ");
        reason.push_str(tip);
    }
    reason
}

fn fail(message: &str) -> ExitCode {
    output::error(message);
    ExitCode::from(FAILURE)
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let cause = error.root_cause().downcast_ref::<io::Error>();
    cause.is_some_and(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use super::CommandLine;
    use clap::CommandFactory;

    #[test]
    fn the_arguments_are_consistent() {
        CommandLine::command().debug_assert();
    }

    #[test]
    #[cfg(not(feature = "device"))]
    fn whatever_is_asked_of_boards_is_missing() {
        use clap::Parser;
        for line in [
            "kiln device",
            "kiln emulate --help",
            "kiln device train mnist --steps 3",
        ] {
            let words = line.split(' ');
            let parsed = CommandLine::try_parse_from(words).unwrap().command;
            assert!(
                matches!(
                    parsed,
                    super::Command::Device(_) | super::Command::Emulate(_)
                ),
                "{line}"
            );
        }
        let error = crate::missing_feature::error("device").to_string();
        assert!(error.contains("`kiln device`") && error.contains("feature `device`"));
    }
}

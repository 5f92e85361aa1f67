//! `kiln device evaluate`: a device scores a dataset, and every bit is compared.

use super::connection;
use super::ticks::TickSummary;
use crate::commands::arguments::{machine, subject};
use crate::commands::{describe_dataset, describe_network};
use crate::data::{ByteSamples, Samples};
use crate::engine::{Engine, EngineOptions};
use crate::link::LinkSession;
use crate::number;
use crate::output::{Output, grouped};
use crate::weights::same_bits;
use anyhow::{Result, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use kiln_core::ModelFile;
use serde::Serialize;
use std::time::Instant;

/// Score a dataset on a device, and compare every logit with the desktop's own.
///
/// With an emulated board, the firmware is built with the weights, started and ended.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  kiln device evaluate --weights model.kiln --dataset mnist
  kiln device evaluate --weights model.kiln --dataset mnist --board mps2-an385 --limit 200
  kiln device evaluate --weights model.kiln --dataset mnist --port /dev/ttyACM0 --json
")]
pub struct DeviceEvaluateArguments {
    #[command(flatten)]
    subject: subject::SubjectArguments,
    #[command(flatten)]
    connection: connection::ConnectionArguments,
    /// Most samples, spread evenly over all [default: all]
    #[arg(long, allow_negative_numbers = true, value_parser = number::whole::<usize>(1), value_name = "N")]
    limit: Option<usize>,
    #[command(flatten)]
    machine: machine::MachineArguments,
    /// Print one JSON object on standard output, and everything else on standard error
    #[arg(long)]
    json: bool,
}

/// The result as JSON.
#[derive(Debug, Serialize)]
struct DeviceEvaluateReport {
    board: String,
    samples: usize,
    correct: usize,
    accuracy: f64,
    /// Samples all of whose logits are the desktop's to the bit.
    equal_to_host: usize,
    ticks: TickSummary,
    /// Requests that had to be sent again.
    repeats: u64,
    /// Frames that reached the device damaged.
    damaged: u32,
    arena_bytes: u32,
    stack_bytes: u32,
    heap_bytes: u32,
    seconds: f64,
}

/// What the device did with the samples.
#[derive(Default)]
struct EvaluationTally {
    correct: usize,
    equal: usize,
    ticks: Vec<u32>,
}

/// Runs the command.
///
/// # Errors
///
/// What was wrong with the arguments, the model, the data or the device, in one line.
pub fn run(arguments: &DeviceEvaluateArguments) -> Result<()> {
    let output = Output::new(arguments.json);
    ensure!(
        arguments.limit != Some(0),
        "limit is 0; it must be at least 1"
    );
    let bytes = arguments.subject.read()?;
    let model = bytes.open()?;
    let options = EngineOptions {
        threads: arguments.machine.threads()?,
        lanes: arguments.machine.lanes()?,
        batch: 1,
        ..EngineOptions::default()
    };
    let dataset = arguments.subject.load(&model, options.threads)?;
    describe_dataset(output, &dataset)?;
    describe_network(output, model.network())?;
    let samples = subject::test_samples(&dataset);
    let images = samples.bytes()?;
    let indices = subject::spread(samples, arguments.limit);
    let expected = expected(&model, samples, &indices, &options)?;
    let mut connection = arguments.connection.connect(output, &bytes, None)?;
    let start = Instant::now();
    let tally = score(
        &mut connection.session,
        (images, &samples.labels),
        &indices,
        &expected,
    )?;
    let seconds = start.elapsed().as_secs_f64();
    let usage = connection.session.usage()?;
    let report = DeviceEvaluateReport {
        board: connection.device.board.clone(),
        samples: indices.len(),
        correct: tally.correct,
        accuracy: tally.correct as f64 / indices.len() as f64,
        equal_to_host: tally.equal,
        ticks: TickSummary::of(tally.ticks, connection.device.tick_unit.clone()),
        repeats: connection.session.repeats(),
        damaged: usage.damaged,
        arena_bytes: usage.arena,
        stack_bytes: usage.stack,
        heap_bytes: usage.heap,
        seconds,
    };
    connection.finish()?;
    describe(output, &report)?;
    output.object(&report)?;
    Ok(())
}

/// The desktop's logits, samples x classes.
fn expected(
    model: &ModelFile<'_>,
    samples: &Samples,
    indices: &[u32],
    options: &EngineOptions,
) -> Result<Vec<f32>> {
    let parameters = model.parameters().to_vec();
    let mut engine = Engine::new(model.network(), model.scaling(), parameters, options)?;
    let mut logits = vec![0.0; indices.len() * model.network().classes()];
    engine.evaluate(samples, indices, Some(&mut logits))?;
    Ok(logits)
}

fn score(
    session: &mut LinkSession,
    (images, labels): (ByteSamples<'_>, &[u16]),
    indices: &[u32],
    expected: &[f32],
) -> Result<EvaluationTally> {
    let bar = ProgressBar::new(indices.len() as u64);
    if let Ok(style) =
        ProgressStyle::with_template("device     {bar:30} {pos} of {len}, {eta} left")
    {
        bar.set_style(style);
    }
    let classes = expected.len() / indices.len();
    let mut tally = EvaluationTally::default();
    for (index, expected) in indices.iter().zip(expected.chunks_exact(classes)) {
        let index = *index as usize;
        let (ticks, logits) = session.infer(images.image(index))?;
        ensure!(
            logits.len() == classes,
            "the device gave {} logits, not {classes}; flash it again",
            logits.len()
        );
        let class = kiln_core::reference::loss::highest_class(&logits);
        tally.correct += usize::from(class == usize::from(labels[index]));
        tally.equal += usize::from(same_bits(&logits, expected));
        tally.ticks.push(ticks);
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(tally)
}

fn describe(output: Output, report: &DeviceEvaluateReport) -> Result<()> {
    let number = |value: usize| grouped(value as u64);
    output.item(
        "device",
        format_args!(
            "{}: {:.2}% of {} samples ({} correct), in {:.1} s",
            report.board,
            report.accuracy * 100.0,
            number(report.samples),
            number(report.correct),
            report.seconds
        ),
    )?;
    output.item(
        "logits",
        format_args!(
            "{} of {} equal the desktop's to the bit",
            number(report.equal_to_host),
            number(report.samples)
        ),
    )?;
    output.item("inference", &report.ticks)?;
    output.item(
        "memory",
        format_args!(
            "arena {} bytes, stack {}, heap {}",
            grouped(report.arena_bytes.into()),
            grouped(report.stack_bytes.into()),
            grouped(report.heap_bytes.into())
        ),
    )?;
    output.item(
        "link",
        format_args!("{} requests repeated", grouped(report.repeats)),
    )?;
    Ok(())
}

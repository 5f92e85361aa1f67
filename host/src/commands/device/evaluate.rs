//! `kiln device evaluate`: a device scores a dataset, and every bit is compared.

use super::connection;
use super::ticks::TickSummary;
use crate::commands::arguments::{machine, subject};
use crate::commands::{FailedCheck, describe_dataset, describe_network};
use crate::data::{ByteSamples, Samples};
use crate::engine::{Engine, EngineOptions, Int8Engine, fill_channels_first};
use crate::link::{Int8Sample, LinkSession};
use crate::model::{AnyModel, ModelFacts};
use crate::number;
use crate::output::{Output, grouped};
use crate::weights::same_bits;
use anyhow::{Context, Result, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use kiln_core::ModelTask;
use kiln_core::reference::loss::highest_class;
use serde::Serialize;
use std::time::Instant;

/// Score a dataset on a device, and compare every logit, or of an int8 model every code, with the
/// desktop's own.
///
/// With an emulated board, the firmware is built with the weights, started and ended. Exits with 1 where
/// a sample's results differ.
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
    /// Exit with 0 also where results differ from the desktop's
    #[arg(long)]
    allow_unequal: bool,
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
    element: &'static str,
    samples: usize,
    /// Nothing of an autoencoder, and of samples without labels.
    correct: Option<usize>,
    accuracy: Option<f64>,
    /// Samples all of whose logits, or codes, are the desktop's to the bit.
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

/// The samples to send, and what the desktop makes of them.
struct DeviceSamples<'a> {
    labels: &'a [u16],
    indices: &'a [u32],
    expected: ExpectedOutputs<'a>,
}

/// What the desktop gives for the samples, and how they are sent.
enum ExpectedOutputs<'a> {
    /// Logits, samples x classes, of images.
    Logits(Vec<f32>, ByteSamples<'a>),
    /// Codes, samples x outputs.
    Codes(Vec<i8>, Box<Int8Engine<'a>>, &'a Samples),
}

/// Runs the command.
///
/// # Errors
///
/// What was wrong with the arguments, the model, the data or the device, in one line; a
/// [`FailedCheck`] where its results are not the desktop's.
pub fn run(arguments: &DeviceEvaluateArguments) -> Result<()> {
    let output = Output::new(arguments.json);
    ensure!(
        arguments.limit != Some(0),
        "limit is 0; it must be at least 1"
    );
    let bytes = arguments.subject.read_any()?;
    let model = AnyModel::open(&bytes).with_context(|| arguments.subject.name())?;
    let options = EngineOptions {
        threads: arguments.machine.threads()?,
        lanes: arguments.machine.lanes()?,
        batch: 1,
        ..EngineOptions::default()
    };
    let dataset = arguments.subject.load_scored(&model, options.threads)?;
    describe_dataset(output, &dataset)?;
    describe_network(output, model.network())?;
    let samples = subject::test_samples(&dataset);
    let indices = subject::spread(samples, arguments.limit);
    let work = DeviceSamples {
        labels: &samples.labels,
        indices: &indices,
        expected: ExpectedOutputs::of(&model, samples, &indices, &options)?,
    };
    let mut connection = arguments.connection.connect(output, &bytes, None)?;
    let start = Instant::now();
    let tally = work.score(&mut connection.session)?;
    let seconds = start.elapsed().as_secs_f64();
    let usage = connection.session.usage()?;
    let is_classified = model.task() == ModelTask::Classification && subject::has_labels(&dataset);
    let correct = is_classified.then_some(tally.correct);
    let report = DeviceEvaluateReport {
        board: connection.device.board.clone(),
        element: model.element(),
        samples: indices.len(),
        correct,
        accuracy: correct.map(|correct| correct as f64 / indices.len() as f64),
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
    let unequal = report.samples - report.equal_to_host;
    if unequal > 0 && !arguments.allow_unequal {
        let message = format!(
            "the device's results are not the desktop's for {unequal} of {} samples: its processor or \
             firmware does not compute as it should (--allow-unequal takes them as they are)",
            report.samples
        );
        return Err(FailedCheck(message).into());
    }
    Ok(())
}

impl<'a> ExpectedOutputs<'a> {
    fn of(
        model: &'a AnyModel<'_>,
        samples: &'a Samples,
        indices: &[u32],
        options: &EngineOptions,
    ) -> Result<Self> {
        match model {
            AnyModel::Float(model) => {
                let images = samples.bytes()?;
                let parameters = model.parameters().to_vec();
                let mut engine =
                    Engine::new(model.network(), model.scaling(), parameters, options)?;
                let mut logits = vec![0.0; indices.len() * model.network().classes()];
                engine.evaluate(samples, indices, Some(&mut logits))?;
                Ok(Self::Logits(logits, images))
            }
            AnyModel::Int8(model) => {
                let mut engine = Int8Engine::new(model, options.threads, options.lanes)?;
                let (_, left) = engine.evaluate(samples, indices)?;
                Ok(Self::Codes(left.codes, Box::new(engine), samples))
            }
        }
    }

    /// How many values a sample has.
    fn row(&self, samples: usize) -> usize {
        match self {
            Self::Logits(logits, _) => logits.len() / samples,
            Self::Codes(codes, ..) => codes.len() / samples,
        }
    }
}

impl DeviceSamples<'_> {
    fn score(&self, session: &mut LinkSession) -> Result<EvaluationTally> {
        let bar = ProgressBar::new(self.indices.len() as u64);
        if let Ok(style) =
            ProgressStyle::with_template("device     {bar:30} {pos} of {len}, {eta} left")
        {
            bar.set_style(style);
        }
        let mut tally = EvaluationTally::default();
        for place in 0..self.indices.len() {
            self.score_sample(session, place, &mut tally)?;
            bar.inc(1);
        }
        bar.finish_and_clear();
        Ok(tally)
    }

    /// Has the device classify the sample at a place among those that are sent.
    fn score_sample(
        &self,
        session: &mut LinkSession,
        place: usize,
        tally: &mut EvaluationTally,
    ) -> Result<()> {
        let index = self.indices[place];
        let row = self.expected.row(self.indices.len());
        let own = place * row..(place + 1) * row;
        let (ticks, class, is_equal) = match &self.expected {
            ExpectedOutputs::Logits(expected, images) => {
                let (ticks, logits) = session.infer(images.image(index as usize))?;
                check_row(logits.len(), row, "logits")?;
                let is_equal = same_bits(&logits, &expected[own]);
                (ticks, highest_class(&logits), is_equal)
            }
            ExpectedOutputs::Codes(expected, engine, samples) => {
                let (ticks, codes) = match (samples.coded, samples.bytes()) {
                    (false, Ok(images)) => {
                        let image = images.image(index as usize);
                        session.infer_int8(Int8Sample::Image(image))?
                    }
                    _ => {
                        let codes = engine.input_codes(samples, index);
                        session.infer_int8(Int8Sample::Codes(&codes))?
                    }
                };
                check_row(codes.len(), row, "codes")?;
                let mut ordered = vec![0; row];
                fill_channels_first(engine.output_shape(), &codes, &mut ordered);
                let numbers: Vec<f32> = ordered.iter().copied().map(f32::from).collect();
                (ticks, highest_class(&numbers), ordered == expected[own])
            }
        };
        tally.correct += usize::from(class == usize::from(self.labels[index as usize]));
        tally.equal += usize::from(is_equal);
        tally.ticks.push(ticks);
        Ok(())
    }
}

fn check_row(found: usize, expected: usize, what: &str) -> Result<()> {
    ensure!(
        found == expected,
        "the device gave {found} {what}, not {expected}; flash it again"
    );
    Ok(())
}

fn describe(output: Output, report: &DeviceEvaluateReport) -> Result<()> {
    let number = |value: usize| grouped(value as u64);
    let samples = number(report.samples);
    let scored = match (report.accuracy, report.correct) {
        (Some(accuracy), Some(correct)) => format!(
            "{:.2}% of {samples} samples ({} correct)",
            accuracy * 100.0,
            number(correct)
        ),
        _ => format!("{samples} samples"),
    };
    let (board, seconds) = (&report.board, report.seconds);
    output.item(
        "device",
        format_args!("{board}: {scored}, in {seconds:.1} s"),
    )?;
    let values = match report.element {
        "int8" => "codes",
        _ => "logits",
    };
    let equal = number(report.equal_to_host);
    output.item(
        values,
        format_args!("{equal} of {samples} equal the desktop's to the bit"),
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

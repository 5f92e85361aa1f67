//! `kiln bench`: how fast networks are trained and evaluated, here or on a board.

#[cfg(feature = "device")]
mod board;
mod layers;
mod speeds;

use super::arguments::machine::{checked_threads, cores, lane_width};
use super::arguments::subject::{is_model, read_any_model};
use crate::bench::{BenchModel, BenchNetwork, BenchPlan};
use crate::boards::{self, Board};
use crate::engine::EngineOptions;
use crate::model::AnyModel;
use crate::number;
use crate::output::Output;
use crate::settings::ArithmeticSetting;
use anyhow::{Result, bail, ensure};
use kiln_core::LaneWidth;
use std::path::PathBuf;
use std::time::Duration;

/// Measure the speed of training and inference against this machine's limit, or on a board.
///
/// Times whole training steps (forward, backward, update) of 64 samples, and inference of 64
/// samples and of one, with one thread and with all, at every lane width this processor has. A
/// network with batch normalisations is trained as it is and evaluated folded; one that gives as many
/// values as it takes is trained by the mean squared error. Weights are first ones, samples random.
///
/// The limit is what a loop of separate multiplies and adds reaches in registers, on as many
/// threads. Every figure is the best of many rounds, the rounds of all settings taken in turn; its
/// share is that of the limit measured around the same round, since virtual cores may share a real
/// one for a while. "of limit" is the share of the machine's limit, which is that of its best lane
/// width; "of width" that of the limit of the lane width in the same row, which is what a machine
/// without wider instructions would show. A single sample is held against the limit of one thread.
///
/// Without networks, a fixed set is measured: the default networks for MNIST and for 100 classes of
/// RGB images, and examples of everyday shapes, among them those of MLPerf Tiny. A model file of f32
/// stands for its network; one of integers is evaluated, and held against no limit.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  kiln bench network.toml --threads 1 --lanes auto
  kiln bench network.toml --layers
  kiln bench runs/mnist/model.kiln runs/mnist/model-int8.kiln --threads 1 --lanes auto
  kiln bench --board mps2-an386 network.toml model-int8.kiln --layers
")]
pub struct BenchArguments {
    /// Networks as TOML files, or model files, of int8 networks too [default: a fixed set]
    #[arg(value_name = "NETWORK")]
    networks: Vec<PathBuf>,
    /// Tell where the time goes, layer by layer, on one thread
    #[arg(long, conflicts_with = "threads")]
    layers: bool,
    /// Count instructions on an emulated board.
    #[arg(long, value_name = "NAME", value_parser = boards::parse_with("profile"),
        conflicts_with_all = ["threads", "lanes", "batch", "seconds"],
        help = boards::help_with("Count instructions on an emulated board, of an inference and of a \
                                  training step in place", "profile"))]
    board: Option<Board>,
    /// Folder to build the board's firmware from, the folder firmware of Kiln's repository [default:
    /// KILN_FIRMWARE, or where it was when kiln was built]
    #[arg(long, value_name = "DIR", requires = "board")]
    firmware: Option<PathBuf>,
    /// Seconds to measure, about; everything is measured once at least
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=3600))]
    seconds: u64,
    /// Threads to compute with [default: 1, and one per core]
    #[arg(long, allow_negative_numbers = true, value_parser = number::whole::<usize>(1), value_name = "N")]
    threads: Option<usize>,
    /// Samples a thread computes at once: a width, the widest there is, or every one there is
    /// [default: all; with --layers auto]
    #[arg(long, value_name = "WIDTH", value_parser = ["all", "auto", "1", "4", "8", "16"])]
    lanes: Option<String>,
    /// Arithmetic of training and inference.
    #[arg(long, value_name = "separate|fused", hide_possible_values = true, default_value_t, hide_default_value = true,
        conflicts_with = "board", help = format!("How products are added to sums; the limit is that of the same: {}", ArithmeticSetting::HELP))]
    arithmetic: ArithmeticSetting,
    /// Samples of a batch
    #[arg(long, allow_negative_numbers = true, value_parser = number::whole::<usize>(1), value_name = "N", default_value_t = 64)]
    batch: usize,
    /// Print one JSON object on standard output, and everything else on standard error
    #[arg(long)]
    json: bool,
}

/// More samples than this in a batch are a slip of the finger.
const MAX_BATCH: usize = 4_096;

/// Runs the command.
///
/// # Errors
///
/// What is wrong with a network, the machine or the board, in one line.
pub fn run(arguments: &BenchArguments) -> Result<()> {
    let output = Output::new(arguments.json);
    let batch = arguments.batch;
    ensure!(
        (1..=MAX_BATCH).contains(&batch),
        "batch is {batch}; it must be between 1 and {MAX_BATCH}"
    );
    let threads = match arguments.threads {
        Some(threads) => vec![checked_threads(threads)?],
        None if cores() == 1 => vec![1],
        None => vec![1, cores()],
    };
    let lanes = arguments.widths()?;
    let (networks, models) = arguments.subjects()?;
    let time = Duration::from_secs(arguments.seconds);
    match arguments.board {
        Some(board) => {
            let subjects = (&*networks, &*models);
            arguments.on_board(output, board, subjects)
        }
        None if arguments.layers => {
            let widths = (&*lanes, arguments.arithmetic.into());
            if let [model, ..] = &models[..] {
                bail!(
                    "{}: layers are told of networks of f32; --board NAME tells an int8 model's",
                    model.name()
                );
            }
            layers::run(output, &networks, widths, batch, time)
        }
        None => {
            let plan = BenchPlan {
                threads,
                lanes,
                arithmetic: arguments.arithmetic,
                batch,
                time,
            };
            speeds::run(output, (&networks, &models), &plan)
        }
    }
}

impl BenchArguments {
    /// The networks and the models of integers to measure.
    fn subjects(&self) -> Result<(Vec<BenchNetwork>, Vec<BenchModel>)> {
        if self.networks.is_empty() {
            return Ok((BenchNetwork::fixed()?, Vec::new()));
        }
        let (mut networks, mut models) = (Vec::new(), Vec::new());
        for path in &self.networks {
            if !is_model(path) {
                networks.push(BenchNetwork::read(path)?);
                continue;
            }
            let name = path.display().to_string();
            let bytes = read_any_model(path)?;
            if let AnyModel::Float(model) = AnyModel::open(&bytes)? {
                networks.push(BenchNetwork::of(&name, model.network().clone())?);
            } else {
                models.push(BenchModel::new(name, bytes)?);
            }
        }
        Ok((networks, models))
    }

    #[cfg(feature = "device")]
    fn on_board(
        &self,
        output: Output,
        board: Board,
        subjects: (&[BenchNetwork], &[BenchModel]),
    ) -> Result<()> {
        use crate::firmware::{CompilerProgress, FirmwareSources};
        let sources = FirmwareSources::find(self.firmware.as_deref(), CompilerProgress::Hidden)?;
        board::run(output, (board, &sources), subjects, self.layers)
    }

    #[cfg(not(feature = "device"))]
    fn on_board(&self, _: Output, _: Board, _: (&[BenchNetwork], &[BenchModel])) -> Result<()> {
        Err(crate::missing_feature::error("bench --board"))
    }

    fn widths(&self) -> Result<Vec<LaneWidth>> {
        let mut options = EngineOptions {
            arithmetic: self.arithmetic.into(),
            ..EngineOptions::default()
        };
        let default = if self.layers { "auto" } else { "all" };
        match self.lanes.as_deref().unwrap_or(default) {
            "all" => {
                options.width()?;
                Ok(options.arithmetic.widths().collect())
            }
            asked => {
                options.lanes = lane_width(asked)?;
                Ok(vec![options.width()?])
            }
        }
    }
}

/// A share for people to read.
fn percent(fraction: f64) -> String {
    format!("{:.0}%", 100.0 * fraction)
}

/// Numbers of layers that run as one: `3`, or `1-3`.
fn numbers(layers: &[usize]) -> String {
    match layers {
        [] => String::new(),
        [one] => one.to_string(),
        [first, .., last] => format!("{first}-{last}"),
    }
}

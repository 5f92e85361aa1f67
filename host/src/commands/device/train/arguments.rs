//! What can be typed behind `kiln device train`.

use super::super::connection;
use crate::commands::arguments::subject::DATASET_HELP;
use crate::commands::arguments::{machine, source};
use crate::firmware::TrainingMemory;
use crate::number;
use crate::settings::{ScheduleSetting, SettingError};
use crate::whole_file;
use anyhow::{Context, Result, anyhow, ensure};
use kiln_core::link::Start;
use kiln_core::{GROUP, Network, Program, ProgramError, Purpose, Sgd, TrainableError};
use std::path::PathBuf;

/// Train on a device, and compare every parameter with the desktop's own training.
///
/// Streams samples to the device, one at a time. With --weights it goes on from that model; without,
/// the default network starts from the seed. With an emulated board, the firmware is built for the
/// network and what is to be trained of it, started and ended.
///
/// With a batch of 1 and no momentum, every update is applied as its gradient is made, in the least
/// memory. A larger batch keeps a gradient, momentum a velocity, each as large as the trained
/// parameters.
///
/// Accuracy before and after is of the test set, or else of samples that are not trained on here; where the folder of
/// the model's run is there, it is said how many of those that run had trained on.
///
/// Of an int8 model the last layers learn, in floating-point numbers, from --train-from on; those before
/// stay integers, and memory is taken for the last layers alone. --out writes integers again.
///
/// Exits with 1 where the device's parameters are not the desktop's.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  kiln device train --dataset mnist --limit 1000
  kiln device train --dataset mine --weights model.kiln --train-from 9 --epochs 3 --out mine.kiln
  kiln device train --dataset mine --weights model.kiln --port /dev/ttyACM0 --store
")]
pub struct DeviceTrainArguments {
    /// The dataset.
    #[arg(long, help = DATASET_HELP)]
    pub dataset: String,
    /// Model file to go on from, with a last layer made anew where the dataset has classes that it does not know
    /// [default: the default network, from the seed]
    #[arg(long, value_name = "FILE")]
    pub weights: Option<PathBuf>,
    /// Where the files of a dataset known by name come from.
    #[command(flatten)]
    pub source: source::SourceArguments,
    /// Passes over the samples
    #[arg(long, allow_negative_numbers = true, value_parser = number::whole::<u32>(1), value_name = "N", default_value_t = 1)]
    pub epochs: u32,
    /// Base learning rate
    #[arg(
        long, value_parser = number::decimal::<f32>,
        value_name = "RATE",
        default_value_t = 0.01,
        allow_negative_numbers = true
    )]
    pub lr: f32,
    /// How the learning rate changes.
    #[arg(long, value_name = "RULE", default_value = "cosine:0", help = SCHEDULE_HELP)]
    pub schedule: ScheduleSetting,
    /// Samples a step, up to 16
    #[arg(long, allow_negative_numbers = true, value_parser = number::whole::<u16>(1), value_name = "N", default_value_t = 1)]
    pub batch: u16,
    /// Momentum of the optimizer, SGD
    #[arg(
        long, value_parser = number::decimal::<f32>,
        value_name = "FACTOR",
        default_value_t = 0.0,
        allow_negative_numbers = true
    )]
    pub momentum: f32,
    /// Weight decay
    #[arg(
        long, value_parser = number::decimal::<f32>,
        value_name = "FACTOR",
        default_value_t = 0.0,
        allow_negative_numbers = true
    )]
    pub weight_decay: f32,
    /// First layer to train, by its number in kiln summary; those before stay as they are [default: 1,
    /// or of an int8 model the last that has parameters]
    #[arg(long, allow_negative_numbers = true, value_parser = number::whole::<usize>(1), value_name = "LAYER")]
    pub train_from: Option<usize>,
    /// Train biases only
    #[arg(long)]
    pub biases_only: bool,
    /// Seed of the first parameters and the order of the samples
    #[arg(long, allow_negative_numbers = true, value_parser = number::whole::<u64>(0), value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Most samples to train on, spread evenly over all [default: all]
    #[arg(long, allow_negative_numbers = true, value_parser = number::whole::<usize>(1), value_name = "N")]
    pub limit: Option<usize>,
    /// Most samples, not trained on, to classify on the device before and after
    #[arg(long, allow_negative_numbers = true, value_parser = number::whole::<usize>(0), value_name = "N", default_value_t = 100)]
    pub test: usize,
    /// Go on from what the device stored last, not from the model or the seed
    #[arg(long, requires = "port")]
    pub stored: bool,
    /// Have the device store the parameters, so that they survive a loss of power
    #[arg(long)]
    pub store: bool,
    /// Model file to write the trained model to
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// The device.
    #[command(flatten)]
    pub connection: connection::ConnectionArguments,
    /// Exit with 0 also where parameters differ from the desktop's
    #[arg(long)]
    pub allow_unequal: bool,
    /// The desktop's own training.
    #[command(flatten)]
    pub machine: machine::MachineArguments,
    /// Print one JSON object on standard output, and everything else on standard error
    #[arg(long)]
    pub json: bool,
}

const SCHEDULE_HELP: &str = "How the learning rate changes: constant, step:EPOCHS:FACTOR or \
                             cosine[:WARMUP], warming up for that many epochs, or a share of all \
                             such as 15%";

impl DeviceTrainArguments {
    /// Where the device takes the first parameters from.
    pub fn start(&self) -> Start {
        match self.weights {
            _ if self.stored => Start::Stored,
            Some(_) => Start::Model,
            None => Start::Seed(self.seed),
        }
    }

    /// The optimizer.
    pub fn sgd(&self) -> Sgd {
        Sgd {
            rate: self.lr,
            momentum: self.momentum,
            weight_decay: self.weight_decay,
            nesterov: false,
        }
    }

    /// The program of a training of a network.
    ///
    /// # Errors
    ///
    /// If the network has no such layer to train.
    pub fn program(&self, network: &Network, memory: &TrainingMemory) -> Result<Program> {
        let purpose = Purpose::Compact(memory.mode());
        Program::try_of(network, purpose).map_err(|error| match error {
            ProgramError::Trainable(TrainableError::NoSuchLayer { layer, layers }) => anyhow!(
                "train-from is {layer}, but the network has {layers} layers; kiln summary shows them"
            ),
            ProgramError::Trainable(_) => anyhow!(
                "no layer from number {} on has parameters to train; kiln summary shows them",
                memory.from
            ),
            other => other.into(),
        })
    }

    /// What memory is set aside for, to train from a layer on.
    pub fn memory(&self, from: usize) -> TrainingMemory {
        let momentum = self.momentum != 0.0;
        TrainingMemory {
            from,
            biases_only: self.biases_only,
            batch: self.batch > 1 || momentum,
            momentum,
        }
    }

    /// Finds what is out of its bounds before anything is loaded.
    ///
    /// # Errors
    ///
    /// The first argument that is.
    pub fn check(&self) -> Result<()> {
        ensure!(self.limit != Some(0), "limit is 0; it must be at least 1");
        if let Some(path) = &self.out {
            whole_file::check(path).with_context(|| format!("--out {}", path.display()))?;
        }
        let (lr, momentum, decay) = (self.lr, self.momentum, self.weight_decay);
        let rules = [
            (
                self.epochs >= 1,
                "epochs",
                self.epochs.to_string(),
                "it must be at least 1",
            ),
            (
                (1..=GROUP).contains(&usize::from(self.batch)),
                "batch",
                self.batch.to_string(),
                "a device takes from 1 to 16 samples a step",
            ),
            (
                lr.is_finite() && lr > 0.0,
                "lr",
                lr.to_string(),
                "it must be a number above 0, such as 0.01",
            ),
            (
                (0.0..1.0).contains(&momentum),
                "momentum",
                momentum.to_string(),
                "it must be at least 0 and below 1, such as 0.9",
            ),
            (
                decay.is_finite() && decay >= 0.0,
                "weight-decay",
                decay.to_string(),
                "it must be 0 or a number above, such as 0.0005",
            ),
            (
                self.train_from != Some(0),
                "train-from",
                self.train_from.unwrap_or(1).to_string(),
                "layers are counted from 1, as kiln summary shows them",
            ),
        ];
        match rules.into_iter().find(|(holds, ..)| !holds) {
            Some((_, name, found, rule)) => Err(SettingError { name, found, rule }.into()),
            None => Ok(()),
        }
    }
}

//! `kiln train`: from a dataset to a run folder.

mod describe;
mod progress;

use super::arguments::subject::{self, DATASET_HELP};
use super::arguments::{machine, source};
use super::{describe_dataset, describe_network};
use crate::data::TargetSize;
use crate::output::{self, Output};
use crate::report::RunEvaluation;
use crate::run::folder::{INT8_MODEL, resume_command};
use crate::run::{
    Checkpoints, EpochReport, FoldingEffect, INTERRUPTED, Interruption, Job, RunOutputs,
    RunRequest, StartLayer,
};
use crate::run::{
    QuantizingWatch, RunFindings, RunTiming, SeparateData, Setup, TrainReport, TrainingLoop,
    closing, describe_int8, is_interrupted, quantize_run,
};
use crate::settings::Settings;
use anyhow::{Context, Result, bail};
use describe::{describe_run, no_board};
use progress::TrainProgress;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Train a network on a dataset.
///
/// Leaves a run folder: model.kiln, the trained model; metrics.csv, a line for each epoch;
/// config.toml, everything resolved, so that `--config` runs it again to the same bits;
/// report.html, all of it to look at, with curves.svg, confusion.svg, and evaluation.json, from
/// which `kiln report` makes them again; with --quantize, model-int8.kiln, the model in 8-bit integers.
/// They are written when all is done, together or not at all; a run that is already in the folder is
/// replaced.
///
/// Until then the folder holds checkpoint.kiln-run, the state after the last epoch. Ctrl-C, SIGTERM
/// or SIGHUP ends the run after the step it is in, saves its state and exits with 130; a second one
/// ends it at once. What is ignored from the start, as nohup has it of SIGHUP, stays ignored. After
/// that, or after a crash, `--resume RUN` goes on, to the same bits as if the run had never stopped.
/// Where nobody reads what it prints, it goes on all the same, and says so at its end.
///
/// While it runs, the folder is locked, by kiln.lock in it: a second run there is refused.
///
/// A folder with train/ and val/, valid/ or validation/, or test/ in it, trains on the first, validates on the second
/// and tests on the third; --validation-data and --test-data name folders that are elsewhere. Where there is
/// nothing to validate on, samples are held out of those to train on. The test set is scored once, at the end.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  kiln train mnist
  kiln train cifar10 --epochs 30
  kiln train pictures --epochs 30 --out runs/pictures
  kiln train pictures --validation-data checked --test-data field --keep best
  kiln train mnist --model network.toml --lr 0.02 --schedule step:5:0.1
  kiln train sounds.safetensors --model autoencoder.toml --loss mse
  kiln train more-pictures --weights runs/pictures --train-from 7 --keep best
  kiln train --config runs/pictures/config.toml --seed 2
  kiln train --resume runs/pictures

A network as a TOML file:
  input = { channels = 1, height = 28, width = 28 }
  [[layers]]
  type = \"conv2d\"         # filters, kernel; stride, padding, dilation, groups, bias
  filters = 8
  kernel = 3              # or [rows, columns]
  [[layers]]
  type = \"relu\"           # also relu6, batch_norm, scale_shift, dropout, global_avg_pool2d
  name = \"stem\"           # read by a later layer with inputs = [\"stem\"]; type add reads two
  [[layers]]
  type = \"max_pool2d\"     # also avg_pool2d: window; stride, padding, ceil_mode
  window = 2
  [[layers]]
  type = \"linear\"         # the last one's outputs are the classes, or those of the data
  outputs = \"classes\"
")]
pub struct TrainArguments {
    /// The dataset.
    #[arg(required_unless_present_any = ["config", "resume"], help = DATASET_HELP)]
    dataset: Option<String>,
    /// What to validate on, instead of samples held out; its classes are matched by name
    #[arg(long, value_name = "DATASET", conflicts_with_all = ["validation", "resume"])]
    validation_data: Option<String>,
    /// What to test on, once, at the end; its classes are matched by name
    #[arg(long, value_name = "DATASET", conflicts_with = "resume")]
    test_data: Option<String>,
    /// Start from a config.toml; arguments given beside it take precedence
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Go on with the unfinished run in this folder; it has all settings itself
    #[arg(long, value_name = "RUN", conflicts_with_all = ["dataset", "config", "model", "weights", "train_from", "size", "out"])]
    resume: Option<PathBuf>,
    /// Network to train [default: two convolutions and two linear layers]
    #[arg(long, value_name = "FILE.toml")]
    model: Option<PathBuf>,
    /// Start from the weights of a trained model, a file or the folder of a run. Its last layer is made anew
    /// where the dataset has other classes
    #[arg(long, value_name = "MODEL", conflicts_with = "model")]
    weights: Option<PathBuf>,
    /// With --weights: the first layer to train, by its number in kiln summary or its name in the run's
    /// config.toml; those before stay as they are [default: 1]
    #[arg(long, value_name = "LAYER")]
    train_from: Option<StartLayer>,
    /// Width and height that images are stretched to: one number, WIDTHxHEIGHT, or own for the most
    /// common of the dataset; with --model, instead of the size that the network says [default: own up to
    /// 64x64, 32 for larger ones]
    #[arg(long, value_name = "SIZE")]
    size: Option<TargetSize>,
    #[command(flatten)]
    settings: Settings,
    #[command(flatten)]
    machine: machine::MachineArguments,
    /// Where the files of a dataset known by name come from.
    #[command(flatten)]
    source: source::SourceArguments,
    /// Run folder to write [default: runs/DATASET-TIME]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print one JSON object on standard output, and everything else on standard error
    #[arg(long)]
    json: bool,
}

/// Runs the command; gives 130 if it was interrupted, with its state saved.
///
/// # Errors
///
/// What was wrong with the arguments or the data, or that training diverged, in one line.
pub fn run(arguments: TrainArguments) -> Result<ExitCode> {
    let output = Output::patient(arguments.json);
    let interruption = Interruption::watch();
    let mut job = Job::new(arguments.request()?)?;
    let dataset = job.load()?;
    job.check_samples(&dataset)?;
    describe_dataset(output, &dataset)?;
    let checkpoint = job.checkpoint.take();
    let mut setup = Setup::new(&job, &dataset, checkpoint.as_ref())?;
    let outputs = RunOutputs::prepare(&job, &dataset, &setup)?;
    describe_network(output, &setup.network)?;
    if let Some(note) = no_board(&setup.network) {
        output.item("note", note)?;
    }
    describe_run(output, &setup, &dataset)?;
    outputs.warn_of_other_samples(output, &job)?;
    if checkpoint.is_some() {
        output.item("resumed", format_args!("after {}", place(&setup)))?;
    }
    let start = Instant::now();
    let mut epochs = checkpoint.map_or_else(Vec::new, |checkpoint| checkpoint.epochs);
    let before = epochs.iter().map(|epoch| epoch.time).sum::<Duration>();
    let before = before + setup.trainer.position().time;
    interruption.begin();
    let training = TrainingLoop {
        output,
        checkpoints: Checkpoints::new(&job.out, &outputs.facts),
        interruption: interruption.clone(),
        epochs: setup.settings.epochs,
    };
    let steps = setup.trainer.steps_per_epoch();
    let mut progress =
        TrainProgress::start(output, training.epochs, steps, setup.trainer.position())?;
    if !training.run(&mut setup.trainer, &mut epochs, &mut progress)? {
        output::notice(&interrupted(&job, &setup));
        return Ok(ExitCode::from(INTERRUPTED));
    }
    let (mut evaluation, scores) = RunEvaluation::of(&mut setup.trainer, &dataset)?;
    let folding = FoldingEffect::of(&setup, &evaluation, &scores)?;
    let watch = QuantizingWatch {
        output: Some(output),
        interruption: &interruption,
    };
    let quantized = quantize_run(&setup, &dataset, &scores, watch)?;
    let (int8, unquantized) = match quantized.transpose() {
        Ok(int8) => (int8, None),
        Err(cause) if is_interrupted(&cause) => {
            let mut checkpoints = Checkpoints::new(&job.out, &outputs.facts);
            checkpoints.keep_now(&setup.trainer, &epochs)?;
            output::notice(&interrupted_quantizing(&job));
            return Ok(ExitCode::from(INTERRUPTED));
        }
        Err(cause) => (None, Some(cause)),
    };
    evaluation.int8 = int8.as_ref().map(|int8| int8.evaluation.clone());
    let epochs = EpochReport::all(&epochs);
    let classes = dataset.classes.len();
    closing::describe_result(output, &evaluation, &epochs, classes, &setup.settings)?;
    if let Some(folding) = &folding {
        folding.describe(output)?;
    }
    if let Some(int8) = &evaluation.int8 {
        describe_int8(output, int8)?;
    }
    let timing = RunTiming::new(&epochs, before + start.elapsed());
    let more = int8
        .as_ref()
        .map(|int8| (INT8_MODEL, int8.model.as_slice()));
    outputs.write(&job, &setup, &epochs, &evaluation, more.as_slice())?;
    let folded = setup.trainer.folded_parameters()?;
    let findings = RunFindings {
        epochs: &epochs,
        timing,
        evaluation,
        folding,
    };
    let report = TrainReport::new(&job, &dataset, &setup, &findings, &folded);
    output.item(
        "saved",
        format_args!("{} after {:.1} s", report.weights, findings.timing.seconds),
    )?;
    if let Some(path) = &report.int8_weights {
        output.item("", path)?;
    }
    output.item("report", &report.report)?;
    closing::describe_next(output, job.out.path())?;
    output.object(&report)?;
    let told = output.check_told();
    told.with_context(|| format!("{} is saved", report.weights))?;
    // The run is worth keeping all the same.
    if let Some(cause) = unquantized {
        bail!("{} is saved, but has no integers: {cause}", report.weights);
    }
    Ok(ExitCode::SUCCESS)
}

impl TrainArguments {
    /// What is asked for, without the words it was asked in.
    ///
    /// # Errors
    ///
    /// If this machine has not that many threads or lanes, or the folder of the weights has no model.
    fn request(self) -> Result<RunRequest> {
        Ok(RunRequest {
            threads: self.machine.threads()?,
            lanes: self.machine.lanes()?,
            dataset: self.dataset,
            separate: SeparateData {
                validation: self.validation_data,
                test: self.test_data,
            },
            config: self.config,
            resume: self.resume,
            model: self.model,
            weights: self
                .weights
                .as_deref()
                .map(subject::model_file)
                .transpose()?,
            train_from: self.train_from,
            size: self.size,
            settings: self.settings,
            data: self.source.data,
            offline: self.source.offline,
            skip_broken: self.source.skip_broken,
            no_cache: self.source.no_cache,
            out: self.out,
        })
    }
}

/// Where a run was interrupted, and how to go on.
fn interrupted(job: &Job, setup: &Setup<'_>) -> String {
    format!(
        "interrupted after {}; go on with: {}",
        place(setup),
        resume_command(job.out.path())
    )
}

/// What is left of a run that was interrupted in its epochs of quantisation.
fn interrupted_quantizing(job: &Job) -> String {
    format!(
        "interrupted in the epochs of quantisation, which begin anew; go on with: {}",
        resume_command(job.out.path())
    )
}

/// How far training has come, in words.
fn place(setup: &Setup<'_>) -> String {
    let position = setup.trainer.position();
    let epochs = format!("{} of {} epochs", position.epochs, setup.settings.epochs);
    match position.steps {
        0 => epochs,
        steps => format!(
            "{epochs} and {steps} of {} steps",
            setup.trainer.steps_per_epoch()
        ),
    }
}

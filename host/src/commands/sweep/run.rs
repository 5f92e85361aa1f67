//! The runs of a sweep: what each costs, and how it is trained.

use super::SweepSubject;
use super::progress::SweepProgress;
use crate::boards;
use crate::data::{Dataset, Samples, TargetSize};
use crate::engine::{self, EngineOptions};
use crate::network_file::NetworkTables;
use crate::output::{Output, grouped};
use crate::report::RunEvaluation;
use crate::run::checkpoint::Checkpoint;
use crate::run::fitting;
use crate::run::folder::{CHECKPOINT, INT8_MODEL, RunFolder};
use crate::run::{
    Checkpoints, EpochReport, Interruption, Job, QuantizingWatch, RunOutputs, SeparateData, Setup,
    TrainingLoop, held_out_score, is_interrupted, quantize_run,
};
use crate::settings::Hyperparameters;
use crate::sweep::folder::{RESULT, Stage};
use crate::sweep::plan::PlannedRun;
use crate::sweep::result::{RunCost, RunResult};
use crate::training::{Epoch, Split, TrainingError};
use anyhow::{Context, Result, ensure};
use kiln_core::{Folding, Network};
use std::time::Instant;

/// All runs, with the dataset they share.
pub struct Runs<'a> {
    subject: &'a SweepSubject,
    dataset: &'a Dataset,
    output: Output,
    candidates: Vec<RunCandidate>,
}

/// A run and what is known of it before it trains.
struct RunCandidate {
    /// Nothing where no such network is possible.
    network: Option<(Network, RunCost)>,
    epochs: u32,
    /// Host memory of its training.
    bytes: usize,
    done: bool,
}

/// What a training takes beside what depends on its sizes: stacks, and what its files pass through.
const FIXED: usize = 4 << 20;

impl<'a> Runs<'a> {
    /// Finds out what each run costs.
    ///
    /// # Errors
    ///
    /// A network for other classes than the dataset's, or a training that needs more memory than
    /// there may be.
    pub fn new(subject: &'a SweepSubject, dataset: &'a Dataset, output: Output) -> Result<Self> {
        let stages = subject.stages()?;
        let mut runs = Self {
            subject,
            dataset,
            output,
            candidates: Vec::new(),
        };
        for (run, stage) in subject.plan.runs.iter().zip(stages) {
            let name = || format!("{}: {}", subject.name, run.name);
            let candidate = runs.candidate(run, &stage).with_context(name)?;
            runs.candidates.push(candidate);
        }
        Ok(runs)
    }

    fn candidate(&self, run: &PlannedRun, stage: &Stage) -> Result<RunCandidate> {
        let settings = run.settings.resolve_for(&self.dataset.train)?;
        let mut candidate = RunCandidate {
            network: None,
            epochs: settings.epochs,
            bytes: 0,
            done: true,
        };
        if run.impossible.is_some() {
            return Ok(candidate);
        }
        let board = self.subject.plan.board.as_deref();
        let board = board.and_then(|name| boards::parse(name).ok());
        Split::of(self.dataset, settings.validation, settings.seed)?;
        let network = fitting(model(run).as_ref(), self.dataset, settings.loss)?;
        candidate.bytes = memory(&network, &settings, self.dataset)?;
        candidate.done = matches!(stage, Stage::Done(_));
        if let Some(memory) = self.subject.budget.limits.memory {
            ensure!(
                candidate.done || candidate.bytes <= memory,
                "its training takes about {} bytes of memory, of {} for all; raise memory, or \
                 lower the batch or the network's widths",
                grouped(candidate.bytes as u64),
                grouped(memory as u64)
            );
        }
        let cost = match settings.quantize {
            true => RunCost::of_int8(&network, board)?,
            false => RunCost::of(&network, board),
        };
        candidate.network = Some((network, cost));
        Ok(candidate)
    }

    /// Indices of the runs that are still to be trained.
    pub fn open(&self) -> Vec<usize> {
        let all = self.candidates.iter().enumerate();
        all.filter(|(_, candidate)| !candidate.done)
            .map(|(index, _)| index)
            .collect()
    }

    /// Host memory that the training of a run takes.
    pub fn bytes(&self, index: usize) -> usize {
        self.candidates[index].bytes
    }

    /// Work of an epoch and number of epochs of a run, by which time is estimated.
    pub fn work(&self, index: usize) -> (u64, u32) {
        let candidate = &self.candidates[index];
        let network = candidate.network.as_ref();
        let macs = network.map_or(0, |(_, cost)| cost.macs);
        (macs, candidate.epochs)
    }

    /// What each network costs.
    pub fn costs(&self) -> Vec<Option<RunCost>> {
        let costs = self.candidates.iter();
        costs
            .map(|candidate| Some(candidate.network.as_ref()?.1.clone()))
            .collect()
    }

    /// Name of the dataset.
    pub fn dataset(&self) -> &str {
        &self.dataset.name
    }

    /// Where lines go.
    pub fn output(&self) -> Output {
        self.output
    }

    /// Trains a run, from its checkpoint if there is one, to its end or until it is interrupted.
    ///
    /// # Errors
    ///
    /// What cannot be read or written; not that the training diverged.
    pub fn train(
        &self,
        index: usize,
        interruption: &Interruption,
        progress: &SweepProgress<'_>,
    ) -> Result<()> {
        let run = &self.subject.plan.runs[index];
        let start = Instant::now();
        let path = self.subject.folder.run(&run.name);
        let (out, checkpoint) = match path.join(CHECKPOINT).is_file() {
            true => {
                let out = RunFolder::unfinished(&path)?;
                let checkpoint = Checkpoint::read(&out.checkpoint())
                    .with_context(|| out.checkpoint().display().to_string())?;
                (out, Some(checkpoint))
            }
            false => (RunFolder::prepare(&path)?, None),
        };
        let job = self.job(run, out)?;
        let mut setup = Setup::new(&job, self.dataset, checkpoint.as_ref())?;
        let outputs = RunOutputs::prepare(&job, self.dataset, &setup)?;
        let mut epochs = checkpoint.map_or_else(Vec::new, |checkpoint| checkpoint.epochs);
        let training = TrainingLoop {
            output: self.output,
            checkpoints: Checkpoints::new(&job.out, &outputs.facts),
            interruption: interruption.clone(),
            epochs: setup.settings.epochs,
        };
        let mut watch = progress.watch(index);
        let result = match training.run(&mut setup.trainer, &mut epochs, &mut watch) {
            Ok(true) => {
                let finished = self.finish(&job, &mut setup, &outputs, &epochs, interruption)?;
                let Some(result) = finished else {
                    return Ok(());
                };
                result
            }
            Ok(false) => return Ok(()),
            Err(error) => {
                let Some(&TrainingError::Diverged { epoch, step, .. }) = error.downcast_ref()
                else {
                    return Err(error);
                };
                let result = RunResult::Diverged { epoch, step };
                let text = serde_json::to_vec(&result).context(RESULT)?;
                job.out.write(&[(RESULT, &text)])?;
                result
            }
        };
        progress.done(index, &run.name, &result, start.elapsed())?;
        Ok(())
    }

    /// Writes the folder of a run whose epochs are all done, and gives what it came to; nothing where
    /// it was interrupted while it was quantised, which begins anew.
    fn finish(
        &self,
        job: &Job,
        setup: &mut Setup<'_>,
        outputs: &RunOutputs<'_>,
        epochs: &[Epoch],
        interruption: &Interruption,
    ) -> Result<Option<RunResult>> {
        const HELD_OUT: &str = "no samples were held out";
        let (mut evaluation, scores) = RunEvaluation::of(&mut setup.trainer, self.dataset)?;
        let best = setup.trainer.best().map(|best| best.score);
        let last = best.or_else(|| epochs.last().and_then(|epoch| epoch.validation));
        let test = evaluation.test();
        let watch = QuantizingWatch {
            output: None,
            interruption,
        };
        let int8 = quantize_run(setup, self.dataset, &scores, watch)?.transpose();
        if int8.as_ref().is_err_and(is_interrupted) {
            let mut checkpoints = Checkpoints::new(&job.out, &outputs.facts);
            checkpoints.keep_now(&setup.trainer, epochs)?;
            return Ok(None);
        }
        // A plan holds samples out.
        let result = match &int8 {
            Ok(None) => RunResult::Trained {
                validation: last.context(HELD_OUT)?,
                test,
            },
            Ok(Some(int8)) => RunResult::Trained {
                validation: held_out_score(setup, self.dataset, int8)?.context(HELD_OUT)?,
                test: test.and(int8.evaluation.scored.after),
            },
            Err(cause) => RunResult::Unquantized {
                cause: cause.to_string(),
            },
        };
        let int8 = int8.ok().flatten();
        evaluation.int8 = int8.as_ref().map(|int8| int8.evaluation.clone());
        let text = serde_json::to_vec(&result).context(RESULT)?;
        let mut more = vec![(RESULT, text.as_slice())];
        more.extend(
            int8.as_ref()
                .map(|int8| (INT8_MODEL, int8.model.as_slice())),
        );
        outputs.write(job, setup, &EpochReport::all(epochs), &evaluation, &more)?;
        Ok(Some(result))
    }

    /// The run as `kiln train` has it.
    fn job(&self, run: &PlannedRun, out: RunFolder) -> Result<Job> {
        let plan = &self.subject.plan;
        Ok(Job {
            dataset: plan.dataset.clone(),
            separate: SeparateData {
                validation: plan.validation_data.clone(),
                test: plan.test_data.clone(),
            },
            data: plan.data.clone(),
            offline: true,
            // The samples are here already.
            skip_broken: false,
            no_cache: false,
            settings: run.settings.clone(),
            model: model(run),
            size: TargetSize::Reduced,
            out,
            threads: 1,
            lanes: None,
            start: None,
            weights: None,
            train_from: 1,
            record: None,
            checkpoint: None,
        })
    }
}

/// The network of a run, unless it is the dataset's default one, with what errors call it.
fn model(run: &PlannedRun) -> Option<(NetworkTables, String)> {
    let tables = run.network.as_ref()?;
    Some((tables.clone(), "[model]".into()))
}

/// Host memory that a training takes: the engine, the order of the samples, two checkpoints on
/// their way to the disk, the logits of the evaluation at its end, and what is fixed. The dataset is not among it; all share it.
fn memory(network: &Network, settings: &Hyperparameters, dataset: &Dataset) -> Result<usize> {
    let samples = dataset.train.len();
    let options = EngineOptions {
        threads: 1,
        lanes: None,
        batch: samples.min(settings.batch as usize),
        ..EngineOptions::default()
    };
    let mut engine = engine::memory(network, &options)?;
    if settings.quantize_epochs.is_some() {
        let options = EngineOptions {
            fake_quantization: Some(Vec::new()),
            ..options
        };
        engine += engine::memory(&Folding::of(network).network(), &options)?;
    }
    let test = dataset.test.as_ref().map_or(0, Samples::len);
    let held_out = ((samples as f64 * settings.validation).ceil() as usize).max(dataset.set_aside);
    let logits = test.max(held_out) * network.classes();
    let indices = 2 * samples + test;
    let checkpoints = 2 * 2 * network.parameters();
    Ok(engine + size_of::<f32>() * (indices + checkpoints + logits) + FIXED)
}

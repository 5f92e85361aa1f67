//! Runs a network of integers over a dataset, with threads.

use super::code_samples::{byte_lines, byte_tables, fill_channels_last};
use super::code_worker::{CodePass, CodeWorker, workers};
use super::int8_pass::Int8Pass;
use super::{EngineError, awake};
use crate::data::Samples;
use crate::memory_limit::filled;
use kiln_core::{
    ByteTable, GROUP, Int8ModelFile, LaneWidth, ModelTask, Outcome, Program, Purpose,
    QuantizedNetwork, Scaling, Shape,
};
use std::sync::Arc;

/// A network of integers and all memory to evaluate it. Each thread computes as many samples side by
/// side as the processor has lanes for.
pub struct Int8Engine<'a> {
    quantized: QuantizedNetwork<'a>,
    scaling: &'a Scaling,
    task: ModelTask,
    program: Box<Program>,
    workers: Vec<Box<dyn CodeWorker>>,
    /// What bytes become: made once, since it takes longer than a small network's inference.
    tables: Vec<ByteTable>,
    /// Factors and offsets that give the same codes, as [`byte_lines`] finds them.
    lines: Option<[Vec<f32>; 2]>,
    /// What each group gave: memory that is taken once.
    outcomes: Vec<Outcome>,
    pool: Arc<rayon::ThreadPool>,
}

/// What an evaluation leaves of each sample, in the samples' order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Int8Scores {
    /// Logits, or the error of an autoencoder.
    pub scores: Vec<f32>,
    /// The output's codes, channels x rows x columns.
    pub codes: Vec<i8>,
}

/// What errors call an evaluation's results.
const OUTPUTS: &str = "an output of each sample";

impl<'a> Int8Engine<'a> {
    /// Takes all memory and starts the threads, for at most so many samples side by side; `None` are as many
    /// as this machine has lanes for.
    ///
    /// # Errors
    ///
    /// Threads that the system refuses.
    pub fn new(
        model: &'a Int8ModelFile<'_>,
        threads: usize,
        lanes: Option<LaneWidth>,
    ) -> Result<Self, EngineError> {
        let (scaling, task) = (model.scaling(), model.task());
        Self::of(model.quantized(), scaling, task, threads, lanes)
    }

    /// The same, of a network that is in no file yet.
    ///
    /// # Errors
    ///
    /// As [`Int8Engine::new`].
    pub fn of(
        quantized: QuantizedNetwork<'a>,
        scaling: &'a Scaling,
        task: ModelTask,
        threads: usize,
        lanes: Option<LaneWidth>,
    ) -> Result<Self, EngineError> {
        let mut program = Box::new(Program::EMPTY);
        program.plan(quantized.network(), Purpose::Int8(quantized.rule()))?;
        let threads = threads.max(1);
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .map_err(|source| EngineError::Threads { threads, source })?;
        let channels = program.input_shape().channels as usize;
        let map = program.input_shape().map_elements();
        let tables = byte_tables(&quantized.values()[0], channels, scaling);
        let mut found = None;
        // The widest packets of codes may need more than the widest of numbers.
        for width in LaneWidth::available().rev() {
            if found.is_none() && lanes.is_none_or(|most| width <= most) {
                found = workers(width, threads, &program, &quantized)?;
            }
        }
        Ok(Self {
            quantized,
            scaling,
            task,
            workers: found.unwrap_or_default(),
            lines: byte_lines(&quantized.values()[0], map, scaling, &tables),
            tables,
            outcomes: Vec::new(),
            program,
            pool: Arc::new(pool),
        })
    }

    /// Runs `work` on one of the engine's own threads, as [`Engine::within`](super::Engine::within).
    pub fn within<R: Send>(&mut self, work: impl FnOnce(&mut Self) -> R + Send) -> R {
        let pool = Arc::clone(&self.pool);
        let others = self.threads() - 1;
        awake::install(&pool, || awake::awake(others, || work(self)))
    }

    /// The forward pass over the samples at `indices`.
    ///
    /// # Errors
    ///
    /// Images of another size than the network takes, or a label that is not among its classes.
    pub fn evaluate(
        &mut self,
        samples: &Samples,
        indices: &[u32],
    ) -> Result<(Outcome, Int8Scores), EngineError> {
        self.keep(samples, indices, Some(self.task))
    }

    /// As [`Int8Engine::evaluate`], of which nothing is kept but the sum.
    ///
    /// # Errors
    ///
    /// As [`Int8Engine::evaluate`].
    pub fn score(&mut self, samples: &Samples, indices: &[u32]) -> Result<Outcome, EngineError> {
        self.run(samples, indices, Some(self.task), (&mut [], &mut []))
    }

    /// The forward pass, scored by a task; where there is none, the scores are the output's numbers.
    fn keep(
        &mut self,
        samples: &Samples,
        indices: &[u32],
        task: Option<ModelTask>,
    ) -> Result<(Outcome, Int8Scores), EngineError> {
        let codes = self.program.classes();
        let row = match task {
            Some(ModelTask::Reconstruction) => 1,
            _ => codes,
        };
        let mut left = Int8Scores {
            scores: filled(indices.len() * row, 0.0, OUTPUTS)?,
            codes: filled(indices.len() * codes, 0, OUTPUTS)?,
        };
        let outputs = (&mut *left.scores, &mut *left.codes);
        Ok((self.run(samples, indices, task, outputs)?, left))
    }

    /// The forward pass. Scores and codes are left of each sample, or nothing where there is no room for any.
    fn run(
        &mut self,
        samples: &Samples,
        indices: &[u32],
        task: Option<ModelTask>,
        outputs: (&mut [f32], &mut [i8]),
    ) -> Result<Outcome, EngineError> {
        let elements = self.program.input_shape().elements();
        if samples.shape.size() != elements {
            return Err(EngineError::Shape {
                images: samples.shape.size(),
                network: elements,
            });
        }
        // Each group has its own result, so that their sum does not depend on the threads.
        let outcomes = &mut self.outcomes;
        outcomes.clear();
        outcomes.resize(indices.len().div_ceil(GROUP), Outcome::default());
        let pass = Int8Pass {
            codes: CodePass {
                quantized: self.quantized,
                scaling: self.scaling,
                program: &self.program,
                samples,
                tables: &self.tables,
                lines: self.lines.as_ref().map(|lines| [&*lines[0], &*lines[1]]),
            },
            task,
        };
        let workers = &mut self.workers;
        awake::install(&self.pool, || {
            pass.share(workers, indices, outcomes, outputs)
        })?;
        let mut total = Outcome::default();
        outcomes.iter().for_each(|outcome| total += *outcome);
        Ok(total)
    }

    /// The numbers that the output's codes stand for, channels x rows x columns, of the samples at
    /// `indices`, whatever their labels are.
    ///
    /// # Errors
    ///
    /// Images of another size than the network takes.
    pub fn outputs(&mut self, samples: &Samples, indices: &[u32]) -> Result<Vec<f32>, EngineError> {
        Ok(self.keep(samples, indices, None)?.1.scores)
    }

    /// The codes of the input of a sample, rows x columns x channels.
    ///
    /// # Panics
    ///
    /// Where there are not so many samples.
    pub fn input_codes(&self, samples: &Samples, index: u32) -> Vec<i8> {
        let shape = self.program.input_shape();
        let pass = CodePass {
            quantized: self.quantized,
            scaling: self.scaling,
            program: &self.program,
            samples,
            tables: &self.tables,
            lines: None,
        };
        let mut ordered = vec![0; shape.elements()];
        pass.fill_channels(index, &mut Vec::new(), &mut ordered);
        let mut codes = vec![0; ordered.len()];
        fill_channels_last(shape, &ordered, &mut codes);
        codes
    }

    /// The shape of the output.
    pub fn output_shape(&self) -> Shape {
        self.program.output_shape()
    }

    /// Values that an evaluation gives of a sample.
    pub fn scores_per_sample(&self) -> usize {
        match self.task {
            ModelTask::Classification => self.program.classes(),
            ModelTask::Reconstruction => 1,
        }
    }

    /// Number of threads.
    pub fn threads(&self) -> usize {
        self.workers.len()
    }

    /// Samples that a thread computes side by side.
    pub fn lanes(&self) -> LaneWidth {
        self.workers[0].width()
    }
}

#[cfg(test)]
mod tests;

//! Runs a network of integers over a dataset, with threads.

use super::EngineError;
use super::code_worker::{
    CodePass, CodeWorker, byte_tables, fill_channels_first, fill_channels_last, workers,
};
use crate::data::{Samples, Values};
use kiln_core::{
    BufferError, GROUP, Int8ModelFile, LaneWidth, ModelTask, Outcome, Program, Purpose,
    QuantizedNetwork, Scaling, Shape, score, score_reconstruction,
};
use rayon::prelude::*;

/// A network of integers and all memory to evaluate it. Each thread computes as many samples side by
/// side as the processor has lanes for.
pub struct Int8Engine<'a> {
    quantized: QuantizedNetwork<'a>,
    scaling: &'a Scaling,
    task: ModelTask,
    program: Box<Program>,
    workers: Vec<Int8Worker>,
    pool: rayon::ThreadPool,
}

/// What a thread computes in.
struct Int8Worker {
    codes: Box<dyn CodeWorker>,
    /// A sample as numbers, channels x rows x columns.
    numbers: Vec<f32>,
    /// The output likewise.
    output: Vec<f32>,
}

/// What an evaluation leaves of each sample, in the samples' order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Int8Scores {
    /// Logits, or the error of an autoencoder.
    pub scores: Vec<f32>,
    /// The output's codes, channels x rows x columns.
    pub codes: Vec<i8>,
}

impl<'a> Int8Engine<'a> {
    /// Takes all memory and starts the threads.
    ///
    /// # Errors
    ///
    /// Threads that the system refuses.
    pub fn new(model: &'a Int8ModelFile<'_>, threads: usize) -> Result<Self, EngineError> {
        Self::of(model.quantized(), model.scaling(), model.task(), threads)
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
    ) -> Result<Self, EngineError> {
        let mut program = Box::new(Program::EMPTY);
        program.plan(quantized.network(), Purpose::Int8(quantized.rule()))?;
        let threads = threads.max(1);
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .map_err(|source| EngineError::Threads { threads, source })?;
        let classes = program.classes();
        let worker = |codes| Int8Worker {
            codes,
            numbers: Vec::new(),
            output: vec![0.0; classes],
        };
        let mut found = None;
        // The widest packets of codes may need more than the widest of numbers.
        for width in LaneWidth::available().rev() {
            if found.is_none() {
                found = workers(width, threads, &program, &quantized)?;
            }
        }
        Ok(Self {
            quantized,
            scaling,
            task,
            workers: found.into_iter().flatten().map(worker).collect(),
            program,
            pool,
        })
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
        self.run(samples, indices, Some(self.task))
    }

    /// The forward pass, scored by a task; where there is none, the scores are the output's numbers.
    fn run(
        &mut self,
        samples: &Samples,
        indices: &[u32],
        task: Option<ModelTask>,
    ) -> Result<(Outcome, Int8Scores), EngineError> {
        let elements = self.program.input_shape().elements();
        if samples.shape.size() != elements {
            return Err(EngineError::Shape {
                images: samples.shape.size(),
                network: elements,
            });
        }
        let codes = self.program.classes();
        let row = match task {
            Some(ModelTask::Reconstruction) => 1,
            _ => codes,
        };
        let mut left = Int8Scores {
            scores: vec![0.0; indices.len() * row],
            codes: vec![0; indices.len() * codes],
        };
        // Whole groups for each thread, whose results are added up in the groups' order.
        let groups = indices.len().div_ceil(GROUP);
        let share = groups.div_ceil(self.workers.len()).max(1) * GROUP;
        let mut outcomes = vec![Outcome::default(); groups];
        let tables = self.tables(samples);
        let pass = Int8Pass {
            codes: CodePass {
                quantized: self.quantized,
                scaling: self.scaling,
                program: &self.program,
                samples,
                tables: &tables,
            },
            task,
        };
        let workers = &mut self.workers;
        self.pool.install(|| {
            workers
                .par_iter_mut()
                .zip(indices.par_chunks(share))
                .zip(outcomes.par_chunks_mut(share / GROUP))
                .zip(left.scores.par_chunks_mut(share * row))
                .zip(left.codes.par_chunks_mut(share * codes))
                .try_for_each(|((((worker, indices), outcomes), scores), codes)| {
                    pass.run(worker, indices, outcomes, (scores, codes))
                })
        })?;
        let mut total = Outcome::default();
        outcomes.into_iter().for_each(|outcome| total += outcome);
        Ok((total, left))
    }

    /// The numbers that the output's codes stand for, channels x rows x columns, of the samples at
    /// `indices`, whatever their labels are.
    ///
    /// # Errors
    ///
    /// Images of another size than the network takes.
    pub fn outputs(&mut self, samples: &Samples, indices: &[u32]) -> Result<Vec<f32>, EngineError> {
        Ok(self.run(samples, indices, None)?.1.scores)
    }

    /// The codes of the input of a sample, rows x columns x channels.
    ///
    /// # Panics
    ///
    /// Where there are not so many samples.
    pub fn input_codes(&self, samples: &Samples, index: u32) -> Vec<i8> {
        let shape = self.program.input_shape();
        let tables = self.tables(samples);
        let pass = CodePass {
            quantized: self.quantized,
            scaling: self.scaling,
            program: &self.program,
            samples,
            tables: &tables,
        };
        let mut ordered = vec![0; shape.elements()];
        pass.fill_channels(index, &mut Vec::new(), &mut ordered);
        let mut codes = vec![0; ordered.len()];
        fill_channels_last(shape, &ordered, &mut codes);
        codes
    }

    /// Codes of bytes, channel by channel; none where samples are no bytes.
    fn tables(&self, samples: &Samples) -> Vec<[i8; 256]> {
        let channels = self.program.input_shape().channels as usize;
        match samples.values {
            Values::Bytes(_) => byte_tables(&self.quantized.values()[0], channels, self.scaling),
            Values::Floats(_) => Vec::new(),
        }
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
        self.workers[0].codes.width()
    }
}

/// What all threads read, and how results are scored.
struct Int8Pass<'a> {
    codes: CodePass<'a>,
    /// By which the output is scored.
    task: Option<ModelTask>,
}

impl Int8Pass<'_> {
    fn run(
        &self,
        worker: &mut Int8Worker,
        indices: &[u32],
        outcomes: &mut [Outcome],
        (scores, codes): (&mut [f32], &mut [i8]),
    ) -> Result<(), BufferError> {
        let count = indices.len();
        let (row, classes) = (scores.len() / count, codes.len() / count);
        let mut scores = scores.chunks_exact_mut(row);
        let mut codes = codes.chunks_exact_mut(classes);
        let mut at = 0;
        for packet in indices.chunks(worker.codes.width().lanes()) {
            let found = worker.codes.infer(&self.codes, packet)?;
            for (index, found) in packet.iter().zip(found.chunks_exact(classes)) {
                let (Some(scores), Some(codes)) = (scores.next(), codes.next()) else {
                    break;
                };
                self.put_out(found, codes, &mut worker.output);
                let outcome = &mut outcomes[at / GROUP];
                self.score(&worker.output, &mut worker.numbers, *index, scores, outcome)?;
                at += 1;
            }
        }
        Ok(())
    }

    /// The output's codes and numbers, channels x rows x columns, from rows x columns x channels.
    fn put_out(&self, found: &[i8], codes: &mut [i8], numbers: &mut [f32]) {
        let values = self.codes.quantized.values();
        let own = &values[values.len() - 1];
        fill_channels_first(self.codes.program.output_shape(), found, codes);
        for (number, code) in numbers.iter_mut().zip(codes) {
            *number = own.number(*code);
        }
    }

    fn score(
        &self,
        output: &[f32],
        numbers: &mut Vec<f32>,
        index: u32,
        scores: &mut [f32],
        outcome: &mut Outcome,
    ) -> Result<(), BufferError> {
        match self.task {
            None => {
                scores.copy_from_slice(output);
                Ok(())
            }
            Some(ModelTask::Classification) => {
                scores.copy_from_slice(output);
                score(
                    output,
                    &[self.codes.samples.labels[index as usize]],
                    outcome,
                )
            }
            Some(ModelTask::Reconstruction) => {
                self.codes.numbers(index, numbers);
                score_reconstruction(output, numbers, scores, outcome)
            }
        }
    }
}

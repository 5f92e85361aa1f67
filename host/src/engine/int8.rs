//! Runs a network of integers over a dataset, with threads.

use super::EngineError;
use super::groups::Batch;
use crate::data::{Samples, Values};
use kiln_core::{
    BufferError, GROUP, Int8ModelFile, ModelTask, Outcome, Program, Purpose, Quantization,
    QuantizedNetwork, Scaling, Shape, score, score_reconstruction,
};
use rayon::prelude::*;

/// A network of integers and all memory to evaluate it. One sample is computed at a time by each
/// thread.
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
    arena: Vec<i8>,
    /// The sample as numbers, channels x rows x columns.
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
        let worker = || Int8Worker {
            arena: vec![0; program.arena_packets()],
            numbers: vec![0.0; program.input_shape().elements()],
            output: vec![0.0; program.classes()],
        };
        Ok(Self {
            quantized,
            scaling,
            task,
            workers: (0..threads).map(|_| worker()).collect(),
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
        let elements = self.program.input_shape().elements();
        if samples.shape.size() != elements {
            return Err(EngineError::Shape {
                images: samples.shape.size(),
                network: elements,
            });
        }
        let [row, codes] = [self.scores_per_sample(), self.program.classes()];
        let mut left = Int8Scores {
            scores: vec![0.0; indices.len() * row],
            codes: vec![0; indices.len() * codes],
        };
        // Whole groups for each thread, whose results are added up in the groups' order.
        let groups = indices.len().div_ceil(GROUP);
        let share = groups.div_ceil(self.workers.len()).max(1) * GROUP;
        let mut outcomes = vec![Outcome::default(); groups];
        let pass = Int8Pass {
            quantized: self.quantized,
            scaling: self.scaling,
            task: self.task,
            program: &self.program,
            samples,
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

    /// The codes of the input of a sample, rows x columns x channels.
    ///
    /// # Panics
    ///
    /// Where there are not so many samples.
    pub fn input_codes(&self, samples: &Samples, index: u32) -> Vec<i8> {
        let own = &self.quantized.values()[0];
        let shape = self.program.input_shape();
        let mut numbers = vec![0.0; shape.elements()];
        fill_numbers(own, self.scaling, samples, index, &mut numbers);
        let mut codes = vec![0; numbers.len()];
        fill_codes(own, shape, &numbers, &mut codes);
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
}

/// What all threads read.
struct Int8Pass<'a> {
    quantized: QuantizedNetwork<'a>,
    scaling: &'a Scaling,
    task: ModelTask,
    program: &'a Program,
    samples: &'a Samples,
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
        let scores = scores.chunks_exact_mut(scores.len() / count);
        let codes = codes.chunks_exact_mut(codes.len() / count);
        for (at, ((index, scores), codes)) in indices.iter().zip(scores).zip(codes).enumerate() {
            self.infer(worker, *index, codes)?;
            self.score(worker, *index, scores, &mut outcomes[at / GROUP])?;
        }
        Ok(())
    }

    /// Leaves a sample's codes, and as numbers what goes in and comes out.
    fn infer(
        &self,
        worker: &mut Int8Worker,
        index: u32,
        out: &mut [i8],
    ) -> Result<(), BufferError> {
        let values = self.quantized.values();
        let (from, to) = (&values[0], &values[values.len() - 1]);
        fill_numbers(from, self.scaling, self.samples, index, &mut worker.numbers);
        let shape = self.program.input_shape();
        let numbers = &worker.numbers;
        let fill = |codes: &mut [i8]| fill_codes(from, shape, numbers, codes);
        let codes = self
            .program
            .infer_int8(&self.quantized, &mut worker.arena, fill)?;
        fill_channels_first(self.program.output_shape(), codes, out);
        for (number, code) in worker.output.iter_mut().zip(out) {
            *number = to.number(*code);
        }
        Ok(())
    }

    fn score(
        &self,
        worker: &Int8Worker,
        index: u32,
        scores: &mut [f32],
        outcome: &mut Outcome,
    ) -> Result<(), BufferError> {
        match self.task {
            ModelTask::Classification => {
                scores.copy_from_slice(&worker.output);
                score(
                    &worker.output,
                    &[self.samples.labels[index as usize]],
                    outcome,
                )
            }
            ModelTask::Reconstruction => {
                score_reconstruction(&worker.output, &worker.numbers, scores, outcome)
            }
        }
    }
}

/// The numbers of a sample, channels x rows x columns: those that it is scaled to, or where it is codes
/// already, those that these stand for.
fn fill_numbers(
    own: &Quantization,
    scaling: &Scaling,
    samples: &Samples,
    index: u32,
    numbers: &mut [f32],
) {
    if let (true, Values::Floats(codes)) = (samples.coded, &samples.values) {
        let codes = &codes[index as usize * numbers.len()..];
        for (number, code) in numbers.iter_mut().zip(codes) {
            *number = own.number(*code as i8);
        }
        return;
    }
    let batch = Batch {
        samples,
        indices: &[index],
        augmenter: None,
    };
    batch.pack(0..1, scaling, numbers);
}

/// Codes of a value, rows x columns x channels, as channels x rows x columns.
pub fn fill_channels_first(shape: Shape, codes: &[i8], out: &mut [i8]) {
    let (channels, map) = (shape.channels as usize, shape.map_elements());
    for (place, codes) in codes.chunks_exact(channels).enumerate() {
        for (channel, code) in codes.iter().enumerate() {
            out[channel * map + place] = *code;
        }
    }
}

/// Codes of a sample, rows x columns x channels, from its numbers, channels x rows x columns.
pub fn fill_codes(own: &Quantization, shape: Shape, numbers: &[f32], codes: &mut [i8]) {
    let (channels, map) = (shape.channels as usize, shape.map_elements());
    for (place, codes) in codes.chunks_exact_mut(channels).enumerate() {
        for (channel, code) in codes.iter_mut().enumerate() {
            *code = own.code(numbers[channel * map + place]);
        }
    }
}

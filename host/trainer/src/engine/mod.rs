//! Runs a network over a dataset, with threads and vector lanes.
//!
//! A batch is split into groups of 16 samples. Groups go forward and backward in parallel, each in
//! its own memory; then runs of parameters are summed over the groups, in order, and updated, in
//! parallel again. Neither split shows in the bits. All memory is taken when the engine is made.

mod awake;
mod backward;
mod code_errors;
mod code_samples;
mod code_worker;
mod either;
mod evaluation;
mod evaluator;
mod fake_weights;
mod folded;
mod groups;
mod int8;
mod int8_pass;
mod memory;
mod single;
mod typed;
mod update;

use crate::augmentation::EpochAugmenter;
use crate::data::Samples;
use crate::memory_limit::MemoryError;
use kiln_core::{
    Arithmetic, BufferError, FoldError, InitError, LaneWidth, Lanes, Loss, Network, Outcome,
    PacketWork, ProgramError, Quantization, Scaling, Sgd, Trainable,
};
use std::sync::Arc;
use typed::Typed;

pub use code_samples::{fill_channels_first, fill_codes};
pub use either::AnyEngine;
pub use int8::{Int8Engine, Int8Scores};
pub use memory::{check_memory, memory};

/// How an engine computes; threads and lanes never show in the bits.
#[derive(Clone, Debug)]
pub struct EngineOptions {
    /// Number of threads, at least 1.
    pub threads: usize,
    /// Samples side by side; `None` is the widest this machine has.
    pub lanes: Option<LaneWidth>,
    /// How steps add products to sums.
    pub arithmetic: Arithmetic,
    /// How evaluations do.
    pub evaluation: Arithmetic,
    /// Most samples a step will get.
    pub batch: usize,
    /// What a step changes; all else stays as it is.
    pub trainable: Trainable,
    /// What a step makes smaller.
    pub loss: Loss,
    /// What the gradient of a sample of each class is multiplied by; empty where each counts 1.
    pub class_weights: Vec<f32>,
    /// Seed of what dropout draws.
    pub seed: u64,
    /// What codes stand for of each value of the program, the input first, where steps are to be taken
    /// on the numbers that codes stand for, those of weights among them: gradients pass straight
    /// through to the parameters as they are. Not for networks with batch normalisations.
    pub fake_quantization: Option<Vec<Quantization>>,
}

impl Default for EngineOptions {
    /// One thread, the widest lanes, single samples; everything is trained, by cross-entropy, in
    /// the separate arithmetic.
    fn default() -> Self {
        Self {
            threads: 1,
            lanes: None,
            arithmetic: Arithmetic::Separate,
            evaluation: Arithmetic::Separate,
            batch: 1,
            trainable: Trainable::ALL,
            loss: Loss::CROSS_ENTROPY,
            class_weights: Vec::new(),
            seed: 1,
            fake_quantization: None,
        }
    }
}

/// Why an engine cannot be made, or a pass not be run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The network is not sound, or what is to be trained is not there.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// Running statistics of another length than the network's.
    #[error(transparent)]
    Statistics(#[from] InitError),
    /// Buffers for folding of another length than the network's.
    #[error(transparent)]
    Fold(#[from] FoldError),
    /// There is not so much memory.
    #[error(transparent)]
    Memory(#[from] MemoryError),
    /// A buffer, a batch or a label does not fit the network.
    #[error(transparent)]
    Buffer(#[from] BufferError),
    /// This processor lacks the vector instructions asked for.
    #[error("this processor has no {0} instructions; --lanes auto takes the widest it has")]
    Lanes(&'static str),
    /// This processor lacks the instructions of the fused arithmetic.
    #[error("this processor has no fused arithmetic{}; use --arithmetic separate", at_width(*.0))]
    Fused(Option<LaneWidth>),
    /// The threads could not be started.
    #[error("cannot start {threads} threads: {source}; try fewer with --threads")]
    Threads {
        /// How many were asked for.
        threads: usize,
        /// What the system said.
        source: rayon::ThreadPoolBuildError,
    },
    /// The images of a dataset have another shape than the network's input.
    #[error("images have {images} values, the network takes {network}")]
    Shape {
        /// Values of an image.
        images: usize,
        /// Values of the network's input.
        network: usize,
    },
}

/// A network with its parameters and all memory to train and evaluate it.
pub struct Engine {
    passes: Box<dyn Passes>,
    pool: Arc<rayon::ThreadPool>,
    threads: usize,
    lanes: LaneWidth,
}

/// The passes at one lane width.
trait Passes: Send {
    fn step(
        &mut self,
        samples: &Samples,
        indices: &[u32],
        augmenter: Option<&EpochAugmenter>,
        sgd: &Sgd,
    ) -> Result<Outcome, BufferError>;
    fn evaluate(
        &mut self,
        samples: &Samples,
        indices: &[u32],
        scores: Option<&mut [f32]>,
    ) -> Result<Outcome, EngineError>;
    fn scores_per_sample(&self) -> usize;
    fn parameters(&self) -> &[f32];
    fn folded_parameters(&self) -> Result<Vec<f32>, FoldError>;
    fn statistics(&self) -> &[f32];
    fn velocity(&self) -> &[f32];
    fn resume(
        &mut self,
        velocity: &[f32],
        statistics: &[f32],
        steps: u64,
    ) -> Result<(), BufferError>;
    fn restore(&mut self, parameters: &[f32], statistics: &[f32]) -> Result<(), BufferError>;
}

impl Engine {
    /// Takes all memory and starts the threads. The running statistics begin anew.
    ///
    /// # Errors
    ///
    /// A network that is not sound or takes more memory than there is, parameters or a scaling of another length than it needs, lanes
    /// this processor lacks, or threads the system refuses.
    pub fn new(
        network: &Network,
        scaling: &Scaling,
        parameters: Vec<f32>,
        options: &EngineOptions,
    ) -> Result<Self, EngineError> {
        let lanes = options.width()?;
        check_memory(network, options)?;
        let work = MakePasses {
            network,
            scaling,
            parameters,
            options,
        };
        let passes = lanes.run(options.packets(), work);
        let passes = passes.ok_or(EngineError::Lanes(lanes.name()))??;
        let threads = options.threads.max(1);
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .map_err(|source| EngineError::Threads { threads, source })?;
        // A thread takes the memory it shares work with when it first does: now, not in a step.
        pool.broadcast(|_| ());
        Ok(Self {
            passes,
            pool: Arc::new(pool),
            threads,
            lanes,
        })
    }

    /// Runs `work` on one of the engine's own threads.
    ///
    /// Steps taken inside do not pay for the way there and back, and the other threads stay awake
    /// between them, busily: training loops belong inside.
    pub fn within<R: Send>(&mut self, work: impl FnOnce(&mut Self) -> R + Send) -> R {
        let pool = Arc::clone(&self.pool);
        let others = self.threads - 1;
        awake::install(&pool, || awake::awake(others, || work(self)))
    }

    /// One step of gradient descent on the samples at `indices`; allocates nothing.
    ///
    /// # Errors
    ///
    /// No indices or more than [`EngineOptions::batch`], images of another size than the network
    /// takes, or a label that is not among its classes; the parameters are then as they were.
    pub fn step(
        &mut self,
        samples: &Samples,
        indices: &[u32],
        sgd: &Sgd,
    ) -> Result<Outcome, EngineError> {
        self.step_augmented(samples, indices, None, sgd)
    }

    /// Like [`Engine::step`], on what `augmenter` makes of the samples.
    ///
    /// # Errors
    ///
    /// As [`Engine::step`].
    pub fn step_augmented(
        &mut self,
        samples: &Samples,
        indices: &[u32],
        augmenter: Option<&EpochAugmenter>,
        sgd: &Sgd,
    ) -> Result<Outcome, EngineError> {
        let passes = &mut self.passes;
        let step = || passes.step(samples, indices, augmenter, sgd);
        Ok(awake::install(&self.pool, step)?)
    }

    /// The forward pass over the samples at `indices`; allocates nothing. `scores`, if wanted,
    /// receives [`Engine::scores_per_sample`] values each, in the same order: logits, samples x
    /// classes, or, by the mean squared error, the error of each sample.
    ///
    /// # Errors
    ///
    /// Images of another size than the network takes, a label that is not among its classes, or
    /// `scores` of another length.
    pub fn evaluate(
        &mut self,
        samples: &Samples,
        indices: &[u32],
        scores: Option<&mut [f32]>,
    ) -> Result<Outcome, EngineError> {
        let passes = &mut self.passes;
        awake::install(&self.pool, || passes.evaluate(samples, indices, scores))
    }

    /// Values that an evaluation gives of a sample: as many as classes, or its error alone where
    /// the loss is the mean squared error.
    pub fn scores_per_sample(&self) -> usize {
        self.passes.scores_per_sample()
    }

    /// The parameters as they are now, in the order of the network's nodes.
    pub fn parameters(&self) -> &[f32] {
        self.passes.parameters()
    }

    /// The parameters of the folded network as it is now, in the model file's order; those of the
    /// network itself where nothing is to fold.
    ///
    /// # Errors
    ///
    /// None that an engine can come to: its buffers are those of its network.
    pub fn folded_parameters(&self) -> Result<Vec<f32>, EngineError> {
        Ok(self.passes.folded_parameters()?)
    }

    /// The running statistics of its batch normalisations.
    pub fn statistics(&self) -> &[f32] {
        self.passes.statistics()
    }

    /// The optimizer's velocity as it is now, a value for each parameter; zeros at first.
    pub fn velocity(&self) -> &[f32] {
        self.passes.velocity()
    }

    /// Goes on from an earlier training of `steps` steps; allocates nothing.
    ///
    /// # Errors
    ///
    /// If there is not a value of the velocity for each parameter, or of the statistics for each of
    /// the network's.
    pub fn resume(
        &mut self,
        velocity: &[f32],
        statistics: &[f32],
        steps: u64,
    ) -> Result<(), EngineError> {
        Ok(self.passes.resume(velocity, statistics, steps)?)
    }

    /// Takes other parameters and running statistics, as they were after an earlier step; all else stays.
    ///
    /// # Errors
    ///
    /// If either is of another length than the network's.
    pub fn restore(&mut self, parameters: &[f32], statistics: &[f32]) -> Result<(), EngineError> {
        Ok(self.passes.restore(parameters, statistics)?)
    }

    /// Samples computed side by side.
    pub const fn lanes(&self) -> LaneWidth {
        self.lanes
    }

    /// Number of threads.
    pub const fn threads(&self) -> usize {
        self.threads
    }
}

impl EngineOptions {
    /// The width that an engine of these options computes at.
    ///
    /// # Errors
    ///
    /// If this processor lacks an arithmetic that is asked for, at that width.
    pub fn width(&self) -> Result<LaneWidth, EngineError> {
        if self.packets() == Arithmetic::Separate {
            return Ok(self.lanes.unwrap_or_else(LaneWidth::widest));
        }
        let mut widths = Arithmetic::Fused.widths();
        let width = match self.lanes {
            Some(lanes) => widths.find(|width| *width == lanes),
            None => widths.next_back(),
        };
        width.ok_or(EngineError::Fused(self.lanes))
    }

    /// The arithmetic of the packets: the fused one where anything is computed in it.
    fn packets(&self) -> Arithmetic {
        match (self.arithmetic, self.evaluation) {
            (Arithmetic::Separate, Arithmetic::Separate) => Arithmetic::Separate,
            _ => Arithmetic::Fused,
        }
    }
}

/// Makes what computes, in the packets that the options ask for.
struct MakePasses<'a> {
    network: &'a Network,
    scaling: &'a Scaling,
    parameters: Vec<f32>,
    options: &'a EngineOptions,
}

impl PacketWork for MakePasses<'_> {
    type Output = Result<Box<dyn Passes>, EngineError>;

    fn run<L: Lanes>(self, _: L) -> Self::Output {
        use Arithmetic::{Fused, Separate};
        // A separate packet's own separate one is itself, so there is one kind of passes for it, and
        // no more than these for a fused one.
        match (self.options.arithmetic, self.options.evaluation) {
            (Separate, Separate) => self.make::<L::Separate, L::Separate>(),
            (Separate, Fused) => self.make::<L::Separate, L>(),
            (Fused, Separate) => self.make::<L, L::Separate>(),
            (Fused, Fused) => self.make::<L, L>(),
        }
    }
}

impl MakePasses<'_> {
    fn make<T: Lanes, E: Lanes>(self) -> Result<Box<dyn Passes>, EngineError> {
        let (network, scaling) = (self.network, self.scaling);
        let typed = Typed::<T, E>::new(network, scaling, self.parameters, self.options)?;
        Ok(Box::new(typed))
    }
}

/// Behind "arithmetic".
fn at_width(lanes: Option<LaneWidth>) -> String {
    lanes.map_or_else(String::new, |lanes| format!(" at {} lanes", lanes.lanes()))
}

//! Memory and steps of a training, whatever its input is made of.

use crate::source::TrainingSource;
use crate::{DeviceError, FixedBuffer};
use kiln_core::{
    CompactMemory, CompactTrainer, GROUP, LinkedTrainer, LinkedTraining, Outcome, Sgd,
};

/// What is trained of a model, and in which memory: what the module that [`model!`](crate::model!) makes
/// tells a trainer. `STEPS` are those of the program.
pub trait TrainedPart<const STEPS: usize>: 'static {
    /// Where its input comes from.
    type Source: TrainingSource;
    /// Memory for the parameters that are trained.
    type Trained: FixedBuffer<f32>;
    /// For their gradient; none in place.
    type Gradient: FixedBuffer<f32>;
    /// For its velocity; none without momentum.
    type Velocity: FixedBuffer<f32>;
    /// For all values on the way.
    type TrainingArena: FixedBuffer<f32>;
    /// For the winners of pools.
    type Winners: FixedBuffer<u8>;
    /// CRC-32 that ends the model file: whose parameters are stored.
    const FILE_CRC: u32;
    /// Whether it learns each sample at once, without a gradient.
    const IN_PLACE: bool;
    /// What runs.
    fn training() -> &'static LinkedTraining<STEPS>;
    /// All parameters as they are in the model file, of which the frozen ones are read; empty where none
    /// are.
    fn frozen() -> &'static [f32];
    /// Sets the trained parameters to those of the model file.
    ///
    /// # Errors
    ///
    /// None, of what the macro makes.
    fn start(trained: &mut [f32]) -> Result<(), DeviceError>;
}

/// The memory of a training, and what it has learned.
pub(crate) struct Learning<P: TrainedPart<STEPS>, const STEPS: usize> {
    trained: P::Trained,
    gradient: P::Gradient,
    velocity: P::Velocity,
    arena: P::TrainingArena,
    winners: P::Winners,
    is_started: bool,
}

impl<P: TrainedPart<STEPS>, const STEPS: usize> Learning<P, STEPS> {
    /// Bytes of all of it.
    pub const BYTES: usize = size_of::<P::Trained>()
        + size_of::<P::Gradient>()
        + size_of::<P::Velocity>()
        + size_of::<P::TrainingArena>()
        + size_of::<P::Winners>();

    pub const fn new() -> Self {
        Self {
            trained: P::Trained::EMPTY,
            gradient: P::Gradient::EMPTY,
            velocity: P::Velocity::EMPTY,
            arena: P::TrainingArena::EMPTY,
            winners: P::Winners::EMPTY,
            is_started: false,
        }
    }

    /// Sets the trained parameters to those of the model file.
    pub fn reset(&mut self) -> Result<(), DeviceError> {
        self.velocity.as_mut().fill(0.0);
        P::start(self.trained.as_mut())?;
        self.is_started = true;
        Ok(())
    }

    /// The trained parameters.
    pub fn trained(&mut self) -> Result<&mut [f32], DeviceError> {
        self.start()?;
        Ok(self.trained.as_mut())
    }

    /// One step on one sample.
    pub fn learn(
        &mut self,
        label: u16,
        sgd: &Sgd,
        fill: impl FnOnce(&mut [f32]),
    ) -> Result<Outcome, DeviceError> {
        Ok(self.lend()?.step(label, sgd, fill)?)
    }

    /// One step on several samples, each of which `fill` writes in its turn.
    pub fn learn_batch<S>(
        &mut self,
        samples: impl ExactSizeIterator<Item = (u16, S)>,
        sgd: &Sgd,
        mut fill: impl FnMut(S, &mut [f32]) -> Result<(), DeviceError>,
    ) -> Result<Outcome, DeviceError> {
        let given = samples.len();
        if given == 0 || given > GROUP {
            return Err(DeviceError::Batch { most: GROUP, given });
        }
        let mut trainer = self.lend()?;
        trainer.begin_batch(given)?;
        let mut outcome = Outcome::default();
        for (label, sample) in samples {
            let mut filled = Ok(());
            let own = trainer.accumulate(label, |input| filled = fill(sample, input));
            filled?;
            outcome += own?;
        }
        trainer.finish_batch(sgd)?;
        Ok(outcome)
    }

    /// The logits of a sample, by the parameters as they are now.
    pub fn infer(&mut self, fill: impl FnOnce(&mut [f32])) -> Result<&[f32], DeviceError> {
        Ok(self.lend()?.into_logits(fill))
    }

    /// Whether all trained parameters are finite numbers.
    pub fn all_finite(&self) -> bool {
        let trained = self.trained.as_ref();
        !self.is_started || trained.iter().all(|value| value.is_finite())
    }

    fn start(&mut self) -> Result<(), DeviceError> {
        match self.is_started {
            true => Ok(()),
            false => self.reset(),
        }
    }

    fn lend(&mut self) -> Result<LinkedTrainer<'_, STEPS>, DeviceError> {
        self.start()?;
        let memory = CompactMemory {
            frozen: P::frozen(),
            trained: self.trained.as_mut(),
            gradient: self.gradient.as_mut(),
            velocity: self.velocity.as_mut(),
            arena: self.arena.as_mut(),
            winners: self.winners.as_mut(),
        };
        Ok(CompactTrainer::linked(P::training(), memory)?)
    }
}

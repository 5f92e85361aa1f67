//! A model that learns on the device.

use crate::input::{self, SensorValue};
use crate::learning::{Learning, TrainedPart};
use crate::source::TrainingSource;
use crate::{DeviceError, FixedBuffer, FloatAnswer};
use core::fmt;
use kiln_core::{BufferError, Outcome, Sgd};

/// Learns, sample by sample or in batches, and classifies by what it has learned: in memory of its own,
/// [`ModelTrainer::BYTES`] of RAM, best in a `static`. What it learns is what the desktop would learn from
/// the same samples in the same order, to the bit.
///
/// It starts with the parameters of the model file. Those of a model of integers are the numbers that its
/// integers stand for.
pub struct ModelTrainer<P: TrainedPart<STEPS>, const STEPS: usize> {
    pub(crate) learning: Learning<P, STEPS>,
    memory: <P::Source as TrainingSource>::Memory,
}

impl<P: TrainedPart<STEPS>, const STEPS: usize> ModelTrainer<P, STEPS> {
    /// RAM that it takes, without a few bytes beside the memory.
    pub const BYTES: usize =
        Learning::<P, STEPS>::BYTES + size_of::<<P::Source as TrainingSource>::Memory>();

    /// With the parameters of the model file, which it takes when it is first used.
    pub const fn new() -> Self {
        Self {
            learning: Learning::new(),
            memory: <P::Source as TrainingSource>::Memory::EMPTY,
        }
    }

    /// Learns an image of bytes, channels x rows x columns, at once. A trainer made with the word `batch`
    /// or `momentum` takes it as a batch of one.
    ///
    /// # Errors
    ///
    /// An image of another length, a label that is not among the classes, numbers that cannot be
    /// trained with, or a loss that is not finite; nothing has been learned then.
    pub fn learn(&mut self, pixels: &[u8], label: u16, sgd: &Sgd) -> Result<Outcome, DeviceError> {
        self.learn_scaled(pixels, label, sgd)
    }

    /// Learns an input of floats, such as those of a sensor: channels x rows x columns.
    ///
    /// # Errors
    ///
    /// As [`ModelTrainer::learn`].
    pub fn learn_values(
        &mut self,
        values: &[f32],
        label: u16,
        sgd: &Sgd,
    ) -> Result<Outcome, DeviceError> {
        self.learn_scaled(values, label, sgd)
    }

    /// Learns a batch of images with their labels: at most 16. They are asked for one after another, so
    /// that there need be room for one only. The trainer has to be made with the word `batch` or
    /// `momentum`.
    ///
    /// # Errors
    ///
    /// As [`ModelTrainer::learn`], of the first sample that is refused, and of no samples or too many.
    pub fn learn_batch<I: AsRef<[u8]>>(
        &mut self,
        samples: impl ExactSizeIterator<Item = (u16, I)>,
        sgd: &Sgd,
    ) -> Result<Outcome, DeviceError> {
        let memory = self.memory.as_mut();
        let fill =
            |sample: I, input: &mut [f32]| write::<P, STEPS, u8>(memory, sample.as_ref(), input);
        self.learning.learn_batch(samples, sgd, fill)
    }

    /// As [`ModelTrainer::learn_batch`], of inputs of floats.
    ///
    /// # Errors
    ///
    /// As [`ModelTrainer::learn_batch`].
    pub fn learn_batch_of_values<I: AsRef<[f32]>>(
        &mut self,
        samples: impl ExactSizeIterator<Item = (u16, I)>,
        sgd: &Sgd,
    ) -> Result<Outcome, DeviceError> {
        let memory = self.memory.as_mut();
        let fill =
            |sample: I, input: &mut [f32]| write::<P, STEPS, f32>(memory, sample.as_ref(), input);
        self.learning.learn_batch(samples, sgd, fill)
    }

    /// Classifies an image by what has been learned so far.
    ///
    /// # Errors
    ///
    /// An image of another length than the network takes.
    pub fn classify(&mut self, pixels: &[u8]) -> Result<FloatAnswer<'_>, DeviceError> {
        self.classify_scaled(pixels)
    }

    /// Classifies an input of floats by what has been learned so far.
    ///
    /// # Errors
    ///
    /// An input of another length than the network takes.
    pub fn classify_values(&mut self, values: &[f32]) -> Result<FloatAnswer<'_>, DeviceError> {
        self.classify_scaled(values)
    }

    /// Forgets what has been learned: the parameters are those of the model file.
    ///
    /// # Errors
    ///
    /// None, of a model that the macro has opened.
    pub fn reset(&mut self) -> Result<(), DeviceError> {
        self.learning.reset()
    }

    /// The parameters that are trained, as they are now: to be kept, or set to some that were.
    ///
    /// # Errors
    ///
    /// None, of a model that the macro has opened.
    pub fn trained_mut(&mut self) -> Result<&mut [f32], DeviceError> {
        self.learning.trained()
    }

    /// Whether all trained parameters are finite numbers, as they have to be to be kept.
    pub fn all_finite(&self) -> bool {
        self.learning.all_finite()
    }

    fn learn_scaled<T: SensorValue>(
        &mut self,
        given: &[T],
        label: u16,
        sgd: &Sgd,
    ) -> Result<Outcome, DeviceError> {
        input::check(given.len(), P::Source::INPUTS)?;
        let memory = self.memory.as_mut();
        if !P::IN_PLACE {
            let samples = core::iter::once((label, given));
            let fill =
                |sample: &[T], input: &mut [f32]| write::<P, STEPS, T>(memory, sample, input);
            return self.learning.learn_batch(samples, sgd, fill);
        }
        let mut written = Ok(());
        let fill = |input: &mut [f32]| written = P::Source::write(memory, given, input);
        let outcome = self.learning.learn(label, sgd, fill);
        written?;
        outcome
    }

    fn classify_scaled<T: SensorValue>(
        &mut self,
        given: &[T],
    ) -> Result<FloatAnswer<'_>, DeviceError> {
        input::check(given.len(), P::Source::INPUTS)?;
        let memory = self.memory.as_mut();
        let mut written: Result<(), BufferError> = Ok(());
        let fill = |input: &mut [f32]| written = P::Source::write(memory, given, input);
        let logits = self.learning.infer(fill)?;
        written?;
        Ok(FloatAnswer::new(logits, P::Source::CLASS_NAMES))
    }
}

/// Writes a sample of a batch.
fn write<P: TrainedPart<STEPS>, const STEPS: usize, T: SensorValue>(
    memory: &mut [u32],
    given: &[T],
    input: &mut [f32],
) -> Result<(), DeviceError> {
    input::check(given.len(), P::Source::INPUTS)?;
    Ok(P::Source::write(memory, given, input)?)
}

impl<P: TrainedPart<STEPS>, const STEPS: usize> Default for ModelTrainer<P, STEPS> {
    fn default() -> Self {
        Self::new()
    }
}

/// Without its numbers.
impl<P: TrainedPart<STEPS>, const STEPS: usize> fmt::Debug for ModelTrainer<P, STEPS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ModelTrainer")
    }
}

//! Classification by a network of floating-point numbers.

use crate::input::{self, SensorValue};
use crate::{DeviceError, FixedBuffer};
use core::fmt;
use core::marker::PhantomData;
use kiln_core::{BufferError, Crc32, reference::loss::highest_class};

/// A model of floating-point numbers that [`model!`](crate::model!) has opened: what the module that it
/// makes tells a [`FloatClassifier`].
pub trait EmbeddedModel: 'static {
    /// Memory that an inference works in, as long as the program says.
    type Arena: FixedBuffer<f32>;
    /// Values of an input: channels x rows x columns.
    const INPUTS: usize;
    /// What a value of each channel is multiplied by; one number for all where they are alike.
    const SCALE: &[f32];
    /// What is then added.
    const SHIFT: &[f32];
    /// Name of each class.
    const CLASS_NAMES: &[&str];
    /// CRC-32 of the parameters' bytes.
    const CRC: u32;
    /// The parameters, where they lie in flash.
    fn parameters() -> &'static [f32];
    /// Runs the network on what `fill` writes; gives its logits.
    ///
    /// # Errors
    ///
    /// An arena of another length than the program says.
    fn infer(arena: &mut [f32], fill: impl FnOnce(&mut [f32])) -> Result<&[f32], BufferError>;
}

/// Classifies inputs, one by one, in memory of its own: [`FloatClassifier::BYTES`] of RAM, best in a
/// `static`, or on a stack that is long enough.
pub struct FloatClassifier<M: EmbeddedModel> {
    arena: M::Arena,
    model: PhantomData<M>,
}

impl<M: EmbeddedModel> FloatClassifier<M> {
    /// RAM that it takes.
    pub const BYTES: usize = size_of::<M::Arena>();

    /// With nothing in its memory.
    pub const fn new() -> Self {
        Self {
            arena: M::Arena::EMPTY,
            model: PhantomData,
        }
    }

    /// Classifies an image of bytes: channels x rows x columns, such as all reds, then all greens.
    ///
    /// # Errors
    ///
    /// An image of another length than the network takes.
    pub fn classify(&mut self, pixels: &[u8]) -> Result<FloatAnswer<'_>, DeviceError> {
        self.classify_scaled(pixels)
    }

    /// Classifies an input of floats, such as those of a sensor: channels x rows x columns. They are
    /// scaled as the model file says, as the desktop does with samples of floats.
    ///
    /// # Errors
    ///
    /// An input of another length than the network takes.
    pub fn classify_values(&mut self, values: &[f32]) -> Result<FloatAnswer<'_>, DeviceError> {
        self.classify_scaled(values)
    }

    /// Whether the parameters in flash are those of the model file, by a checksum; takes about as long
    /// as an inference.
    ///
    /// # Errors
    ///
    /// [`DeviceError::Damaged`] where they are not.
    pub fn verify(&self) -> Result<(), DeviceError> {
        let mut crc = Crc32::new();
        // What the compiler knows of them is what they were.
        crc.update_values(core::hint::black_box(M::parameters()));
        match crc.value() == M::CRC {
            true => Ok(()),
            false => Err(DeviceError::Damaged),
        }
    }

    fn classify_scaled<T: SensorValue>(
        &mut self,
        given: &[T],
    ) -> Result<FloatAnswer<'_>, DeviceError> {
        input::check(given.len(), M::INPUTS)?;
        let fill = |input: &mut [f32]| input::scale(M::SCALE, M::SHIFT, given, input);
        let logits = M::infer(self.arena.as_mut(), fill)?;
        Ok(FloatAnswer::new(logits, M::CLASS_NAMES))
    }
}

impl<M: EmbeddedModel> Default for FloatClassifier<M> {
    fn default() -> Self {
        Self::new()
    }
}

/// Without what is in its memory.
impl<M: EmbeddedModel> fmt::Debug for FloatClassifier<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FloatClassifier")
    }
}

/// What a network says of an input.
#[derive(Clone, Copy)]
pub struct FloatAnswer<'a> {
    /// The class with the highest logit, from 0; the first of equals.
    pub class: usize,
    logits: &'a [f32],
    names: &'static [&'static str],
}

impl<'a> FloatAnswer<'a> {
    pub(crate) fn new(logits: &'a [f32], names: &'static [&'static str]) -> Self {
        Self {
            class: highest_class(logits),
            logits,
            names,
        }
    }

    /// The class's name, which is its number where the model file has no names.
    pub fn name(&self) -> &'static str {
        self.names.get(self.class).copied().unwrap_or("")
    }

    /// What the network gives for each class, equal to the desktop's to the bit.
    pub const fn logits(&self) -> &'a [f32] {
        self.logits
    }

    /// The probability of the class, from 0 to 1: its part of the softmax.
    pub fn probability(&self) -> f32 {
        self.probability_of(self.class)
    }

    /// The probability of any class; 0 where there is none of this number.
    pub fn probability_of(&self, class: usize) -> f32 {
        let highest = self.logits[self.class];
        let exponential = |logit: &f32| libm::expf(*logit - highest);
        let sum = self
            .logits
            .iter()
            .fold(0.0, |sum, logit| sum + exponential(logit));
        self.logits.get(class).map_or(0.0, exponential) / sum
    }
}

/// Without its numbers, whose text would take more flash than a network.
impl fmt::Debug for FloatAnswer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FloatAnswer")
            .field("class", &self.class)
            .field("name", &self.name())
            .finish_non_exhaustive()
    }
}

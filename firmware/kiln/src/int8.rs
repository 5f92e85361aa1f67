//! Classification by a network of 8-bit integers.

use crate::input::{self, SensorValue};
use crate::{DeviceError, FixedBuffer};
use core::fmt;
use core::marker::PhantomData;
use kiln_core::{ArrangedNetwork, BufferError, Crc32, Quantization, Shape, codes_in_words};

/// A model of integers that [`model!`](crate::model!) has opened: what the module that it makes tells an
/// [`Int8Classifier`].
pub trait EmbeddedInt8Model: 'static {
    /// Memory that an inference works in, as long as the program says.
    type Arena: FixedBuffer<u32>;
    /// Values of an input: channels x rows x columns.
    const INPUTS: usize;
    /// Channels of an input.
    const CHANNELS: usize;
    /// What a value of each channel is multiplied by; one number for all where they are alike.
    const SCALE: &[f32];
    /// What is then added.
    const SHIFT: &[f32];
    /// What the codes of the output stand for.
    const OUTPUT: Quantization;
    /// Shape of the output.
    const OUTPUT_SHAPE: Shape;
    /// Name of each class.
    const CLASS_NAMES: &[&str];
    /// CRC-32 of the words of its weights and constants.
    const CRC: u32;
    /// For each channel, or for all alike, the code of each byte.
    fn input_codes() -> &'static [[i8; 256]];
    /// Its integers, as the processor reads them.
    fn network() -> ArrangedNetwork<'static>;
    /// Runs the network on the codes that `fill` writes, rows x columns x channels; gives its output's.
    ///
    /// # Errors
    ///
    /// An arena of another length than the program says.
    fn infer(arena: &mut [i8], fill: impl FnOnce(&mut [i8])) -> Result<&[i8], BufferError>;
}

/// Classifies inputs, one by one, in memory of its own: [`Int8Classifier::BYTES`] of RAM, best in a
/// `static`, or on a stack that is long enough.
pub struct Int8Classifier<M: EmbeddedInt8Model> {
    arena: M::Arena,
    model: PhantomData<M>,
}

impl<M: EmbeddedInt8Model> Int8Classifier<M> {
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
    pub fn classify(&mut self, pixels: &[u8]) -> Result<Int8Answer<'_>, DeviceError> {
        self.classify_scaled(pixels)
    }

    /// Classifies an input of floats, such as those of a sensor: channels x rows x columns. They are
    /// scaled as the model file says, as the desktop does with samples of floats.
    ///
    /// # Errors
    ///
    /// An input of another length than the network takes.
    pub fn classify_values(&mut self, values: &[f32]) -> Result<Int8Answer<'_>, DeviceError> {
        self.classify_scaled(values)
    }

    /// Whether the integers in flash are those of the model file, by a checksum.
    ///
    /// # Errors
    ///
    /// [`DeviceError::Damaged`] where they are not.
    pub fn verify(&self) -> Result<(), DeviceError> {
        let mut crc = Crc32::new();
        // What the compiler knows of them is what they were.
        for word in core::hint::black_box(M::network().words) {
            crc.update(&word.to_le_bytes());
        }
        match crc.value() == M::CRC {
            true => Ok(()),
            false => Err(DeviceError::Damaged),
        }
    }

    fn classify_scaled<T: SensorValue>(
        &mut self,
        given: &[T],
    ) -> Result<Int8Answer<'_>, DeviceError> {
        input::check(given.len(), M::INPUTS)?;
        let fill = |codes: &mut [i8]| input::encode::<M, T>(given, codes);
        let codes = M::infer(codes_in_words(self.arena.as_mut()), fill)?;
        Ok(Int8Answer::new(codes, M::OUTPUT, M::CLASS_NAMES))
    }
}

impl<M: EmbeddedInt8Model> Default for Int8Classifier<M> {
    fn default() -> Self {
        Self::new()
    }
}

/// Without what is in its memory.
impl<M: EmbeddedInt8Model> fmt::Debug for Int8Classifier<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Int8Classifier")
    }
}

/// What a network of integers says of an input.
#[derive(Clone, Copy)]
pub struct Int8Answer<'a> {
    /// The class with the highest code, from 0; the first of equals.
    pub class: usize,
    codes: &'a [i8],
    output: Quantization,
    names: &'static [&'static str],
}

impl<'a> Int8Answer<'a> {
    pub(crate) fn new(
        codes: &'a [i8],
        output: Quantization,
        names: &'static [&'static str],
    ) -> Self {
        Self {
            class: highest_code(codes),
            codes,
            output,
            names,
        }
    }

    /// The class's name, which is its number where the model file has no names.
    pub fn name(&self) -> &'static str {
        self.names.get(self.class).copied().unwrap_or("")
    }

    /// What the network gives for each class, equal to the desktop's.
    pub const fn codes(&self) -> &'a [i8] {
        self.codes
    }

    /// The numbers that the codes stand for.
    pub fn logits(&self) -> impl Iterator<Item = f32> + use<'a> {
        let output = self.output;
        self.codes.iter().map(move |code| output.number(*code))
    }

    /// The probability of the class, from 0 to 1: its part of the softmax of the logits.
    pub fn probability(&self) -> f32 {
        self.probability_of(self.class)
    }

    /// The probability of any class; 0 where there is none of this number.
    pub fn probability_of(&self, class: usize) -> f32 {
        let highest = self.output.number(self.codes[self.class]);
        let exponential = |logit: f32| libm::expf(logit - highest);
        let sum = self
            .logits()
            .map(exponential)
            .fold(0.0, |sum, own| sum + own);
        self.logits().nth(class).map_or(0.0, exponential) / sum
    }
}

/// Without what would be floats.
impl fmt::Debug for Int8Answer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Int8Answer")
            .field("class", &self.class)
            .field("name", &self.name())
            .field("codes", &self.codes)
            .finish()
    }
}

fn highest_code(codes: &[i8]) -> usize {
    let mut best = 0;
    for (class, code) in codes.iter().enumerate().skip(1) {
        if *code > codes[best] {
            best = class;
        }
    }
    best
}

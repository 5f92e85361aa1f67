//! A model of integers that is opened where it lies, while the firmware runs.

use crate::input::{self, SensorValue};
use crate::{DeviceError, Int8Answer, RuntimeError};
use core::fmt;
use kiln_core::{
    ArrangedNetwork, Int8Kernels, Int8ModelFile, Int8Target, ModelTask, Program, Purpose,
    Quantization, codes_in_words,
};

/// A classifier of whatever model file of integers lies at an address, as
/// [`RuntimeClassifier`](crate::RuntimeClassifier) is of floats: in an arena for the largest that it is to
/// take, and `STEPS` steps. It keeps the network, too, some 4 KB.
///
/// Where the arena has room behind what the model works in, [`RuntimeInt8Classifier::open`] puts its
/// integers there in the order of the processor's loops, once, which on a Cortex-M4F, M7 or M33 makes it several
/// times as fast; otherwise they are read from flash as they lie. The codes are the same.
pub struct RuntimeInt8Classifier<'a, const STEPS: usize> {
    arena: &'a mut [u32],
    program: Program<STEPS>,
    model: Option<Int8ModelFile<'a>>,
    /// Words of the arena's end that hold the integers; 0 where they are read from flash.
    arranged: usize,
}

impl<'a, const STEPS: usize> RuntimeInt8Classifier<'a, STEPS> {
    /// Without a model. The arena may be longer than a model takes.
    pub const fn new(arena: &'a mut [u32]) -> Self {
        Self {
            arena,
            program: Program::EMPTY,
            model: None,
            arranged: 0,
        }
    }

    /// Opens a model file where it lies, at a multiple of 4 bytes, instead of the one before. Length and
    /// checksum are verified before anything else is believed.
    ///
    /// # Errors
    ///
    /// What is wrong with the file, or too large; then there is no model.
    pub fn open(&mut self, bytes: &'a [u8]) -> Result<(), RuntimeError> {
        self.model = None;
        let file = Int8ModelFile::open(bytes).map_err(RuntimeError::Model)?;
        if file.task() == ModelTask::Reconstruction {
            return Err(RuntimeError::Reconstruction);
        }
        let quantized = file.quantized();
        self.program
            .plan(file.network(), Purpose::Int8(quantized.rule()))
            .map_err(RuntimeError::Program)?;
        let (needed, room) = (self.working_words(), self.arena.len());
        if needed > room {
            return Err(RuntimeError::Arena { needed, room });
        }
        let target = Int8Target::HERE;
        self.arranged = match self.program.arranged_int8_words(&quantized, target) {
            Ok(words) if words <= room - needed => {
                let own = &mut self.arena[needed..][..words];
                match self.program.arrange_int8(&quantized, target, own) {
                    Ok(()) => words,
                    Err(_) => 0,
                }
            }
            _ => 0,
        };
        self.model = Some(file);
        Ok(())
    }

    /// Whether the integers of the model are in the arena, in the order of the processor's loops.
    pub const fn is_arranged(&self) -> bool {
        self.arranged > 0
    }

    /// Values of an input, channels x rows x columns; 0 without a model.
    pub fn inputs(&self) -> usize {
        match self.model {
            Some(_) => self.program.input_shape().elements(),
            None => 0,
        }
    }

    /// The name of a class, if the model file has one.
    pub fn name(&self, class: usize) -> Option<&'a str> {
        self.model.as_ref()?.class_names().nth(class)
    }

    /// Classifies an image of bytes: channels x rows x columns.
    ///
    /// # Errors
    ///
    /// No model, or an image of another length than it takes.
    pub fn classify(&mut self, pixels: &[u8]) -> Result<Int8Answer<'_>, DeviceError> {
        self.classify_scaled(pixels)
    }

    /// Classifies an input of floats: channels x rows x columns.
    ///
    /// # Errors
    ///
    /// As [`RuntimeInt8Classifier::classify`].
    pub fn classify_values(&mut self, values: &[f32]) -> Result<Int8Answer<'_>, DeviceError> {
        self.classify_scaled(values)
    }

    fn classify_scaled<T: SensorValue>(
        &mut self,
        given: &[T],
    ) -> Result<Int8Answer<'_>, DeviceError> {
        let working = self.working_words();
        let Some(model) = &self.model else {
            return Err(DeviceError::NoModel);
        };
        input::check(given.len(), self.program.input_shape().elements())?;
        let quantized = model.quantized();
        let (values, scaling) = (quantized.values(), model.scaling());
        let channels = self.program.input_shape().channels as usize;
        let fill = |codes: &mut [i8]| {
            let scalings = (scaling.scale(), scaling.shift());
            input::encode_scaled(scalings, &values[0], channels, given, codes);
        };
        let (arena, words) = self.arena.split_at_mut(working);
        let arena = &mut codes_in_words(arena)[..self.program.arena_packets()];
        let codes = match self.arranged {
            0 => self.program.infer_int8(&quantized, arena, fill)?,
            words_used => {
                let network = ArrangedNetwork {
                    rule: quantized.rule(),
                    values,
                    words: &words[..words_used],
                    kernels: Int8Kernels::ALL,
                };
                self.program.infer_arranged(&network, arena, fill)?
            }
        };
        let output = values.last().copied();
        Ok(Int8Answer::new(
            codes,
            output.unwrap_or(Quantization::new(1.0, 0)),
            &[],
        ))
    }

    /// Words that an inference works in.
    fn working_words(&self) -> usize {
        self.program.arena_packets().div_ceil(4)
    }
}

/// Without what is in its memory.
impl<const STEPS: usize> fmt::Debug for RuntimeInt8Classifier<'_, STEPS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RuntimeInt8Classifier")
            .field("is_open", &self.model.is_some())
            .field("is_arranged", &self.is_arranged())
            .finish_non_exhaustive()
    }
}

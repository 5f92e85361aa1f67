//! A model that is opened where it lies, while the firmware runs: one that came over the air.

use crate::input::{self, SensorValue};
use crate::{DeviceError, FloatAnswer};
use core::fmt;
use core::str::Lines;
use kiln_core::{ModelError, ModelFile, ModelTask, Program, ProgramError, Purpose, Scaling};

/// A classifier of whatever model file lies at an address, in memory for the largest that it is to take: an
/// arena, best a `static` of its own, which then takes no flash, and `STEPS` steps, some 250 bytes each. As
/// many as the network has layers are always enough.
///
/// It has the kernels of all operations, since any may be needed. What a model has to fit is asked when
/// it is opened, which takes some 9 KB of stack, and refused in words.
pub struct RuntimeClassifier<'a, const STEPS: usize> {
    arena: &'a mut [f32],
    program: Program<STEPS>,
    model: Option<RuntimeModel<'a>>,
}

/// What is read of a model file for each sample.
struct RuntimeModel<'a> {
    parameters: &'a [f32],
    scaling: Scaling,
    names: Lines<'a>,
}

/// Why a model file is not taken. Its words hold whole numbers only.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum RuntimeError {
    /// It is no sound model file of floating-point numbers, or of a version that this firmware does not
    /// read.
    Model(ModelError),
    /// Its network has no program, or more steps than there is room for.
    Program(ProgramError),
    /// Its output is no classes.
    Reconstruction,
    /// It takes more memory than there is.
    Arena {
        /// Values that it takes.
        needed: usize,
        /// Values that there are.
        room: usize,
    },
}

impl<'a, const STEPS: usize> RuntimeClassifier<'a, STEPS> {
    /// Without a model. The arena may be longer than a model takes.
    pub const fn new(arena: &'a mut [f32]) -> Self {
        Self {
            arena,
            program: Program::EMPTY,
            model: None,
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
        let file = ModelFile::open(bytes).map_err(RuntimeError::Model)?;
        if file.task() == ModelTask::Reconstruction {
            return Err(RuntimeError::Reconstruction);
        }
        self.program
            .plan(file.network(), Purpose::Inference)
            .map_err(RuntimeError::Program)?;
        let (needed, room) = (self.program.arena_packets(), self.arena.len());
        if needed > room {
            return Err(RuntimeError::Arena { needed, room });
        }
        self.model = Some(RuntimeModel {
            parameters: file.parameters(),
            scaling: file.scaling().clone(),
            names: file.class_names(),
        });
        Ok(())
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
        self.model.as_ref()?.names.clone().nth(class)
    }

    /// Classifies an image of bytes: channels x rows x columns.
    ///
    /// # Errors
    ///
    /// No model, or an image of another length than it takes.
    pub fn classify(&mut self, pixels: &[u8]) -> Result<FloatAnswer<'_>, DeviceError> {
        self.classify_scaled(pixels)
    }

    /// Classifies an input of floats: channels x rows x columns.
    ///
    /// # Errors
    ///
    /// As [`RuntimeClassifier::classify`].
    pub fn classify_values(&mut self, values: &[f32]) -> Result<FloatAnswer<'_>, DeviceError> {
        self.classify_scaled(values)
    }

    fn classify_scaled<T: SensorValue>(
        &mut self,
        given: &[T],
    ) -> Result<FloatAnswer<'_>, DeviceError> {
        let Some(model) = &self.model else {
            return Err(DeviceError::NoModel);
        };
        input::check(given.len(), self.program.input_shape().elements())?;
        let (scales, shifts) = (model.scaling.scale(), model.scaling.shift());
        let fill = |input: &mut [f32]| input::scale(scales, shifts, given, input);
        let arena = &mut self.arena[..self.program.arena_packets()];
        let logits = self.program.infer(model.parameters, arena, fill)?;
        Ok(FloatAnswer::new(logits, &[]))
    }
}

/// Without what is in its memory.
impl<const STEPS: usize> fmt::Debug for RuntimeClassifier<'_, STEPS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RuntimeClassifier")
            .field("is_open", &self.model.is_some())
            .finish_non_exhaustive()
    }
}

impl fmt::Display for RuntimeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Model(ModelError::Version { found }) => write!(
                f,
                "the model file has format {found}, which this firmware does not read; update the \
                 firmware first"
            ),
            Self::Model(error) => error.fmt(f),
            Self::Program(error) => error.fmt(f),
            Self::Reconstruction => {
                f.write_str("the network reconstructs its input and tells no classes apart")
            }
            Self::Arena { needed, room } => write!(
                f,
                "the network takes {needed} values of memory, but there are {room}; use a smaller \
                 network"
            ),
        }
    }
}

impl core::error::Error for RuntimeError {}

//! Where the input of what is trained comes from: what a sensor gives, as it is or through a trunk.

use crate::input::{self, SensorValue};
use crate::{EmbeddedInt8Model, EmbeddedModel, FixedBuffer};
use core::marker::PhantomData;
use kiln_core::{BufferError, codes_in_words};

/// Makes the input of what is trained.
pub trait TrainingSource: 'static {
    /// What it works in.
    type Memory: FixedBuffer<u32>;
    /// Values that a sensor gives: channels x rows x columns.
    const INPUTS: usize;
    /// Name of each class.
    const CLASS_NAMES: &[&str];
    /// Writes the input that comes of what a sensor has given.
    ///
    /// # Errors
    ///
    /// Memory of another length.
    fn write<T: SensorValue>(
        memory: &mut [u32],
        given: &[T],
        input: &mut [f32],
    ) -> Result<(), BufferError>;
}

/// The input of a model of floating-point numbers: what a sensor gives, scaled.
#[derive(Debug)]
pub struct ScaledSource<M>(PhantomData<M>);

impl<M: EmbeddedModel> TrainingSource for ScaledSource<M> {
    type Memory = [u32; 0];
    const INPUTS: usize = M::INPUTS;
    const CLASS_NAMES: &[&str] = M::CLASS_NAMES;

    fn write<T: SensorValue>(
        _: &mut [u32],
        given: &[T],
        input: &mut [f32],
    ) -> Result<(), BufferError> {
        input::scale(M::SCALE, M::SHIFT, given, input);
        Ok(())
    }
}

/// The input of the last layers of a model of integers: the numbers that the codes of its first layers,
/// the trunk, stand for.
#[derive(Debug)]
pub struct TrunkSource<M>(PhantomData<M>);

impl<M: EmbeddedInt8Model> TrainingSource for TrunkSource<M> {
    type Memory = M::Arena;
    const INPUTS: usize = M::INPUTS;
    const CLASS_NAMES: &[&str] = M::CLASS_NAMES;

    fn write<T: SensorValue>(
        memory: &mut [u32],
        given: &[T],
        input: &mut [f32],
    ) -> Result<(), BufferError> {
        let fill = |codes: &mut [i8]| input::encode::<M, T>(given, codes);
        let codes = M::infer(codes_in_words(memory), fill)?;
        M::OUTPUT.numbers(M::OUTPUT_SHAPE, codes, input);
        Ok(())
    }
}

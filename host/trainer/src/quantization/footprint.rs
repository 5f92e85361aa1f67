//! What a network of integers takes of a device.

use super::QuantizeError;
use super::rewrite::without_scales;
use kiln_core::{
    BufferError, Int8Rule, Int8Target, Layer, MAX_INPUT_CHANNELS, Network, Program, ProgramError,
    Purpose, QuantizedNetwork, Scaling, TensorElement,
};
use serde::Serialize;

/// Bytes that a network of integers takes of a device: flash in its parts and as it is arranged for the
/// processor, and RAM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Int8Footprint {
    /// Weights, a byte each.
    pub weights: usize,
    /// Biases, four bytes each.
    pub biases: usize,
    /// What brings sums to codes: multipliers, shifts and other constants, four bytes each.
    pub requantization: usize,
    /// What the codes of each value stand for.
    pub values: usize,
    /// The tables from pixels to codes, one for each channel that is scaled by itself.
    pub input: usize,
    /// All of these in flash, weights in the order in which the processor's loops read them, filled up
    /// to whole words.
    pub flash: usize,
    /// RAM of an inference, the input in it.
    pub arena: usize,
}

/// What a network will take of a device once it is trained and quantised, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlannedFootprint {
    /// Weights and constants.
    pub integers: usize,
    /// These, and what codes stand for; weights that are arranged for a processor are filled up to whole
    /// words besides.
    pub flash: usize,
    /// RAM of an inference, the input in it.
    pub arena: usize,
}

/// Why the network takes nothing of a device: it cannot run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FootprintError {
    /// It has no program.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// Its integers do not fit its program.
    #[error(transparent)]
    Buffer(#[from] BufferError),
}

/// Bytes of a table that has a code for each pixel.
const INPUT_TABLE: usize = 1 << u8::BITS;

impl Int8Footprint {
    /// Of a network whose input is made of pixels by `scaling`.
    ///
    /// # Errors
    ///
    /// A network without a program.
    pub fn of(
        quantized: &QuantizedNetwork<'_>,
        scaling: &Scaling,
        target: Int8Target,
    ) -> Result<Self, FootprintError> {
        let mut program: Box<Program> = Box::new(Program::EMPTY);
        program.plan(quantized.network(), Purpose::Int8(quantized.rule()))?;
        let biases: usize = quantized.network().layers().iter().map(biases_of).sum();
        let word = TensorElement::I32.bytes();
        let values = TensorElement::Quantization.bytes() * quantized.values().len();
        let input = INPUT_TABLE * scaling.scale().len();
        let arranged = word * program.arranged_int8_words(quantized, target)?;
        Ok(Self {
            weights: quantized.weights().len(),
            biases: word * biases,
            requantization: word * (quantized.constants().len() - biases),
            values,
            input,
            flash: arranged + values + input,
            arena: program.working_bytes(1),
        })
    }
}

impl PlannedFootprint {
    /// Of a network as it is deployed, without batch normalisations.
    ///
    /// # Errors
    ///
    /// A network that no integers compute.
    pub fn of(network: &Network) -> Result<Self, QuantizeError> {
        let network = without_scales(network)?;
        let mut program: Box<Program> = Box::new(Program::EMPTY);
        program.plan(&network, Purpose::Int8(Int8Rule::Once))?;
        let integers = program.parameters() + TensorElement::I32.bytes() * program.constants();
        let values = 1 + network.layers().len();
        let tables = match network.input_shape().channels as usize {
            channels @ ..=MAX_INPUT_CHANNELS => channels,
            _ => 1,
        };
        Ok(Self {
            integers,
            flash: integers + TensorElement::Quantization.bytes() * values + INPUT_TABLE * tables,
            arena: program.working_bytes(1),
        })
    }
}

/// How many of a layer's constants are biases: one for each of its outputs that are sums.
pub fn biases_of(layer: &Layer) -> usize {
    match layer {
        Layer::Conv2d(conv) => conv.filters.into(),
        Layer::Linear(linear) => linear.outputs.into(),
        _ => 0,
    }
}

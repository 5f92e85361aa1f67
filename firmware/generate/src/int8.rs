//! Networks in integers as Rust.

use kiln_core::{
    BufferError, Int8Rule, Int8Target, Program, Quantization, QuantizedNetwork, Scaling,
};

/// What the codes of a value stand for: an expression of type `kiln_core::Quantization`.
pub fn quantization(own: &Quantization) -> String {
    format!(
        "kiln_core::Quantization {{ scale: f32::from_bits({}), zero: {}, low: {}, high: {} }}",
        own.scale.to_bits(),
        own.zero,
        own.low,
        own.high
    )
}

/// How a network rounds: an expression of type `kiln_core::Int8Rule`.
pub fn rule(rule: Int8Rule) -> &'static str {
    match rule {
        Int8Rule::Once => "kiln_core::Int8Rule::Once",
        Int8Rule::TensorFlowLite => "kiln_core::Int8Rule::TensorFlowLite",
    }
}

/// Weights and constants as a processor reads them.
///
/// # Errors
///
/// A program for another purpose, or of another network.
pub fn arranged_words(
    program: &Program,
    quantized: &QuantizedNetwork<'_>,
    target: Int8Target,
) -> Result<Vec<u32>, BufferError> {
    let mut words = vec![0; program.arranged_int8_words(quantized, target)?];
    program.arrange_int8(quantized, target, &mut words)?;
    Ok(words)
}

/// For each channel, the code of each pixel; one table for all where they are scaled alike.
pub fn input_codes(scaling: &Scaling, input: &Quantization) -> Vec<[i8; 256]> {
    let channels = scaling.scale().iter().zip(scaling.shift());
    let codes = channels.map(|(scale, shift)| {
        std::array::from_fn(|pixel| input.code(pixel as f32 * scale + shift))
    });
    codes.collect()
}

//! The naive scale and shift, one sample at a time. It defines the bits.

use crate::ops::activation::{Activation, reference as activation};

/// Each value times its channel's scale, plus its shift, then activated; product and sum are
/// rounded. Tensors are channels x `map`.
pub fn forward(
    activation: Activation,
    map: usize,
    input: &[f32],
    [scale, shift]: [&[f32]; 2],
    output: &mut [f32],
) {
    for (at, output) in output.iter_mut().enumerate() {
        let product = input[at] * scale[at / map];
        let sum = [product + shift[at / map]];
        activation::forward(activation, &sum, core::slice::from_mut(output));
    }
}

/// The output's gradient times the channel's scale.
pub fn input_gradient(map: usize, d_output: &[f32], scale: &[f32], d_input: &mut [f32]) {
    for (at, d_input) in d_input.iter_mut().enumerate() {
        *d_input = d_output[at] * scale[at / map];
    }
}

/// Adds one sample's gradient of scales and shifts: of each channel the sum of input times
/// gradient, and of the gradients, from zero over the positions in scan order.
pub fn parameter_gradient(
    map: usize,
    input: &[f32],
    d_output: &[f32],
    [d_scale, d_shift]: [&mut [f32]; 2],
) {
    for channel in 0..d_scale.len() {
        let (mut scale, mut shift) = (0.0, 0.0);
        for at in channel * map..(channel + 1) * map {
            scale += input[at] * d_output[at];
            shift += d_output[at];
        }
        d_scale[channel] += scale;
        d_shift[channel] += shift;
    }
}

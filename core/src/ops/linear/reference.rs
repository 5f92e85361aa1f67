//! The naive linear layer, one sample at a time. It defines the bits.

/// `output[o] = bias[o] + sum over inputs`, in their order; sums begin at +0 where `bias` is empty.
pub fn forward(input: &[f32], weights: &[f32], bias: &[f32], output: &mut [f32]) {
    for (o, output) in output.iter_mut().enumerate() {
        *output = bias.get(o).copied().unwrap_or(0.0);
        for (i, value) in input.iter().enumerate() {
            *output += weights[o * input.len() + i] * value;
        }
    }
}

/// Gradient of the input: each from zero, over outputs in their order.
pub fn input_gradient(weights: &[f32], d_output: &[f32], d_input: &mut [f32]) {
    let inputs = d_input.len();
    for (i, d_input) in d_input.iter_mut().enumerate() {
        *d_input = 0.0;
        for (o, d) in d_output.iter().enumerate() {
            *d_input += weights[o * inputs + i] * d;
        }
    }
}

/// One sample's gradient of weights and bias; `d_bias` is empty where there are no biases.
pub fn parameter_gradient(
    input: &[f32],
    d_output: &[f32],
    d_weights: &mut [f32],
    d_bias: &mut [f32],
) {
    for (o, d) in d_output.iter().enumerate() {
        if let Some(d_bias) = d_bias.get_mut(o) {
            *d_bias = *d;
        }
        for (i, value) in input.iter().enumerate() {
            d_weights[o * input.len() + i] = d * value;
        }
    }
}

//! The naive convolution, one sample at a time. It defines the bits.

use super::ConvGeometry;

/// `output[f][y][x] = bias[f] + sum over (channel, kernel row, kernel column)`, in that order.
///
/// Without biases, an empty slice, sums begin at +0. Taps in the padding are skipped, not added
/// as zeros: an output none of whose taps is inside the input is its bias as it is.
pub fn forward(g: &ConvGeometry, input: &[f32], weights: &[f32], bias: &[f32], output: &mut [f32]) {
    for f in 0..g.filters {
        for y in 0..g.output[0] {
            for x in 0..g.output[1] {
                let mut sum = bias.get(f).copied().unwrap_or(0.0);
                each_tap(g, f, y, x, |tap, at| sum += weights[tap] * input[at]);
                output[(f * g.output[0] + y) * g.output[1] + x] = sum;
            }
        }
    }
}

/// Gradient of the input: for each value, from zero, over (filter, kernel row, kernel column).
pub fn input_gradient(g: &ConvGeometry, weights: &[f32], d_output: &[f32], d_input: &mut [f32]) {
    for c in 0..g.channels {
        let group = c / g.group_channels();
        for y in 0..g.input[0] {
            for x in 0..g.input[1] {
                let mut sum = 0.0;
                for f in group * g.group_filters()..(group + 1) * g.group_filters() {
                    for ky in 0..g.kernel[0] {
                        for kx in 0..g.kernel[1] {
                            let (Some(oy), Some(ox)) =
                                (output_at(g, 0, y, ky), output_at(g, 1, x, kx))
                            else {
                                continue;
                            };
                            let channel = f * g.group_channels() + c % g.group_channels();
                            let tap = (channel * g.kernel[0] + ky) * g.kernel[1] + kx;
                            sum +=
                                weights[tap] * d_output[(f * g.output[0] + oy) * g.output[1] + ox];
                        }
                    }
                }
                d_input[(c * g.input[0] + y) * g.input[1] + x] = sum;
            }
        }
    }
}

/// One sample's gradient of weights and bias: each from zero, over output positions in scan order.
///
/// `d_bias` is empty where there are no biases.
pub fn parameter_gradient(
    g: &ConvGeometry,
    input: &[f32],
    d_output: &[f32],
    d_weights: &mut [f32],
    d_bias: &mut [f32],
) {
    d_weights.fill(0.0);
    d_bias.fill(0.0);
    for f in 0..g.filters {
        for y in 0..g.output[0] {
            for x in 0..g.output[1] {
                let d = d_output[(f * g.output[0] + y) * g.output[1] + x];
                if let Some(sum) = d_bias.get_mut(f) {
                    *sum += d;
                }
                each_tap(g, f, y, x, |tap, at| d_weights[tap] += d * input[at]);
            }
        }
    }
}

/// Calls `visit(index of the weight, index of the input)` for the taps of an output that fall
/// inside the input, in the order (channel, kernel row, kernel column).
fn each_tap(g: &ConvGeometry, f: usize, y: usize, x: usize, mut visit: impl FnMut(usize, usize)) {
    let group = f / g.group_filters();
    for c in 0..g.group_channels() {
        for ky in 0..g.kernel[0] {
            for kx in 0..g.kernel[1] {
                let (Some(row), Some(column)) = (input_at(g, 0, y, ky), input_at(g, 1, x, kx))
                else {
                    continue;
                };
                let tap = ((f * g.group_channels() + c) * g.kernel[0] + ky) * g.kernel[1] + kx;
                let channel = group * g.group_channels() + c;
                visit(tap, (channel * g.input[0] + row) * g.input[1] + column);
            }
        }
    }
}

/// The input, along `axis`, that kernel tap `tap` of output `at` falls on; none in the padding.
fn input_at(g: &ConvGeometry, axis: usize, at: usize, tap: usize) -> Option<usize> {
    let reach = at * g.stride[axis] + tap * g.dilation[axis];
    let input = reach.checked_sub(g.padding[axis])?;
    (input < g.input[axis]).then_some(input)
}

/// The output, along `axis`, that input position `at` reaches through kernel tap `tap`.
fn output_at(g: &ConvGeometry, axis: usize, at: usize, tap: usize) -> Option<usize> {
    let reach = (at + g.padding[axis]).checked_sub(tap * g.dilation[axis])?;
    let output = reach / g.stride[axis];
    (reach.is_multiple_of(g.stride[axis]) && output < g.output[axis]).then_some(output)
}

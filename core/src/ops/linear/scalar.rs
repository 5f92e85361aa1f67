//! LinearForward pass of one sample at a time: eight outputs side by side, eight inputs in a row, so
//! that a microcontroller spends its instructions on weights, not on addresses.

use crate::lanes::Kernel;
use crate::ops::activation::{Activate, Activation};

/// Outputs computed side by side, and inputs taken at a time.
const TILE: usize = 8;

/// Linear layer, and activation, of one sample. `bias` is empty where sums begin at +0.
pub(crate) fn forward(
    activation: Activation,
    input: &[f32],
    weights: &[f32],
    bias: &[f32],
    output: &mut [f32],
) {
    #[cfg(all(
        target_arch = "arm",
        target_abi = "eabihf",
        not(target_has_atomic = "64")
    ))]
    crate::cortex_m::connect_by_tiles(input, weights, bias, output);
    #[cfg(not(all(
        target_arch = "arm",
        target_abi = "eabihf",
        not(target_has_atomic = "64")
    )))]
    connect_portably(input, weights, bias, output);
    Activate {
        activation,
        values: output,
    }
    .run();
}

/// All outputs, by what every processor can run.
#[allow(dead_code, reason = "what processors without tiles run")]
fn connect_portably(input: &[f32], weights: &[f32], bias: &[f32], output: &mut [f32]) {
    let inputs = input.len();
    // What sums begin at.
    match bias {
        [] => output.fill(0.0),
        _ => output.copy_from_slice(bias),
    }
    for (output, weights) in output.chunks_mut(TILE).zip(weights.chunks(TILE * inputs)) {
        match output.first_chunk_mut() {
            Some(output) => *output = rows::<TILE>(input, weights, *output),
            None => {
                // So few that their text counts for more than their time.
                for (output, row) in output.iter_mut().zip(weights.chunks_exact(inputs)) {
                    for (weight, value) in row.iter().zip(input) {
                        *output += weight * value;
                    }
                }
            }
        }
    }
}

/// `O` outputs, whose rows of weights start `weights`.
#[inline(always)]
fn rows<const O: usize>(input: &[f32], weights: &[f32], bias: [f32; O]) -> [f32; O] {
    let (chunks, rest) = input.as_chunks::<TILE>();
    let mut rows: [&[f32]; O] = [&[]; O];
    let mut row_chunks: [&[[f32; TILE]]; O] = [&[]; O];
    for o in 0..O {
        rows[o] = &weights[o * input.len()..][..input.len()];
        row_chunks[o] = rows[o].as_chunks().0;
    }
    // Said once, so that the loop need not ask again.
    assert!(row_chunks.iter().all(|row| row.len() == chunks.len()));
    let mut sums = bias;
    for (i, values) in chunks.iter().enumerate() {
        for o in 0..O {
            sums[o] = add_products(sums[o], &row_chunks[o][i], values);
        }
    }
    let done = input.len() - rest.len();
    for (i, value) in rest.iter().enumerate() {
        for o in 0..O {
            sums[o] += rows[o][done + i] * value;
        }
    }
    sums
}

/// The sum and the products, one by one. Spelled out: as a loop it is unrolled or not, as the
/// compiler's thresholds have it, at twice the instructions where not.
#[inline(always)]
fn add_products(mut sum: f32, weights: &[f32; TILE], values: &[f32; TILE]) -> f32 {
    let [w0, w1, w2, w3, w4, w5, w6, w7] = weights;
    let [v0, v1, v2, v3, v4, v5, v6, v7] = values;
    sum += w0 * v0;
    sum += w1 * v1;
    sum += w2 * v2;
    sum += w3 * v3;
    sum += w4 * v4;
    sum += w5 * v5;
    sum += w6 * v6;
    sum + w7 * v7
}

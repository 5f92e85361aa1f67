//! Forward pass of one sample at a time: eight outputs side by side, eight inputs in a row, so
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
                for (o, output) in output.iter_mut().enumerate() {
                    [*output] = rows::<1>(input, &weights[o * inputs..], [*output]);
                }
            }
        }
    }
    Activate {
        activation,
        values: output,
    }
    .run();
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
            let weights = row_chunks[o][i];
            for k in 0..TILE {
                sums[o] += weights[k] * values[k];
            }
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

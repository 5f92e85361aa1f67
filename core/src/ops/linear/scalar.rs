//! Forward pass of one sample at a time: eight outputs side by side, eight inputs in a row, so
//! that a microcontroller spends its instructions on weights, not on addresses.

/// Outputs computed side by side, and inputs taken at a time.
const TILE: usize = 8;

/// Linear layer, and ReLU, of one sample.
pub(crate) fn forward(
    relu: bool,
    input: &[f32],
    weights: &[f32],
    bias: &[f32],
    output: &mut [f32],
) {
    let inputs = input.len();
    let blocks = output.chunks_mut(TILE).zip(bias.chunks(TILE));
    for ((output, bias), weights) in blocks.zip(weights.chunks(TILE * inputs)) {
        match (output.first_chunk_mut(), bias.first_chunk()) {
            (Some(output), Some(bias)) => *output = rows::<TILE>(input, weights, *bias),
            _ => {
                for (o, (output, bias)) in output.iter_mut().zip(bias).enumerate() {
                    [*output] = rows::<1>(input, &weights[o * inputs..], [*bias]);
                }
            }
        }
        if relu {
            for output in output {
                *output = if *output <= 0.0 { 0.0 } else { *output };
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

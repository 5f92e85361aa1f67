//! The naive pools, one sample at a time. They define the bits.

use super::Geometry;

/// The first maximum of each window, in scan order, and its place in the window.
pub fn max_forward(g: &Geometry, input: &[f32], output: &mut [f32], winners: &mut [u8]) {
    g.each_window(|out, corner| {
        let (mut best, mut winner) = (input[corner], 0);
        for place in 1..g.window[0] * g.window[1] {
            let value = input[corner + offset(g, place)];
            if value > best {
                (best, winner) = (value, place);
            }
        }
        output[out] = best;
        winners[out] = winner as u8;
    });
}

/// Each window's gradient goes to its winner; windows are added in scan order.
pub fn max_gradient(g: &Geometry, d_output: &[f32], winners: &[u8], d_input: &mut [f32]) {
    d_input.fill(0.0);
    g.each_window(|out, corner| {
        d_input[corner + offset(g, winners[out].into())] += d_output[out];
    });
}

/// The sum of each window, from zero in scan order, times the window's reciprocal.
pub fn average_forward(g: &Geometry, input: &[f32], output: &mut [f32]) {
    g.each_window(|out, corner| {
        let mut sum = 0.0;
        for place in 0..g.window[0] * g.window[1] {
            sum += input[corner + offset(g, place)];
        }
        output[out] = sum * g.reciprocal();
    });
}

/// Each window's gradient times the reciprocal, added to all its inputs, windows in scan order.
pub fn average_gradient(g: &Geometry, d_output: &[f32], d_input: &mut [f32]) {
    d_input.fill(0.0);
    g.each_window(|out, corner| {
        for place in 0..g.window[0] * g.window[1] {
            d_input[corner + offset(g, place)] += d_output[out] * g.reciprocal();
        }
    });
}

fn offset(g: &Geometry, place: usize) -> usize {
    place / g.window[1] * g.input[1] + place % g.window[1]
}

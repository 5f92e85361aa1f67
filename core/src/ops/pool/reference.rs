//! The naive pools, one sample at a time. They define the bits.

use super::PoolGeometry;

/// The first maximum of each window, in scan order, and its place in the window. Padding never
/// wins.
pub fn max_forward(g: &PoolGeometry, input: &[f32], output: &mut [f32], winners: &mut [u8]) {
    let mut begun = 0;
    each_tap(g, |out, place, at| {
        if begun == out || input[at] > output[out] {
            output[out] = input[at];
            winners[out] = place as u8;
        }
        begun = out + 1;
    });
}

/// Each window's gradient goes to its winner; windows are added in scan order.
pub fn max_gradient(g: &PoolGeometry, d_output: &[f32], winners: &[u8], d_input: &mut [f32]) {
    d_input.fill(0.0);
    each_tap(g, |out, place, at| {
        if place == usize::from(winners[out]) {
            d_input[at] += d_output[out];
        }
    });
}

/// The sum of what each window has inside the input, from zero in scan order, times the reciprocal
/// of its [`count`].
pub fn average_forward(g: &PoolGeometry, input: &[f32], output: &mut [f32]) {
    output.fill(0.0);
    each_tap(g, |out, _, at| output[out] += input[at]);
    for (out, output) in output.iter_mut().enumerate() {
        *output *= 1.0 / count(g, out) as f32;
    }
}

/// Each window's gradient times the reciprocal, added to all its inputs, windows in scan order.
pub fn average_gradient(g: &PoolGeometry, d_output: &[f32], d_input: &mut [f32]) {
    d_input.fill(0.0);
    each_tap(g, |out, _, at| {
        d_input[at] += d_output[out] * (1.0 / count(g, out) as f32);
    });
}

/// What the mean of an output is divided by: the rows times the columns that its window has within
/// the padded input, or, where padding is not counted, within the input.
pub fn count(g: &PoolGeometry, out: usize) -> usize {
    let place = [out / g.output[1] % g.output[0], out % g.output[1]];
    let counted = |axis: usize| {
        let end = g.before[axis] + g.input[axis];
        let range = match g.counts_padding {
            true => 0..end + g.after[axis],
            false => g.before[axis]..end,
        };
        let first = place[axis] * g.stride[axis];
        let taps = first..first + g.window[axis];
        taps.filter(|tap| range.contains(tap)).count()
    };
    counted(0) * counted(1)
}

/// Calls `visit(index of the output, place in its window, index of the input)` for every value of
/// every window that is inside the input, window by window, in scan order.
fn each_tap(g: &PoolGeometry, mut visit: impl FnMut(usize, usize, usize)) {
    for out in 0..g.channels * g.output[0] * g.output[1] {
        let (line, x) = (out / g.output[1], out % g.output[1]);
        let (channel, y) = (line / g.output[0], line % g.output[0]);
        for place in 0..g.window[0] * g.window[1] {
            let row = y * g.stride[0] + place / g.window[1];
            let column = x * g.stride[1] + place % g.window[1];
            let inside = |axis: usize, tap: usize| {
                tap >= g.before[axis] && tap < g.before[axis] + g.input[axis]
            };
            if inside(0, row) && inside(1, column) {
                let line = channel * g.input[0] + row - g.before[0];
                visit(out, place, line * g.input[1] + column - g.before[1]);
            }
        }
    }
}

//! What slides over an input: kernels and the windows of pools.

use kiln_core::{Conv2d, Pool2d, Shape};

/// A tensor from what each of its places `[channel, row, column]` holds.
pub(super) fn each_output(shape: Shape, value: impl Fn([usize; 3]) -> f64) -> Vec<f64> {
    let (width, map) = (shape.width as usize, shape.map_elements());
    (0..shape.elements())
        .map(|at| value([at / map, at % map / width, at % width]))
        .collect()
}

/// Where a row and a column, counted from the input's first, lie in a channel; nowhere outside.
fn place(shape: Shape, channel: usize, [row, column]: [i64; 2]) -> Option<usize> {
    let (height, width) = (i64::from(shape.height), i64::from(shape.width));
    let is_inside = (0..height).contains(&row) && (0..width).contains(&column);
    is_inside.then(|| channel * shape.map_elements() + (row * width + column) as usize)
}

/// The sum of the taps of one output, without its bias.
pub(super) fn correlate(
    conv: &Conv2d,
    weights: &[f64],
    input: &[f64],
    from: Shape,
    [filter, y, x]: [usize; 3],
) -> f64 {
    let groups = usize::from(conv.groups);
    let channels = from.channels as usize / groups;
    let first = filter / (usize::from(conv.filters) / groups) * channels;
    let [rows, columns] = conv.kernel.map(i64::from);
    let before = conv.padding.before();
    let at = |axis: usize, output: usize, tap: i64| {
        let start = output as i64 * i64::from(conv.stride[axis]) - i64::from(before[axis]);
        start + tap * i64::from(conv.dilation[axis])
    };
    let mut weights = weights[filter * channels * (rows * columns) as usize..].iter();
    let mut sum = 0.0;
    for channel in first..first + channels {
        for ky in 0..rows {
            for kx in 0..columns {
                let weight = weights.next().unwrap();
                if let Some(at) = place(from, channel, [at(0, y, ky), at(1, x, kx)]) {
                    sum += weight * input[at];
                }
            }
        }
    }
    sum
}

/// First row and column of a window, counted from the input's first.
fn corner(pool: &Pool2d, [y, x]: [usize; 2]) -> [i64; 2] {
    let [top, left] = pool.padding.before().map(i64::from);
    let [down, right] = pool.stride.map(i64::from);
    [y as i64 * down - top, x as i64 * right - left]
}

/// Where the values of a window lie that are inside the input.
pub(super) fn inside(
    pool: &Pool2d,
    from: Shape,
    [channel, y, x]: [usize; 3],
) -> impl Iterator<Item = usize> {
    let [rows, columns] = pool.window.map(i64::from);
    let [row, column] = corner(pool, [y, x]);
    let places = (0..rows).flat_map(move |r| (0..columns).map(move |c| [row + r, column + c]));
    places.filter_map(move |at| place(from, channel, at))
}

/// The mean of each window, by as many values as PyTorch divides by.
pub(super) fn average(pool: &Pool2d, input: &[f64], from: Shape, to: Shape) -> Vec<f64> {
    each_output(to, |place| {
        let sum: f64 = inside(pool, from, place).map(|at| input[at]).sum();
        let [_, y, x] = place;
        let count = match pool.count_include_pad {
            true => padded_area(pool, from, [y, x]),
            false => inside(pool, from, place).count() as f64,
        };
        sum / count
    })
}

/// Rows x columns of a window that are inside the input or its padding.
fn padded_area(pool: &Pool2d, from: Shape, place: [usize; 2]) -> f64 {
    let [row, column] = corner(pool, place);
    let [rows, columns] = pool.window.map(i64::from);
    let bottom = i64::from(from.height) + i64::from(pool.padding.bottom);
    let right = i64::from(from.width) + i64::from(pool.padding.right);
    (rows.min(bottom - row) * columns.min(right - column)) as f64
}

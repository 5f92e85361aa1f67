//! A network's loss in double precision, written apart from core's kernels: differences of it are
//! exact enough to hold core's gradients against.

use kiln_core::{Conv2d, Layer, Network, Pool2d, Shape};

/// Mean softmax cross-entropy of a batch.
pub fn loss(network: &Network, parameters: &[f64], images: &[f64], labels: &[u16]) -> f64 {
    let elements = network.input_shape().elements();
    let mut sum = 0.0;
    for (image, label) in images.chunks_exact(elements).zip(labels) {
        let logits = logits(network, parameters, image);
        let total: f64 = logits.iter().map(|logit| logit.exp()).sum();
        sum += total.ln() - logits[usize::from(*label)];
    }
    sum / labels.len() as f64
}

/// The logits of one sample.
pub fn logits(network: &Network, parameters: &[f64], image: &[f64]) -> Vec<f64> {
    let mut values = image.to_vec();
    let (mut shape, mut rest) = (network.input_shape(), parameters);
    for (index, layer) in network.layers().iter().enumerate() {
        let (weights, biases) = layer.parameters(shape);
        let (own, behind) = rest.split_at((weights + biases) as usize);
        let output = network.output_shape(index);
        values = apply(layer, own, &values, shape, output);
        (shape, rest) = (output, behind);
    }
    values
}

fn apply(layer: &Layer, own: &[f64], input: &[f64], from: Shape, to: Shape) -> Vec<f64> {
    let (weights, bias) = own.split_at(own.len() - own.len().min(to.channels as usize));
    match layer {
        Layer::Conv2d(conv) => each_output(to, |place| {
            bias[place[0]] + correlate(conv, weights, input, from, place)
        }),
        Layer::Relu => input.iter().map(|value| value.max(0.0)).collect(),
        Layer::MaxPool2d(pool) => each_output(to, |place| {
            window(pool, input, from, place).fold(f64::NEG_INFINITY, f64::max)
        }),
        Layer::AvgPool2d(pool) => each_output(to, |place| {
            window(pool, input, from, place).sum::<f64>() / area(pool)
        }),
        Layer::GlobalAvgPool2d => {
            let whole = [from.height as u16, from.width as u16];
            let pool = Pool2d {
                window: whole,
                stride: whole,
            };
            each_output(to, |place| {
                window(&pool, input, from, place).sum::<f64>() / area(&pool)
            })
        }
        Layer::Linear(_) => each_output(to, |[output, ..]| {
            let row = &weights[output * input.len()..][..input.len()];
            bias[output] + row.iter().zip(input).map(|(w, x)| w * x).sum::<f64>()
        }),
        _ => unimplemented!("a layer this model does not know"),
    }
}

/// A tensor from what each of its places `[channel, row, column]` holds.
fn each_output(shape: Shape, value: impl Fn([usize; 3]) -> f64) -> Vec<f64> {
    let (width, map) = (shape.width as usize, shape.map_elements());
    (0..shape.elements())
        .map(|at| value([at / map, at % map / width, at % width]))
        .collect()
}

/// The value at a place, or 0 in the padding around.
fn padded(input: &[f64], shape: Shape, channel: usize, [row, column]: [isize; 2]) -> f64 {
    let (height, width) = (shape.height as isize, shape.width as isize);
    if !(0..height).contains(&row) || !(0..width).contains(&column) {
        return 0.0;
    }
    input[channel * shape.map_elements() + (row * width + column) as usize]
}

fn correlate(
    conv: &Conv2d,
    weights: &[f64],
    input: &[f64],
    from: Shape,
    [filter, y, x]: [usize; 3],
) -> f64 {
    let groups = usize::from(conv.groups);
    let channels = from.channels as usize / groups;
    let first = filter / (usize::from(conv.filters) / groups) * channels;
    let [rows, columns] = conv.kernel.map(usize::from);
    let mut sum = 0.0;
    for c in 0..channels {
        for ky in 0..rows {
            for kx in 0..columns {
                let at = |place: usize, tap: usize, axis: usize| {
                    let start = place * usize::from(conv.stride[axis]) + tap;
                    start as isize - isize::try_from(conv.padding[axis]).unwrap()
                };
                let weight = weights[((filter * channels + c) * rows + ky) * columns + kx];
                sum += weight * padded(input, from, first + c, [at(y, ky, 0), at(x, kx, 1)]);
            }
        }
    }
    sum
}

fn window<'a>(
    pool: &Pool2d,
    input: &'a [f64],
    from: Shape,
    [channel, y, x]: [usize; 3],
) -> impl Iterator<Item = f64> + 'a {
    let [rows, columns] = pool.window.map(usize::from);
    let [down, right] = pool.stride.map(usize::from);
    let corner = channel * from.map_elements() + y * down * from.width as usize + x * right;
    (0..rows * columns)
        .map(move |place| input[corner + place / columns * from.width as usize + place % columns])
}

fn area(pool: &Pool2d) -> f64 {
    f64::from(pool.window[0]) * f64::from(pool.window[1])
}

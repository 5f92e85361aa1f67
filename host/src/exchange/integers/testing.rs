//! Networks of random integers for tests.

use crate::quantization::QuantizedTables;
use crate::weights::ModelBytes;
use kiln_core::{
    AddRequantization, Conv2d, Int8ModelParts, Int8Rule, Layer, ModelTask, Network, Pool2d,
    Quantization, Requantization, Scaling, constants_of,
};

/// Every layer that integers are computed for, rounding once.
pub fn everything() -> QuantizedTables {
    let stem = Network::input(2, 9, 9).layer(Layer::Conv2d(Conv2d::new(4, 3).padding(1)));
    let stem = stem.relu();
    let skip = stem.last();
    let block = stem
        .layer(Layer::Conv2d(Conv2d::new(4, 3).padding(1).groups(4)))
        .relu6()
        .layer(Layer::Conv2d(Conv2d::new(4, 1).groups(2)))
        .add(skip)
        .relu();
    let pooled = block
        .layer(Layer::MaxPool2d(Pool2d::new(3).stride(2)))
        .layer(Layer::AvgPool2d(Pool2d::new(2).stride(1)))
        .layer(Layer::AvgPool2d(Pool2d::new(2).stride(2).ceil_mode()))
        .layer(Layer::Conv2d(Conv2d::new(6, 2).stride(1)))
        .linear(7)
        .relu();
    random(
        pooled
            .layer(Layer::Conv2d(Conv2d::new(5, 1)))
            .global_avg_pool2d()
            .linear(3),
    )
}

/// Random integers for a network, rounding once.
pub fn random(network: Network) -> QuantizedTables {
    let mut state = 7_u32;
    let mut next = move |below: u32| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) % below
    };
    let mut values = vec![Quantization::new(0.017, -20)];
    let (mut weights, mut constants) = (Vec::new(), Vec::new());
    for (index, layer) in network.layers().iter().enumerate() {
        let reads = network.inputs()[index].map(|value| value.number());
        let from = values[reads[0]];
        let own = Quantization::new(0.02 + next(100) as f32 * 0.000_3, next(40) as i8 - 20);
        let (input, outputs) = (
            network.input_shape_of(index),
            constants_of(layer, Int8Rule::Once) / 3,
        );
        let mean = |count: f64| {
            let scale = f64::from(from.scale) / (f64::from(own.scale) * count);
            let scale = Requantization::of(scale).unwrap();
            vec![scale.multiplier, scale.shift]
        };
        let mut value = own;
        match layer {
            Layer::Conv2d(_) | Layer::Linear(_) => {
                let count = layer.parameters(input).0;
                weights.extend((0..count).map(|_| next(255) as i8));
                constants.extend((0..outputs).map(|_| next(4001) as i32 - 2000));
                let scales = (0..outputs).map(|_| 0.001 + f64::from(next(1000)) * 1e-6);
                let scales: Vec<_> = scales.map(|own| Requantization::of(own).unwrap()).collect();
                constants.extend(scales.iter().map(|scale| scale.multiplier));
                constants.extend(scales.iter().map(|scale| scale.shift));
            }
            Layer::Add => {
                let ratios = reads.map(|read| f64::from(values[read].scale) / f64::from(own.scale));
                let zeros = reads.map(|read| values[read].zero);
                let sum = AddRequantization::of(ratios, zeros, own.zero).unwrap();
                let [first, second] = sum.multipliers;
                constants.extend([first, second, sum.constant, sum.shift]);
            }
            Layer::AvgPool2d(pool) => {
                let count = f64::from(pool.window[0]) * f64::from(pool.window[1]);
                constants.extend(mean(count));
            }
            Layer::GlobalAvgPool2d => constants.extend(mean(input.map_elements() as f64)),
            Layer::Relu => {
                value = Quantization {
                    low: from.zero,
                    ..from
                }
            }
            Layer::Relu6 => {
                let high = from.code(6.0);
                value = Quantization {
                    low: from.zero,
                    high,
                    ..from
                };
            }
            _ => value = from,
        }
        values.push(value);
    }
    QuantizedTables {
        network,
        rule: Int8Rule::Once,
        values,
        weights,
        constants,
    }
}

/// The model file of a network.
pub fn model_bytes(tables: &QuantizedTables) -> ModelBytes {
    let channels = tables.network.input_shape().channels as usize;
    let parts = Int8ModelParts {
        quantized: &tables.quantized().unwrap(),
        task: ModelTask::Classification,
        scaling: &Scaling::uniform(channels, 0.02, -0.5).unwrap(),
        class_names: &[],
        notes: "random",
    };
    ModelBytes::encode_int8(&parts).unwrap()
}

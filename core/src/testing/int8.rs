//! Networks in integers for tests: random ones, and a naive walk that knows no program.

extern crate std;

use crate::int8::{
    AddRequantization, Int8Rule, Quantization, QuantizedNetwork, Requantization, constants_of,
};
use crate::ops::add::int8::reference as int8_add;
use crate::ops::conv2d::ConvGeometry;
use crate::ops::conv2d::int8::reference as int8_conv;
use crate::ops::pool::{PoolGeometry, int8::reference as int8_pool};
use crate::{Conv2d, Layer, Network, Pool2d, Shape};
use std::vec;
use std::vec::Vec;

/// The tables of a network in integers.
pub struct Integers {
    pub rule: Int8Rule,
    pub values: Vec<Quantization>,
    pub weights: Vec<i8>,
    pub constants: Vec<i32>,
}

/// Small numbers from a seed.
pub struct Codes(u64);

impl Codes {
    pub fn new(seed: u32) -> Self {
        Self(u64::from(seed).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// From `-most` to `most`.
    pub fn within(&mut self, most: i32) -> i32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0 >> 33) % (2 * most as u64 + 1)) as i32 - most
    }

    pub fn codes(&mut self, len: usize) -> Vec<i8> {
        (0..len).map(|_| self.within(127) as i8).collect()
    }
}

impl Integers {
    /// Random integers for a network, whose codes seldom reach their limits.
    pub fn random(network: &Network, rule: Int8Rule, seed: u32) -> Self {
        let mut integers = Self {
            rule,
            values: vec![Quantization::new(0.5, Codes::new(seed).within(40) as i8)],
            weights: vec![],
            constants: vec![],
        };
        let mut codes = Codes::new(seed + 1);
        for (index, layer) in network.layers().iter().enumerate() {
            let [first, second] = network.inputs()[index];
            let reads = [first, second].map(|value| integers.values[value.number()]);
            let own = integers.node(layer, network.input_shape_of(index), reads, &mut codes);
            integers.values.push(own);
        }
        integers
    }

    pub fn of<'a>(&'a self, network: &'a Network) -> QuantizedNetwork<'a> {
        QuantizedNetwork::new(
            network,
            self.rule,
            &self.values,
            &self.weights,
            &self.constants,
        )
        .unwrap()
    }

    fn scale(&self, scale: f64, rule: Int8Rule) -> Requantization {
        match rule {
            Int8Rule::Once => Requantization::of(scale),
            Int8Rule::TensorFlowLite => Requantization::twice(scale),
        }
        .unwrap()
    }

    fn node(
        &mut self,
        layer: &Layer,
        input: Shape,
        reads: [Quantization; 2],
        codes: &mut Codes,
    ) -> Quantization {
        let (rule, from) = (self.rule, reads[0]);
        let own = Quantization::new(0.5, codes.within(40) as i8);
        let passed = Quantization {
            low: -127,
            high: 127,
            ..from
        };
        match layer {
            Layer::Conv2d(conv) => {
                let taps = layer.parameters(input).0 as usize / usize::from(conv.filters);
                self.sums(conv.filters.into(), taps, from.zero, rule, codes);
                own
            }
            Layer::Linear(linear) => {
                let outputs = usize::from(linear.outputs);
                self.sums(outputs, input.elements(), from.zero, Int8Rule::Once, codes);
                own
            }
            Layer::Relu => Quantization {
                low: from.zero,
                ..passed
            },
            Layer::Relu6 => Quantization {
                low: from.zero,
                high: from.zero.saturating_add(50),
                ..passed
            },
            Layer::Add => {
                let ratios = [0.3, 0.7].map(|most| most + f64::from(codes.within(200)) / 1000.0);
                let zeros = reads.map(|read| read.zero);
                match rule {
                    Int8Rule::Once => {
                        let sum = AddRequantization::of(ratios, zeros, own.zero).unwrap();
                        let [first, second] = sum.multipliers;
                        let all = [first, second, sum.constant, sum.shift];
                        self.constants.extend(all);
                    }
                    Int8Rule::TensorFlowLite => {
                        let most = 2.0 * ratios[0].max(ratios[1]);
                        let scales = [ratios[0] / most, ratios[1] / most];
                        let all = [scales[0], scales[1], most / f64::from(1 << 20)];
                        for scale in all {
                            let own = self.scale(scale, rule);
                            self.constants.extend([own.multiplier, own.shift]);
                        }
                    }
                }
                own
            }
            Layer::AvgPool2d(_) | Layer::GlobalAvgPool2d if constants_of(layer, rule) > 0 => {
                let count = match layer {
                    Layer::AvgPool2d(pool) => {
                        usize::from(pool.window[0]) * usize::from(pool.window[1])
                    }
                    _ => input.map_elements(),
                };
                let scale = self.scale(1.25 / count as f64, rule);
                self.constants.extend([scale.multiplier, scale.shift]);
                own
            }
            _ => passed,
        }
    }

    fn sums(&mut self, outputs: usize, taps: usize, zero: i8, rule: Int8Rule, codes: &mut Codes) {
        let weights = codes.codes(outputs * taps);
        let sums = weights.chunks_exact(taps);
        let sums = sums.map(|own| own.iter().map(|weight| i32::from(*weight)).sum::<i32>());
        let biases = sums.map(|sum| codes.within(3000) - i32::from(zero) * sum);
        self.constants.extend(biases.collect::<Vec<i32>>());
        let deviation = 5000.0 * (taps as f64).sqrt();
        // In most layers with the bits that an `f32` has, as quantising makes them.
        let is_float = self.constants.len() % 5 > 1;
        let scales = (0..outputs).map(|_| {
            let scale = f64::from(60 + codes.within(20)) / deviation;
            if is_float {
                f64::from(scale as f32)
            } else {
                scale
            }
        });
        let scales: Vec<Requantization> = scales.map(|scale| self.scale(scale, rule)).collect();
        self.constants
            .extend(scales.iter().map(|scale| scale.multiplier));
        self.constants
            .extend(scales.iter().map(|scale| scale.shift));
        self.weights.extend(weights);
    }
}

/// The codes of every value of a network, node by node, by the reference kernels.
pub fn walk(quantized: &QuantizedNetwork<'_>, input: &[i8]) -> Vec<Vec<i8>> {
    let (network, rule) = (quantized.network(), quantized.rule());
    let mut values = vec![input.to_vec()];
    for (index, (weights, constants)) in quantized.nodes().enumerate() {
        let [read, other] = network.inputs()[index].map(|value| value.number());
        let shapes = [network.input_shape_of(index), network.output_shape(index)];
        let own = quantized.values()[index + 1];
        let from = quantized.values()[read];
        let mut output = vec![0; shapes[1].elements()];
        let layer = &network.layers()[index];
        let input = &values[read];
        match layer {
            Layer::Conv2d(conv) => {
                let geometry = ConvGeometry::new(conv, shapes[0], shapes[1]);
                let tensors = (weights, constants);
                convolve(&geometry, rule, (input, from), tensors, &own, &mut output);
            }
            Layer::Linear(linear) => {
                let flat = Shape::new(shapes[0].elements() as u32, 1, 1);
                let conv = Conv2d::new(linear.outputs, 1);
                let geometry = ConvGeometry::new(&conv, flat, shapes[1]);
                let tensors = (weights, constants);
                let once = Int8Rule::Once;
                convolve(&geometry, once, (input, from), tensors, &own, &mut output);
            }
            Layer::Add => {
                let others = (&values[other], quantized.values()[other]);
                for (at, code) in output.iter_mut().enumerate() {
                    let pair = [(input[at], from), (others.0[at], others.1)];
                    *code = int8_add::sum(rule, constants, pair, &own);
                }
            }
            Layer::MaxPool2d(pool) => {
                let geometry = PoolGeometry::new(pool, shapes[0], shapes[1]);
                int8_pool::max(&geometry, input, &mut output);
            }
            Layer::AvgPool2d(_) | Layer::GlobalAvgPool2d => {
                let pool = match layer {
                    Layer::AvgPool2d(pool) => *pool,
                    _ => Pool2d::whole(shapes[0]),
                };
                let geometry = PoolGeometry::new(&pool, shapes[0], shapes[1]);
                let scale = match *constants {
                    [multiplier, shift] => {
                        let scale = Requantization { multiplier, shift };
                        Some((scale, from.zero))
                    }
                    _ => None,
                };
                int8_pool::average(&geometry, rule, scale, input, &own, &mut output);
            }
            _ => {
                for (output, code) in output.iter_mut().zip(input) {
                    *output = own.clamp((*code).into());
                }
            }
        }
        values.push(output);
    }
    values
}

fn convolve(
    geometry: &ConvGeometry,
    rule: Int8Rule,
    (input, from): (&[i8], Quantization),
    (weights, constants): (&[i8], &[i32]),
    own: &Quantization,
    output: &mut [i8],
) {
    let filters = geometry.filters;
    let (biases, scales) = constants.split_at(filters);
    let mut sums = vec![0; output.len()];
    int8_conv::sums(geometry, input, from.zero, weights, biases, &mut sums);
    for (at, (code, sum)) in output.iter_mut().zip(sums).enumerate() {
        let scale = Requantization {
            multiplier: scales[at % filters],
            shift: scales[filters + at % filters],
        };
        *code = int8_conv::code(rule, scale, sum, own);
    }
}

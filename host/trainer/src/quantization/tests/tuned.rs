//! A network that is trained on with its codes: by what steps, and what comes of it.

use super::*;
use crate::engine::{Engine, EngineOptions, Int8Engine};
use crate::settings::Settings;
use kiln_core::reference::{ConvGeometry, activation, conv2d, linear, loss};
use kiln_core::{Activation, LaneWidth, ModelTask, Sgd, Shape};
use std::ops::ControlFlow;

const SAMPLES: usize = 12;
const CLASSES: usize = 5;

fn labelled() -> Samples {
    let labels = (0..SAMPLES).map(|index| (index % CLASSES) as u16);
    Samples {
        labels: labels.collect(),
        ..samples(SAMPLES)
    }
}

fn scaling() -> Scaling {
    Scaling::uniform(2, 1.0 / 128.0, -1.0).unwrap()
}

/// Each weight as its filter's codes have it, as one would write it down.
fn rounded(weights: &[f32], filters: usize) -> Vec<f32> {
    let rows = weights.chunks_exact(weights.len() / filters);
    let rows = rows.map(|row| {
        let largest = row
            .iter()
            .fold(0.0_f32, |most, weight| most.max(weight.abs()));
        let scale = f64::from(largest) / 127.0;
        let round = move |weight: &f32| ((f64::from(*weight) / scale).round() * scale) as f32;
        row.iter().map(round).collect::<Vec<f32>>()
    });
    rows.flatten().collect()
}

/// What codes stand for, and whether the gradient passes.
fn through(own: &Quantization, numbers: &mut [f32]) -> Vec<bool> {
    let passes = numbers.iter().map(|number| {
        let place = (number / own.scale + (f32::from(own.zero) + 0.5)).floor();
        (f32::from(own.low)..=f32::from(own.high)).contains(&place)
    });
    let passes = passes.collect();
    for number in numbers {
        *number = own.number(own.code(*number));
    }
    passes
}

/// One step by the naive kernels: convolution, ReLU, linear layer.
struct NaiveStep<'a> {
    network: &'a Network,
    parameters: &'a [f32],
    values: &'a [Quantization; 3],
}

impl NaiveStep<'_> {
    fn gradient(&self, samples: &Samples) -> Vec<f32> {
        let Layer::Conv2d(conv) = self.network.layers()[0] else {
            panic!("another network");
        };
        let shape = self.network.output_shape(0);
        let geometry = ConvGeometry::new(&conv, self.network.input_shape(), shape);
        let (filters, maps) = (usize::from(conv.filters), shape.elements());
        let (weights, rest) = self.parameters.split_at(2 * 9 * filters);
        let (bias, rest) = rest.split_at(filters);
        let (last, last_bias) = rest.split_at(CLASSES * maps);
        let (weights, last) = (rounded(weights, filters), rounded(last, CLASSES));
        let mut total = vec![0.0; self.parameters.len()];
        for sample in 0..samples.len() {
            let mut input = self.input(samples, sample);
            through(&self.values[0], &mut input);
            let (mut sums, mut outputs) = (vec![0.0; maps], vec![0.0; maps]);
            conv2d::forward(&geometry, &input, &weights, bias, &mut sums);
            activation::forward(Activation::Relu, &sums, &mut outputs);
            let passes = through(&self.values[1], &mut outputs);
            let mut logits = vec![0.0; CLASSES];
            linear::forward(&outputs, &last, last_bias, &mut logits);
            let logits_pass = through(&self.values[2], &mut logits);
            let label = usize::from(samples.labels[sample]);
            loss::softmax_cross_entropy(&mut logits, label, 1.0 / samples.len() as f32);
            cut(&mut logits, &logits_pass);
            let mut gradient = vec![0.0; maps];
            linear::input_gradient(&last, &logits, &mut gradient);
            cut(&mut gradient, &passes);
            let mut masked = vec![0.0; maps];
            activation::gradient(Activation::Relu, &outputs, &gradient, &mut masked);
            let mut own = vec![0.0; total.len()];
            let (d_weights, rest) = own.split_at_mut(weights.len());
            let (d_bias, rest) = rest.split_at_mut(filters);
            let (d_last, d_last_bias) = rest.split_at_mut(last.len());
            conv2d::parameter_gradient(&geometry, &input, &masked, d_weights, d_bias);
            linear::parameter_gradient(&outputs, &logits, d_last, d_last_bias);
            total.iter_mut().zip(own).for_each(|(sum, own)| *sum += own);
        }
        total
    }

    fn input(&self, samples: &Samples, sample: usize) -> Vec<f32> {
        let Shape { channels, .. } = self.network.input_shape();
        let Ok(bytes) = samples.bytes() else {
            panic!("samples are bytes");
        };
        let pixels = bytes.image(sample);
        let map = pixels.len() / channels as usize;
        let numbers = pixels.iter().enumerate();
        let scaling = scaling();
        numbers
            .map(|(at, pixel)| scaling.apply(at / map, *pixel).unwrap())
            .collect()
    }
}

fn cut(gradient: &mut [f32], passes: &[bool]) {
    for (gradient, passes) in gradient.iter_mut().zip(passes) {
        *gradient = if *passes { *gradient } else { 0.0 };
    }
}

#[test]
fn a_step_moves_the_parameters_as_straight_through_says() {
    let network = Network::input(2, 8, 8).conv2d(3, 3).relu().linear(5);
    let parameters = parameters(&network);
    let samples = labelled();
    let relu = Quantization {
        low: -127,
        ..Quantization::new(0.004, -127)
    };
    let values = [
        Quantization::new(1.0 / 127.0, 0),
        relu,
        Quantization::new(0.004, 9),
    ];
    let step = NaiveStep {
        network: &network,
        parameters: &parameters,
        values: &values,
    };
    let gradient = step.gradient(&samples);
    assert!(gradient[..54].iter().any(|own| *own != 0.0));
    let moved = parameters.iter().zip(&gradient);
    let expected: Vec<u32> = moved
        .map(|(weight, own)| (weight - 0.5 * own).to_bits())
        .collect();
    let indices: Vec<u32> = (0..SAMPLES as u32).collect();
    for (threads, lanes) in [
        (1, LaneWidth::X1),
        (2, LaneWidth::X4),
        (1, LaneWidth::widest()),
    ] {
        let options = EngineOptions {
            threads,
            lanes: Some(lanes),
            batch: SAMPLES,
            fake_quantization: Some(values.to_vec()),
            ..EngineOptions::default()
        };
        let own = parameters.clone();
        let mut engine = Engine::new(&network, &scaling(), own, &options).unwrap();
        engine.step(&samples, &indices, &Sgd::new(0.5)).unwrap();
        let found = engine.parameters().iter().map(|own| own.to_bits());
        assert_eq!(found.collect::<Vec<u32>>(), expected, "{lanes:?}");
    }
}

fn settings() -> Settings {
    Settings {
        batch: Some(5),
        lr: Some(4.0),
        augment: Some("flip,shift:1".parse().unwrap()),
        ..Settings::default()
    }
}

fn tuned(threads: usize, lanes: LaneWidth) -> (Quantized, Vec<f32>) {
    let network = various();
    let quantized = quantized(&network).unwrap();
    let samples = labelled();
    let tuning = Tuning {
        epochs: 2,
        settings: settings().resolve(2, SAMPLES).unwrap(),
        samples: &samples,
        train: (0..SAMPLES as u32).collect(),
        lanes: Some(lanes),
        check: &|| ControlFlow::Continue(()),
        told: &|_| Ok(()),
    };
    let found = tuning.run(&quantized, &scaling(), threads);
    (quantized, found.unwrap())
}

#[test]
fn what_is_trained_does_not_depend_on_threads_and_lanes() {
    let (quantized, first) = tuned(1, LaneWidth::X1);
    assert_ne!(first, quantized.parameters);
    assert_eq!(tuned(3, LaneWidth::X4).1, first);
    assert_eq!(tuned(1, LaneWidth::widest()).1, first);
    // Ranges stay, weights do not.
    let tables = quantized.with_parameters(&first, &scaling(), &samples(40));
    let tables = tables.unwrap().tables;
    assert_eq!(tables.values, quantized.tables.values);
    assert_ne!(tables.weights, quantized.tables.weights);
}

/// The network that is trained on is the one that the integers compute: its loss is theirs, but for
/// sums that come out next to a half.
#[test]
fn a_step_sees_what_the_integers_give() {
    let network = various();
    let first = quantized(&network).unwrap();
    let own = parameters(&network);
    let samples = labelled();
    let quantized = first.with_parameters(&own, &scaling(), &samples).unwrap();
    let network = &quantized.tables.network;
    let codes = tables::limited_codes(network, &quantized.codes).unwrap();
    let indices: Vec<u32> = (0..SAMPLES as u32).collect();
    let loss = |fake_quantization| {
        let options = EngineOptions {
            batch: SAMPLES,
            fake_quantization,
            ..EngineOptions::default()
        };
        let mut engine = Engine::new(network, &scaling(), own.clone(), &options).unwrap();
        let outcome = engine.step(&samples, &indices, &Sgd::new(0.0)).unwrap();
        outcome.loss_sum
    };
    let tables = quantized.tables.quantized().unwrap();
    let (task, scaling) = (ModelTask::Classification, scaling());
    let mut engine = Int8Engine::of(tables, &scaling, task, 1, None).unwrap();
    let (integers, _) = engine.evaluate(&samples, &indices).unwrap();
    assert_eq!(engine.score(&samples, &indices).unwrap(), integers);
    let [rounded, exact] =
        [loss(Some(codes)), loss(None)].map(|own| (own - integers.loss_sum).abs());
    assert!(rounded < 0.2 * exact, "{rounded} {exact}");
}

/// Samples side by side become codes at once, others one by one.
#[test]
fn integers_give_each_sample_the_same_in_any_order() {
    let network = various();
    let quantized = quantized(&network).unwrap();
    let tables = quantized.tables.quantized().unwrap();
    let (task, scaling, samples) = (ModelTask::Classification, scaling(), labelled());
    let order: Vec<u32> = (0..SAMPLES as u32).collect();
    let turned: Vec<u32> = order.iter().rev().copied().collect();
    let scores = |lanes, indices: &[u32]| {
        let mut engine = Int8Engine::of(tables, &scaling, task, 1, lanes).unwrap();
        engine.evaluate(&samples, indices).unwrap().1.scores
    };
    let alone = scores(Some(LaneWidth::X1), &order);
    assert_eq!(scores(None, &order), alone);
    let row = alone.len() / SAMPLES;
    let found = scores(None, &turned);
    let turned_back: Vec<f32> = found.chunks_exact(row).rev().flatten().copied().collect();
    assert_eq!(turned_back, alone);
}

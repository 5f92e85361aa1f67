//! What is scored at once, and nothing kept of it, is what each sample's scores come to.

use super::*;
use crate::data::ImageShape;
use crate::quantization::{FloatModel, quantize};
use kiln_core::Network;

fn samples(count: usize) -> Samples {
    let shape = ImageShape {
        channels: 2,
        height: 8,
        width: 8,
    };
    let pixels = (0..count * shape.size()).map(|at| (at * 37 + at / 7) as u8);
    let labels = (0..count as u16).map(|sample| sample % 3);
    Samples::of_bytes(pixels.collect(), labels.collect(), shape)
}

fn parameters(network: &Network) -> Vec<f32> {
    let parameter = |at: usize| (at * 29 % 61) as f32 * 0.01 - 0.3;
    (0..network.parameters()).map(parameter).collect()
}

#[test]
fn labels_are_scored_alike_whether_outputs_are_kept_or_not() {
    let scaling = Scaling::uniform(2, 1.0 / 128.0, -1.0).unwrap();
    let networks = [
        Network::input(2, 8, 8)
            .conv2d(6, 3)
            .relu()
            .linear(12)
            .relu()
            .linear(5),
        // An output of several positions, which are not scored at once.
        Network::input(2, 8, 8).conv2d(4, 7).relu().conv2d(3, 1),
    ];
    let (samples, indices) = (samples(150), Vec::from_iter(0..150));
    for network in networks {
        let parameters = parameters(&network);
        let model = FloatModel {
            network: &network,
            parameters: &parameters,
            scaling: &scaling,
        };
        let quantized = quantize(&model, &samples).unwrap();
        let quantized = quantized.tables.quantized().unwrap();
        let mut all = Vec::new();
        for lanes in LaneWidth::available() {
            for threads in [1, 2] {
                let task = ModelTask::Classification;
                let mut engine =
                    Int8Engine::of(quantized, &scaling, task, threads, Some(lanes)).unwrap();
                // Whole groups, a sample, some of a packet and some packets of a group; not one behind another either.
                let uneven: Vec<u32> = indices.iter().rev().step_by(3).copied().collect();
                for indices in [&indices[..], &indices[..64], &indices[7..8], &uneven[..37]] {
                    let scored = engine.score(&samples, indices).unwrap();
                    let (evaluated, _) = engine.evaluate(&samples, indices).unwrap();
                    assert_eq!(scored, evaluated, "{lanes:?}: {network}");
                    assert_eq!(scored.samples, indices.len());
                    all.push((indices.len(), scored));
                }
            }
        }
        for (len, outcome) in &all {
            let same = all.iter().filter(|(other, _)| other == len);
            same.for_each(|(_, other)| assert_eq!(outcome, other, "{network}"));
        }
        // Labels beyond the classes.
        let mut wrong = samples.clone();
        wrong.labels[70] = network.classes() as u16;
        let mut engine =
            Int8Engine::of(quantized, &scaling, ModelTask::Classification, 1, None).unwrap();
        assert!(engine.score(&wrong, &indices).is_err());
    }
}

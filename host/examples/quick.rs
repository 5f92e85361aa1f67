//! Microseconds per sample of training and inference, for a quick look.

use host::{
    data::{ImageShape, Samples},
    engine::*,
};
use kiln::*;
use std::time::Instant;
fn main() {
    let body = |input: Network, classes| {
        input
            .conv2d(8, 3)
            .relu()
            .max_pool2d(2)
            .conv2d(16, 3)
            .relu()
            .max_pool2d(2)
            .linear(128)
            .relu()
            .linear(classes)
    };
    let mut best = 0f64;
    for _ in 0..5 {
        let t = Instant::now();
        let n = multiply_add(F32x16::zero().unwrap(), 1_000_000);
        best = best.max(n as f64 / t.elapsed().as_secs_f64() / 1e9);
        let t = Instant::now();
        let n = multiply_add(F32x8::zero().unwrap(), 1_000_000);
        best = best.max(n as f64 / t.elapsed().as_secs_f64() / 1e9);
    }
    println!("limit {best:.1} GMAC/s one thread");
    for (name, net, c, s, train_macs) in [
        (
            "mnist",
            body(Network::input(1, 28, 28), 10),
            1,
            28,
            672_960f64,
        ),
        (
            "rgb",
            body(Network::input(3, 32, 32), 100),
            3,
            32,
            1_232_448f64,
        ),
    ] {
        let n = 1024;
        let shape = ImageShape {
            channels: c,
            height: s,
            width: s,
        };
        let samples = Samples {
            pixels: (0..n * shape.size())
                .map(|i| (i * 7919 % 251) as u8)
                .collect(),
            labels: (0..n).map(|i| (i % net.classes()) as u16).collect(),
            shape,
        };
        let mut state = 1u32;
        let mut p = vec![0.0; net.parameters()];
        he_uniform(&net, &mut p, || {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state
        })
        .unwrap();
        let indices: Vec<u32> = (0..n as u32).collect();
        for lanes in std::env::var("L").map_or(vec![LaneWidth::X16, LaneWidth::X8], |t| {
            vec![match t.as_str() {
                "1" => LaneWidth::X1,
                "4" => LaneWidth::X4,
                "8" => LaneWidth::X8,
                _ => LaneWidth::X16,
            }]
        }) {
            for threads in std::env::var("T").map_or(vec![1, 2], |t| vec![t.parse().unwrap()]) {
                let mut e = Engine::new(
                    &net,
                    &Scaling::uniform(c, 1. / 255., 0.).unwrap(),
                    p.clone(),
                    &EngineOptions {
                        threads,
                        lanes: Some(lanes),
                        batch: 64,
                    },
                )
                .unwrap();
                let sgd = Sgd {
                    rate: 0.001,
                    momentum: 0.9,
                    weight_decay: 5e-4,
                    nesterov: false,
                };
                let (mut train, mut infer) = (f64::MAX, f64::MAX);
                e.within(|e| {
                    for _ in 0..40 {
                        let t = Instant::now();
                        for b in indices.chunks(64) {
                            e.step(&samples, b, &sgd).unwrap();
                        }
                        train = train.min(t.elapsed().as_secs_f64() / n as f64);
                        let t = Instant::now();
                        e.evaluate(&samples, &indices, None).unwrap();
                        infer = infer.min(t.elapsed().as_secs_f64() / n as f64);
                    }
                });
                println!(
                    "{name} {lanes:?} x{threads}: train {:.2} us {:.1} GMAC/s ({:.0}%)  infer {:.2} us {:.1} GMAC/s",
                    train * 1e6,
                    train_macs / train / 1e9,
                    train_macs / train / 1e9 / best / threads as f64 * 100.,
                    infer * 1e6,
                    net.cost().macs as f64 / infer / 1e9
                );
            }
        }
    }
}

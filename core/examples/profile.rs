//! One training step over and over, to be looked at with a profiler.

use kiln::*;
use std::time::Instant;
fn main() {
    let rgb = std::env::args().any(|a| a == "rgb");
    let x8 = std::env::args().any(|a| a == "x8");
    if x8 {
        run(F32x8::zero().unwrap(), rgb)
    } else {
        run(F32x16::zero().unwrap(), rgb)
    }
}
fn run<L: Lanes>(zero: L, rgb: bool) {
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
    let (net, macs) = if rgb {
        (body(Network::input(3, 32, 32), 100), 1_232_448f64)
    } else {
        (body(Network::input(1, 28, 28), 10), 672_960f64)
    };
    let plan = Plan::of(&net);
    let mut state = 1u32;
    let mut p = vec![0.0; net.parameters()];
    let mut rng = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state
    };
    he_uniform(&net, &mut p, &mut rng).unwrap();
    let n: usize = std::env::var("N").map_or(64, |n| n.parse().unwrap());
    let images: Vec<f32> = (0..n * plan.input_shape().elements())
        .map(|_| (rng() >> 8) as f32 / (1 << 24) as f32)
        .collect();
    let labels: Vec<u16> = (0..n).map(|i| (i % net.classes()) as u16).collect();
    let mut packets = vec![zero; plan.training_packets()];
    let mut winners = vec![0; plan.winner_bytes() * L::LANES];
    let mut values = vec![0.0; plan.group_values()];
    let (mut g, mut v) = (vec![0.0; p.len()], vec![0.0; p.len()]);
    let mut t = Trainer {
        plan: &plan,
        parameters: &mut p,
        gradient: &mut g,
        velocity: &mut v,
        memory: GroupMemory {
            packets: &mut packets,
            winners: &mut winners,
            values: &mut values,
        },
    };
    let sgd = Sgd {
        rate: 0.001,
        momentum: 0.9,
        weight_decay: 5e-4,
        nesterov: false,
    };
    let mut best = f64::MAX;
    let mut limit = 0f64;
    for _ in 0..60 {
        let s = Instant::now();
        for _ in 0..20 {
            if std::env::var("D").is_ok() {
                t.differentiate(&images, &labels).unwrap();
            } else {
                t.step(&images, &labels, &sgd).unwrap();
            }
        }
        best = best.min(s.elapsed().as_secs_f64() / (20 * n) as f64);
        let s = Instant::now();
        let m = multiply_add(F32x16::zero().unwrap(), 50_000);
        limit = limit.max(m as f64 / s.elapsed().as_secs_f64());
    }
    println!(
        "train {:.2} us  {:.1} GMAC/s {:.0}% of {:.1}",
        best * 1e6,
        macs / best / 1e9,
        macs / best / limit * 100.,
        limit / 1e9
    );
}

//! Cycles of single layers, forward, beside what the arithmetic alone would take.

use kiln::*;
use std::time::Instant;
fn time<L: Lanes>(name: &str, net: &Network, macs: f64) {
    let zero = L::zero().unwrap();
    let plan = Plan::of(net);
    let mut state = 1u32;
    let mut p = vec![0.0; net.parameters()];
    let mut rng = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state
    };
    he_uniform(net, &mut p, &mut rng).unwrap();
    let mut input = vec![zero; plan.input_shape().elements()];
    for v in L::values_mut(&mut input) {
        *v = (rng() >> 8) as f32 / (1 << 24) as f32;
    }
    let mut mem = vec![zero; plan.inference_packets()];
    let (mut best, mut limit) = (f64::MAX, 0f64);
    for _ in 0..200 {
        let s = Instant::now();
        for _ in 0..20 {
            plan.infer(&p, &input, &mut mem).unwrap();
        }
        best = best.min(s.elapsed().as_secs_f64() / 20.0);
        let s = Instant::now();
        let m = multiply_add(F32x16::zero().unwrap(), 10_000);
        limit = limit.max(m as f64 / s.elapsed().as_secs_f64());
    }
    let cycles = best * limit / 16.0;
    println!(
        "{name} {:?}: {:.0} cycles for {:.0} ideal: {:.0}%",
        L::WIDTH,
        cycles,
        macs * L::LANES as f64 / 16.0,
        macs * L::LANES as f64 / 16.0 / cycles * 100.0
    );
}
fn both(name: &str, net: Network, macs: f64) {
    time::<F32x16>(name, &net, macs);
    time::<F32x8>(name, &net, macs);
}
fn main() {
    both(
        "conv1 pool",
        Network::input(1, 28, 28).conv2d(8, 3).relu().max_pool2d(2),
        48672.0,
    );
    both(
        "conv1 plain",
        Network::input(1, 28, 28).conv2d(8, 3).relu(),
        48672.0,
    );
    both(
        "conv2 pool",
        Network::input(8, 13, 13).conv2d(16, 3).relu().max_pool2d(2),
        115200.0,
    );
    both(
        "conv2 plain",
        Network::input(8, 13, 13).conv2d(16, 3).relu(),
        139392.0,
    );
    both("fc1", Network::input(400, 1, 1).linear(128), 51200.0);
}

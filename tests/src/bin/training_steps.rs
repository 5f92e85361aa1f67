//! Trains the network of the first example for some steps at one lane width, on one thread and numbers
//! made here: what an emulator counts the instructions of. The difference between two numbers of steps
//! is what steps take.
//!
//! ```sh
//! training_steps LANES STEPS
//! ```

use kiln_core::{LaneWidth, Network, Sgd};
use std::process::ExitCode;
use tests::fast::{self, Subject};
use tests::values::smooth;

/// Samples of a step.
const BATCH: usize = 64;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let mut number = || arguments.next()?.parse::<usize>().ok();
    let (Some(lanes), Some(steps)) = (number(), number()) else {
        eprintln!("usage: training_steps LANES STEPS");
        return ExitCode::from(2);
    };
    let Some(width) = LaneWidth::available().find(|width| width.lanes() == lanes) else {
        eprintln!("this processor has no packets of {lanes} lanes");
        return ExitCode::from(2);
    };
    let network = Network::input(1, 28, 28).conv2d(8, 3).relu().max_pool2d(2);
    let network = network.conv2d(16, 3).relu().max_pool2d(2).linear(128);
    let network = network.relu().linear(10);
    let parameters = smooth(network.parameters(), 1)
        .iter()
        .map(|value| value * 0.1)
        .collect::<Vec<_>>();
    let images = smooth(BATCH * network.input_shape().elements(), 2);
    let labels: Vec<u16> = (0..BATCH).map(|sample| sample as u16 % 10).collect();
    let Some(mut fast) = fast::at(width, &Subject::of(&network, &parameters)) else {
        eprintln!("this processor has no packets of {lanes} lanes");
        return ExitCode::from(2);
    };
    for _ in 0..steps {
        if let Err(error) = fast.step(&images, &labels, &Sgd::new(0.01)) {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    }
    let sum: f64 = fast.parameters().iter().copied().map(f64::from).sum();
    println!("{lanes} lanes, {steps} steps, {} ({sum})", width.name());
    ExitCode::SUCCESS
}

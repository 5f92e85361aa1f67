#![no_std]
#![no_main]
//! Holds the processor's own kernels of training, one sample at a time, to those for many samples,
//! bit for bit, on networks of random geometries.

use defmt::Display2Format;
use firmware::board::{self, Board, Exit};
use firmware::gradients::{GradientBench, ROOM};
use kiln_core::{Network, Program};

/// Networks drawn at random, each trained in place and in a batch.
const NETWORKS: usize = 400;

#[board::entry]
fn main() -> ! {
    let _board = Board::start();
    let (Some(values), Some(program)) = (
        board::singleton!(VALUES: [f32; ROOM] = [0.0; ROOM]),
        board::singleton!(PROGRAM: Program = Program::EMPTY),
    ) else {
        board::exit(Exit::Failure)
    };
    let mut bench = GradientBench {
        values,
        program,
        random: 1,
    };
    let tell = |network: &Network| {
        let network = Display2Format(network);
        defmt::println!("error: a training has other bits: {}", network);
    };
    match bench.run(NETWORKS, tell) {
        Some(count) => {
            defmt::println!("gradients  {=usize} trainings have the same bits", count);
            board::exit(Exit::Success)
        }
        None => board::exit(Exit::Failure),
    }
}

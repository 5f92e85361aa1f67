#![no_std]
#![no_main]
//! Holds the processor's own kernels to the naive references, bit for bit, on layers of random
//! geometries, and says what layers of given geometries cost.

use defmt::Display2Format;
use firmware::board::{self, Board, Exit};
use firmware::layers::{LayerBench, LayerCase, given, given_pools};
use kiln_core::{Activation, Layer};

/// Layers drawn at random.
const ROUNDS: usize = 600;

#[board::entry]
fn main() -> ! {
    let mut board = Board::start();
    let Some(mut bench) = LayerBench::take() else {
        board::exit(Exit::Failure)
    };
    for (name, input, conv) in given() {
        let case = LayerCase {
            input,
            layer: Layer::Conv2d(conv),
            activation: Activation::Relu,
            pool: false,
        };
        let Some((instructions, macs)) = bench.run(&mut board, &case) else {
            defmt::println!("error: {=str} has other bits than the reference", name);
            board::exit(Exit::Failure)
        };
        defmt::println!(
            "cost       {=str} {=u32} for {=u32} MACs",
            name,
            instructions,
            macs
        );
    }
    for _ in 0..ROUNDS {
        let case = bench.draw();
        if bench.run(&mut board, &case).is_none() {
            defmt::println!(
                "error: other bits than the reference: {}",
                Display2Format(&case)
            );
            board::exit(Exit::Failure)
        }
    }
    if !run_pools(&mut bench, &mut board) {
        board::exit(Exit::Failure)
    }
    defmt::println!(
        "kernels    {=usize} layers have the bits of the reference",
        bench.ran
    );
    board::exit(Exit::Success)
}

/// Whether pools have the bits of the naive ones.
fn run_pools(bench: &mut LayerBench, board: &mut Board) -> bool {
    for (name, case) in given_pools() {
        let Some((instructions, values)) = bench.run_pool(board, &case) else {
            defmt::println!("error: {=str} has other bits than the reference", name);
            return false;
        };
        defmt::println!(
            "cost       {=str} {=u32} for {=u32} values of windows",
            name,
            instructions,
            values
        );
    }
    let mut ran = 0;
    for _ in 0..ROUNDS {
        let case = bench.draw_pool();
        match bench.run_pool(board, &case) {
            Some((_, 0)) => {}
            Some(_) => ran += 1,
            None => {
                defmt::println!(
                    "error: other bits than the reference: {}",
                    defmt::Debug2Format(&case)
                );
                return false;
            }
        }
    }
    defmt::println!("pools      {=usize} have the bits of the reference", ran);
    true
}

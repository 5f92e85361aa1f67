#![no_std]
#![no_main]
//! Measures layers of random geometries, kind by kind, and names those that take more instructions a
//! multiply-accumulate than any should.

use defmt::Display2Format;
use firmware::board::{self, Board, Exit};
use firmware::layers::{FAMILIES, LayerBench, LayerFamily};

/// Layers of a kind.
const LAYERS: usize = 40;

/// Fewest multiply-accumulates an output, padding counted, of a layer that counts.
const LEAST: u32 = 9;

/// Fewest of a layer: in those with fewer, what any layer costs by itself shows.
const SMALLEST: u32 = 4_000;

/// Most hundredths of an instruction a multiply-accumulate.
const LIMIT: u32 = 350;

#[board::entry]
fn main() -> ! {
    let mut board = Board::start();
    let Some(mut bench) = LayerBench::take() else {
        board::exit(Exit::Failure)
    };
    for family in FAMILIES {
        if !measure(&mut bench, &mut board, &family) {
            board::exit(Exit::Failure)
        }
    }
    board::exit(Exit::Success)
}

/// Whether all layers of a kind have the bits of the reference.
fn measure(bench: &mut LayerBench, board: &mut Board, family: &LayerFamily) -> bool {
    let (mut count, mut above, mut worst) = (0, 0, 0);
    let mut sums = [0_u64; 2];
    // Some that are drawn have too few products, or do not fit.
    for _ in 0..10 * LAYERS {
        let case = (family.draw)(bench);
        let Some((instructions, macs)) = bench.run(board, &case) else {
            defmt::println!("error: other bits: {}", Display2Format(&case));
            return false;
        };
        if macs < SMALLEST || macs < LEAST * case.outputs() {
            continue;
        }
        let hundredths = (u64::from(instructions) * 100 / u64::from(macs)) as u32;
        if hundredths > LIMIT {
            above += 1;
            defmt::println!(
                "above      {=u32}.{=u32}{=u32} for {=u32} MACs: {=str}: {}",
                hundredths / 100,
                hundredths / 10 % 10,
                hundredths % 10,
                macs,
                family.name,
                Display2Format(&case)
            );
        }
        worst = worst.max(hundredths);
        sums = [sums[0] + u64::from(instructions), sums[1] + u64::from(macs)];
        count += 1;
        if count == LAYERS {
            break;
        }
    }
    defmt::println!(
        "kind       {=str}: {=u64} for {=u64} MACs, worst {=u32} hundredths, above {=usize} of {=usize}",
        family.name,
        sums[0],
        sums[1],
        worst,
        above,
        count
    );
    true
}

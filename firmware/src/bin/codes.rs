#![no_std]
#![no_main]
//! Holds the processor's own kernels of codes to naive loops, byte for byte, on layers of random
//! geometries, and says what layers of given geometries cost. A processor without has nothing to say.

use firmware::board::{self, Board, Exit};

#[board::entry]
fn main() -> ! {
    let _board = Board::start();
    #[cfg(target_abi = "eabihf")]
    kernels::run(_board);
    board::exit(Exit::Success)
}

#[cfg(target_abi = "eabihf")]
mod kernels {
    use super::{Board, Exit, board};
    use defmt::Display2Format;
    use firmware::codes::{
        CodeBench, CodeRandom, CodeTrial, PoolCase, ROOM, draw, given, given_pools,
    };
    use kiln_core::dsp::Rounding;
    use kiln_core::reference::ConvGeometry;

    /// Layers drawn at random.
    const ROUNDS: usize = 600;

    /// Additions and windows drawn at random.
    const SUMS: usize = 200;

    /// Runs all.
    pub fn run(mut board: Board) {
        let Some(room) = board::singleton!(WORDS: [i32; ROOM] = [0; ROOM]) else {
            board::exit(Exit::Failure)
        };
        let mut bench = CodeBench {
            room,
            random: CodeRandom(1),
        };
        for (name, pool, geometry) in given() {
            for (way, rounding) in [("once", Rounding::Once), ("twice", Rounding::Twice)] {
                let CodeTrial::Equal { instructions } =
                    bench.run(&mut board, geometry, pool, rounding)
                else {
                    fail(geometry)
                };
                defmt::println!(
                    "cost       {=str} {=str} {=u32} for {=usize} MACs",
                    name,
                    way,
                    instructions,
                    geometry.output_area() * geometry.filters * geometry.taps()
                );
            }
        }
        let mut ran = 0;
        for _ in 0..ROUNDS {
            let geometry = draw(&mut bench.random);
            let has_windows = geometry.output.iter().all(|extent| *extent >= 2);
            let pool = bench.random.below(3) == 0 && has_windows;
            let rounding = [Rounding::Once, Rounding::Twice][bench.random.below(2)];
            match bench.run(&mut board, geometry, pool, rounding) {
                CodeTrial::Equal { .. } => ran += 1,
                CodeTrial::Unserved => {}
                CodeTrial::Different => fail(geometry),
            }
        }
        if !(0..SUMS).all(|_| bench.sums_are_equal()) {
            defmt::println!("error: a sum of codes is not that of naive loops");
            board::exit(Exit::Failure)
        }
        run_pools(&mut bench, &mut board);
        defmt::println!(
            "codes      {=usize} layers have the codes of naive loops",
            ran
        );
        board::exit(Exit::Success)
    }

    fn run_pools(bench: &mut CodeBench, board: &mut Board) {
        for (name, case) in given_pools() {
            let CodeTrial::Equal { instructions } = bench.run_pool(board, &case) else {
                fail_pool(&case)
            };
            defmt::println!(
                "cost       {=str} {=u32} for {=usize} codes of windows",
                name,
                instructions,
                case.taps()
            );
        }
        let mut ran = 0;
        for _ in 0..ROUNDS {
            let case = bench.draw_pool();
            match bench.run_pool(board, &case) {
                CodeTrial::Equal { .. } => ran += 1,
                CodeTrial::Unserved => {}
                CodeTrial::Different => fail_pool(&case),
            }
        }
        defmt::println!("pools      {=usize} have the codes of naive ones", ran);
    }

    fn fail_pool(case: &PoolCase) -> ! {
        defmt::println!(
            "error: not the codes of a naive pool: {}",
            defmt::Debug2Format(case)
        );
        board::exit(Exit::Failure)
    }

    fn fail(geometry: ConvGeometry) -> ! {
        defmt::println!(
            "error: not the codes of naive loops: {}",
            Display2Format(&Shown(geometry))
        );
        board::exit(Exit::Failure)
    }

    /// A geometry as developers see it.
    struct Shown(ConvGeometry);

    impl core::fmt::Display for Shown {
        fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
            core::fmt::Debug::fmt(&self.0, f)
        }
    }
}

//! The machine's limit of separate multiplies and adds.

use kiln::{F32x4, F32x8, F32x16, LaneWidth, Lanes, multiply_add};
use std::sync::Barrier;
use std::time::Instant;

/// Multiply-accumulates a second, in thousand millions, that `threads` threads reach together at
/// the best lane width.
pub(super) fn measure(threads: usize) -> f64 {
    LaneWidth::available()
        .map(|width| match width {
            LaneWidth::X1 => together::<f32>(threads),
            LaneWidth::X4 => together::<F32x4>(threads),
            LaneWidth::X8 => together::<F32x8>(threads),
            LaneWidth::X16 => together::<F32x16>(threads),
        })
        .fold(0.0, f64::max)
}

/// All threads start at once; each counts its own time.
fn together<L: Lanes>(threads: usize) -> f64 {
    const ROUNDS: usize = 20_000;
    let barrier = Barrier::new(threads);
    let work = || {
        let zero = L::zero()?;
        barrier.wait();
        let start = Instant::now();
        let macs = multiply_add(zero, ROUNDS);
        Some(macs as f64 / start.elapsed().as_secs_f64() / 1e9)
    };
    std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let mut sum = work().unwrap_or(0.0);
        for other in others {
            sum += other.join().ok().flatten().unwrap_or(0.0);
        }
        sum
    })
}

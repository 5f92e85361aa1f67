//! The machine's limit of multiplies and adds.

use kiln_core::{
    Arithmetic, F32x4, F32x8, F32x16, FusedF32x8, FusedF32x16, LaneWidth, Lanes, multiply_add,
};
use std::sync::Barrier;
use std::time::Instant;

/// Multiply-accumulates a second, in thousand millions, that some threads reach together at every
/// lane width this processor has for an arithmetic.
#[derive(Clone, Debug)]
pub struct SpeedLimits(Vec<(LaneWidth, f64)>);

impl SpeedLimits {
    /// Measures all of them once.
    pub fn measure(threads: usize, arithmetic: Arithmetic) -> Self {
        let measure = |width| match (width, arithmetic) {
            (LaneWidth::X1, _) => together::<f32>(threads),
            (LaneWidth::X4, _) => together::<F32x4>(threads),
            (LaneWidth::X8, Arithmetic::Separate) => together::<F32x8>(threads),
            (LaneWidth::X8, Arithmetic::Fused) => together::<FusedF32x8>(threads),
            (LaneWidth::X16, Arithmetic::Separate) => together::<F32x16>(threads),
            (LaneWidth::X16, Arithmetic::Fused) => together::<FusedF32x16>(threads),
        };
        Self(arithmetic.widths().map(|w| (w, measure(w))).collect())
    }

    /// The larger limit of two measurements, width by width.
    pub fn larger(mut self, other: &Self) -> Self {
        for ((_, limit), (_, other)) in self.0.iter_mut().zip(&other.0) {
            *limit = limit.max(*other);
        }
        self
    }

    /// The machine's limit: that of its best width.
    pub fn best(&self) -> f64 {
        self.0.iter().map(|(_, limit)| *limit).fold(0.0, f64::max)
    }

    /// The limit at one width.
    pub fn at(&self, width: LaneWidth) -> f64 {
        let own = self.0.iter().find(|(other, _)| *other == width);
        own.map_or(0.0, |(_, limit)| *limit)
    }

    /// Every width with its limit.
    pub fn widths(&self) -> impl Iterator<Item = (LaneWidth, f64)> {
        self.0.iter().copied()
    }
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

//! The machine's limit of multiplies and adds.

use kiln_core::{Arithmetic, LaneWidth, Lanes, PacketWork, multiply_add};
use std::sync::Barrier;
use std::time::Instant;

/// Multiply-accumulates a second, in thousand millions, that some threads reach together at every
/// lane width this processor has for an arithmetic.
#[derive(Clone, Debug)]
pub struct SpeedLimits(Vec<(LaneWidth, f64)>);

impl SpeedLimits {
    /// Measures all of them once.
    pub fn measure(threads: usize, arithmetic: Arithmetic) -> Self {
        let measure = |width: LaneWidth| width.run(arithmetic, Together { threads });
        let widths = LaneWidth::ALL.into_iter();
        Self(widths.filter_map(|w| Some((w, measure(w)?))).collect())
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
struct Together {
    threads: usize,
}

impl PacketWork for Together {
    type Output = f64;

    fn run<L: Lanes>(self, zero: L) -> f64 {
        const ROUNDS: usize = 20_000;
        let barrier = Barrier::new(self.threads);
        let work = || {
            barrier.wait();
            let start = Instant::now();
            let macs = multiply_add(zero, ROUNDS);
            macs as f64 / start.elapsed().as_secs_f64() / 1e9
        };
        std::thread::scope(|scope| {
            let others: Vec<_> = (1..self.threads).map(|_| scope.spawn(work)).collect();
            let mut sum = work();
            for other in others {
                sum += other.join().unwrap_or(0.0);
            }
            sum
        })
    }
}

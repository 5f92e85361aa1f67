//! How the learning rate changes during a run.

use core::num::NonZeroU32;
use serde::{Deserialize, Serialize};

/// A rule for the learning rate of every optimizer step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Schedule {
    /// The base rate throughout.
    Constant,
    /// The base rate times `factor` once more after every `every` steps:
    /// `base * factor^floor(step / every)`.
    Step {
        /// Number of optimizer steps between changes.
        every: NonZeroU32,
        /// What each change multiplies the rate by.
        factor: f32,
    },
    /// A linear warm-up, then half a cosine wave down towards zero (Loshchilov and Hutter 2017,
    /// "SGDR", without restarts).
    ///
    /// With `w` warm-up steps of `n` in all: `base * (step + 1) / w` while `step < w`, then
    /// `base * (1 + cos(pi * (step - w) / (n - w))) / 2`.
    Cosine {
        /// Number of optimizer steps over which the rate rises to its base.
        warmup: u32,
    },
}

impl Schedule {
    /// Learning rate of the optimizer step number `step`, counted from 0, of `total_steps`.
    ///
    /// Steps past the end have the rate the rule gives at its end: zero for a cosine.
    ///
    /// ```
    /// use kiln_core::Schedule;
    /// let schedule = Schedule::Cosine { warmup: 10 };
    /// assert_eq!(schedule.rate(0.5, 4, 100), 0.25);
    /// assert_eq!(schedule.rate(0.5, 10, 100), 0.5);
    /// assert_eq!(schedule.rate(0.5, 100, 100), 0.0);
    /// ```
    pub fn rate(&self, base: f32, step: u32, total_steps: u32) -> f32 {
        match *self {
            Self::Constant => base,
            Self::Step { every, factor } => base * power(factor, step / every),
            Self::Cosine { warmup } if step < warmup => base * ((step + 1) as f32 / warmup as f32),
            Self::Cosine { warmup } if step >= total_steps.max(warmup) => 0.0,
            Self::Cosine { warmup } => {
                let done = (step - warmup) as f32 / (total_steps - warmup) as f32;
                base * (0.5 * (1.0 + libm::cosf(core::f32::consts::PI * done)))
            }
        }
    }
}

/// `factor^exponent` by squaring, the same roundings on every machine.
fn power(factor: f32, exponent: u32) -> f32 {
    let mut result = 1.0;
    let mut square = factor;
    let mut rest = exponent;
    while rest > 0 {
        if rest & 1 == 1 {
            result *= square;
        }
        square *= square;
        rest >>= 1;
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constant_stays() {
        assert_eq!(Schedule::Constant.rate(0.1, 0, 10), 0.1);
        assert_eq!(Schedule::Constant.rate(0.1, 99, 10), 0.1);
    }

    #[test]
    fn step_multiplies_at_each_boundary() {
        let every = NonZeroU32::new(3).unwrap();
        let schedule = Schedule::Step { every, factor: 0.5 };
        let rates = [0, 2, 3, 5, 6, 30].map(|step| schedule.rate(8.0, step, 1));
        assert_eq!(rates, [8.0, 8.0, 4.0, 4.0, 2.0, 8.0 / 1_024.0]);
        assert_eq!(schedule.rate(8.0, u32::MAX, 1), 0.0);
    }

    #[test]
    fn cosine_rises_then_falls_to_zero() {
        let schedule = Schedule::Cosine { warmup: 4 };
        let rates = [0, 1, 2, 3].map(|step| schedule.rate(1.0, step, 104));
        assert_eq!(rates, [0.25, 0.5, 0.75, 1.0]);
        assert_eq!(schedule.rate(1.0, 4, 104), 1.0);
        assert!((schedule.rate(1.0, 54, 104) - 0.5).abs() < 1e-6);
        for step in 4..103 {
            let (now, next) = (
                schedule.rate(1.0, step, 104),
                schedule.rate(1.0, step + 1, 104),
            );
            assert!(next < now && next > 0.0, "step {step}");
        }
        assert_eq!(schedule.rate(1.0, 104, 104), 0.0);
        assert_eq!(schedule.rate(1.0, u32::MAX, 104), 0.0);
    }

    #[test]
    fn cosine_survives_a_warmup_longer_than_the_run() {
        let schedule = Schedule::Cosine { warmup: 10 };
        assert_eq!(schedule.rate(1.0, 4, 5), 0.5);
        assert_eq!(schedule.rate(1.0, 10, 5), 0.0);
        assert_eq!(Schedule::Cosine { warmup: 0 }.rate(1.0, 0, 0), 0.0);
        assert_eq!(Schedule::Cosine { warmup: 0 }.rate(1.0, 0, 5), 1.0);
    }
}

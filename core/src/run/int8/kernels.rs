//! The kernels that some networks in integers have and others have not.

use crate::ops::pool::int8::Int8Pool;
use crate::{Operation, Program, Step};

/// Kernels of pools that stand alone, each where a network has such a pool.
///
/// What runs any network has all of them in flash. A firmware knows its network: it has those that
/// [`Program::int8_kernels`] gives in a `const` or a `static`, and others are not linked.
#[derive(Clone, Copy, Debug)]
pub struct Int8Kernels {
    largest: Option<PoolKernel>,
    mean: Option<PoolKernel>,
}

/// Runs a pool.
type PoolKernel = fn(Int8Pool<'_>);

fn pool_by_largest(work: Int8Pool<'_>) {
    work.run_largest();
}

fn pool_by_mean(work: Int8Pool<'_>) {
    work.run_mean();
}

impl Int8Kernels {
    /// None, for a network without pools, and for programs that bring their own kernels.
    pub const NONE: Self = Self {
        largest: None,
        mean: None,
    };

    /// All there are.
    pub const ALL: Self = Self {
        largest: Some(pool_by_largest),
        mean: Some(pool_by_mean),
    };

    /// That of a step, where it is a pool.
    pub(super) fn pool(&self, step: &Step) -> Option<PoolKernel> {
        match step.operation {
            Operation::MaxPool2d(_) => self.largest,
            Operation::AvgPool2d(_) => self.mean,
            _ => None,
        }
    }

    /// Whether a step has its kernel.
    pub(super) fn serve(&self, step: &Step) -> bool {
        let is_pool = matches!(
            step.operation,
            Operation::MaxPool2d(_) | Operation::AvgPool2d(_)
        );
        !is_pool || self.pool(step).is_some()
    }
}

impl<const STEPS: usize> Program<STEPS> {
    /// The kernels that the program needs of those that not every network does.
    pub const fn int8_kernels(&self) -> Int8Kernels {
        let mut own = Int8Kernels::NONE;
        let steps = self.steps();
        let mut index = 0;
        while index < steps.len() {
            match steps[index].operation {
                Operation::MaxPool2d(_) => own.largest = Int8Kernels::ALL.largest,
                Operation::AvgPool2d(_) => own.mean = Int8Kernels::ALL.mean,
                _ => {}
            }
            index += 1;
        }
        own
    }
}

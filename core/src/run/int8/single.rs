//! The kernels of steps in integers, each by itself and by its name.

use super::arranged::{HAS_LOOPS, Int8Target};
use super::extent::StepExtent;
use super::rows::{convolve_portably, sweep_rows};
use super::step::{Int8Step, RowsKernel};
use crate::dsp::{CodeSweeping, SIZE_WORDS, SweepKernel, Sweeping};
use crate::int8::QuantizedNetwork;
use crate::program::Region;
use crate::run::buffers::BufferError;
use crate::run::linked::is_same;
use crate::{Operation, Program, Step};

/// Runs one step of one sample.
pub(super) type Int8Kernel = fn(Int8Step<'_>, &mut [i8], [Region; 2]);

/// A kernel that runs one kind of step in integers on one sample, as
/// [`SingleKernel`](crate::SingleKernel).
#[derive(Clone, Copy, Debug)]
pub struct SingleInt8Kernel {
    run: Int8Kernel,
    /// What computes a convolution's rows.
    rows: RowsKernel,
    /// Which of the processor's loops do.
    loops: Option<SweepKernel>,
    /// Whether these take paired weights alone.
    is_paired: bool,
}

impl SingleInt8Kernel {
    const fn new(run: Int8Kernel) -> Self {
        Self {
            run,
            rows: convolve_portably,
            loops: None,
            is_paired: false,
        }
    }

    /// A convolution by loops, where the processor has any.
    const fn by(run: Int8Kernel, sweeping: Sweeping) -> Self {
        match HAS_LOOPS {
            true => Self {
                run,
                rows: sweep_rows,
                loops: Some(SweepKernel::of(sweeping)),
                is_paired: false,
            },
            false => Self::new(run),
        }
    }

    /// The same for paired weights.
    const fn paired(run: Int8Kernel, sweeping: Sweeping) -> Self {
        let mut own = Self::by(run, sweeping);
        if HAS_LOOPS {
            own.loops = Some(SweepKernel::paired(sweeping));
            own.is_paired = true;
        }
        own
    }

    /// The one of a name, which is among those that [`Program::int8_kernel_names`] gives.
    ///
    /// # Panics
    ///
    /// Where there is no such name; in a `const`, that fails the build.
    pub const fn named(name: &str) -> Self {
        let mut index = 0;
        while index < INT8_KERNELS.len() {
            if is_same(name.as_bytes(), INT8_KERNELS[index].0.as_bytes()) {
                return INT8_KERNELS[index].1;
            }
            index += 1;
        }
        panic!("no kernel has this name");
    }

    /// The names of all kernels.
    pub fn names() -> impl Iterator<Item = &'static str> {
        INT8_KERNELS.iter().map(|(name, _)| *name)
    }

    pub(super) fn run(&self, work: Int8Step<'_>, arena: &mut [i8], places: [Region; 2]) {
        (self.run)(work, arena, places);
    }

    pub(super) const fn rows(&self) -> RowsKernel {
        self.rows
    }

    /// Whether it computes what is arranged so.
    pub(super) const fn serves(&self, extent: &StepExtent) -> bool {
        !self.is_paired || extent.is_paired
    }

    /// What the loops take of a step, as it was written beside it.
    pub(super) const fn sweep_of(
        &self,
        sizes: &[u32; SIZE_WORDS],
        extent: &StepExtent,
    ) -> Option<CodeSweeping> {
        match self.loops {
            Some(loops) if extent.loops > 0 => CodeSweeping::of_words(loops, sizes),
            _ => None,
        }
    }

    /// What the loops take of a step whose integers are arranged for them.
    pub(super) const fn sweep(&self, step: &Step, extent: &StepExtent) -> Option<CodeSweeping> {
        match (self.loops, step.int8_geometry()) {
            (Some(loops), Some(geometry)) if extent.loops > 0 => {
                CodeSweeping::by(loops, &geometry, step.pools())
            }
            _ => None,
        }
    }
}

impl<const STEPS: usize> Program<STEPS> {
    /// The names of the kernels that the steps of an inference need, step by step, by a network that is
    /// arranged for `target`.
    ///
    /// # Errors
    ///
    /// A program for another purpose, or of another network.
    pub fn int8_kernel_names<'n>(
        &'n self,
        quantized: &'n QuantizedNetwork<'n>,
        target: Int8Target,
    ) -> Result<impl Iterator<Item = &'static str> + 'n, BufferError> {
        self.check_int8(quantized)?;
        Ok(self.steps().iter().map(move |step| {
            let (sweeping, is_paired) = self.sweeping(quantized, step, target);
            INT8_KERNELS[kernel_number(step, sweeping, is_paired) as usize].0
        }))
    }
}

pub(super) const CLAMP: SingleInt8Kernel = SingleInt8Kernel::new(clamp);

macro_rules! int8_kernels {
    ($($name:ident: $kernel:expr),+ $(,)?) => {
        /// The place of each in [`INT8_KERNELS`].
        #[allow(non_camel_case_types, reason = "they are called as the kernels are")]
        #[derive(Clone, Copy)]
        pub(super) enum Int8KernelNumber {
            $($name),+
        }

        /// All of them, each with its name.
        pub(super) const INT8_KERNELS: &[(&str, SingleInt8Kernel)] = &[$((stringify!($name), $kernel)),+];
    };
}

int8_kernels! {
    convolve_portably: SingleInt8Kernel::new(convolve),
    convolve_by_tiles: SingleInt8Kernel::by(convolve, Sweeping::Tiles),
    convolve_by_paired_tiles: SingleInt8Kernel::paired(convolve, Sweeping::Tiles),
    convolve_by_lines: SingleInt8Kernel::by(convolve, Sweeping::Lines),
    convolve_by_paired_lines: SingleInt8Kernel::paired(convolve, Sweeping::Lines),
    convolve_by_planes: SingleInt8Kernel::by(convolve, Sweeping::Planes),
    convolve_and_add_portably: SingleInt8Kernel::new(convolve_and_add),
    convolve_and_add_by_tiles: SingleInt8Kernel::by(convolve_and_add, Sweeping::Tiles),
    convolve_and_add_by_paired_tiles: SingleInt8Kernel::paired(convolve_and_add, Sweeping::Tiles),
    convolve_and_add_by_lines: SingleInt8Kernel::by(convolve_and_add, Sweeping::Lines),
    convolve_and_add_by_paired_lines: SingleInt8Kernel::paired(convolve_and_add, Sweeping::Lines),
    convolve_and_add_by_planes: SingleInt8Kernel::by(convolve_and_add, Sweeping::Planes),
    add: SingleInt8Kernel::new(add),
    pool_by_maximum: SingleInt8Kernel::new(pool_by_maximum),
    pool_by_mean: SingleInt8Kernel::new(pool_by_mean),
    clamp: CLAMP,
}

/// The kernel of a step, whose rows loops compute where `sweeping` says which.
pub(super) const fn kernel_number(
    step: &Step,
    sweeping: Option<Sweeping>,
    is_paired: bool,
) -> Int8KernelNumber {
    use Int8KernelNumber as Number;
    match step.operation {
        Operation::Conv2d { .. } | Operation::Linear { .. } => {
            match (step.adds, sweeping, is_paired) {
                (None, None, _) => Number::convolve_portably,
                (None, Some(Sweeping::Tiles), false) => Number::convolve_by_tiles,
                (None, Some(Sweeping::Tiles), true) => Number::convolve_by_paired_tiles,
                (None, Some(Sweeping::Lines), false) => Number::convolve_by_lines,
                (None, Some(Sweeping::Lines), true) => Number::convolve_by_paired_lines,
                (None, Some(Sweeping::Planes), _) => Number::convolve_by_planes,
                (Some(_), None, _) => Number::convolve_and_add_portably,
                (Some(_), Some(Sweeping::Tiles), false) => Number::convolve_and_add_by_tiles,
                (Some(_), Some(Sweeping::Tiles), true) => Number::convolve_and_add_by_paired_tiles,
                (Some(_), Some(Sweeping::Lines), false) => Number::convolve_and_add_by_lines,
                (Some(_), Some(Sweeping::Lines), true) => Number::convolve_and_add_by_paired_lines,
                (Some(_), Some(Sweeping::Planes), _) => Number::convolve_and_add_by_planes,
            }
        }
        Operation::Add { .. } => Number::add,
        Operation::MaxPool2d(_) => Number::pool_by_maximum,
        Operation::AvgPool2d(_) => Number::pool_by_mean,
        // The others are no part of a network of integers.
        Operation::Activation(_)
        | Operation::ScaleShift { .. }
        | Operation::BatchNorm { .. }
        | Operation::Dropout(_) => Number::clamp,
    }
}

fn convolve(work: Int8Step<'_>, arena: &mut [i8], [input, _]: [Region; 2]) {
    work.convolve(arena, input);
}

fn convolve_and_add(work: Int8Step<'_>, arena: &mut [i8], values: [Region; 2]) {
    work.convolve_and_add(arena, values);
}

fn add(work: Int8Step<'_>, arena: &mut [i8], values: [Region; 2]) {
    work.add(arena, values);
}

fn clamp(work: Int8Step<'_>, arena: &mut [i8], [input, _]: [Region; 2]) {
    work.clamp(arena, input);
}

fn pool_by_maximum(work: Int8Step<'_>, arena: &mut [i8], [input, _]: [Region; 2]) {
    if let Operation::MaxPool2d(pool) = &work.step.operation {
        work.pool(arena, input, pool).run_largest();
    }
}

fn pool_by_mean(work: Int8Step<'_>, arena: &mut [i8], [input, _]: [Region; 2]) {
    if let Operation::AvgPool2d(pool) = &work.step.operation {
        work.pool(arena, input, pool).run_mean();
    }
}

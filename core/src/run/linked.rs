//! A program that brings its kernels along, so that no others need be linked.

mod convolutions;

use super::buffers::BufferError;
use super::forward::StepForward;
use super::observer::{Observer, Work};
use crate::ops::conv2d::{ConvGeometry, scalar::parts};
use crate::{MAX_NODES, Network, Operation, Program, Purpose, Step};

/// Inference of one sample at a time, by a network that is known when a firmware is built.
///
/// [`Program::infer`] runs whatever its program says, so whoever calls it has the kernels of all
/// operations in flash. Here each step points to its kernel. In a `static`, only those that the network
/// needs are linked; the results are the same, to the bit.
///
/// ```
/// use kiln_core::{LinkedProgram, Network, Program, Purpose};
/// const NETWORK: Network = Network::input(1, 8, 8).conv2d(4, 3).relu().linear(2);
/// const STEPS: usize = Program::count_steps(&NETWORK, Purpose::Inference);
/// static PROGRAM: LinkedProgram<STEPS> = LinkedProgram::of(&NETWORK);
///
/// let parameters = [0.5; NETWORK.parameters()];
/// let mut arena = [0.0; PROGRAM.program().arena_packets()];
/// let logits = PROGRAM.infer(&parameters, &mut arena, |input| input.fill(1.0))?;
/// assert_eq!(logits, [360.5, 360.5]);
/// # Ok::<(), kiln_core::BufferError>(())
/// ```
#[derive(Clone, Debug)]
pub struct LinkedProgram<const STEPS: usize = MAX_NODES> {
    program: Program<STEPS>,
    kernels: [StepKernel; STEPS],
}

/// Runs one step of one sample.
pub(super) type StepKernel = fn(StepForward<'_, f32>);

impl<const STEPS: usize> LinkedProgram<STEPS> {
    /// The program of a network; in a `const`, a network with a fault fails the build.
    ///
    /// # Panics
    ///
    /// As [`Program::of`].
    pub const fn of(network: &Network) -> Self {
        let program = Program::of(network, Purpose::Inference);
        let kernels = kernels(&program);
        Self { program, kernels }
    }

    /// What runs, and where everything lies meanwhile.
    pub const fn program(&self) -> &Program<STEPS> {
        &self.program
    }

    /// As [`Program::infer`] of [`LinkedProgram::program`].
    ///
    /// # Errors
    ///
    /// The first buffer of another length.
    pub fn infer<'m>(
        &self,
        parameters: &[f32],
        arena: &'m mut [f32],
        fill: impl FnOnce(&mut [f32]),
    ) -> Result<&'m [f32], BufferError> {
        self.infer_observed(parameters, arena, fill, &mut ())
    }

    /// Like [`LinkedProgram::infer`], while `observer` looks on.
    ///
    /// # Errors
    ///
    /// As [`LinkedProgram::infer`].
    pub fn infer_observed<'m>(
        &self,
        parameters: &[f32],
        arena: &'m mut [f32],
        fill: impl FnOnce(&mut [f32]),
        observer: &mut impl Observer,
    ) -> Result<&'m [f32], BufferError> {
        let look = |step, _: &[f32]| {
            observer.done(match step {
                None => Work::Input,
                Some(step) => Work::Forward { step },
            });
        };
        let run = |index: usize, work: StepForward<'_, f32>| self.kernels[index](work);
        self.program
            .infer_stepwise(parameters, arena, fill, look, run)
    }
}

/// A kernel that runs one kind of step on one sample, for what is not known before it is linked: whoever
/// names only those that a network needs links no others.
#[derive(Clone, Copy, Debug)]
#[repr(transparent)]
pub struct SingleKernel(StepKernel);

impl SingleKernel {
    /// The one of a name, which is among those that [`Program::kernel_names`] gives.
    ///
    /// # Panics
    ///
    /// Where there is no such name; in a `const`, that fails the build.
    pub const fn named(name: &str) -> Self {
        let mut index = 0;
        while index < SINGLE_KERNELS.len() {
            if is_same(name.as_bytes(), SINGLE_KERNELS[index].0.as_bytes()) {
                return Self(SINGLE_KERNELS[index].1);
            }
            index += 1;
        }
        panic!("no kernel has this name");
    }

    /// The names of all kernels.
    pub fn names() -> impl Iterator<Item = &'static str> {
        SINGLE_KERNELS.iter().map(|(name, _)| *name)
    }

    pub(super) fn run(self, work: StepForward<'_, f32>) {
        self.0(work);
    }
}

impl<const STEPS: usize> Program<STEPS> {
    /// The names of the kernels that the steps of an inference of one sample need, step by step.
    pub fn kernel_names(&self) -> impl Iterator<Item = &'static str> + '_ {
        let steps = self.steps().iter();
        let used = steps.clone().map(common_parts);
        let used = used.fold(0, |used, own| used | own);
        steps.map(move |step| SINGLE_KERNELS[kernel(step, used) as usize].0)
    }
}

/// Whether two names are the same.
pub(super) const fn is_same(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    let mut index = 0;
    while index < one.len() {
        if one[index] != other[index] {
            return false;
        }
        index += 1;
    }
    true
}

/// The kernels of a program's steps forward; behind them, of nothing.
pub(super) const fn kernels<const STEPS: usize>(program: &Program<STEPS>) -> [StepKernel; STEPS] {
    let steps = program.steps();
    let mut used = 0;
    let mut index = 0;
    while index < steps.len() {
        used |= common_parts(&steps[index]);
        index += 1;
    }
    let mut kernels: [StepKernel; STEPS] = [activate; STEPS];
    index = 0;
    while index < steps.len() {
        kernels[index] = SINGLE_KERNELS[kernel(&steps[index], used) as usize].1;
        index += 1;
    }
    kernels
}

/// The parts of the kernels that a step needs if it is a convolution.
const fn convolution_parts(step: &Step) -> u8 {
    match &step.operation {
        Operation::Conv2d { conv, pool, .. } => {
            parts::of(&ConvGeometry::new(conv, step.input, step.inner), *pool)
        }
        _ => 0,
    }
}

/// The same, but for a convolution that shares its kernel with no other kind.
const fn common_parts(step: &Step) -> u8 {
    convolution_parts(step) & parts::ALL
}

/// The kernel of a step. All convolutions of a network have the same one, with the parts that
/// any of them needs, so that nothing is there twice; but those that have no tiles have their own.
const fn kernel(step: &Step, used: u8) -> KernelNumber {
    match &step.operation {
        Operation::Conv2d { .. } if convolution_parts(step) == parts::ONLY_PASSES => {
            KernelNumber::convolve_by_passes
        }
        Operation::Conv2d { .. } => convolutions::with(used),
        Operation::Linear { .. } => KernelNumber::connect,
        Operation::MaxPool2d(_) => KernelNumber::pool_by_maximum,
        Operation::AvgPool2d(_) => KernelNumber::pool_by_mean,
        Operation::Add { .. } => KernelNumber::add,
        Operation::ScaleShift { .. } => KernelNumber::scale_and_shift,
        // The others are no part of an inference.
        Operation::Activation(_) | Operation::BatchNorm { .. } | Operation::Dropout(_) => {
            KernelNumber::activate
        }
    }
}

/// Functions that are compiled here, for speed, whatever the crate that points to them is compiled for.
macro_rules! kernels {
    ($($name:ident: $kernel:expr),+ $(,)?) => {
        $(fn $name(work: StepForward<'_, f32>) {
            $kernel(work);
        })+

        /// The place of each in [`SINGLE_KERNELS`].
        #[allow(non_camel_case_types, reason = "they are called as the functions are")]
        #[derive(Clone, Copy)]
        enum KernelNumber {
            $($name),+
        }

        /// All of them, each with its name.
        const SINGLE_KERNELS: &[(&str, StepKernel)] = &[$((stringify!($name), $name)),+];
    };
}

kernels! {
    connect: StepForward::connect_single,
    pool_by_maximum: StepForward::pool_by_maximum,
    pool_by_mean: StepForward::pool_by_mean,
    add: StepForward::add,
    scale_and_shift: StepForward::scale_and_shift,
    activate: StepForward::activate,
    convolve_in_tiles: StepForward::convolve_single::<0>,
    convolve_and_pool: StepForward::convolve_single::<{ parts::POOL }>,
    convolve_with_fans: StepForward::convolve_single::<{ parts::FANS }>,
    convolve_with_fans_and_pool: StepForward::convolve_single::<{ parts::POOL | parts::FANS }>,
    convolve_few: StepForward::convolve_single::<{ parts::FANS | parts::FEW }>,
    convolve_few_and_pool: StepForward::convolve_single::<{ parts::POOL | parts::FANS | parts::FEW }>,
    convolve_kept: StepForward::convolve_single::<{ parts::KEPT }>,
    convolve_kept_with_fans: StepForward::convolve_single::<{ parts::FANS | parts::KEPT }>,
    convolve_by_passes: StepForward::convolve_single::<{ parts::ONLY_PASSES }>,
    convolve_with_fans_and_passes: StepForward::convolve_single::<{ parts::FANS | parts::PASSES }>,
    convolve_few_and_passes: StepForward::convolve_single::<{ parts::FANS | parts::FEW | parts::PASSES }>,
    convolve_columns: StepForward::convolve_single::<{ parts::COLUMNS }>,
    convolve_columns_with_fans: StepForward::convolve_single::<{ parts::COLUMNS | parts::FANS }>,
    convolve_columns_and_pool:
        StepForward::convolve_single::<{ parts::COLUMNS | parts::FANS | parts::POOL }>,
    convolve_columns_and_kept:
        StepForward::convolve_single::<{ parts::COLUMNS | parts::FANS | parts::KEPT }>,
    convolve_columns_and_few:
        StepForward::convolve_single::<{ parts::COLUMNS | parts::FANS | parts::FEW }>,
    convolve_by_all: StepForward::convolve_single::<{ parts::ALL }>,
}

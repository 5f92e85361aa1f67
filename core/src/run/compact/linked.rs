//! A program of a training that brings its kernels along, so that no others need be linked.

use super::CompactTrainer;
use super::kernels::StepKernels;
use super::pass::StepGradient;
use crate::run::forward::StepForward;
use crate::run::linked::{SingleKernel, StepKernel, is_same, kernels};
use crate::{CompactMode, MAX_NODES, Network, Operation, Program, Purpose, Step};

/// Compact training of a network, and of layers of it, that are known when a firmware is built.
///
/// A [`CompactTrainer`](crate::CompactTrainer) by a plain program has the kernels of all operations,
/// forward and backward, in flash. Here each step points to its own; a step that does not learn, and none
/// before which does, points to nothing backward. The results are the same, to the bit:
/// [`CompactTrainer::linked`](crate::CompactTrainer::linked).
#[derive(Clone, Debug)]
pub struct LinkedTraining<const STEPS: usize = MAX_NODES> {
    program: Program<STEPS>,
    kernels: [TrainedStepKernels; STEPS],
}

/// Those of one step.
#[derive(Clone, Copy, Debug)]
pub struct TrainedStepKernels {
    forward: StepKernel,
    backward: GradientKernel,
}

type GradientKernel = fn(StepGradient<'_>);

/// The kernels of a program's own steps.
#[derive(Clone, Copy, Debug)]
pub struct OwnKernels<'a>(&'a [TrainedStepKernels]);

/// A trainer with its own kernels alone.
pub type LinkedTrainer<'a, const STEPS: usize = MAX_NODES> =
    CompactTrainer<'a, STEPS, OwnKernels<'a>>;

impl<const STEPS: usize> LinkedTraining<STEPS> {
    /// The program of a network's training; in a `const`, a fault fails the build.
    ///
    /// # Panics
    ///
    /// As [`Program::of`].
    pub const fn of(network: &Network, mode: CompactMode) -> Self {
        let program: Program<STEPS> = Program::of(network, Purpose::Compact(mode));
        let forward = kernels(&program);
        let nothing = TrainedStepKernels {
            forward: pass_by,
            backward: learn_nothing,
        };
        let mut kernels = [nothing; STEPS];
        let steps = program.steps();
        let mut index = 0;
        while index < steps.len() {
            kernels[index] = TrainedStepKernels {
                forward: forward[index],
                backward: gradient_kernel(&steps[index]),
            };
            index += 1;
        }
        Self { program, kernels }
    }

    /// What runs, and where everything lies meanwhile.
    pub const fn program(&self) -> &Program<STEPS> {
        &self.program
    }

    pub(super) const fn kernels(&self) -> OwnKernels<'_> {
        OwnKernels(&self.kernels)
    }
}

impl StepKernels for OwnKernels<'_> {
    fn forward(self, index: usize, work: StepForward<'_, f32>) {
        (self.0[index].forward)(work);
    }

    fn backward(self, index: usize, work: StepGradient<'_>) {
        (self.0[index].backward)(work);
    }
}

/// A kernel that runs one kind of step of one sample backward, for what is not known before it is linked;
/// as [`SingleKernel`] forward.
#[derive(Clone, Copy, Debug)]
#[repr(transparent)]
pub struct SingleGradientKernel(GradientKernel);

impl SingleGradientKernel {
    /// The one of a name, which is among those that [`Program::gradient_kernel_names`] gives.
    ///
    /// # Panics
    ///
    /// Where there is no such name; in a `const`, that fails the build.
    pub const fn named(name: &str) -> Self {
        let mut index = 0;
        while index < GRADIENT_KERNELS.len() {
            if is_same(name.as_bytes(), GRADIENT_KERNELS[index].0.as_bytes()) {
                return Self(GRADIENT_KERNELS[index].1);
            }
            index += 1;
        }
        panic!("no gradient kernel has this name");
    }

    /// The names of all kernels.
    pub fn names() -> impl Iterator<Item = &'static str> {
        GRADIENT_KERNELS.iter().map(|(name, _)| *name)
    }
}

impl<const STEPS: usize> Program<STEPS> {
    /// The names of the kernels that the steps of a training need backward, step by step; nothing of a
    /// step that needs none.
    pub fn gradient_kernel_names(&self) -> impl Iterator<Item = Option<&'static str>> + '_ {
        let numbers = self.steps().iter().map(gradient_number);
        numbers.map(|number| Some(GRADIENT_KERNELS[number? as usize].0))
    }
}

/// The kernels of one step that somebody else has chosen.
#[derive(Clone, Copy, Debug)]
pub struct ChosenKernels {
    /// The one forward.
    pub forward: SingleKernel,
    /// The one backward, where it needs one.
    pub backward: Option<SingleGradientKernel>,
}

impl StepKernels for ChosenKernels {
    fn forward(self, _: usize, work: StepForward<'_, f32>) {
        self.forward.run(work);
    }

    fn backward(self, _: usize, work: StepGradient<'_>) {
        if let Some(kernel) = self.backward {
            (kernel.0)(work);
        }
    }
}

/// The kernel of a step backward.
const fn gradient_kernel(step: &Step) -> GradientKernel {
    match gradient_number(step) {
        Some(number) => GRADIENT_KERNELS[number as usize].1,
        None => learn_nothing,
    }
}

/// Which one it is.
const fn gradient_number(step: &Step) -> Option<GradientNumber> {
    if !step.is_backward {
        return None;
    }
    match step.operation {
        Operation::Conv2d { .. } => Some(GradientNumber::differentiate_convolution),
        Operation::Linear { .. } => Some(GradientNumber::differentiate_linear),
        Operation::ScaleShift { .. } => Some(GradientNumber::differentiate_scale_shift),
        Operation::MaxPool2d(_) => Some(GradientNumber::differentiate_maximum),
        Operation::AvgPool2d(_) => Some(GradientNumber::differentiate_mean),
        // The mask of an activation, and the copies of an addition, are made on the way.
        Operation::Activation(_)
        | Operation::Add { .. }
        | Operation::BatchNorm { .. }
        | Operation::Dropout(_) => None,
    }
}

/// Of a place that has no step.
fn pass_by(_: StepForward<'_, f32>) {}

fn learn_nothing(_: StepGradient<'_>) {}

/// Functions that are compiled here, for speed, whatever the crate that points to them is compiled for.
macro_rules! gradient_kernels {
    ($($name:ident: $kernel:ident),+ $(,)?) => {
        $(fn $name(work: StepGradient<'_>) {
            work.$kernel();
        })+

        /// The place of each in [`GRADIENT_KERNELS`].
        #[allow(non_camel_case_types, reason = "they are called as the functions are")]
        #[derive(Clone, Copy)]
        enum GradientNumber {
            $($name),+
        }

        /// All of them, each with its name.
        const GRADIENT_KERNELS: &[(&str, GradientKernel)] = &[$((stringify!($name), $name)),+];
    };
}

gradient_kernels! {
    differentiate_convolution: convolution,
    differentiate_linear: linear,
    differentiate_scale_shift: scale_shift,
    differentiate_maximum: maximum,
    differentiate_mean: mean,
}

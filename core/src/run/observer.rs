//! Who looks on while a program runs.
//!
//! The walks of `run/` tell an [`Observer`] of every piece of work that is done; what it makes of that,
//! such as reading a clock, is its own. Where nobody looks, the observer is `()`, and nothing of it is
//! left in the program.

/// A piece of work. Steps are counted from 0, as in [`Program::steps`](crate::Program::steps).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Work {
    /// Samples have been written into the network's input.
    Input,
    /// A step has run forward; of a batch normalisation, also its statistics are made.
    Forward {
        /// Index of the step.
        step: usize,
    },
    /// The network's output has been scored, and the gradient of the loss is there.
    Loss,
    /// Work on the gradient of what a step reads: the mask of its activation before, and the sum
    /// over those that read the same value behind it, are told of apart, as more of the same.
    InputGradient {
        /// Index of the step.
        step: usize,
    },
    /// A group's gradient of a step's parameters has been summed, or what makes it is kept.
    ParameterGradient {
        /// Index of the step.
        step: usize,
    },
    /// All that a step of compact training does backward: its gradients, and what becomes of them.
    Backward {
        /// Index of the step.
        step: usize,
    },
}

impl Work {
    /// What is done of a network of integers behind its input, and behind each step.
    pub(super) const fn of_int8(step: Option<usize>) -> Self {
        match step {
            None => Self::Input,
            Some(step) => Self::Forward { step },
        }
    }
}

/// Is told of each piece of work as soon as it is done, so that what it measures since it was told
/// last is what that piece took.
pub trait Observer {
    /// This has just been done.
    fn done(&mut self, work: Work);
}

/// Nobody looks.
impl Observer for () {
    #[inline(always)]
    fn done(&mut self, _: Work) {}
}

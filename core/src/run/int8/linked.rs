//! A program in integers that brings its kernels along, so that no others need be linked.

use super::arranged::ArrangedNetwork;
use super::extent::StepExtent;
use super::single::{CLAMP, INT8_KERNELS, SingleInt8Kernel, kernel_number};
use super::step::{Int8Step, StepIntegers};
use crate::dsp::CodeSweeping;
use crate::int8::Quantization;
use crate::program::Region;
use crate::run::buffers::BufferError;
use crate::run::observer::{Observer, Work};
use crate::{MAX_NODES, Network, Program, Purpose, Step};

/// Inference of one sample at a time in integers, by a network that is known when a firmware is built and
/// that was arranged for its processor.
///
/// [`Program::infer_arranged`] runs whatever its program says, so whoever calls it has the kernels of all
/// operations in flash. Here each step points to its kernel, and knows where its integers lie. In a
/// `static`, only the kernels that the network needs are linked; the codes are the same.
///
/// ```
/// use kiln_core::{
///     ArrangedNetwork, Int8Kernels, Int8Rule, LinkedInt8Program, Network, Quantization,
///     codes_in_words,
/// };
/// const NETWORK: Network = Network::input(1, 2, 2).max_pool2d(2);
/// static VALUES: [Quantization; 2] = [Quantization::new(0.5, 0); 2];
/// // What a firmware's build arranges: a pool has no weights.
/// static WORDS: [u32; 0] = [];
/// const ARRANGED: ArrangedNetwork<'static> =
///     ArrangedNetwork {
///         rule: Int8Rule::Once,
///         values: &VALUES,
///         words: &WORDS,
///         kernels: Int8Kernels::NONE,
///     };
/// static PROGRAM: LinkedInt8Program<'static, 1> = LinkedInt8Program::of(&NETWORK, ARRANGED);
///
/// let mut words = [0; PROGRAM.program().arena_packets() / 4];
/// let fill = |codes: &mut [i8]| codes.copy_from_slice(&[3, -5, 7, 1]);
/// assert_eq!(PROGRAM.infer(codes_in_words(&mut words), fill)?, [7]);
/// # Ok::<(), kiln_core::BufferError>(())
/// ```
#[derive(Clone, Debug)]
pub struct LinkedInt8Program<'a, const STEPS: usize = MAX_NODES> {
    program: Program<STEPS>,
    values: &'a [Quantization],
    words: &'a [u32],
    kernels: [Int8StepKernel; STEPS],
}

/// Runs one step, by its integers at their place.
#[derive(Clone, Copy, Debug)]
struct Int8StepKernel {
    kernel: SingleInt8Kernel,
    /// Where the processor's loops compute a convolution's rows: which.
    sweep: Option<CodeSweeping>,
    extent: StepExtent,
}

impl<'a, const STEPS: usize> LinkedInt8Program<'a, STEPS> {
    /// The program of a graph with its integers; in a `const`, a fault fails the build.
    ///
    /// # Panics
    ///
    /// As [`Program::of`], and where the integers are not those of the graph, or were arranged for a
    /// processor with other loops.
    pub const fn of(graph: &Network, network: ArrangedNetwork<'a>) -> Self {
        let program = Program::of(graph, Purpose::Int8(network.rule));
        let steps = program.steps();
        assert!(
            network.values.len() == program.node_of_value(steps.len()) + 1,
            "the values are another network's"
        );
        let nothing = Int8StepKernel {
            kernel: CLAMP,
            sweep: None,
            extent: match StepExtent::of(&Step::NOTHING, &[], 0) {
                Some(extent) => extent,
                None => panic!("a step without integers"),
            },
        };
        let mut kernels = [nothing; STEPS];
        let (mut index, mut at) = (0, 0);
        while index < steps.len() {
            let step = &steps[index];
            let Some(extent) = StepExtent::of(step, network.words, at) else {
                panic!("the words are arranged for another network, or another processor");
            };
            at += extent.len();
            let number = kernel_number(step, extent.sweeping(step), extent.is_paired);
            let kernel = INT8_KERNELS[number as usize].1;
            kernels[index] = Int8StepKernel {
                kernel,
                sweep: kernel.sweep(step, &extent),
                extent,
            };
            index += 1;
        }
        assert!(at == network.words.len(), "the words are another network's");
        Self {
            program,
            values: network.values,
            words: network.words,
            kernels,
        }
    }

    /// What runs, and where everything lies meanwhile.
    pub const fn program(&self) -> &Program<STEPS> {
        &self.program
    }

    /// As [`Program::infer_arranged`] of [`LinkedInt8Program::program`].
    ///
    /// # Errors
    ///
    /// An arena of another length.
    pub fn infer<'m>(
        &self,
        arena: &'m mut [i8],
        fill: impl FnOnce(&mut [i8]),
    ) -> Result<&'m [i8], BufferError> {
        self.infer_observed(arena, fill, &mut ())
    }

    /// Like [`LinkedInt8Program::infer`], while `observer` looks on.
    ///
    /// # Errors
    ///
    /// As [`LinkedInt8Program::infer`].
    pub fn infer_observed<'m>(
        &self,
        arena: &'m mut [i8],
        fill: impl FnOnce(&mut [i8]),
        observer: &mut impl Observer,
    ) -> Result<&'m [i8], BufferError> {
        let (values, words) = (self.values, self.words);
        let integers = |index: usize, _: &Step| {
            let own = &self.kernels[index];
            StepIntegers {
                tensors: own.extent.tensors(words),
                rows: own.kernel.rows(),
                sweep: own.sweep.as_ref(),
            }
        };
        let look = |step, _: &[i8]| observer.done(Work::of_int8(step));
        let run = |index: usize, work: Int8Step<'_>, arena: &mut [i8], places: [Region; 2]| {
            self.kernels[index].kernel.run(work, arena, places);
        };
        self.program
            .infer_by(values, arena, fill, integers, look, run)
    }
}

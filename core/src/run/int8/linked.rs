//! A program in integers that brings its kernels along, so that no others need be linked.

use super::arranged::{ArrangedNetwork, StepExtent};
use super::step::{Int8Step, RowsKernel, StepIntegers, convolve_portably, sweep_rows};
use crate::dsp::CodeSweeping;
use crate::ops::pool::int8::Int8PoolKind;
use crate::program::Region;
use crate::run::buffers::BufferError;
use crate::run::observer::{Observer, Work};
use crate::{MAX_NODES, Network, Operation, Program, Purpose, Step};

/// Inference of one sample at a time in integers, by a network that is known when a firmware is built and
/// that was arranged for its processor.
///
/// [`Program::infer_arranged`] runs whatever its program says, so whoever calls it has the kernels of all
/// operations in flash. Here each step points to its kernel, and knows where its integers lie. In a
/// `static`, only the kernels that the network needs are linked; the codes are the same.
///
/// ```
/// use kiln_core::{
///     ArrangedNetwork, Int8Rule, LinkedInt8Program, Network, Quantization, codes_in_words,
/// };
/// const NETWORK: Network = Network::input(1, 2, 2).max_pool2d(2);
/// static VALUES: [Quantization; 2] = [Quantization::new(0.5, 0); 2];
/// // What a firmware's build arranges: a pool has no weights.
/// static WORDS: [u32; 0] = [];
/// const ARRANGED: ArrangedNetwork<'static> =
///     ArrangedNetwork { rule: Int8Rule::Once, values: &VALUES, words: &WORDS };
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
    network: ArrangedNetwork<'a>,
    kernels: [Int8StepKernel; STEPS],
}

/// Runs one step, by its integers at their place.
#[derive(Clone, Copy, Debug)]
struct Int8StepKernel {
    run: Int8Kernel,
    rows: RowsKernel,
    /// Where the processor's loops compute a convolution's rows: which.
    sweep: Option<CodeSweeping>,
    extent: StepExtent,
}

/// Runs one step of one sample.
type Int8Kernel = fn(Int8Step<'_>, &mut [i8], [Region; 2]);

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
            run: clamp,
            rows: convolve_portably,
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
            let sweep = sweep(step, &extent, network.words);
            kernels[index] = Int8StepKernel {
                run: kernel(step),
                rows: match sweep {
                    Some(_) => sweep_rows,
                    None => convolve_portably,
                },
                sweep,
                extent,
            };
            index += 1;
        }
        assert!(at == network.words.len(), "the words are another network's");
        Self {
            program,
            network,
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
        let ArrangedNetwork { values, words, .. } = self.network;
        let integers = |index: usize, _: &Step| {
            let own = &self.kernels[index];
            StepIntegers {
                tensors: own.extent.tensors(words),
                rows: own.rows,
                sweep: own.sweep.as_ref(),
            }
        };
        let look = |step, _: &[i8]| observer.done(Work::of_int8(step));
        let run = |index: usize, work: Int8Step<'_>, arena: &mut [i8], places: [Region; 2]| {
            (self.kernels[index].run)(work, arena, places);
        };
        self.program
            .infer_by(values, arena, fill, integers, look, run)
    }
}

/// The kernel of a step.
const fn kernel(step: &Step) -> Int8Kernel {
    match step.operation {
        Operation::Conv2d { .. } | Operation::Linear { .. } if step.adds.is_some() => {
            convolve_and_add
        }
        Operation::Conv2d { .. } | Operation::Linear { .. } => convolve,
        Operation::Add { .. } => add,
        Operation::MaxPool2d(_) => pool_by_maximum,
        Operation::AvgPool2d(_) => pool_by_mean,
        // The others are no part of a network of integers.
        Operation::Activation(_)
        | Operation::ScaleShift { .. }
        | Operation::BatchNorm { .. }
        | Operation::Dropout(_) => clamp,
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
    if let Operation::MaxPool2d(pool) = work.step.operation {
        work.pool(arena, input, pool, Int8PoolKind::Max);
    }
}

fn pool_by_mean(work: Int8Step<'_>, arena: &mut [i8], [input, _]: [Region; 2]) {
    if let Operation::AvgPool2d(pool) = work.step.operation {
        let zero = work.inputs[0].zero;
        let kind = Int8PoolKind::average(work.rule, work.behind(), zero);
        work.pool(arena, input, pool, kind);
    }
}

/// The loops that a convolution's integers are arranged for, if they are.
#[cfg(any(
    test,
    all(
        target_arch = "arm",
        target_abi = "eabihf",
        not(target_has_atomic = "64")
    )
))]
const fn sweep(step: &Step, extent: &StepExtent, words: &[u32]) -> Option<CodeSweeping> {
    if extent.loops == 0 {
        return None;
    }
    let Some(geometry) = step.int8_geometry() else {
        return None;
    };
    let pool = matches!(step.operation, Operation::Conv2d { pool: true, .. });
    CodeSweeping::of_arranged(&geometry, pool, words[extent.at])
}

/// None: this processor has no loops of its own.
#[cfg(not(any(
    test,
    all(
        target_arch = "arm",
        target_abi = "eabihf",
        not(target_has_atomic = "64")
    )
)))]
const fn sweep(_: &Step, _: &StepExtent, _: &[u32]) -> Option<CodeSweeping> {
    None
}

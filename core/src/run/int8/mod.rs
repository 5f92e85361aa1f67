//! The forward pass of a network in integers.

mod arranged;
mod cursor;
mod extent;
mod kernels;
mod linked;
mod packets;
mod rows;
mod single;
mod step;

pub(super) use arranged::HAS_LOOPS;
pub use arranged::{ArrangedNetwork, Int8Target};
pub(super) use cursor::{ArrangedCursor, KnownStep};
pub(super) use extent::StepExtent;
pub use kernels::Int8Kernels;
pub use linked::LinkedInt8Program;
pub(crate) use packets::CompiledCodes;
pub use packets::{PacketLayer, PacketMemory, PacketNetwork, PacketPass, PacketSizes};
pub use single::SingleInt8Kernel;

use super::buffers::{self, BufferError};
use super::observer::{Observer, Work};
use crate::int8::QuantizedNetwork;
use crate::program::Region;
use crate::{Int8Rule, Program, Quantization, Step};
use step::{Int8Step, StepIntegers, StepTensors};

impl<const STEPS: usize> Program<STEPS> {
    /// Computes the codes that a network gives for one sample, by a program made for
    /// [`Purpose::Int8`](crate::Purpose::Int8) of its graph and its rule.
    ///
    /// `arena` holds exactly [`Program::arena_packets`] bytes. `fill` gets height x width x channels
    /// codes, channels last, with anything in them. The output's codes, height x width x channels of
    /// the last node, lie in `arena`.
    ///
    /// # Errors
    ///
    /// A program for something else, or an arena of another length.
    pub fn infer_int8<'m>(
        &self,
        quantized: &QuantizedNetwork<'_>,
        arena: &'m mut [i8],
        fill: impl FnOnce(&mut [i8]),
    ) -> Result<&'m [i8], BufferError> {
        self.infer_int8_observed(quantized, arena, fill, &mut ())
    }

    /// Like [`Program::infer_int8`], while `observer` looks on.
    ///
    /// # Errors
    ///
    /// As [`Program::infer_int8`].
    pub fn infer_int8_observed<'m>(
        &self,
        quantized: &QuantizedNetwork<'_>,
        arena: &'m mut [i8],
        fill: impl FnOnce(&mut [i8]),
        observer: &mut impl Observer,
    ) -> Result<&'m [i8], BufferError> {
        self.infer_int8_looking_on(quantized, arena, fill, |step, _| {
            observer.done(Work::of_int8(step));
        })
    }

    /// Like [`Program::infer_int8`], and shows `visit` the input's codes, then those that each step
    /// gives, with the step's index.
    ///
    /// # Errors
    ///
    /// As [`Program::infer_int8`].
    pub fn infer_int8_visited(
        &self,
        quantized: &QuantizedNetwork<'_>,
        arena: &mut [i8],
        fill: impl FnOnce(&mut [i8]),
        mut visit: impl FnMut(Option<usize>, &[i8]),
    ) -> Result<(), BufferError> {
        self.infer_int8_looking_on(quantized, arena, fill, |step, arena| {
            let value = self.value(step.map_or(0, |step| step + 1));
            let shape = step.map_or(self.input_shape(), |step| self.steps()[step].output);
            visit(step, &arena[value.at..][..shape.elements()]);
        })
        .map(|_| ())
    }

    /// Where the input's codes lie in the arena, for what writes them before a pass.
    pub fn input_codes(&self) -> core::ops::Range<usize> {
        let start = self.value(0).at;
        start..start + self.input_shape().elements()
    }

    /// The pass; `look` is called behind the input and behind each step, with the arena.
    fn infer_int8_looking_on<'m>(
        &self,
        quantized: &QuantizedNetwork<'_>,
        arena: &'m mut [i8],
        fill: impl FnOnce(&mut [i8]),
        look: impl FnMut(Option<usize>, &[i8]),
    ) -> Result<&'m [i8], BufferError> {
        self.check_int8(quantized)?;
        let integers = |_, step: &Step| {
            StepIntegers::of(StepTensors::Plain {
                weights: &quantized.weights()[step.parameters.range()],
                constants: &quantized.constants()[step.constants.range()],
            })
        };
        let run = run_any(&Int8Kernels::ALL);
        self.infer_by(quantized.values(), arena, fill, integers, look, run)
    }

    /// The pass over steps whose integers `integers` finds, in order, each by `run`.
    fn infer_by<'t, 'm>(
        &self,
        values: &[Quantization],
        arena: &'m mut [i8],
        fill: impl FnOnce(&mut [i8]),
        mut integers: impl FnMut(usize, &Step) -> StepIntegers<'t>,
        mut look: impl FnMut(Option<usize>, &[i8]),
        run: impl Fn(usize, Int8Step<'_>, &mut [i8], [Region; 2]),
    ) -> Result<&'m [i8], BufferError> {
        buffers::check("arena of bytes", arena.len(), self.arena_packets())?;
        let rule = self.int8_rule().ok_or(BufferError::Purpose)?;
        let input = self.value(0);
        fill(&mut arena[input.at..][..self.input_shape().elements()]);
        look(None, arena);
        for (index, step) in self.steps().iter().enumerate() {
            let work = self.int8_step(step, values, rule, integers(index, step));
            run(
                index,
                work,
                arena,
                step.reads.map(|read| self.value(read.value)),
            );
            look(Some(index), arena);
        }
        let output = self.value(self.steps().len());
        Ok(&arena[output.at..][..self.classes()])
    }

    /// A step with its integers.
    fn int8_step<'a>(
        &self,
        step: &'a Step,
        values: &'a [Quantization],
        rule: Int8Rule,
        integers: StepIntegers<'a>,
    ) -> Int8Step<'a> {
        let numbers = step.reads.map(|read| self.node_of_value(read.value));
        Int8Step {
            step,
            rule,
            inputs: numbers.map(|number| values[number]),
            nodes: &values[step.node + 1..][..step.nodes],
            integers,
        }
    }

    /// Number of the last node that a step's value covers, 0 for the input.
    pub(in crate::run) const fn node_of_value(&self, value: usize) -> usize {
        match value {
            0 => 0,
            _ => self.steps()[value - 1].node + self.steps()[value - 1].nodes,
        }
    }

    fn check_int8(&self, quantized: &QuantizedNetwork<'_>) -> Result<(), BufferError> {
        self.check_rule(quantized.rule(), quantized.values().len())?;
        buffers::check("weights", quantized.weights().len(), self.parameters())?;
        buffers::check("constants", quantized.constants().len(), self.constants())
    }

    /// Checks the rule of a network of so many values.
    fn check_rule(&self, rule: Int8Rule, values: usize) -> Result<(), BufferError> {
        if self.int8_rule() != Some(rule) {
            return Err(BufferError::Purpose);
        }
        let nodes = self.node_of_value(self.steps().len());
        buffers::check("values", values, nodes + 1)
    }
}

/// Runs a step, whatever it is, by these kernels where not every network has its own.
fn run_any(
    kernels: &Int8Kernels,
) -> impl Fn(usize, Int8Step<'_>, &mut [i8], [Region; 2]) + Copy + '_ {
    move |_, work, arena, values| work.run(kernels, arena, values)
}

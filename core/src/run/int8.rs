//! The forward pass of a network in integers.

use super::buffers::{self, BufferError};
use super::observer::{Observer, Work};
use crate::int8::QuantizedNetwork;
use crate::ops::add::int8::Int8Add;
use crate::ops::conv2d::{ConvGeometry, Int8Conv};
use crate::ops::pool::PoolGeometry;
use crate::ops::pool::int8::{Int8Pool, Int8PoolKind};
use crate::program::Region;
use crate::{Int8Rule, Operation, Pool2d, Program, Quantization, Step};

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
            observer.done(match step {
                None => Work::Input,
                Some(step) => Work::Forward { step },
            });
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

    /// The pass; `look` is called behind the input and behind each step, with the arena.
    fn infer_int8_looking_on<'m>(
        &self,
        quantized: &QuantizedNetwork<'_>,
        arena: &'m mut [i8],
        fill: impl FnOnce(&mut [i8]),
        mut look: impl FnMut(Option<usize>, &[i8]),
    ) -> Result<&'m [i8], BufferError> {
        let rule = self.check_int8(quantized)?;
        buffers::check("arena of bytes", arena.len(), self.arena_packets())?;
        let input = self.value(0);
        fill(&mut arena[input.at..][..self.input_shape().elements()]);
        look(None, arena);
        for (index, step) in self.steps().iter().enumerate() {
            let work = Int8Step {
                step,
                rule,
                inputs: [0, 1].map(|read| {
                    let value = step.reads[read].value;
                    quantized.values()[self.node_of_value(value)]
                }),
                nodes: &quantized.values()[step.node + 1..][..step.nodes],
                output: output_of(quantized, step),
                weights: &quantized.weights()[step.parameters.range()],
                constants: &quantized.constants()[step.constants.range()],
            };
            let values = [0, 1].map(|read| self.value(step.reads[read].value));
            work.run(arena, values);
            look(Some(index), arena);
        }
        let output = self.value(self.steps().len());
        Ok(&arena[output.at..][..self.classes()])
    }

    /// Number of the last node that a step's value covers, 0 for the input.
    fn node_of_value(&self, value: usize) -> usize {
        match value {
            0 => 0,
            _ => self.steps()[value - 1].node + self.steps()[value - 1].nodes,
        }
    }

    fn check_int8(&self, quantized: &QuantizedNetwork<'_>) -> Result<Int8Rule, BufferError> {
        let rule = quantized.rule();
        if self.int8_rule() != Some(rule) {
            return Err(BufferError::Purpose);
        }
        let nodes = self.node_of_value(self.steps().len());
        buffers::check("values", quantized.values().len(), nodes + 1)?;
        buffers::check("weights", quantized.weights().len(), self.parameters())?;
        buffers::check("constants", quantized.constants().len(), self.constants())?;
        Ok(rule)
    }
}

/// What a step's codes stand for, and the limits of all nodes that it covers: those of an activation
/// in front of a pool among them.
fn output_of(quantized: &QuantizedNetwork<'_>, step: &Step) -> Quantization {
    let first = step.node + usize::from(step.adds.is_some());
    let nodes = &quantized.values()[first + 1..step.node + step.nodes + 1];
    let mut output = nodes[nodes.len() - 1];
    for node in nodes {
        output.low = output.low.max(node.low);
        output.high = output.high.min(node.high);
    }
    output
}

/// One step, its integers in hand.
struct Int8Step<'a> {
    step: &'a Step,
    rule: Int8Rule,
    inputs: [Quantization; 2],
    /// Those of each node that it covers.
    nodes: &'a [Quantization],
    /// What its output's codes stand for, within the limits of all nodes behind an addition.
    output: Quantization,
    weights: &'a [i8],
    constants: &'a [i32],
}

impl Int8Step<'_> {
    /// Runs it; `values` are the places of what it reads.
    fn run(self, arena: &mut [i8], values: [Region; 2]) {
        let step = self.step;
        match step.operation {
            Operation::Conv2d { .. } | Operation::Linear { .. } => self.convolve(arena, values),
            Operation::Add { .. } => self.add(arena, values),
            Operation::MaxPool2d(pool) => self.pool(arena, values[0], pool, Int8PoolKind::Max),
            Operation::AvgPool2d(pool) => {
                let kind = Int8PoolKind::average(self.rule, self.constants, self.inputs[0].zero);
                self.pool(arena, values[0], pool, kind);
            }
            Operation::Activation(_) => self.clamp(arena, values[0]),
            Operation::ScaleShift { .. } | Operation::BatchNorm { .. } | Operation::Dropout(_) => {
                unreachable!("a quantised network has been checked for such layers")
            }
        }
    }

    /// Row by row, each of which is added to its place.
    fn convolve_and_add(
        self,
        arena: &mut [i8],
        [input, other]: [Region; 2],
        geometry: &ConvGeometry,
    ) {
        let step = self.step;
        let Some(read) = step.adds.map(usize::from) else {
            return;
        };
        let len = step.output.elements();
        if step.in_place.is_none() {
            let [from, to] = disjoint(arena, [other, step.value.region]);
            to[..len].copy_from_slice(&from[..len]);
        }
        let regions = [input, step.value.region, step.scratch.region];
        let [input, output, scratch] = disjoint(arena, regions);
        let input = &input[..step.input.elements()];
        let (row, scratch) = scratch.split_at_mut(step.int8_row());
        let (constants, sum) = self.constants.split_at(3 * geometry.filters);
        let conv = self.nodes[0];
        let mut inputs = [conv; 2];
        inputs[read] = self.inputs[1];
        let codes = geometry.output[1] * geometry.filters;
        for (y, value) in output[..len].chunks_exact_mut(codes).enumerate() {
            let (own, above) = geometry.of_row(y);
            Int8Conv {
                geometry: own,
                pool: false,
                rule: self.rule,
                input: &input[above * geometry.input[1] * geometry.channels..],
                input_zero: self.inputs[0].zero,
                weights: self.weights,
                constants,
                quantization: conv,
                output: &mut row[..codes],
                scratch,
            }
            .run();
            Int8Add {
                rule: self.rule,
                constants: sum,
                inputs,
                quantization: self.output,
                value,
                other: Some(&row[..codes]),
                is_second: read == 1,
            }
            .run();
        }
    }

    fn convolve(self, arena: &mut [i8], [input, other]: [Region; 2]) {
        let Some(geometry) = self.step.int8_geometry() else {
            return;
        };
        let pool = matches!(self.step.operation, Operation::Conv2d { pool: true, .. });
        let rule = match self.step.operation {
            // TensorFlow Lite's linear layers round once, too.
            Operation::Linear { .. } => Int8Rule::Once,
            _ => self.rule,
        };
        if self.step.adds.is_some() {
            return self.convolve_and_add(arena, [input, other], &geometry);
        }
        let input_len = self.step.input.elements();
        let output_len = self.step.output.elements();
        let (own, scratch) = (self.step.value.region, self.step.scratch.region);
        let [input, output, scratch] = disjoint(arena, [input, own, scratch]);
        Int8Conv {
            geometry,
            pool,
            rule,
            input: &input[..input_len],
            input_zero: self.inputs[0].zero,
            weights: self.weights,
            constants: self.constants,
            quantization: self.output,
            output: &mut output[..output_len],
            scratch,
        }
        .run();
    }

    fn add(self, arena: &mut [i8], [first, second]: [Region; 2]) {
        let len = self.step.output.elements();
        let own = self.step.value.region;
        let is_twice = first.at == second.at;
        // Where neither input dies, the sum begins as the first one's copy.
        let is_second = self.step.in_place == Some(1);
        if self.step.in_place.is_none() {
            let [from, to] = disjoint(arena, [first, own]);
            to[..len].copy_from_slice(&from[..len]);
        }
        let others = if is_second { first } else { second };
        let [others, value] = match is_twice {
            true => disjoint(arena, [Region::EMPTY, own]),
            false => disjoint(arena, [others, own]),
        };
        Int8Add {
            rule: self.rule,
            constants: self.constants,
            inputs: self.inputs,
            quantization: self.output,
            value: &mut value[..len],
            other: (!is_twice).then(|| &others[..len]),
            is_second,
        }
        .run();
    }

    fn pool(self, arena: &mut [i8], input: Region, pool: Pool2d, kind: Int8PoolKind) {
        let step = self.step;
        let [input, output] = disjoint(arena, [input, step.value.region]);
        Int8Pool {
            geometry: PoolGeometry::new(&pool, step.input, step.output),
            kind,
            input: &input[..step.input.elements()],
            output: &mut output[..step.output.elements()],
            quantization: self.output,
        }
        .run();
    }

    /// An activation on its own: its output's limits.
    fn clamp(self, arena: &mut [i8], input: Region) {
        let (len, own) = (self.step.output.elements(), self.step.value.region);
        if self.step.in_place.is_none() {
            let [from, to] = disjoint(arena, [input, own]);
            to[..len].copy_from_slice(&from[..len]);
        }
        for code in &mut arena[own.at..][..len] {
            *code = self.output.clamp((*code).into());
        }
    }
}

/// Buffers that are alive at the same time.
fn disjoint<const N: usize>(arena: &mut [i8], regions: [Region; N]) -> [&mut [i8]; N] {
    match arena.get_disjoint_mut(regions.map(Region::range)) {
        Ok(buffers) => buffers,
        Err(_) => unreachable!("buffers alive at the same time overlap"),
    }
}

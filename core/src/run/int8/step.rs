//! One step of a network in integers.

use super::kernels::Int8Kernels;
use super::rows::{ConvolvedRows, convolve_rows};
use crate::dsp::CodeSweeping;
use crate::ops::add::int8::Int8Add;
use crate::ops::pool::PoolGeometry;
use crate::ops::pool::int8::{Int8Pool, Int8PoolKind};
use crate::program::Region;
use crate::{Int8Rule, Operation, Pool2d, Quantization, Step};

/// The integers of a step.
#[derive(Clone, Copy)]
pub(in crate::run) enum StepTensors<'a> {
    /// As a quantised network has them.
    Plain {
        weights: &'a [i8],
        constants: &'a [i32],
    },
    /// Arranged for a processor's loops; the constants are those of an addition behind them.
    Arranged {
        words: &'a [u32],
        constants: &'a [i32],
    },
}

/// One step, its integers in hand.
pub(super) struct Int8Step<'a> {
    pub step: &'a Step,
    pub rule: Int8Rule,
    /// What the codes stand for that it reads.
    pub inputs: [Quantization; 2],
    /// What those of each node stand for that it covers.
    pub nodes: &'a [Quantization],
    pub integers: StepIntegers<'a>,
}

/// The integers of a step, and what computes with them.
#[derive(Clone, Copy)]
pub(super) struct StepIntegers<'a> {
    pub tensors: StepTensors<'a>,
    /// What computes its rows, where it is a convolution.
    pub rows: RowsKernel,
    /// For [`sweep_rows`].
    pub sweep: Option<&'a CodeSweeping>,
}

impl<'a> StepIntegers<'a> {
    /// For whatever computes with such tensors.
    pub fn of(tensors: StepTensors<'a>) -> Self {
        Self {
            tensors,
            rows: convolve_rows,
            sweep: None,
        }
    }
}

/// Computes rows of a convolution.
pub(super) type RowsKernel = fn(&Int8Step<'_>, ConvolvedRows<'_>);

impl Int8Step<'_> {
    /// Runs it; `values` are the places of what it reads.
    pub fn run(self, kernels: &Int8Kernels, arena: &mut [i8], values: [Region; 2]) {
        match self.step.operation {
            Operation::Conv2d { .. } | Operation::Linear { .. } if self.step.adds.is_some() => {
                self.convolve_and_add(arena, values);
            }
            Operation::Conv2d { .. } | Operation::Linear { .. } => self.convolve(arena, values[0]),
            Operation::Add { .. } => self.add(arena, values),
            Operation::MaxPool2d(pool) | Operation::AvgPool2d(pool) => {
                let work = self.pool(arena, values[0], &pool);
                match kernels.pool(self.step) {
                    Some(kernel) => kernel(work),
                    None => unreachable!("the program's kernels have been checked"),
                }
            }
            Operation::Activation(_) => self.clamp(arena, values[0]),
            Operation::ScaleShift { .. } | Operation::BatchNorm { .. } | Operation::Dropout(_) => {
                unreachable!("a quantised network has been checked for such layers")
            }
        }
    }

    /// What the output's codes stand for, within the limits of all nodes from the one at `first` on:
    /// those of an activation in front of a pool among them.
    pub fn output(&self, first: usize) -> Quantization {
        let mut output = self.nodes[self.nodes.len() - 1];
        for node in &self.nodes[first..] {
            output.low = output.low.max(node.low);
            output.high = output.high.min(node.high);
        }
        output
    }

    /// The constants that are not a convolution's.
    pub fn behind(&self) -> &[i32] {
        match self.integers.tensors {
            StepTensors::Plain { constants, .. } => match self.step.int8_geometry() {
                Some(geometry) => &constants[3 * geometry.filters..],
                None => constants,
            },
            StepTensors::Arranged { constants, .. } => constants,
        }
    }

    pub(super) fn convolve(self, arena: &mut [i8], input: Region) {
        let Some(geometry) = self.step.int8_geometry() else {
            return;
        };
        let (own, scratch) = (self.step.value.region, self.step.scratch.region);
        let [input, output, scratch] = disjoint(arena, [input, own, scratch]);
        let pool = matches!(self.step.operation, Operation::Conv2d { pool: true, .. });
        (self.integers.rows)(
            &self,
            ConvolvedRows {
                geometry,
                pool,
                rows: 0..self.step.output.height as usize,
                input: &input[..self.step.input.elements()],
                quantization: self.output(0),
                output: &mut output[..self.step.output.elements()],
                scratch,
            },
        );
    }

    /// Row by row, each of which is added to its place.
    pub(super) fn convolve_and_add(self, arena: &mut [i8], [input, other]: [Region; 2]) {
        let step = self.step;
        let (Some(geometry), Some(read)) = (step.int8_geometry(), step.adds) else {
            return;
        };
        let len = step.output.elements();
        if step.in_place.is_none() {
            let [from, to] = disjoint(arena, [other, step.value.region]);
            to[..len].copy_from_slice(&from[..len]);
        }
        let regions = [input, step.value.region, step.scratch.region];
        let [input, output, scratch] = disjoint(arena, regions);
        let (row, scratch) = scratch.split_at_mut(step.int8_row());
        let row = &mut row[..geometry.output[1] * geometry.filters];
        let mut inputs = [self.nodes[0]; 2];
        inputs[usize::from(read)] = self.inputs[1];
        for (y, value) in output[..len].chunks_exact_mut(row.len()).enumerate() {
            (self.integers.rows)(
                &self,
                ConvolvedRows {
                    geometry,
                    pool: false,
                    rows: y..y + 1,
                    input: &input[..step.input.elements()],
                    quantization: self.nodes[0],
                    output: row,
                    scratch,
                },
            );
            self.add_codes(Int8Add {
                rule: self.rule,
                constants: self.behind(),
                inputs,
                quantization: self.output(1),
                value,
                other: Some(row),
                is_second: read == 1,
            });
        }
    }

    pub(super) fn add(self, arena: &mut [i8], [first, second]: [Region; 2]) {
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
        self.add_codes(Int8Add {
            rule: self.rule,
            constants: self.behind(),
            inputs: self.inputs,
            quantization: self.output(0),
            value: &mut value[..len],
            other: (!is_twice).then(|| &others[..len]),
            is_second,
        });
    }

    /// By the processor's loops, where the network was arranged for them and they serve its numbers.
    #[cfg(any(
        test,
        all(
            target_arch = "arm",
            target_abi = "eabihf",
            not(target_has_atomic = "64")
        )
    ))]
    fn add_codes(&self, work: Int8Add<'_>) {
        if let StepTensors::Arranged { .. } = self.integers.tensors {
            work.run_by_loops();
        } else {
            work.run();
        }
    }

    #[cfg(not(any(
        test,
        all(
            target_arch = "arm",
            target_abi = "eabihf",
            not(target_has_atomic = "64")
        )
    )))]
    fn add_codes(&self, work: Int8Add<'_>) {
        work.run();
    }

    /// What a pool is.
    pub fn pool_kind(&self) -> Int8PoolKind {
        match self.step.operation {
            Operation::MaxPool2d(_) => Int8PoolKind::Max,
            _ => Int8PoolKind::average(self.rule, self.behind(), self.inputs[0].zero),
        }
    }

    pub(super) fn pool<'a>(
        &self,
        arena: &'a mut [i8],
        input: Region,
        pool: &Pool2d,
    ) -> Int8Pool<'a> {
        let step = self.step;
        let [input, output] = disjoint(arena, [input, step.value.region]);
        Int8Pool {
            geometry: PoolGeometry::new(pool, step.input, step.output),
            kind: self.pool_kind(),
            input: &input[..step.input.elements()],
            output: &mut output[..step.output.elements()],
            quantization: self.output(0),
        }
    }

    /// An activation on its own: its output's limits.
    pub(super) fn clamp(self, arena: &mut [i8], input: Region) {
        let (len, own) = (self.step.output.elements(), self.step.value.region);
        if self.step.in_place.is_none() {
            let [from, to] = disjoint(arena, [input, own]);
            to[..len].copy_from_slice(&from[..len]);
        }
        let output = self.output(0);
        for code in &mut arena[own.at..][..len] {
            *code = output.clamp((*code).into());
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

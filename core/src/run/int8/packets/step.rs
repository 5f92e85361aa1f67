//! One step of a network in integers, a packet of samples at a time.

use super::super::kernels::Int8Kernels;
use super::super::step::{Int8Step, StepIntegers, StepTensors};
use super::codes::{read_sample, write_sample};
use super::layer::is_pooled;
use super::{PacketConvLayer, PacketLayer, PacketMemory};
use crate::int8::{PacketClamp, QuantizedNetwork};
use crate::lanes::codes::{CodeLanes, QUAD};
use crate::ops::add::packets::PacketAdd;
use crate::ops::conv2d::{PacketConv, QuadGeometry};
use crate::ops::pool::PoolGeometry;
use crate::ops::pool::packets::PacketPool;
use crate::program::Region;
use crate::{Operation, Pool2d, Program, Shape, Step};
use core::ops::Range;

/// One step, and what it reads besides values.
pub(super) struct PacketStep<'a, C> {
    pub proof: C,
    pub program: &'a Program,
    pub step: &'a Step,
    pub quantized: &'a QuantizedNetwork<'a>,
    pub layer: &'a PacketLayer,
    /// As packets read them.
    pub weights: &'a [u32],
    pub samples: usize,
    /// Packets of samples that there is room for.
    pub room: usize,
}

impl<C: CodeLanes> PacketStep<'_, C> {
    pub fn run(&self, memory: &mut PacketMemory<'_>) {
        if !self.layer.is_served {
            return self.run_by_samples(memory);
        }
        match (self.step.operation, &self.layer.conv) {
            (_, Some(conv)) => self.convolve(conv, memory),
            (Operation::Add { .. }, _) => self.add(memory.values),
            (Operation::MaxPool2d(pool) | Operation::AvgPool2d(pool), _) => {
                self.pool(memory.values, pool);
            }
            (Operation::Activation(_), _) => self.clamp(memory.values),
            _ => unreachable!("a quantised network has been checked for such layers"),
        }
    }

    /// The same step of a single sample.
    fn single(&self) -> Int8Step<'_> {
        self.program.plain_step(self.step, self.quantized)
    }

    /// Where a value read lies.
    fn read(&self, index: usize) -> Range<usize> {
        let value = self.step.reads[index].value;
        let shape = match value {
            0 => self.program.input_shape(),
            _ => self.program.steps()[value - 1].output,
        };
        self.place(self.program.value(value), shape)
    }

    /// Where its own value lies.
    fn own(&self) -> Range<usize> {
        self.place(self.step.value.region, self.step.output)
    }

    /// Words of a value of all packets of samples.
    fn place(&self, region: Region, shape: Shape) -> Range<usize> {
        let start = region.at * self.room * C::LANES;
        start..start + value_words::<C>(shape) * self.count()
    }

    /// Packets of samples that there are.
    fn count(&self) -> usize {
        self.samples.div_ceil(C::LANES)
    }

    fn convolve(&self, conv: &PacketConvLayer, memory: &mut PacketMemory<'_>) {
        let (quads, padding) = (&conv.quads, conv.padding);
        let sum = self.layer.sum.as_ref();
        if sum.is_some() && self.step.in_place.is_none() {
            let [from, to] = disjoint(memory.values, [self.read(1), self.own()]);
            to.copy_from_slice(from);
        }
        let [input, output] = disjoint(memory.values, [self.read(0), self.own()]);
        let copy_words = conv.copy_words * C::LANES;
        let (copy, ring) = memory.copy.split_at_mut(copy_words * self.room);
        let (copy, ring) = match quads.is_rearranged() {
            true => (ring, copy),
            false => (copy, &mut ring[..conv.ring_words * C::LANES]),
        };
        let input = match (quads.takes_samples, quads.is_copied) {
            (false, false) => input,
            (false, true) => {
                let inputs = input.chunks_exact(conv.read * C::LANES);
                for (input, copy) in inputs.zip(copy.chunks_exact_mut(copy_words)) {
                    copy_padded::<C>(quads, padding, input, copy);
                }
                &*copy
            }
            // They were written when the samples were taken.
            (true, _) => &*copy,
        };
        C::convolve(PacketConv {
            proof: self.proof,
            geometry: quads,
            places: conv.places,
            runs: conv.runs,
            stack: conv.stack(self.count()),
            pool: is_pooled(self.step),
            rule: conv.rule,
            weights: self.weights,
            quantization: conv.quantization,
            input,
            padding,
            output,
            ring,
            sum,
        });
    }

    fn add(&self, values: &mut [u32]) {
        let Some(sum) = self.layer.sum else {
            unreachable!("packets do not compute an addition without what adds its codes");
        };
        let [first, second] = [self.read(0), self.read(1)];
        let is_twice = first == second;
        // Where neither input dies, the sum begins as the first one's copy.
        if self.step.in_place.is_none() {
            let [from, to] = disjoint(values, [first.clone(), self.own()]);
            to.copy_from_slice(from);
        }
        let others = match (is_twice, self.step.in_place == Some(1)) {
            (true, _) => 0..0,
            (false, true) => first,
            (false, false) => second,
        };
        let [others, held] = disjoint(values, [others, self.own()]);
        C::add_values(PacketAdd {
            proof: self.proof,
            sum,
            held,
            other: (!is_twice).then_some(others),
        });
    }

    fn pool(&self, values: &mut [u32], pool: Pool2d) {
        let [input, output] = disjoint(values, [self.read(0), self.own()]);
        let single = self.single();
        let (kind, quantization) = (single.pool_kind(), single.output(0));
        let inputs = input.chunks_exact(value_words::<C>(self.step.input));
        let outputs = output.chunks_exact_mut(value_words::<C>(self.step.output));
        for (input, output) in inputs.zip(outputs) {
            C::pool_windows(PacketPool {
                proof: self.proof,
                geometry: PoolGeometry::new(&pool, self.step.input, self.step.output),
                kind,
                multiplier: self.layer.multiplier,
                input,
                output,
                quantization,
            });
        }
    }

    /// An activation on its own: its output's limits.
    fn clamp(&self, values: &mut [u32]) {
        if self.step.in_place.is_none() {
            let [from, to] = disjoint(values, [self.read(0), self.own()]);
            to.copy_from_slice(from);
        }
        C::clamp_values(PacketClamp {
            proof: self.proof,
            output: self.single().output(0),
            values: &mut values[self.own()],
        });
    }

    /// As the portable kernels compute it.
    fn run_by_samples(&self, memory: &mut PacketMemory<'_>) {
        let regions = self.step.reads.map(|read| self.program.value(read.value));
        let arena = &mut memory.codes[..self.program.arena_packets()];
        for sample in 0..self.samples {
            let (packet, lane) = (sample / C::LANES, sample % C::LANES);
            for index in 0..self.step.reads().len() {
                let value = self.step.reads[index].value;
                let shape = match value {
                    0 => self.program.input_shape(),
                    _ => self.program.steps()[value - 1].output,
                };
                let codes = &mut arena[regions[index].at..][..shape.elements()];
                let packets = &memory.values[self.read(index)];
                let packets = &packets[packet * value_words::<C>(shape)..];
                read_sample::<C>(shape.channels as usize, packets, codes, lane);
            }
            self.single().run(&Int8Kernels::ALL, arena, regions);
            let output = self.step.output;
            let codes = &arena[self.step.value.region.at..][..output.elements()];
            let packets = &mut memory.values[self.own()];
            let packets = &mut packets[packet * value_words::<C>(output)..];
            write_sample::<C>(output.channels as usize, codes, packets, lane);
        }
    }
}

impl Program {
    /// A step as single samples compute it, by the tables of a network.
    pub(super) fn plain_step<'a>(
        &self,
        step: &'a Step,
        quantized: &'a QuantizedNetwork<'_>,
    ) -> Int8Step<'a> {
        let tensors = StepTensors::Plain {
            weights: &quantized.weights()[step.parameters.range()],
            constants: &quantized.constants()[step.constants.range()],
        };
        let integers = StepIntegers::of(tensors);
        self.int8_step(step, quantized.values(), quantized.rule(), integers)
    }
}

/// Words of a value of one packet of samples.
pub(super) fn value_words<C: CodeLanes>(shape: Shape) -> usize {
    shape.map_elements() * (shape.channels as usize).div_ceil(QUAD) * C::LANES
}

/// Copies an input into the midst of what its padding makes of it.
fn copy_padded<C: CodeLanes>(g: &QuadGeometry, padding: u32, input: &[u32], copy: &mut [u32]) {
    let conv = g.conv();
    let position = g.quads() * C::LANES;
    let [before, width] = [conv.padding[1], conv.input[1]];
    let rows = copy[..g.copy_words() * C::LANES].chunks_exact_mut(g.input[1] * position);
    for (row, copy) in rows.enumerate() {
        let row = row.checked_sub(conv.padding[0]);
        let Some(row) = row.filter(|row| *row < conv.input[0]) else {
            copy.fill(padding);
            continue;
        };
        let (left, rest) = copy.split_at_mut((before * position).min(copy.len()));
        let len = (width * position).min(rest.len());
        let (own, right) = rest.split_at_mut(len);
        left.fill(padding);
        own.copy_from_slice(&input[row * width * position..][..len]);
        right.fill(padding);
    }
}

/// Values that are alive at the same time.
fn disjoint<const N: usize>(values: &mut [u32], places: [Range<usize>; N]) -> [&mut [u32]; N] {
    match values.get_disjoint_mut(places) {
        Ok(buffers) => buffers,
        Err(_) => unreachable!("values alive at the same time overlap"),
    }
}

//! Walks a program for one sample whose channels lie side by side in packets.

mod arranged;

use super::buffers::{self, BufferError};
use super::compiled::Compiled;
use super::forward::{Extras, StepForward, forward_within};
use crate::lanes::Lanes;
use crate::ops::conv2d::{Arrangement, ConvChannelsLast, ConvInPackets, spread};
use crate::ops::pool::{PoolChannelsLast, PoolGeometry, PoolInPackets};
use crate::ops::scale_shift::{ScaleShiftChannelsLast, ScaleShiftInPackets};
use crate::program::{Region, packet_lanes, padded_channels};
use crate::{Operation, Program, Step};
use arranged::{ArrangedStep, conv_geometry};

/// What kernels of their own do for a channels-last step.
#[derive(Debug)]
pub enum ChannelsLastForward<'a> {
    /// A convolution or a linear layer.
    Conv(ConvChannelsLast<'a>),
    /// A pool.
    Pool(PoolChannelsLast<'a>),
    /// A scale and shift.
    ScaleShift(ScaleShiftChannelsLast<'a>),
}

impl ChannelsLastForward<'_> {
    /// Runs the step in packets of `L`.
    pub(crate) fn run<L: Lanes>(self, proof: L) {
        match self {
            Self::Conv(conv) => proof.vectorize(ConvInPackets { proof, conv }),
            Self::Pool(pool) => proof.vectorize(PoolInPackets { proof, pool }),
            Self::ScaleShift(scale_shift) => {
                proof.vectorize(ScaleShiftInPackets { proof, scale_shift });
            }
        }
    }
}

impl<const STEPS: usize> Program<STEPS> {
    /// Computes what the network gives for one sample, its channels side by side in packets, by a
    /// program made for [`Purpose::ChannelsLast`](crate::Purpose::ChannelsLast) at this width.
    ///
    /// `arranged` holds the parameters as [`Program::arrange`] leaves them, `arena` exactly
    /// [`Program::arena_packets`]. `fill` gets channels x height x width values with anything in
    /// them. `output` gets [`Program::classes`] values, with the bits of [`Program::infer`] in the
    /// separate arithmetic, which is all that there is of this.
    ///
    /// # Errors
    ///
    /// A program for another purpose or width, or the first buffer of another length.
    pub fn infer_channels_last<L: Lanes>(
        &self,
        arranged: &[L],
        arena: &mut [L],
        output: &mut [f32],
        fill: impl FnOnce(&mut [f32]),
    ) -> Result<(), BufferError> {
        self.check_width::<L>()?;
        let needed = self.arranged_packets();
        buffers::check("arranged parameters", arranged.len(), needed)?;
        buffers::check("channels-last arena", arena.len(), self.arena_packets())?;
        buffers::check("output", output.len(), self.classes())?;
        self.take_sample(arena, fill);
        let mut rest = arranged;
        for index in 0..self.steps().len() {
            rest = self.step_channels_last(index, rest, arena);
        }
        self.leave_output(arena, output);
        Ok(())
    }

    /// Runs step `index`, whose parameters come first in `arranged`; gives what is behind them.
    pub(super) fn step_channels_last<'a, L: Lanes>(
        &self,
        index: usize,
        arranged: &'a [L],
        arena: &mut [L],
    ) -> &'a [L] {
        let step = &self.steps()[index];
        let own = ArrangedStep::of(step, L::LANES);
        let (packets, rest) = arranged.split_at(own.packets);
        let tensors = own.tensors(L::values(packets));
        match step.operation {
            Operation::Conv2d { .. } | Operation::Linear { .. } => {
                self.convolve(step, tensors, arena);
            }
            _ => forward_within(self, index, tensors, arena, Extras::none(), run),
        }
        rest
    }

    /// Runs a convolution or a linear layer, whose input is spread first where it has to be.
    fn convolve<L: Lanes>(&self, step: &Step, tensors: [&[f32]; 2], arena: &mut [L]) {
        let padded = padded_channels(step.output, L::LANES);
        let value = step.reads[0].value;
        let (geometry, mut steps) = conv_geometry(step, self.map_steps(value, step.input));
        let mut input = self.value(value);
        let scratch = step.scratch.region;
        if scratch.len > 0 {
            let [from, to] = disjoint(arena, [input, scratch]);
            steps = spread(&geometry, steps, L::values(from), padded, L::values_mut(to));
            input = scratch;
        }
        let [input, output] = disjoint(arena, [input, step.value.region]);
        let proof = output[0];
        let arrangement = Arrangement::new(&geometry, L::LANES, L::REGISTERS);
        if arrangement.groups > 1 {
            // Lanes behind the last group's filters are no kernel's.
            L::values_mut(output).fill(0.0);
        }
        let conv = ConvChannelsLast {
            geometry,
            arrangement,
            activation: step.operation.activation(),
            pool: matches!(step.operation, Operation::Conv2d { pool: true, .. }),
            input: L::values(input),
            steps,
            tensors,
            output: L::values_mut(output),
            padded,
        };
        run_at(proof, arrangement.lanes, ChannelsLastForward::Conv(conv));
    }

    /// Lets `fill` write the sample, and packs it where it is not read as it is given.
    pub(super) fn take_sample<L: Lanes>(&self, arena: &mut [L], fill: impl FnOnce(&mut [f32])) {
        let shape = self.input_shape();
        let input = self.value(0);
        if self.reads_sample_as_given() {
            let input = &mut arena[input.range()];
            return fill(&mut L::values_mut(input)[..shape.elements()]);
        }
        let [sample, input] = disjoint(arena, [self.given_sample(), input]);
        let sample = &mut L::values_mut(sample)[..shape.elements()];
        fill(sample);
        let values = L::values_mut(input);
        values.fill(0.0);
        let padded = padded_channels(shape, L::LANES);
        let channels = sample.chunks_exact(shape.map_elements()).enumerate();
        for (channel, map) in channels {
            for (to, value) in values[channel..].iter_mut().step_by(padded).zip(map) {
                *to = *value;
            }
        }
    }

    /// Brings what the network gives into the order channel, row, column.
    pub(super) fn leave_output<L: Lanes>(&self, arena: &[L], output: &mut [f32]) {
        let values = L::values(&arena[self.value(self.steps().len()).range()]);
        let shape = self.output_shape();
        let (map, padded) = (shape.map_elements(), padded_channels(shape, L::LANES));
        if map == 1 {
            return output.copy_from_slice(&values[..output.len()]);
        }
        for (channel, own) in output.chunks_exact_mut(map).enumerate() {
            for (to, value) in own.iter_mut().zip(values[channel..].iter().step_by(padded)) {
                *to = *value;
            }
        }
    }
}

/// Two buffers of an arena that are alive at the same time.
fn disjoint<L>(arena: &mut [L], regions: [Region; 2]) -> [&mut [L]; 2] {
    let Ok(buffers) = arena.get_disjoint_mut(regions.map(Region::range)) else {
        unreachable!("buffers alive at the same time overlap");
    };
    buffers
}

/// Runs a step that is no convolution, by the kernels for many samples where these do not care what a lane
/// holds.
fn run<L: Lanes>(work: StepForward<'_, L>) {
    let step = work.step;
    let padded = padded_channels(step.output, L::LANES);
    let lanes = packet_lanes(step.output.channels as usize, L::LANES);
    let proof = work.output[0];
    match step.operation {
        Operation::MaxPool2d(options) | Operation::AvgPool2d(options) => {
            let pool = PoolChannelsLast {
                geometry: PoolGeometry::new(&options, step.input, step.output),
                average: matches!(step.operation, Operation::AvgPool2d(_)),
                input: L::values(work.input),
                output: L::values_mut(work.output),
                padded,
            };
            run_at(proof, lanes, ChannelsLastForward::Pool(pool));
        }
        Operation::ScaleShift { activation } => {
            if !work.input.is_empty() {
                work.output.copy_from_slice(work.input);
            }
            let [scale, shift] = work.tensors;
            let scale_shift = ScaleShiftChannelsLast {
                values: L::values_mut(work.output),
                scale,
                shift,
                activation,
            };
            run_at(proof, lanes, ChannelsLastForward::ScaleShift(scale_shift));
        }
        Operation::Activation(_) | Operation::Add { .. } => L::forward(work),
        Operation::Conv2d { .. }
        | Operation::Linear { .. }
        | Operation::BatchNorm { .. }
        | Operation::Dropout(_) => unreachable!("has a way of its own, or is training's alone"),
    }
}

/// Runs a step in packets of `lanes`, at most those of `L`, and of the separate arithmetic.
fn run_at<L: Lanes>(proof: L, lanes: usize, work: ChannelsLastForward<'_>) {
    if lanes >= L::LANES {
        proof.separate().forward_channels_last(work);
    } else {
        run_at(proof.separate().half(), lanes, work);
    }
}

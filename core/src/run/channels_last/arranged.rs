//! A network's parameters in the order in which a channels-last program reads them.

use crate::lanes::Lanes;
use crate::ops::conv2d::{Arrangement, ConvGeometry};
use crate::program::{MapSteps, padded_channels};
use crate::run::buffers::{self, BufferError};
use crate::{Operation, Program, Step};

/// How the parameters of a step are arranged.
enum StepArrangement {
    None,
    /// Weights, then biases.
    Conv(Arrangement),
    /// So many scales, then as many shifts.
    Channels(usize),
}

impl StepArrangement {
    /// For packets of so many lanes, of which the processor has so many registers.
    fn of(step: &Step, lanes: usize, registers: usize) -> Self {
        match step.operation {
            Operation::Conv2d { .. } | Operation::Linear { .. } => {
                let (geometry, _) = conv_geometry(step, MapSteps::default());
                Self::Conv(Arrangement::new(&geometry, lanes, registers))
            }
            Operation::ScaleShift { .. } => Self::Channels(padded_channels(step.output, lanes)),
            _ => Self::None,
        }
    }

    const fn lens(&self) -> [usize; 2] {
        match self {
            Self::None => [0, 0],
            Self::Conv(arrangement) => arrangement.lens(),
            Self::Channels(len) => [*len, *len],
        }
    }

    fn arrange(&self, tensors: [&[f32]; 2], arranged: [&mut [f32]; 2]) {
        match self {
            Self::None => {}
            Self::Conv(arrangement) => arrangement.arrange(tensors, arranged),
            Self::Channels(_) => {
                for (tensor, arranged) in tensors.into_iter().zip(arranged) {
                    let (own, padding) = arranged.split_at_mut(tensor.len());
                    own.copy_from_slice(tensor);
                    padding.fill(0.0);
                }
            }
        }
    }
}

/// Where the arranged tensors of a step lie behind those of the steps before it.
pub(super) struct ArrangedStep {
    lens: [usize; 2],
    /// Packets of both.
    pub packets: usize,
}

impl ArrangedStep {
    pub fn of(step: &Step, lanes: usize) -> Self {
        let lens = StepArrangement::of(step, lanes, 0).lens();
        let packets = (lens[0] + lens[1]).div_ceil(lanes);
        Self { lens, packets }
    }

    /// Its two tensors.
    pub fn tensors<'a>(&self, values: &'a [f32]) -> [&'a [f32]; 2] {
        let (first, rest) = values.split_at(self.lens[0]);
        [first, &rest[..self.lens[1]]]
    }
}

impl<const STEPS: usize> Program<STEPS> {
    /// Packets of all parameters as [`Program::arrange`] leaves them; 0 of a program for another
    /// purpose than [`Purpose::ChannelsLast`](crate::Purpose::ChannelsLast).
    pub fn arranged_packets(&self) -> usize {
        match self.channel_lanes() {
            0 => 0,
            lanes => {
                let steps = self.steps().iter();
                steps
                    .map(|step| ArrangedStep::of(step, lanes).packets)
                    .sum()
            }
        }
    }

    /// Brings parameters into the order in which [`Program::infer_channels_last`] reads them.
    ///
    /// # Errors
    ///
    /// A program for another purpose or width, parameters that are not as many as
    /// [`Program::parameters`], or packets that are not as many as [`Program::arranged_packets`].
    pub fn arrange<L: Lanes>(
        &self,
        parameters: &[f32],
        arranged: &mut [L],
    ) -> Result<(), BufferError> {
        self.check_width::<L>()?;
        buffers::check("parameters", parameters.len(), self.parameters())?;
        let needed = self.arranged_packets();
        buffers::check("arranged parameters", arranged.len(), needed)?;
        let mut rest = arranged;
        for step in self.steps() {
            let own = StepArrangement::of(step, L::LANES, L::REGISTERS);
            let (packets, behind) = rest.split_at_mut(ArrangedStep::of(step, L::LANES).packets);
            rest = behind;
            let (first, values) = L::values_mut(packets).split_at_mut(own.lens()[0]);
            let (second, padding) = values.split_at_mut(own.lens()[1]);
            own.arrange(step.tensors(parameters), [first, second]);
            padding.fill(0.0);
        }
        Ok(())
    }

    /// Checks that the program is one for packets of `L`.
    pub(super) fn check_width<L: Lanes>(&self) -> Result<(), BufferError> {
        buffers::check("a packet", L::LANES, self.channel_lanes())
    }
}

/// A convolution's geometry, or that of a linear layer as the convolution whose kernel is as large as
/// its input, and how far apart the input's values lie for it.
pub(super) fn conv_geometry(step: &Step, steps: MapSteps) -> (ConvGeometry, MapSteps) {
    if let Operation::Conv2d { conv, .. } = step.operation {
        return (ConvGeometry::new(&conv, step.input, step.inner), steps);
    }
    let map = step.input.map_elements();
    let mut extent = [step.input.height as usize, step.input.width as usize];
    let mut channels = step.input.channels as usize;
    let mut steps = steps;
    if map == 1 || steps.channel == map && steps.column == 1 {
        // In one row, in order.
        extent = [1, step.input.elements()];
        channels = 1;
        steps.column = 1;
    }
    let geometry = ConvGeometry {
        channels,
        input: extent,
        filters: step.output.channels as usize,
        output: [1, 1],
        kernel: extent,
        stride: [1, 1],
        padding: [0, 0],
        dilation: [1, 1],
        groups: 1,
    };
    (geometry, steps)
}

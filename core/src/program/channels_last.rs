//! Where the values of a single sample lie, when its channels lie side by side.
//!
//! Maps are rows x columns x channels, channels padded up to whole packets. The sample itself comes
//! channel by channel and stays so where it is only read value by value, as convolutions and linear
//! layers do; pools, depthwise convolutions and whatever else works on whole packets get it packed.

use super::{Operation, Program, Purpose, Region, Step};
use crate::Shape;
use crate::ops::conv2d::{is_per_lane, needs_spreading};

/// How far apart the values of a map lie, in values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MapSteps {
    /// From a channel to the next.
    pub channel: usize,
    /// From a row to the next.
    pub row: usize,
    /// From a column to the next.
    pub column: usize,
}

/// Lanes of the packets that so many channels take: the narrowest that hold them all at once, of
/// those with at least four lanes, or else the widest, which have `lanes`.
pub(crate) const fn packet_lanes(channels: usize, lanes: usize) -> usize {
    let mut own = lanes;
    while own / 2 >= 4 && own / 2 >= channels {
        own /= 2;
    }
    own
}

/// Channels with those that fill up their packets.
pub(crate) const fn padded_channels(shape: Shape, lanes: usize) -> usize {
    let channels = shape.channels as usize;
    channels.next_multiple_of(packet_lanes(channels, lanes))
}

impl Step {
    /// Whether it spreads its input before it reads it.
    const fn spreads_input(&self) -> bool {
        match self.operation {
            Operation::Conv2d { conv, .. } => {
                let channels = self.input.channels as usize;
                needs_spreading(conv.groups as usize, channels, conv.filters as usize)
            }
            _ => false,
        }
    }

    /// Packets that the spread input takes; none where it is read as it is.
    pub(super) const fn spread_len(&self, lanes: usize) -> usize {
        match self.operation {
            Operation::Conv2d { conv, .. } if self.spreads_input() => {
                let channels = self.input.channels as usize / conv.groups as usize;
                let values = self.input.map_elements() * padded_channels(self.inner, lanes);
                (channels * values).div_ceil(lanes)
            }
            _ => 0,
        }
    }

    /// Whether it takes single values, each for all filters, wherever they lie.
    const fn reads_single_values(&self) -> bool {
        match self.operation {
            Operation::Conv2d { conv, .. } => {
                let (groups, filters) = (conv.groups as usize, conv.filters as usize);
                !is_per_lane(groups, filters) || self.spreads_input()
            }
            Operation::Linear { .. } => true,
            _ => false,
        }
    }
}

impl<const STEPS: usize> Program<STEPS> {
    /// Lanes of the widest packets of a channels-last program; 0 in any other.
    pub(crate) const fn channel_lanes(&self) -> usize {
        match self.purpose {
            Purpose::ChannelsLast(width) => width.lanes(),
            _ => 0,
        }
    }

    /// Packets of a value that a step gives.
    pub(super) const fn value_len(&self, shape: Shape) -> usize {
        if let Purpose::Int8(_) = self.purpose {
            return Self::int8_len(shape.elements());
        }
        match self.channel_lanes() {
            0 => shape.elements(),
            lanes => (shape.map_elements() * padded_channels(shape, lanes)).div_ceil(lanes),
        }
    }

    /// Packets of the sample as it is given, where it is packed; and of the input as it is read.
    pub(super) const fn input_lens(&self) -> [usize; 2] {
        let elements = self.shape.elements();
        if let Purpose::Int8(_) = self.purpose {
            return [0, Self::int8_len(elements)];
        }
        match self.channel_lanes() {
            0 => [0, elements],
            lanes if self.reads_sample_as_given() => [0, elements.div_ceil(lanes)],
            lanes => [elements.div_ceil(lanes), self.value_len(self.shape)],
        }
    }

    /// Where the sample lies as it is given, where it is packed.
    pub(crate) const fn given_sample(&self) -> Region {
        self.output_gradient.region
    }

    /// Whether the input stays as it is given, channel by channel.
    pub(crate) const fn reads_sample_as_given(&self) -> bool {
        let mut index = 0;
        while index < self.len {
            let step = &self.steps[index];
            let second = step.read_count() == 2 && step.reads[1].value == 0;
            if (step.reads[0].value == 0 || second) && !step.reads_single_values() {
                return false;
            }
            index += 1;
        }
        true
    }

    /// How far apart the values lie of a value of this shape.
    pub(crate) const fn map_steps(&self, value: usize, shape: Shape) -> MapSteps {
        let columns = shape.width as usize;
        if value == 0 && self.reads_sample_as_given() {
            return MapSteps {
                channel: shape.map_elements(),
                row: columns,
                column: 1,
            };
        }
        let channels = padded_channels(shape, self.channel_lanes());
        MapSteps {
            channel: 1,
            row: columns * channels,
            column: channels,
        }
    }
}

//! What a program in integers needs: bytes instead of packets.

use super::fuse::following;
use super::{Operation, Program, Purpose, Step};
use crate::dsp::CodeArrangement;
use crate::int8::{Int8Rule, constants_of, weights_of};
use crate::ops::conv2d::{ConvGeometry, Int8Conv};
use crate::{Conv2d, Layer, MAX_NODES, Network, Shape};

/// What every buffer's length is a multiple of: processors load words of codes.
const WORD: usize = 4;

/// The addition behind a convolution, in a program of integers: how many nodes both cover with an
/// activation behind them, and which of the addition's inputs is not the convolution. The
/// convolution's value is nobody else's.
///
/// As one step they need no room for the convolution's output, beside its input and the sum.
pub(super) const fn addition_behind<const STEPS: usize>(
    program: &Program<STEPS>,
    network: &Network,
    node: usize,
    readers: &[u8; MAX_NODES + 1],
) -> Option<(usize, u8)> {
    let layers = network.layers();
    let is_int8 = matches!(program.purpose, Purpose::Int8(_));
    if !is_int8 || node + 1 >= layers.len() || readers[node + 1] != 1 {
        return None;
    }
    let (Layer::Conv2d(_), Layer::Add) = (&layers[node], &layers[node + 1]) else {
        return None;
    };
    let [first, second] = network.inputs()[node + 1];
    let read = match (first.number() == node + 1, second.number() == node + 1) {
        (true, false) => 1,
        (false, true) => 0,
        _ => return None,
    };
    let activated = matches!(
        following(network, node + 1, readers),
        Some(Layer::Relu | Layer::Relu6)
    );
    Some((2 + activated as usize, read))
}

impl Step {
    /// The geometry of a convolution of codes, or of the linear layer as one of a single position.
    pub(crate) const fn int8_geometry(&self) -> Option<ConvGeometry> {
        match self.operation {
            Operation::Conv2d { conv, .. } => {
                Some(ConvGeometry::new(&conv, self.input, self.inner))
            }
            Operation::Linear { linear, .. } => {
                let conv = Conv2d::new(linear.outputs, 1);
                let input = Shape::new(self.input.elements() as u32, 1, 1);
                Some(ConvGeometry::new(&conv, input, self.inner))
            }
            _ => None,
        }
    }

    /// The geometry of a convolution, or of the linear layer as one whose kernel is as large as its
    /// input's maps.
    pub(crate) fn packet_geometry(&self) -> Option<ConvGeometry> {
        let Operation::Linear { linear, .. } = self.operation else {
            return self.int8_geometry();
        };
        let kernel = [self.input.height as usize, self.input.width as usize];
        let input = Shape::new(self.input.channels, 1, 1);
        let conv = ConvGeometry::new(&Conv2d::new(linear.outputs, 1), input, self.inner);
        Some(ConvGeometry {
            input: kernel,
            kernel,
            ..conv
        })
    }

    /// Bytes that it works in besides its input and output.
    pub(crate) const fn int8_scratch(&self) -> usize {
        let row = match self.adds {
            Some(_) => self.int8_row(),
            None => 0,
        };
        let pool = matches!(self.operation, Operation::Conv2d { pool: true, .. });
        let Some(geometry) = self.int8_geometry() else {
            return 0;
        };
        // One program for all processors: as much as the one wants that wants the most.
        let portable = Int8Conv::scratch(&geometry, pool);
        let loops = CodeArrangement::scratch(&geometry, pool);
        row + if loops > portable { loops } else { portable }
    }

    /// Bytes of a row of its output, rounded up to words.
    pub(crate) const fn int8_row(&self) -> usize {
        let codes = self.output.width as usize * self.output.channels as usize;
        codes.next_multiple_of(WORD)
    }
}

impl<const STEPS: usize> Program<STEPS> {
    /// How a program in integers rounds; nothing of any other.
    pub(crate) const fn int8_rule(&self) -> Option<Int8Rule> {
        match self.purpose {
            Purpose::Int8(rule) => Some(rule),
            _ => None,
        }
    }

    /// Number of constants of a network in integers; see [`QuantizedNetwork`](crate::QuantizedNetwork).
    pub const fn constants(&self) -> usize {
        self.constants
    }

    /// Lengths of a layer's tensors: weights and biases, or weights and constants.
    pub(super) const fn tensor_lens(&self, layer: &Layer, input: Shape) -> [usize; 2] {
        match self.purpose {
            Purpose::Int8(rule) => [weights_of(layer, input), constants_of(layer, rule)],
            _ => {
                let (weights, biases) = layer.parameters(input);
                [(weights + biases) as usize, 0]
            }
        }
    }

    /// Length of a value of so many elements.
    pub(super) const fn int8_len(elements: usize) -> usize {
        elements.next_multiple_of(WORD)
    }

    /// What step `index` works in while it runs forward, besides what it reads and gives.
    pub(super) const fn scratch_len(&self, index: usize) -> usize {
        let step = &self.steps[index];
        match self.purpose {
            Purpose::Int8(_) => Self::int8_len(step.int8_scratch()),
            Purpose::ChannelsLast(width) => step.spread_len(width.lanes()),
            _ => 0,
        }
    }
}

//! Single layers of any geometry, held to the naive references, and what they cost.

mod drawing;
mod families;
mod geometries;
mod pools;

pub use families::{FAMILIES, LayerFamily};
pub use geometries::given;
pub use pools::{PoolLayer, given_pools};

use crate::board::Board;
use drawing::next;
use kiln_core::reference::{self, ConvGeometry, PoolGeometry};
use kiln_core::{Activation, Layer, LinkedProgram, Network, Pool2d, Program, Purpose, Shape};

/// Values of weights, working memory and what is expected, together.
pub const ROOM: usize = 40_000;

/// Most windows of a pool.
const WINNERS: usize = 6_000;

/// A layer to try: a convolution or a linear layer with what runs as one with it.
#[derive(Clone, Copy)]
pub struct LayerCase {
    /// What it reads.
    pub input: Shape,
    /// The convolution or linear layer.
    pub layer: Layer,
    /// The activation behind it.
    pub activation: Activation,
    /// Whether a 2 x 2 max pool is behind that.
    pub pool: bool,
}

/// Runs layers on random values.
pub struct LayerBench {
    /// [`ROOM`] values, or what there is.
    pub values: &'static mut [f32],
    /// Where a layer's program lies.
    pub program: Program<2>,
    /// Where numbers come from; not 0.
    pub random: u32,
    /// Layers run.
    pub ran: usize,
}

impl LayerBench {
    /// A bench with memory, once.
    pub fn take() -> Option<Self> {
        // What a training has set aside may leave no room for more.
        #[cfg(feature = "training")]
        let values = crate::memory::take().values;
        #[cfg(not(feature = "training"))]
        let values = crate::board::singleton!(VALUES: [f32; ROOM] = [0.0; ROOM])?;
        Some(Self {
            values,
            program: Program::EMPTY,
            random: 1,
            ran: 0,
        })
    }

    /// Instructions and MACs of a layer; `None` where its bits are not the reference's. One that
    /// does not fit, in itself or in here, costs nothing.
    pub fn run(&mut self, board: &mut Board, case: &LayerCase) -> Option<(u32, u32)> {
        let mut network = Network::input(case.input.channels, case.input.height, case.input.width)
            .layer(case.layer);
        network = match case.activation {
            Activation::Identity => network,
            Activation::Relu => network.relu(),
            Activation::Relu6 => network.relu6(),
        };
        if case.pool {
            network = network.max_pool2d(2);
        }
        if network.check().is_err() || self.program.plan(&network, Purpose::Inference).is_err() {
            return Some((0, 0));
        }
        let program = &self.program;
        let linked = LinkedProgram::<2>::of(&network);
        let lengths = [
            program.parameters(),
            program.arena_packets(),
            case.input.elements(),
            program.classes(),
            // Sums, and what is activated of them.
            2 * case.inner().elements(),
        ];
        if lengths.iter().sum::<usize>() > self.values.len() || program.classes() > WINNERS {
            return Some((0, 0));
        }
        let mut random = self.random;
        for value in self.values.iter_mut() {
            random = next(random);
            *value = random as i32 as f32 * (1.0 / (1 << 30) as f32);
        }
        self.random = random;
        let mut rest = &mut self.values[..];
        let [parameters, arena, input, expected, unpooled] = lengths.map(|len| {
            let (part, others) = core::mem::take(&mut rest).split_at_mut(len);
            rest = others;
            part
        });
        let fill = |values: &mut [f32]| values.copy_from_slice(input);
        // Without what it takes to bring the input.
        let ((), copied) = board.time(|| fill(&mut arena[..input.len()]));
        let (logits, instructions) = board.time(|| linked.infer(parameters, arena, fill));
        let instructions = instructions.saturating_sub(copied);
        case.expect(parameters, input, expected, unpooled);
        let mut is_equal = are_equal(logits.ok()?, expected);
        // By all kernels that there are, of which the program had those that it needs.
        let logits = program.infer(parameters, arena, fill);
        is_equal &= are_equal(logits.ok()?, expected);
        self.ran += 1;
        is_equal.then_some((instructions, network.cost().macs as u32))
    }
}

fn are_equal(found: &[f32], expected: &[f32]) -> bool {
    let mut pairs = found.iter().zip(expected.iter());
    pairs.all(|(found, expected)| found.to_bits() == expected.to_bits())
}

impl LayerCase {
    /// Values of the layer's own output.
    pub fn outputs(&self) -> u32 {
        self.inner().elements() as u32
    }

    /// What the references make of it. `inner` has room for what a pool reads.
    fn expect(&self, parameters: &[f32], input: &[f32], expected: &mut [f32], inner: &mut [f32]) {
        let shape = self.inner();
        let inner = &mut inner[..2 * shape.elements()];
        let (sums, activated) = inner.split_at_mut(shape.elements());
        match self.layer {
            Layer::Conv2d(conv) => {
                let geometry = ConvGeometry::new(&conv, self.input, shape);
                let weights = parameters.len() - usize::from(conv.filters) * usize::from(conv.bias);
                let (weights, bias) = parameters.split_at(weights);
                reference::conv2d::forward(&geometry, input, weights, bias, sums);
            }
            _ => {
                let (weights, bias) = parameters.split_at(input.len() * sums.len());
                reference::linear::forward(input, weights, bias, sums);
            }
        }
        if !self.pool {
            return reference::activation::forward(self.activation, sums, expected);
        }
        reference::activation::forward(self.activation, sums, activated);
        let output = Shape::new(shape.channels, shape.height / 2, shape.width / 2);
        let geometry = PoolGeometry::new(&Pool2d::new(2), shape, output);
        let winners = &mut [0; WINNERS][..output.elements()];
        reference::pool::max_forward(&geometry, activated, expected, winners);
    }

    /// The shape of the layer's own output.
    fn inner(&self) -> Shape {
        let Layer::Conv2d(conv) = self.layer else {
            let Layer::Linear(linear) = self.layer else {
                return self.input;
            };
            return Shape::new(u32::from(linear.outputs), 1, 1);
        };
        let [height, width] =
            [(0, self.input.height), (1, self.input.width)].map(|(axis, extent)| {
                let reach = u32::from((conv.kernel[axis] - 1) * conv.dilation[axis]) + 1;
                (extent + conv.padding.total()[axis] - reach) / u32::from(conv.stride[axis]) + 1
            });
        Shape::new(u32::from(conv.filters), height, width)
    }
}

impl core::fmt::Display for LayerCase {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self {
            input,
            layer,
            activation,
            pool,
        } = self;
        write!(f, "{input} > {layer}, {activation:?}, pool {pool}")
    }
}

#![no_std]
#![no_main]
//! Holds the processor's own kernels to the naive references, bit for bit, on layers of random
//! geometries, and says what layers of given geometries cost.

use defmt::Display2Format;
use firmware::board::{self, Board, Exit};
use kiln_core::random::below;
use kiln_core::reference::{self, ConvGeometry, PoolGeometry};
use kiln_core::{
    Activation, Conv2d, Layer, Linear, Network, Padding, Pool2d, Program, Purpose, Shape,
};

/// Layers drawn at random.
const ROUNDS: usize = 600;
#[cfg(not(feature = "training"))]
/// Values of weights, working memory and what is expected, together.
const ROOM: usize = 40_000;

/// Most windows of a pool.
const WINNERS: usize = 6_000;

/// A layer to try: a convolution or a linear layer with what runs as one with it.
#[derive(Clone, Copy)]
struct Case {
    input: Shape,
    layer: Layer,
    activation: Activation,
    pool: bool,
}

#[cortex_m_rt::entry]
fn main() -> ! {
    let mut board = Board::start();
    // What a training has set aside may leave no room for more.
    #[cfg(feature = "training")]
    let values = firmware::memory::take().values;
    #[cfg(not(feature = "training"))]
    let Some(values) = cortex_m::singleton!(VALUES: [f32; ROOM] = [0.0; ROOM]) else {
        board::exit(Exit::Failure)
    };
    let mut bench = Bench {
        values,
        program: Program::EMPTY,
        random: 1,
        ran: 0,
    };
    for (name, input, conv) in given() {
        let case = Case {
            input,
            layer: Layer::Conv2d(conv),
            activation: Activation::Relu,
            pool: false,
        };
        let Some((instructions, macs)) = bench.run(&mut board, &case) else {
            defmt::println!("error: {=str} has other bits than the reference", name);
            board::exit(Exit::Failure)
        };
        defmt::println!(
            "cost       {=str} {=u32} for {=u32} MACs",
            name,
            instructions,
            macs
        );
    }
    for _ in 0..ROUNDS {
        let case = bench.draw();
        if bench.run(&mut board, &case).is_none() {
            defmt::println!(
                "error: other bits than the reference: {}",
                Display2Format(&case)
            );
            board::exit(Exit::Failure)
        }
    }
    defmt::println!(
        "kernels    {=usize} layers have the bits of the reference",
        bench.ran
    );
    board::exit(Exit::Success)
}

/// Geometries that say what kernels cost.
fn given() -> [(&'static str, Shape, Conv2d); 16] {
    let map = Shape::new(16, 14, 14);
    let plain = Conv2d::new(16, 3);
    [
        ("first3x3", Shape::new(1, 28, 28), Conv2d::new(8, 3)),
        ("plain3x3", map, plain),
        ("padded3x3", map, plain.padding(1)),
        ("strided3x3", map, plain.stride(2).padding(1)),
        ("padded5x5", map, plain.kernel(5, 5).padding(2)),
        (
            "uneven7x7",
            Shape::new(3, 20, 17),
            plain.kernel(7, 7).stride(2).padded(Padding {
                top: 1,
                left: 3,
                bottom: 2,
                right: 0,
            }),
        ),
        (
            "small7x7",
            Shape::new(4, 7, 7),
            plain.kernel(7, 7).padding(3),
        ),
        ("even4x4", map, plain.kernel(4, 4).padding(1)),
        (
            "tall10x4",
            Shape::new(1, 49, 10),
            plain.kernel(10, 4).stride(2).padding(4),
        ),
        ("point", map, plain.kernel(1, 1)),
        ("strided_point", map, plain.kernel(1, 1).stride(2)),
        ("depthwise3x3", map, plain.padding(1).groups(16)),
        (
            "small_depthwise3x3",
            Shape::new(16, 7, 7),
            plain.padding(1).groups(16),
        ),
        (
            "strided_depthwise3x3",
            map,
            plain.stride(2).padding(1).groups(16),
        ),
        (
            "depthwise5x5",
            map,
            plain.kernel(5, 5).padding(2).groups(16),
        ),
        (
            "grouped3x3",
            Shape::new(18, 11, 11),
            Conv2d::new(18, 3).padding(1).groups(3),
        ),
    ]
}

struct Bench {
    values: &'static mut [f32],
    program: Program<2>,
    random: u32,
    /// Layers run.
    ran: usize,
}

impl Bench {
    /// Instructions and MACs of a layer; `None` where its bits are not the reference's. One that
    /// does not fit, in itself or in here, costs nothing.
    fn run(&mut self, board: &mut Board, case: &Case) -> Option<(u32, u32)> {
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
        let (logits, instructions) = board.time(|| program.infer(parameters, arena, fill));
        let instructions = instructions.saturating_sub(copied);
        case.expect(parameters, input, expected, unpooled);
        let logits = logits.ok()?;
        let mut pairs = logits.iter().zip(expected.iter());
        let equal = pairs.all(|(found, expected)| found.to_bits() == expected.to_bits());
        self.ran += 1;
        equal.then_some((instructions, network.cost().macs as u32))
    }

    /// A number below `bound`.
    fn below(&mut self, bound: u32) -> u32 {
        let random = &mut self.random;
        below(bound, || {
            *random = next(*random);
            *random
        })
    }

    /// Any layer: all sides, steps and numbers of channels on either side of what tiles hold.
    fn draw(&mut self) -> Case {
        let mut small = |bound| self.below(bound) as u16;
        let groups = 1 + small(3) * small(2);
        let (channels, filters) = (1 + small(6), 1 + small(10));
        let conv = Conv2d {
            filters: groups * filters,
            kernel: [1 + small(7), 1 + small(7)],
            stride: [1 + small(3), 1 + small(3)],
            padding: Padding {
                top: small(4),
                left: small(4),
                bottom: small(4),
                right: small(4),
            },
            dilation: [1 + small(5) / 4, 1 + small(5) / 4],
            groups,
            bias: small(4) > 0,
        };
        // Depthwise ones often enough.
        let conv = if small(4) == 0 {
            conv.groups(conv.filters)
        } else {
            conv
        };
        let input = Shape::new(
            u32::from(
                conv.groups
                    * if conv.groups == conv.filters {
                        1
                    } else {
                        channels
                    },
            ),
            1 + self.below(18),
            1 + self.below(18),
        );
        let linear = Linear::new(conv.filters);
        Case {
            input,
            layer: if self.below(8) == 0 {
                Layer::Linear(if conv.bias {
                    linear
                } else {
                    linear.without_bias()
                })
            } else {
                Layer::Conv2d(conv)
            },
            activation: [Activation::Identity, Activation::Relu, Activation::Relu6]
                [self.below(3) as usize],
            pool: self.below(3) == 0,
        }
    }
}

impl Case {
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

impl core::fmt::Display for Case {
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

/// The next number of a sequence that is random enough for values (Marsaglia 2003, "Xorshift RNGs").
fn next(mut state: u32) -> u32 {
    state ^= state << 13;
    state ^= state >> 17;
    state ^ (state << 5)
}

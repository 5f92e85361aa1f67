//! Random networks: chains of random layers with additions, forks and values that many read.

extern crate std;

use crate::{BatchNorm, Conv2d, Layer, Linear, Network, Padding, Pool2d, Shape, Value};
use std::vec::Vec;

/// A network that a seed gives, small enough to be walked naively; with batch normalisations,
/// where these are wanted, in any place.
pub fn random_network(seed: u32, with_norms: bool) -> Network {
    let mut draw = Draw(u64::from(seed).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let [channels, height, width] = [4, 7, 7].map(|most| draw.below(most) + 1);
    let input = Network::input(channels, height, width);
    let mut builder = Builder {
        network: input,
        open: None,
        draw,
        with_norms,
    };
    for _ in 0..3 + builder.draw.below(7) {
        builder.grow();
    }
    if builder.draw.below(8) > 0 {
        let classes = 2 + builder.draw.below(4) as u16;
        builder.put(Layer::Linear(Linear::new(classes)));
    }
    // A network needs a layer, and training something to train.
    if builder.network.layers().is_empty() || builder.network.parameters() == 0 {
        builder.network = builder.network.linear(3);
    }
    builder.network
}

/// A source of small numbers.
struct Draw(u64);

impl Draw {
    fn below(&mut self, most: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0 >> 33) % u64::from(most)) as u32
    }

    fn pair(&mut self, most: u32) -> [u16; 2] {
        [0, 1].map(|_| self.below(most) as u16 + 1)
    }
}

struct Builder {
    network: Network,
    /// The end of a branch that no node reads yet, and its shape, which the last value has too.
    open: Option<(Value, Shape)>,
    draw: Draw,
    with_norms: bool,
}

impl Builder {
    /// One more layer, addition or fork, where what is drawn fits.
    fn grow(&mut self) {
        match self.draw.below(12) {
            0..4 => {
                let conv = self.conv();
                self.put(Layer::Conv2d(conv));
            }
            4 => self.add(),
            5 => self.residual(),
            6 => self.two_ways(),
            7 if self.with_norms => self.put_norm(),
            8 => {
                let filters = self.draw.below(9) as u16 + 1;
                let linear = Linear::new(filters);
                let bias = self.draw.below(3) > 0;
                self.put(Layer::Linear(if bias {
                    linear
                } else {
                    linear.without_bias()
                }));
            }
            9 => self.pool(),
            _ => self.pointwise(),
        }
    }

    /// Takes a layer, if it fits.
    fn put(&mut self, layer: Layer) -> bool {
        let next = self.network.clone().layer(layer);
        let fits = match self.open {
            Some((value, _)) => next.clone().add(value).check().is_ok(),
            None => next.check().is_ok(),
        };
        if fits {
            self.network = next;
        }
        fits
    }

    fn put_norm(&mut self) {
        self.put(Layer::BatchNorm(BatchNorm {
            momentum: 0.25,
            epsilon: 1e-3,
        }));
    }

    fn conv(&mut self) -> Conv2d {
        let draw = &mut self.draw;
        let filters = draw.below(6) as u16 + 1;
        let [top, left, bottom, right] = [0; 4].map(|_: u16| draw.below(3) as u16);
        let conv = Conv2d {
            kernel: draw.pair(3),
            stride: draw.pair(2),
            dilation: draw.pair(2),
            padding: Padding {
                top,
                left,
                bottom,
                right,
            },
            bias: draw.below(3) > 0,
            ..Conv2d::new(filters, 3)
        };
        match draw.below(4) {
            0 => Conv2d::new(filters, 3),
            1 => Conv2d::new(filters, 3).padding(1),
            // Depthwise, or as many groups as channels with two filters each.
            2 => {
                let shape = self.shape();
                let filters = shape.channels as u16 * (self.draw.below(2) as u16 + 1);
                let groups = shape.channels as u16;
                Conv2d {
                    filters,
                    groups,
                    ..conv
                }
            }
            _ => conv,
        }
    }

    fn shape(&self) -> Shape {
        let last = || self.shape_of(self.network.last());
        self.open.map_or_else(last, |(_, shape)| shape)
    }

    fn shape_of(&self, value: Value) -> Shape {
        match value.number() {
            0 => self.network.input_shape(),
            number => self.network.output_shape(number - 1),
        }
    }

    fn pool(&mut self) {
        let options = Pool2d {
            window: self.draw.pair(3),
            stride: self.draw.pair(2),
            ..Pool2d::new(2)
        };
        let layer = match self.draw.below(5) {
            0 => Layer::MaxPool2d(options),
            1 => Layer::AvgPool2d(options),
            2 => Layer::GlobalAvgPool2d,
            _ => Layer::MaxPool2d(Pool2d::new(2)),
        };
        self.put(layer);
    }

    fn pointwise(&mut self) {
        let layer = match self.draw.below(4) {
            0 => Layer::Relu6,
            1 => Layer::ScaleShift,
            _ => Layer::Relu,
        };
        self.put(layer);
    }

    /// Adds any earlier value of the same shape, the last itself among them.
    fn add(&mut self) {
        let last = self.network.last();
        let shape = self.shape();
        let alike: Vec<Value> = (0..=last.number())
            .map(Value::of_node)
            .filter(|value| self.shape_of(*value) == shape)
            .collect();
        let other = alike[self.draw.below(alike.len() as u32) as usize];
        let inputs = match self.draw.below(2) {
            0 => [last, other],
            _ => [other, last],
        };
        self.network = self.network.clone().node(Layer::Add, inputs);
    }

    /// Up to three layers that keep the shape, and an addition around them.
    fn residual(&mut self) {
        let skip = self.network.last();
        for _ in 0..1 + self.draw.below(3) {
            self.keep_shape();
        }
        self.network = self.network.clone().add(skip);
        if self.draw.below(3) == 0 {
            self.network = self.network.clone().add(skip);
        }
    }

    fn keep_shape(&mut self) {
        let channels = self.shape().channels as u16;
        if self.draw.below(2) == 0 {
            self.put(Layer::Conv2d(Conv2d::new(channels, 3).padding(1)));
        }
        if self.with_norms && self.draw.below(2) == 0 {
            self.put_norm();
        }
        if self.draw.below(2) == 0 {
            self.pointwise();
        }
    }

    /// Two convolutions of one value, of which each goes on for itself, added.
    fn two_ways(&mut self) {
        let before = self.network.last();
        let conv = self.conv();
        if !self.put(Layer::Conv2d(conv)) {
            return;
        }
        self.keep_shape();
        let first = self.network.last();
        self.open = Some((first, self.shape()));
        let other = Conv2d {
            bias: !conv.bias,
            ..conv
        };
        self.network = self
            .network
            .clone()
            .from(before)
            .layer(Layer::Conv2d(other));
        self.keep_shape();
        self.network = self.network.clone().add(first);
        self.open = None;
    }
}

/// What is drawn is sound, and has what it is drawn for.
#[test]
fn random_networks_are_sound_and_various() {
    let networks: Vec<Network> = (0..300).map(|seed| random_network(seed, true)).collect();
    let with = |is: &dyn Fn(&Network) -> bool| networks.iter().filter(|n| is(n)).count();
    assert_eq!(with(&|network| network.check().is_ok()), 300);
    let readers = |network: &Network, number: usize| {
        let layers = network.layers().iter().zip(network.inputs());
        let reads = layers.map(|(layer, [first, second])| {
            let both = matches!(layer, Layer::Add);
            usize::from(first.number() == number) + usize::from(both && second.number() == number)
        });
        reads.sum::<usize>()
    };
    let has_readers =
        |network: &Network| (0..network.layers().len()).any(|number| readers(network, number) >= 3);
    let itself = |network: &Network| {
        let layers = network.layers().iter().zip(network.inputs());
        let mut layers = layers.filter(|(layer, _)| matches!(layer, Layer::Add));
        layers.any(|(_, [first, second])| first == second)
    };
    let first = |network: &Network| matches!(network.layers()[0], Layer::BatchNorm(_));
    assert!(with(&has_readers) > 30);
    assert!(with(&itself) > 10);
    assert!(with(&first) > 5);
    assert!(with(&|network| !network.has_batch_norm()) > 50);
}

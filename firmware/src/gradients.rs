//! Networks of random geometries, trained by the kernels for one sample and by those for many.
//!
//! These come to the same bits by other ways, and what they do is held to the references on the
//! desktop; the processor's own kernels for one sample can only be run on the processor.

use kiln_core::random::below;
use kiln_core::{
    CompactMemory, CompactMode, CompactTrainer, Conv2d, GroupMemory, Layer, Loss, Network, Padding,
    Program, Purpose, Sgd, Trainable, Trainer,
};

/// Values of parameters, samples, gradients and working memory, together.
pub const ROOM: usize = 24_000;

/// Most bytes that say which values won, of one sample.
const KEPT: usize = 4_000;

const RATE: Sgd = Sgd::new(0.05);

/// What networks are trained in.
pub struct GradientBench<'a> {
    /// [`ROOM`] values with anything in them.
    pub values: &'a mut [f32],
    /// The program of training by the kernels for many samples.
    pub program: &'a mut Program,
    /// The state of what draws numbers; not 0.
    pub random: u32,
}

/// A buffer has no room for a network, or the network cannot be: another is tried.
struct Unfit;

impl GradientBench<'_> {
    /// Trains as many networks, and gives how many there was room for; nothing if the two ways train
    /// one to other bits, which is then told of.
    pub fn run(&mut self, networks: usize, tell: impl FnOnce(&Network)) -> Option<usize> {
        let mut trained = 0;
        for _ in 0..networks {
            let network = self.draw();
            for mode in [
                CompactMode::in_place(Trainable::ALL),
                CompactMode::mini_batch(Trainable::ALL, false),
            ] {
                match self.is_equal(&network, mode) {
                    Ok(true) => trained += 1,
                    Ok(false) => {
                        tell(&network);
                        return None;
                    }
                    Err(Unfit) => {}
                }
            }
        }
        Some(trained)
    }

    fn is_equal(&mut self, network: &Network, mode: CompactMode) -> Result<bool, Unfit> {
        let mut compact = Program::<8>::EMPTY;
        let group = Purpose::Group(Loss::CROSS_ENTROPY);
        network.check().map_err(|_| Unfit)?;
        self.program.plan(network, group).map_err(|_| Unfit)?;
        let purpose = Purpose::Compact(mode);
        compact.plan(network, purpose).map_err(|_| Unfit)?;
        let shared = [
            network.input_shape().elements(),
            compact.trained_values(),
            compact.trained_values(),
        ];
        let own = [compact.gradient_values(), compact.arena_packets(), 0];
        let many = [
            self.program.parameters(),
            self.program.arena_packets(),
            self.program.group_values(),
        ];
        let room = shared.iter().chain(&own).chain(&many).sum::<usize>();
        let kept = compact.winner_bytes().max(self.program.winner_bytes());
        if room > self.values.len() || kept > KEPT {
            return Err(Unfit);
        }
        self.fill_at_random();
        let mut rest = &mut self.values[..];
        let [input, first, second] = split(&mut rest, shared);
        second.copy_from_slice(first);
        let label = (network.input_shape().elements() % compact.classes()) as u16;
        let [gradient, arena, _] = split(&mut rest, own);
        let memory = CompactMemory {
            frozen: &[],
            trained: first,
            gradient,
            velocity: &mut [],
            arena,
            winners: &mut [0; KEPT][..compact.winner_bytes()],
        };
        let mut trainer = CompactTrainer::new(&compact, memory).map_err(|_| Unfit)?;
        let fill = |values: &mut [f32]| values.copy_from_slice(input);
        if compact.gradient_values() == 0 {
            trainer.step(label, &RATE, fill).map_err(|_| Unfit)?;
        } else {
            trainer.begin_batch(1).map_err(|_| Unfit)?;
            trainer.accumulate(label, fill).map_err(|_| Unfit)?;
            trainer.finish_batch(&RATE).map_err(|_| Unfit)?;
        }
        let [gradient, packets, values] = split(&mut rest, many);
        let mut trainer = Trainer {
            program: self.program,
            parameters: second,
            gradient,
            velocity: &mut [],
            moments: &mut [],
            statistics: &mut [],
            groups: &mut [GroupMemory {
                packets,
                winners: &mut [0; KEPT][..self.program.winner_bytes()],
                values,
            }],
            seed: 0,
            steps: 0,
        };
        trainer.step(input, &[label], &RATE).map_err(|_| Unfit)?;
        let mut pairs = first.iter().zip(second.iter());
        Ok(pairs.all(|(first, second)| first.to_bits() == second.to_bits()))
    }

    /// Small values, so that losses stay finite, some of them 0.
    fn fill_at_random(&mut self) {
        for value in self.values.iter_mut() {
            self.random = next(self.random);
            let small = self.random as i32 as f32 * (0.25 / (1_u32 << 31) as f32);
            *value = if self.random.is_multiple_of(16) {
                0.0
            } else {
                small
            };
        }
    }

    fn below(&mut self, bound: u32) -> u16 {
        let random = &mut self.random;
        let number = below(bound, || {
            *random = next(*random);
            *random
        });
        number as u16
    }

    /// One to three convolutions of any kind, with activations and pools, and a linear layer or two.
    fn draw(&mut self) -> Network {
        let [height, width] = [0, 0].map(|_: u32| 1 + u32::from(self.below(16)));
        let mut channels = 1 + self.below(5);
        let mut network = Network::input(channels.into(), height, width);
        for _ in 0..1 + self.below(3) {
            let conv = self.draw_convolution(channels);
            channels = conv.filters;
            network = network.layer(Layer::Conv2d(conv));
            network = match self.below(4) {
                0 => network,
                1 => network.relu6(),
                _ => network.relu(),
            };
            if self.below(4) == 0 {
                network = network.max_pool2d(2);
            }
        }
        if self.below(2) == 0 {
            network = network.global_avg_pool2d();
        }
        if self.below(2) == 0 {
            network = network.linear(1 + self.below(20)).relu();
        }
        network.linear(2 + self.below(9))
    }

    fn draw_convolution(&mut self, channels: u16) -> Conv2d {
        let groups = match self.below(4) {
            0 => channels,
            1 if channels.is_multiple_of(2) => 2,
            _ => 1,
        };
        let filters = groups * (1 + self.below(if groups == channels { 2 } else { 9 }));
        // One tap over every value, 3 x 3, and any other.
        let (kernel, padding) = match self.below(4) {
            0 => (1, 0),
            1 => (3, 1),
            _ => (7, 4),
        };
        let kernel = match kernel {
            7 => [1 + self.below(7), 1 + self.below(7)],
            side => [side; 2],
        };
        let mut side = || self.below(padding + 1);
        let padding = Padding {
            top: side(),
            left: side(),
            bottom: side(),
            right: side(),
        };
        let mut conv = Conv2d::new(filters, 1).groups(groups).padded(padding);
        conv.kernel = kernel;
        conv.bias = self.below(4) > 0;
        if self.below(3) == 0 {
            conv.stride = [1 + self.below(3), 1 + self.below(3)];
        }
        if self.below(6) == 0 {
            conv.dilation = [1 + self.below(2), 1 + self.below(2)];
        }
        conv
    }
}

/// Takes parts off the front of a slice.
fn split<'m>(rest: &mut &'m mut [f32], lengths: [usize; 3]) -> [&'m mut [f32]; 3] {
    lengths.map(|len| {
        let (part, others) = core::mem::take(rest).split_at_mut(len);
        *rest = others;
        part
    })
}

/// The next number of a sequence that is random enough for values (Marsaglia 2003, "Xorshift RNGs").
fn next(mut state: u32) -> u32 {
    state ^= state << 13;
    state ^= state >> 17;
    state ^ (state << 5)
}

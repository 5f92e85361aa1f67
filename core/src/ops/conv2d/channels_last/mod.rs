//! The convolution of one sample, with the filters side by side in packets.
//!
//! A value of the input is brought into all lanes and meets the weights of as many filters as there
//! are lanes. Where groups have so few filters that packets hold several, of a depthwise convolution
//! above all, a packet of channels meets a packet of weights; where such a group has more than one
//! channel or filter, the input is spread first, so that each filter finds its channels in its lane.
//! Tiles of positions x packets of filters stay in registers. Positions of a tile lie anywhere, but
//! have the same taps inside the input: the output is cut into rectangles of such positions, so that
//! strides, dilation and padding change only where taps begin and how many there are.
//!
//! A linear layer is the convolution whose kernel is as large as its input.

mod accumulate;
mod arrangement;
mod rectangles;
mod spread;

pub(crate) use arrangement::{Arrangement, is_per_lane};
pub(crate) use spread::{needs_spreading, spread};

use super::ConvGeometry;
use crate::lanes::{Kernel, Lanes};
use crate::ops::activation::Activation;
use crate::program::MapSteps;
use accumulate::TileTaps;
use rectangles::{PositionRectangle, each_rectangle};

/// Convolution, activation and 2 x 2 max pool of one sample.
#[derive(Debug)]
pub struct ConvChannelsLast<'a> {
    pub geometry: ConvGeometry,
    pub arrangement: Arrangement,
    pub activation: Activation,
    /// Only behind no activation or a ReLU.
    pub pool: bool,
    pub input: &'a [f32],
    /// Where the input's values lie.
    pub steps: MapSteps,
    /// As [`Arrangement::arrange`] leaves them.
    pub tensors: [&'a [f32]; 2],
    /// positions x padded channels, pooled where `pool` is set
    pub output: &'a mut [f32],
    /// Padded channels of the output.
    pub padded: usize,
}

/// A convolution in packets of `L`. Filters come outermost: their weights stay in the first caches while
/// positions pass.
pub(crate) struct ConvInPackets<'a, L> {
    pub proof: L,
    pub conv: ConvChannelsLast<'a>,
}

impl<L: Lanes> Kernel for ConvInPackets<'_, L> {
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        let arrangement = self.conv.arrangement;
        debug_assert_eq!(arrangement.lanes, L::LANES);
        for group in 0..arrangement.groups {
            let mut packet = 0;
            while packet < arrangement.packets {
                let count = arrangement.block(packet);
                let block = self.block(group, packet, count);
                if arrangement.is_per_lane {
                    self.positions::<true, 8, 1>(block);
                } else {
                    self.block_positions(block, count);
                }
                packet += count;
            }
        }
    }
}

/// Neighbouring packets of filters of a group, and where their parts of everything lie.
#[derive(Clone, Copy)]
struct Block<'a> {
    /// Offset of the first channel of the input.
    input: usize,
    /// taps x packets
    weights: &'a [f32],
    /// packets
    bias: &'a [f32],
    /// First of the filters.
    filter: usize,
    /// Filters whose outputs are stored.
    filters: usize,
}

impl<L: Lanes> ConvInPackets<'_, L> {
    /// All positions of a block, in tiles that fill the registers. A lone lane, which no desktop runs
    /// this in, gets by with one kind of tile: each takes compile time.
    #[inline(always)]
    fn block_positions(&mut self, block: Block<'_>, packets: usize) {
        if const { L::LANES == 1 && L::REGISTERS < 32 } {
            return self.positions::<false, 8, 1>(block);
        }
        if const { L::REGISTERS >= 32 } {
            match packets {
                8 => self.single_position::<8>(block),
                4 => self.positions::<false, 6, 4>(block),
                2 => self.positions::<false, 8, 2>(block),
                _ => self.positions::<false, 8, 1>(block),
            }
        } else {
            match packets {
                8 => self.single_position::<8>(block),
                4 => self.single_position::<4>(block),
                2 => self.positions::<false, 6, 2>(block),
                _ => self.positions::<false, 8, 1>(block),
            }
        }
    }

    #[inline(always)]
    fn block<'b>(&self, group: usize, packet: usize, count: usize) -> Block<'b>
    where
        Self: 'b,
    {
        let arrangement = self.conv.arrangement;
        let Arrangement { lanes, taps, .. } = arrangement;
        let first = (group * arrangement.packets + packet) * lanes;
        let [weights, bias] = self.conv.tensors;
        let filter = group * arrangement.filters + packet * lanes;
        let input = match arrangement.is_per_lane {
            true => filter,
            false => group * self.conv.geometry.group_channels() * self.conv.steps.channel,
        };
        // Filters of one group may end within a packet, behind which another's begin.
        let own = match arrangement.groups {
            1 => count * lanes,
            _ => arrangement.filters - packet * lanes,
        };
        Block {
            input,
            weights: &weights[first * taps..][..count * lanes * taps],
            bias: &bias[first..][..count * lanes],
            filter,
            filters: own.min(count * lanes),
        }
    }

    /// `P` windows or positions at a time, of `V` packets.
    #[inline(always)]
    fn positions<const PER_LANE: bool, const P: usize, const V: usize>(
        &mut self,
        block: Block<'_>,
    ) {
        // What a tap of a position costs by itself: its sums wait for one another.
        const LATENCY: usize = 4;
        let geometry = self.conv.geometry;
        each_rectangle(
            &geometry,
            self.conv.pool,
            #[inline(always)]
            |rectangle| {
                let taps = self.taps(&rectangle);
                let count = rectangle.len();
                let mut at = 0;
                while at < count {
                    // A tile that is not full does some positions twice.
                    if (count - at).min(P) * LATENCY.max(V) >= P * V {
                        self.tile::<PER_LANE, P, V>(block, &taps, rectangle.places(at));
                        at += P;
                    } else {
                        self.tile::<PER_LANE, 1, V>(block, &taps, rectangle.places(at));
                        at += 1;
                    }
                }
            },
        );
    }

    /// The only position there is: packets alone have to keep the registers busy.
    #[inline(always)]
    fn single_position<const V: usize>(&mut self, block: Block<'_>) {
        let geometry = self.conv.geometry;
        each_rectangle(
            &geometry,
            self.conv.pool,
            #[inline(always)]
            |rectangle| {
                let taps = self.taps(&rectangle);
                self.tile::<false, 1, V>(block, &taps, rectangle.places(0));
            },
        );
    }

    /// The taps of each place of a rectangle's windows, in scan order, or of its positions.
    fn taps(&self, rectangle: &PositionRectangle) -> [TileTaps; 4] {
        let (g, size) = (&self.conv.geometry, self.window());
        let mut taps = [TileTaps::NONE; 4];
        for (index, taps) in taps.iter_mut().enumerate().take(size * size) {
            let sub = [index / size, index % size];
            *taps = TileTaps::new(g, self.conv.steps, rectangle.taps(g, size, sub), sub);
        }
        taps
    }

    /// Rows and columns of a pool's window; 1 where there is none.
    #[inline(always)]
    fn window(&self) -> usize {
        1 + usize::from(self.conv.pool)
    }

    /// Neighbouring places of a rectangle.
    #[inline(always)]
    fn tile<const PER_LANE: bool, const P: usize, const V: usize>(
        &mut self,
        block: Block<'_>,
        taps: &[TileTaps; 4],
        places: [[usize; 2]; P],
    ) {
        let conv = &self.conv;
        let (g, size) = (&conv.geometry, self.window());
        let down = size * g.stride[0] * conv.steps.row;
        let right = size * g.stride[1] * conv.steps.column;
        let mut origins = [0; P];
        for p in 0..P {
            origins[p] = block.input + places[p][0] * down + places[p][1] * right;
        }
        let mut best = [[self.proof; V]; P];
        for (index, taps) in taps[..size * size].iter().enumerate() {
            let sums = taps.add::<L, PER_LANE, P, V>(self.proof, conv.input, origins, block);
            for p in 0..P {
                for v in 0..V {
                    best[p][v] = match index {
                        0 => sums[p][v],
                        _ => sums[p][v].larger(best[p][v]),
                    };
                }
            }
        }
        match conv.activation {
            Activation::Identity => {}
            Activation::Relu => activate(Activation::Relu, &mut best),
            Activation::Relu6 => activate(Activation::Relu6, &mut best),
        }
        self.store(block, places, g.output[1] / size, best);
    }

    #[inline(always)]
    fn store<const P: usize, const V: usize>(
        &mut self,
        block: Block<'_>,
        places: [[usize; 2]; P],
        columns: usize,
        tile: [[L; V]; P],
    ) {
        let is_whole = block.filters == V * L::LANES;
        for p in 0..P {
            let place = places[p][0] * columns + places[p][1];
            let start = place * self.conv.padded + block.filter;
            let output = &mut self.conv.output[start..][..block.filters];
            if is_whole {
                for v in 0..V {
                    tile[p][v].store(&mut output[v * L::LANES..]);
                }
                continue;
            }
            for v in 0..V {
                let mut lanes = [0.0; 16];
                tile[p][v].store(&mut lanes);
                let own = output.iter_mut().skip(v * L::LANES).zip(&lanes[..L::LANES]);
                own.for_each(|(to, value)| *to = *value);
            }
        }
    }
}

#[inline(always)]
fn activate<L: Lanes, const P: usize, const V: usize>(
    activation: Activation,
    tile: &mut [[L; V]; P],
) {
    for p in 0..P {
        for v in 0..V {
            tile[p][v] = activation.apply(tile[p][v]);
        }
    }
}

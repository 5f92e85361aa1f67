//! Convolution and linear layers of codes, a packet of samples at a time.

use super::quads::{QuadGeometry, Runs};
use crate::int8::{ChannelScale, Int8Rule, Quantization, Requantization};
use crate::lanes::Kernel;
use crate::lanes::codes::{CodeLanes, QUAD};
use crate::ops::add::packets::PacketSum;

/// A convolution's forward pass.
pub(crate) struct PacketConv<'a, C> {
    pub proof: C,
    pub geometry: QuadGeometry,
    /// Whether only the largest of each 2 x 2 outputs is wanted.
    pub pool: bool,
    pub rule: Int8Rule,
    /// As [`QuadGeometry::arrange`] leaves them.
    pub weights: &'a [u32],
    /// Biases, multipliers, shifts.
    pub constants: &'a [i32],
    /// Codes of the output.
    pub quantization: Quantization,
    /// rows x columns x quads packets, with the padding.
    pub input: &'a [u32],
    /// rows x columns x quads packets, pooled where that is wanted.
    pub output: &'a mut [u32],
    /// Where the output holds what it is to be added to.
    pub sum: Option<PacketSum>,
}

/// Four filters that are computed side by side.
struct Block<'a> {
    index: usize,
    biases: &'a [u32],
    weights: &'a [u32],
    runs: Runs,
    scales: [ChannelScale; QUAD],
}

impl<C: CodeLanes> Kernel for PacketConv<'_, C> {
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        let g = self.geometry;
        let extents = match self.pool {
            true => g.output.map(|extent| extent / 2),
            false => g.output,
        };
        for y in 0..extents[0] {
            let mut rest = self.weights;
            for index in 0..g.blocks() {
                let (biases, behind) = rest.split_at(QUAD);
                let (weights, behind) = behind.split_at(g.block_words::<C>(index));
                rest = behind;
                let block = Block {
                    index,
                    biases,
                    weights,
                    runs: g.runs(index),
                    scales: self.scales(index),
                };
                match self.pool {
                    true => self.pooled_row(&block, y, extents[1]),
                    false => self.row(&block, y, extents[1]),
                }
            }
        }
    }
}

impl<C: CodeLanes> PacketConv<'_, C> {
    #[inline(always)]
    fn scales(&self, block: usize) -> [ChannelScale; QUAD] {
        let filters = self.geometry.conv().filters;
        let (multipliers, shifts) = self.constants[filters..].split_at(filters);
        [0, 1, 2, 3].map(|place| {
            let filter = block * QUAD + place;
            // What is computed for filters that are not there has no reader with a weight for it.
            let own = match (multipliers.get(filter), shifts.get(filter)) {
                (Some(multiplier), Some(shift)) => Requantization {
                    multiplier: *multiplier,
                    shift: *shift,
                },
                _ => Requantization::ZERO,
            };
            ChannelScale::new(own, self.rule, self.quantization.zero)
        })
    }

    #[inline(always)]
    fn row(&mut self, block: &Block<'_>, y: usize, columns: usize) {
        let mut x = 0;
        while C::POSITIONS == 4 && columns - x >= 4 {
            self.positions::<4>(block, y, x, columns);
            x += 4;
        }
        while columns - x >= 2 {
            self.positions::<2>(block, y, x, columns);
            x += 2;
        }
        if x < columns {
            self.positions::<1>(block, y, x, columns);
        }
    }

    /// Positions side by side.
    #[inline(always)]
    fn positions<const P: usize>(&mut self, block: &Block<'_>, y: usize, x: usize, columns: usize) {
        let mut places = [0; P];
        for (p, place) in places.iter_mut().enumerate() {
            *place = self.place(y, x + p);
        }
        let sums = self.sums(block, places);
        for (p, sums) in sums.into_iter().enumerate() {
            self.finish(block, y * columns + x + p, sums);
        }
    }

    #[inline(always)]
    fn pooled_row(&mut self, block: &Block<'_>, y: usize, columns: usize) {
        for x in 0..columns {
            let place = |row: usize, column: usize| self.place(2 * y + row, 2 * x + column);
            let places = [place(0, 0), place(0, 1), place(1, 0), place(1, 1)];
            let mut largest;
            if C::POSITIONS == 4 {
                let [first, second, third, fourth] = self.sums(block, places);
                largest = larger(larger(first, second), larger(third, fourth));
            } else {
                let [first, second] = self.sums(block, [places[0], places[1]]);
                largest = larger(first, second);
                let [first, second] = self.sums(block, [places[2], places[3]]);
                largest = larger(largest, larger(first, second));
            }
            self.finish(block, y * columns + x, largest);
        }
    }

    /// The first packet that an output sees, but for its block's first quad.
    #[inline(always)]
    fn place(&self, y: usize, x: usize) -> usize {
        let g = &self.geometry;
        (y * g.stride[0] * g.input[1] + x * g.stride[1]) * g.quads()
    }

    /// The sums of four filters at some places.
    #[inline(always)]
    fn sums<const P: usize>(&self, block: &Block<'_>, places: [usize; P]) -> [[C; QUAD]; P] {
        let mut sums = [[self.proof; QUAD]; P];
        for sums in &mut sums {
            for (sum, bias) in sums.iter_mut().zip(block.biases) {
                *sum = self.proof.splat(*bias as i32);
            }
        }
        let runs = &block.runs;
        let mut weights = block.weights.chunks_exact(QUAD * C::WEIGHT_WORDS);
        for row in 0..runs.rows {
            for column in 0..runs.columns {
                let start = runs.first + row * runs.row_step + column * runs.column_step;
                let mut inputs = [self.input; P];
                for (input, place) in inputs.iter_mut().zip(places) {
                    *input = &self.input[(place + start) * C::LANES..][..runs.len * C::LANES];
                }
                for quad in 0..runs.len {
                    let Some(own) = weights.next() else {
                        return sums;
                    };
                    let mut factors = [self.proof.taps(); QUAD];
                    for (factor, words) in factors.iter_mut().zip(own.chunks_exact(C::WEIGHT_WORDS))
                    {
                        *factor = self.proof.weight(words);
                    }
                    for (sums, input) in sums.iter_mut().zip(inputs) {
                        let codes = self.proof.load(&input[quad * C::LANES..]).taps();
                        for (sum, factor) in sums.iter_mut().zip(factors) {
                            *sum = sum.add_products(codes, factor);
                        }
                    }
                }
            }
        }
        sums
    }

    /// Makes the codes of four filters from their sums.
    #[inline(always)]
    fn finish(&mut self, block: &Block<'_>, position: usize, mut sums: [C; QUAD]) {
        for (sum, scale) in sums.iter_mut().zip(&block.scales) {
            *sum = scale.apply(*sum);
        }
        let codes = self.quantization.clamp_packet(C::narrow(sums));
        let at = (position * self.geometry.blocks() + block.index) * C::LANES;
        let output = &mut self.output[at..][..C::LANES];
        let codes = match &self.sum {
            Some(sum) => sum.packet(codes, self.proof.load(output)),
            None => codes,
        };
        codes.store(output);
    }
}

#[inline(always)]
fn larger<C: CodeLanes>(first: [C; QUAD], second: [C; QUAD]) -> [C; QUAD] {
    let mut own = first;
    for (own, other) in own.iter_mut().zip(second) {
        *own = own.larger(other);
    }
    own
}

//! Packets of codes: four neighbouring channels' codes of each of several samples, 32 bits a sample.
//!
//! In packets, codes lie 128 above what they stand for, from 0 to 255: the instructions that add up
//! four products at once take one factor without a sign. A sum of products with such codes is larger by
//! 128 times the sum of the weights, which whoever arranges the weights takes from the bias.

mod column_runs;
mod grid;
mod layer_blocks;
mod lines;
mod portable;
mod runs;

pub(crate) use column_runs::{BlockColumns, ColumnRuns};
pub use grid::ChannelRuns;
pub(crate) use grid::CodeGrid;
pub(crate) use layer_blocks::LayerBlocks;
pub(crate) use lines::{PacketLine, merge_lines};
pub use portable::PortableCodes;
pub(crate) use runs::{BlockRuns, QuadRuns, RunShape, SeenRuns};

use super::{Kernel, LaneWidth, Lanes};
use crate::run::CompiledCodes;

/// Codes of a sample in a packet.
pub const QUAD: usize = 4;

/// What a code in a packet is more than the code.
pub const CODE_BIAS: i32 = 128;

/// All four codes of a sample with that added, or taken away again.
pub const BIASED_CODES: u32 = 0x8080_8080;

/// Neighbouring codes of a sample, as samples have them.
pub type CodeRun<'a> = &'a [i8; 16];

/// How four packets of sums become one of codes, where floating-point numbers give the same as integers.
#[derive(Clone, Copy, Debug)]
pub struct QuadScales<C> {
    /// The bits of the `f32` by which each one's sums are multiplied.
    pub(in crate::lanes) multipliers: [C; QUAD],
    /// The bits of what is added.
    pub(in crate::lanes) offset: C,
}

impl<C: CodeLanes> QuadScales<C> {
    /// The first one's codes, from the least to the greatest, each at the first place of a sample's; what else the sample
    /// has there is anything.
    #[inline(always)]
    pub fn first_codes(&self, sums: C, [low, high]: [i8; 2]) -> C {
        let limit = |code: i8| {
            self.offset
                .splat(WHOLE.to_bits() as i32 + i32::from(code) + CODE_BIAS)
        };
        // Bits of positive numbers are in the numbers' order.
        let codes = sums.scaled(self.multipliers[0], self.offset);
        codes.larger(limit(low)).smaller(limit(high))
    }

    /// `zero` is what a sum of 0 becomes, as it lies in packets; `proof` is any packet.
    #[inline(always)]
    pub fn new(proof: C, multipliers: [f32; QUAD], zero: f32) -> Self {
        let splat = |number: f32| proof.splat(number.to_bits() as i32);
        let [a, b, c, d] = multipliers;
        Self {
            multipliers: [splat(a), splat(b), splat(c), splat(d)],
            offset: splat(WHOLE + zero),
        }
    }
}

/// `1.5 * 2^23`: of what lies next to it only whole numbers are `f32`, and the lowest bits count them.
pub(super) const WHOLE: f32 = 12_582_912.0;

/// What [`CodeLanes::narrow_scaled`] makes of one sum, before it is saturated.
///
/// Not below what a smaller sum gives, as long as the product is above -`WHOLE`: each of its roundings is
/// monotonic, and so are the bits of a positive number.
pub(crate) fn scaled_sum(sum: i32, multiplier: f32, zero: f32) -> i32 {
    scaled_from(sum, multiplier, WHOLE + zero)
}

fn scaled_from(sum: i32, multiplier: f32, offset: f32) -> i32 {
    let number = libm::fmaf(sum as f32, multiplier, offset);
    (number.to_bits() as i32).wrapping_sub(WHOLE.to_bits() as i32)
}

/// A packet of codes, or of 32-bit numbers, one for each sample.
///
/// Sealed: the arithmetic is an implementation detail of the kernels.
pub trait CodeLanes: CompiledCodes + Send + Sync + 'static + sealed::Sealed {
    /// Samples side by side.
    const LANES: usize;

    /// The width of `f32` packets with as many lanes.
    const WIDTH: LaneWidth;

    /// Words of a weight for four codes.
    const WEIGHT_WORDS: usize;

    /// Positions whose sums, of four filters each, stay in registers: 2 or 4.
    const POSITIONS: usize;

    /// Half cycles, about, that the products of a packet with four filters take.
    const PRODUCTS: usize;

    /// Whether [`CodeLanes::narrow_scaled`] is an instruction for each step of it.
    const HAS_FUSED_SCALES: bool;

    /// Codes as factors.
    type Taps: Copy;

    /// The packet of numbers that what is computed behind these codes is compiled for.
    type Numbers: Lanes;

    /// A packet of zeros, or `None` where this processor lacks the instructions.
    fn zero() -> Option<Self>;

    /// The same number for every sample. `self` only proves that there are packets here.
    fn splat(self, number: i32) -> Self;
    /// The first `LANES` words of a slice. `self` is the proof again.
    fn load(self, words: &[u32]) -> Self;
    /// The packet at a place, counted in packets: without the check of bounds that takes as long as a product.
    ///
    /// # Safety
    ///
    /// It lies within the words.
    unsafe fn load_unchecked(self, words: &[u32], place: usize) -> Self;
    /// Into the first `LANES` words of a slice.
    fn store(self, words: &mut [u32]);
    /// Into the packet at a place, counted in packets, without a check of bounds.
    ///
    /// # Safety
    ///
    /// It lies within the words.
    unsafe fn store_unchecked(self, words: &mut [u32], place: usize);

    /// The same number, of which the compiler knows nothing: what is counted from it is no counter of its own in loops
    /// around, which have no registers for so many. `self` is the proof again.
    #[inline(always)]
    fn unknown(self, number: usize) -> usize {
        number
    }

    /// Codes, to be multiplied.
    fn taps(self) -> Self::Taps;
    /// The weight of four codes that `WEIGHT_WORDS` words hold, for every sample. `self` is the proof
    /// again.
    fn weight(self, words: &[u32]) -> Self::Taps;
    /// `self + codes[0] * weight[0] + … + codes[3] * weight[3]`
    fn add_products(self, codes: Self::Taps, weight: Self::Taps) -> Self;
    /// A weight of four codes as [`CodeLanes::weight`] reads it.
    fn arrange_weight(weight: [i8; 4], words: &mut [u32]);

    /// `self + other`, wrapping around.
    fn add(self, other: Self) -> Self;
    /// The larger number.
    fn larger(self, other: Self) -> Self;
    /// The smaller number.
    fn smaller(self, other: Self) -> Self;
    /// The code at a place from 0 to 3, as a number.
    fn code(self, place: u32) -> Self;
    /// `self * 2^exponent`, wrapping around.
    fn shift_left(self, exponent: u32) -> Self;
    /// `floor(self / 2^exponent)`
    fn shift_right(self, exponent: u32) -> Self;
    /// `floor(self * multiplier / 2^32)`
    fn multiply_high(self, multiplier: i32) -> Self;
    /// `floor((self * multiplier + 2^30) / 2^31)`, for multipliers from 0.
    fn multiply_high_of_double(self, multiplier: i32) -> Self;
    /// Divides by `2^exponent`, to nearest, halves away from zero; exponents up to 31.
    fn divide_by_power_of_two(self, exponent: u32) -> Self;

    /// Four packets of numbers as one of codes, saturated to 0 to 255.
    fn narrow(numbers: [Self; 4]) -> Self;
    /// Makes sums codes, by a multiplication and an addition of `f32` that round once, to a whole number of 16 bits,
    /// saturated to 0 to 255. Such a number is what integers make of the sum only where somebody has compared them,
    /// and where [`CodeLanes::HAS_FUSED_SCALES`]. Only the first `F` sums, at least one, are looked at; the other codes
    /// are any.
    fn narrow_scaled<const F: usize>(sums: [Self; QUAD], scales: &QuadScales<Self>) -> Self;
    /// The bits of `self * multiplier + offset`, rounded once, of the bits of `f32`: what
    /// [`CodeLanes::narrow_scaled`] makes of one sum.
    fn scaled(self, multiplier: Self, offset: Self) -> Self;
    /// Codes of four packets, those at the same place together: the packet at place `p` of the result has
    /// the codes at place `p` of each of the four, in their order.
    #[inline(always)]
    fn gather(packets: [Self; QUAD]) -> [Self; QUAD] {
        let [a, b, c, d] = packets;
        let first = Self::pair(a.turned(), b.turned());
        Self::join(first, Self::pair(c.turned(), d.turned()))
    }
    /// As [`CodeLanes::pair`] takes it: once for all packets that it is brought together with.
    fn turned(self) -> Self;
    /// Codes of two turned packets, as [`CodeLanes::join`] takes them: once for all packets that come before or behind.
    fn pair(first: Self, second: Self) -> [Self; 2];
    /// What [`CodeLanes::gather`] makes of the packets of two pairs.
    fn join(first: [Self; 2], second: [Self; 2]) -> [Self; QUAD];
    /// Sixteen neighbouring codes of each sample, four to a packet: of the first samples, as many as the packet has.
    /// `self` is the proof again.
    fn packets_of_runs(self, runs: &[CodeRun<'_>; 16]) -> [Self; QUAD];
    /// Those of the first `CHANNELS` of four channels, position by position: a packet has a position's codes of all, and
    /// anything in place of the others'. `self` is the proof again.
    fn packets_of_channels<const CHANNELS: usize>(
        self,
        runs: impl ChannelRuns,
    ) -> [[Self; QUAD]; QUAD];
    /// The order of codes that [`CodeLanes::reorder`] takes, of every sample: for each place the place whose code
    /// comes there, or `None` for a 0. `self` is the proof again.
    fn order(self, places: [Option<u8>; QUAD]) -> Self;
    /// Each sample's codes in another order.
    fn reorder(self, order: Self) -> Self;
    /// Each sample's codes from a place from 0 to 4 on, and as many of `next` as make four.
    fn codes_from(self, next: Self, place: u32) -> Self;
    /// Code by code, at least `low` and at most `high`, which hold the same code four times.
    fn clamp_codes(self, low: Self, high: Self) -> Self;
    /// The larger of two codes, code by code.
    fn larger_codes(self, other: Self) -> Self;
    /// `floor((self * multipliers[0] + other * multipliers[1] + constant) / 2^shift)`, code by code,
    /// saturated to 0 to 255. Multipliers have 15 bits.
    fn add_codes(self, other: Self, multipliers: [i32; 2], constant: i32, shift: u32) -> Self;

    /// Runs a kernel with this packet's instructions enabled; `self` proves they are there.
    fn vectorize<K: Kernel>(self, kernel: K) -> K::Output;
    /// The same as a function of its own, whose loops have all registers to themselves: among those of its callers
    /// what they count by would lie in memory.
    // Not on a function with instructions enabled, of which the compiler does not heed it.
    #[inline(never)]
    fn apart<K: Kernel>(self, kernel: K) -> K::Output {
        self.vectorize(kernel)
    }
}

pub(super) mod sealed {
    /// What only this module's packets are.
    pub trait Sealed {}
}

#[cfg(test)]
mod tests;

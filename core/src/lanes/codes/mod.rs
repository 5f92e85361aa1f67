//! Packets of codes: four neighbouring channels' codes of each of several samples, 32 bits a sample.
//!
//! In packets, codes lie 128 above what they stand for, from 0 to 255: the instructions that add up
//! four products at once take one factor without a sign. A sum of products with such codes is larger by
//! 128 times the sum of the weights, which whoever arranges the weights takes from the bias.

mod portable;
mod runs;

pub use portable::PortableCodes;
pub(crate) use runs::{QuadRuns, RunShape, add_own_runs, add_shared_run};

use super::{Kernel, LaneWidth};

/// Codes of a sample in a packet.
pub const QUAD: usize = 4;

/// What a code in a packet is more than the code.
pub const CODE_BIAS: i32 = 128;

/// All four codes of a sample with that added, or taken away again.
pub const BIASED_CODES: u32 = 0x8080_8080;

/// How four packets of sums become one of codes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QuadScales {
    /// By which the sums are multiplied, 2^32 times.
    pub multipliers: [i32; QUAD],
    /// Added to the products.
    pub constants: [i32; QUAD],
    /// Powers of two by which the results are divided, from 0 to 31.
    pub shifts: [u32; QUAD],
}

/// A packet of codes, or of 32-bit numbers, one for each sample.
///
/// Sealed: the arithmetic is an implementation detail of the kernels.
pub trait CodeLanes: Copy + Send + Sync + 'static + sealed::Sealed {
    /// Samples side by side.
    const LANES: usize;

    /// The width of `f32` packets with as many lanes.
    const WIDTH: LaneWidth;

    /// Words of a weight for four codes.
    const WEIGHT_WORDS: usize;

    /// Positions whose sums, of four filters each, stay in registers: 2 or 4.
    const POSITIONS: usize;

    /// Codes as factors.
    type Taps: Copy;

    /// A packet of zeros, or `None` where this processor lacks the instructions.
    fn zero() -> Option<Self>;

    /// The same number for every sample. `self` only proves that there are packets here.
    fn splat(self, number: i32) -> Self;
    /// The first `LANES` words of a slice. `self` is the proof again.
    fn load(self, words: &[u32]) -> Self;
    /// Into the first `LANES` words of a slice.
    fn store(self, words: &mut [u32]);

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
    /// Makes sums codes: `(multiply_high + constant) / 2^shift` of each packet by its scale, rounded
    /// down and saturated to 0 to 255.
    fn narrow_scaled(sums: [Self; QUAD], scales: &QuadScales) -> Self;
    /// Codes of four packets, those at the same place together: the packet at place `p` of the result has
    /// the codes at place `p` of each of the four, in their order.
    fn gather(packets: [Self; QUAD]) -> [Self; QUAD];
    /// Eight neighbouring codes of each of 16 samples, as eight times those of all samples.
    fn turn(runs: &[[u8; 8]; 16]) -> [[u8; 16]; 8];
    /// Puts four codes of each of 16 samples together, as many samples as the packet has. `self` is the
    /// proof again.
    fn interleave(self, codes: &[[u8; 16]; QUAD]) -> Self;
    /// Code by code, at least `low` and at most `high`, which hold the same code four times.
    fn clamp_codes(self, low: Self, high: Self) -> Self;
    /// The larger of two codes, code by code.
    fn larger_codes(self, other: Self) -> Self;
    /// `floor((self * multipliers[0] + other * multipliers[1] + constant) / 2^shift)`, code by code,
    /// saturated to 0 to 255. Multipliers have 15 bits.
    fn add_codes(self, other: Self, multipliers: [i32; 2], constant: i32, shift: u32) -> Self;

    /// Runs a kernel with this packet's instructions enabled; `self` proves they are there.
    fn vectorize<K: Kernel>(self, kernel: K) -> K::Output;
}

pub(super) mod sealed {
    /// What only this module's packets are.
    pub trait Sealed {}
}

#[cfg(test)]
mod tests;

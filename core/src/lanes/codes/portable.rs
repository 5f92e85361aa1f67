//! Packets of codes for any processor, which define what the others compute.

use super::sealed::Sealed;
use super::{
    BIASED_CODES, ChannelRuns, CodeLanes, CodeRun, Kernel, LaneWidth, QUAD, QuadScales, scaled_from,
};
use crate::int8::{Requantization, divide_by_power_of_two};

/// Four samples in plain words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PortableCodes([u32; 4]);

impl Sealed for PortableCodes {}

// Four lanes and four codes are spelled out in all that sums and their scales go through. As loops, so many
// of them one within the other, they took a fifth of the time that this crate compiles in, and some were
// left as loops, in which a product took twenty times as long.

impl PortableCodes {
    /// Lane by lane.
    #[inline(always)]
    fn each(of: impl Fn(usize) -> u32) -> Self {
        Self(four(of))
    }

    #[inline(always)]
    fn map(self, of: impl Fn(i32) -> i32) -> Self {
        Self::each(
            #[inline(always)]
            |lane| of(self.0[lane] as i32) as u32,
        )
    }

    #[inline(always)]
    fn zip(self, other: Self, of: impl Fn(u32, u32) -> u32) -> Self {
        Self::each(
            #[inline(always)]
            |lane| of(self.0[lane], other.0[lane]),
        )
    }

    /// The products of each sample's code at a place.
    #[inline(always)]
    fn products(self, weight: Self, place: u32) -> Self {
        self.zip(
            weight,
            #[inline(always)]
            |codes, weight| {
                let code = (codes >> (8 * place)) & 0xFF;
                let weight = (weight << (24 - 8 * place)) as i32 >> 24;
                (code as i32 * weight) as u32
            },
        )
    }
}

#[inline(always)]
fn four<T>(of: impl Fn(usize) -> T) -> [T; 4] {
    [of(0), of(1), of(2), of(3)]
}

/// Code by code.
#[inline(always)]
fn each_code(a: u32, b: u32, of: impl Fn(u8, u8) -> u8) -> u32 {
    let [a, b] = [a.to_le_bytes(), b.to_le_bytes()];
    u32::from_le_bytes(four(
        #[inline(always)]
        |place| of(a[place], b[place]),
    ))
}

impl CodeLanes for PortableCodes {
    const LANES: usize = 4;
    const WIDTH: LaneWidth = LaneWidth::X4;
    const WEIGHT_WORDS: usize = 1;
    const POSITIONS: usize = 2;
    const PRODUCTS: usize = 32;
    // A call of a function for each number.
    const HAS_FUSED_SCALES: bool = false;
    type Taps = Self;
    type Numbers = f32;

    fn zero() -> Option<Self> {
        Some(Self([0; 4]))
    }

    #[inline(always)]
    fn splat(self, number: i32) -> Self {
        Self([number as u32; 4])
    }

    #[inline(always)]
    fn load(self, words: &[u32]) -> Self {
        let mut own = [0; 4];
        own.copy_from_slice(&words[..4]);
        Self(own)
    }

    #[inline(always)]
    unsafe fn load_unchecked(self, words: &[u32], place: usize) -> Self {
        self.load(&words[place * Self::LANES..])
    }

    #[inline(always)]
    fn store(self, words: &mut [u32]) {
        words[..4].copy_from_slice(&self.0);
    }

    #[inline(always)]
    unsafe fn store_unchecked(self, words: &mut [u32], place: usize) {
        self.store(&mut words[place * Self::LANES..]);
    }

    #[inline(always)]
    fn taps(self) -> Self {
        self
    }

    #[inline(always)]
    fn weight(self, words: &[u32]) -> Self {
        Self([words[0]; 4])
    }

    #[inline(always)]
    fn add_products(self, codes: Self, weight: Self) -> Self {
        let sums = self.add(codes.products(weight, 0));
        let sums = sums.add(codes.products(weight, 1));
        let sums = sums.add(codes.products(weight, 2));
        sums.add(codes.products(weight, 3))
    }

    fn arrange_weight(weight: [i8; 4], words: &mut [u32]) {
        words[0] = u32::from_le_bytes(weight.map(|code| code as u8));
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.zip(other, u32::wrapping_add)
    }

    #[inline(always)]
    fn larger(self, other: Self) -> Self {
        self.zip(other, |a, b| (a as i32).max(b as i32) as u32)
    }

    #[inline(always)]
    fn smaller(self, other: Self) -> Self {
        self.zip(other, |a, b| (a as i32).min(b as i32) as u32)
    }

    #[inline(always)]
    fn code(self, place: u32) -> Self {
        self.map(|word| (word >> (8 * place)) & 0xFF)
    }

    #[inline(always)]
    fn shift_left(self, exponent: u32) -> Self {
        self.map(|number| number << exponent)
    }

    #[inline(always)]
    fn shift_right(self, exponent: u32) -> Self {
        self.map(|number| number >> exponent)
    }

    #[inline(always)]
    fn multiply_high(self, multiplier: i32) -> Self {
        self.map(|number| ((i64::from(number) * i64::from(multiplier)) >> 32) as i32)
    }

    #[inline(always)]
    fn multiply_high_of_double(self, multiplier: i32) -> Self {
        let scale = Requantization {
            multiplier,
            shift: 0,
        };
        self.map(|number| scale.round_twice(number))
    }

    #[inline(always)]
    fn divide_by_power_of_two(self, exponent: u32) -> Self {
        self.map(|number| divide_by_power_of_two(number, exponent as i32))
    }

    #[inline(always)]
    fn narrow(numbers: [Self; 4]) -> Self {
        Self::each(
            #[inline(always)]
            |lane| {
                u32::from_le_bytes(four(
                    #[inline(always)]
                    |place| (numbers[place].0[lane] as i32).clamp(0, 255) as u8,
                ))
            },
        )
    }

    #[inline(always)]
    fn narrow_scaled<const F: usize>(sums: [Self; QUAD], scales: &QuadScales<Self>) -> Self {
        Self::narrow(four(
            #[inline(always)]
            |filter| {
                // The same for all samples.
                let multiplier = f32::from_bits(scales.multipliers[filter].0[0]);
                let offset = f32::from_bits(scales.offset.0[0]);
                sums[filter].map(
                    #[inline(always)]
                    |sum| scaled_from(sum, multiplier, offset),
                )
            },
        ))
    }

    #[inline(always)]
    fn scaled(self, multiplier: Self, offset: Self) -> Self {
        let mut own = self;
        for (lane, number) in own.0.iter_mut().enumerate() {
            let multiplier = f32::from_bits(multiplier.0[lane]);
            let offset = f32::from_bits(offset.0[lane]);
            *number = libm::fmaf(*number as i32 as f32, multiplier, offset).to_bits();
        }
        own
    }

    #[inline(always)]
    fn turned(self) -> Self {
        self
    }

    #[inline(always)]
    fn pair(first: Self, second: Self) -> [Self; 2] {
        [first, second]
    }

    #[inline(always)]
    fn join([a, b]: [Self; 2], [c, d]: [Self; 2]) -> [Self; QUAD] {
        let packets = [a, b, c, d];
        four(
            #[inline(always)]
            |place| {
                Self::each(
                    #[inline(always)]
                    |lane| {
                        u32::from_le_bytes(four(
                            #[inline(always)]
                            |packet| packets[packet].0[lane].to_le_bytes()[place],
                        ))
                    },
                )
            },
        )
    }

    #[inline(always)]
    fn packets_of_runs(self, runs: &[CodeRun<'_>; 16]) -> [Self; QUAD] {
        let mut packets = [self; QUAD];
        for (place, packet) in packets.iter_mut().enumerate() {
            for (word, run) in packet.0.iter_mut().zip(runs) {
                let codes = [0, 1, 2, 3].map(|next| run[QUAD * place + next] as u8);
                *word = u32::from_le_bytes(codes) ^ BIASED_CODES;
            }
        }
        packets
    }

    #[inline(always)]
    fn packets_of_channels<const CHANNELS: usize>(
        self,
        runs: impl ChannelRuns,
    ) -> [[Self; QUAD]; QUAD] {
        let mut packets = [[self; QUAD]; QUAD];
        for (position, packet) in packets.iter_mut().flatten().enumerate() {
            for (lane, word) in packet.0.iter_mut().enumerate() {
                let codes =
                    [0, 1, 2, 3].map(|channel: usize| runs.run(channel, lane)[position] as u8);
                *word = u32::from_le_bytes(codes) ^ BIASED_CODES;
            }
        }
        packets
    }

    #[inline(always)]
    fn order(self, places: [Option<u8>; QUAD]) -> Self {
        let bytes = places.map(|place| place.unwrap_or(0x80));
        self.splat(i32::from_le_bytes(bytes))
    }

    #[inline(always)]
    fn reorder(self, order: Self) -> Self {
        self.zip(order, |codes, order| {
            let codes = codes.to_le_bytes();
            let code = |place: u8| codes.get(usize::from(place)).copied().unwrap_or(0);
            u32::from_le_bytes(order.to_le_bytes().map(code))
        })
    }

    #[inline(always)]
    fn codes_from(self, next: Self, place: u32) -> Self {
        self.zip(next, |own, next| {
            let both = u64::from(next) << 32 | u64::from(own);
            (both >> (8 * place)) as u32
        })
    }

    #[inline(always)]
    fn clamp_codes(self, low: Self, high: Self) -> Self {
        let raised = self.zip(low, |a, b| each_code(a, b, u8::max));
        raised.zip(high, |a, b| each_code(a, b, u8::min))
    }

    #[inline(always)]
    fn larger_codes(self, other: Self) -> Self {
        self.zip(other, |a, b| each_code(a, b, u8::max))
    }

    #[inline(always)]
    fn add_codes(self, other: Self, multipliers: [i32; 2], constant: i32, shift: u32) -> Self {
        let sum = |a: u8, b: u8| {
            let products = i32::from(a) * multipliers[0] + i32::from(b) * multipliers[1];
            ((products + constant) >> shift).clamp(0, 255) as u8
        };
        self.zip(other, |a, b| each_code(a, b, sum))
    }

    #[inline(always)]
    fn vectorize<K: Kernel>(self, kernel: K) -> K::Output {
        kernel.run()
    }
}

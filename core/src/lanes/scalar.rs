//! One lane: plain `f32`, the microcontroller's packet.

use super::{Kernel, LaneWidth, Lanes, NO_WINNER, Vector};

impl Lanes for f32 {
    const WIDTH: LaneWidth = LaneWidth::X1;

    type Half = Self;
    type Separate = Self;

    fn zero() -> Option<Self> {
        Some(0.0)
    }

    fn half(self) -> Self {
        self
    }

    #[inline(always)]
    fn separate(self) -> Self {
        self
    }

    #[inline(always)]
    fn values(packets: &[Self]) -> &[f32] {
        packets
    }

    #[inline(always)]
    fn values_mut(packets: &mut [Self]) -> &mut [f32] {
        packets
    }
}

impl Vector for f32 {
    type Mask = bool;

    const REGISTERS: usize = 16;

    #[inline(always)]
    fn splat(self, value: f32) -> Self {
        value
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self + other
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self - other
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        self * other
    }

    #[inline(always)]
    fn div(self, other: Self) -> Self {
        self / other
    }

    #[inline(always)]
    fn greater(self, other: Self) -> bool {
        self > other
    }

    #[inline(always)]
    fn at_most(self, other: Self) -> bool {
        self <= other
    }

    #[inline(always)]
    fn select(mask: bool, yes: Self, no: Self) -> Self {
        if mask { yes } else { no }
    }

    #[inline(always)]
    fn load(self, values: &[f32]) -> Self {
        values[0]
    }

    #[inline(always)]
    fn store(self, values: &mut [f32]) {
        values[0] = self;
    }

    #[inline(always)]
    fn store_bytes(self, bytes: &mut [u8]) {
        bytes[0] = self as u8;
    }

    #[inline(always)]
    fn store_winner(self, higher: [bool; 3], dead: bool, bytes: &mut [u8]) {
        bytes[0] = match higher {
            _ if dead => NO_WINNER,
            [_, _, true] => 3,
            [_, true, _] => 2,
            [true, ..] => 1,
            _ => 0,
        };
    }

    #[inline(always)]
    fn load_columns(self, rows: &[[u8; 8]; 16]) -> [Self; 8] {
        rows[0].map(f32::from)
    }

    #[inline(always)]
    fn has_bits(self, bytes: &[u8], mask: u8) -> bool {
        bytes[0] & mask != 0
    }

    #[inline(always)]
    fn where_bits(self, bytes: &[u8], mask: u8, value: u8) -> Self {
        if bytes[0] & mask == value { self } else { 0.0 }
    }

    #[inline(always)]
    fn add_lanes(packets: &[Self; 4], sums: &mut [f32; 4]) {
        for (sum, value) in sums.iter_mut().zip(packets) {
            *sum += value;
        }
    }

    #[inline(always)]
    fn vectorize<K: Kernel>(self, kernel: K) -> K::Output {
        if cfg!(any(target_os = "none", not(feature = "compiled"))) {
            return kernel.run();
        }
        apart(kernel)
    }
}

/// Runs a kernel as a function of its own: once for all that calls it where all kernels are compiled, as those of
/// registers are.
#[inline(never)]
fn apart<K: Kernel>(kernel: K) -> K::Output {
    kernel.run()
}

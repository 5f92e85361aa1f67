//! A packet that counts what kernels do with it, so that tests can tell which way they took.

extern crate std;

use super::{Arithmetic, Kernel, LaneWidth, Lanes, Vector};
use std::cell::Cell;
use std::thread_local;

/// One lane on a processor said to have this many registers, and the fused arithmetic where asked.
///
/// Its operations are calls, so that the kernels of a type no one waits for compile quickly.
#[derive(Clone, Copy, Debug, Default)]
#[repr(transparent)]
pub(crate) struct Counted<const REGISTERS: usize, const FUSED: bool = false>(f32);

/// What a piece of work did on this thread.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Tally {
    /// Values brought into all lanes, as a kernel does with each weight it takes up.
    pub splats: usize,
    /// Products.
    pub products: usize,
    /// Choices between two values by a mask.
    pub choices: usize,
}

thread_local! {
    static TALLY: Cell<Tally> = const { Cell::new(Tally { splats: 0, products: 0, choices: 0 }) };
}

impl Tally {
    /// Counts while `work` runs.
    pub fn of(work: impl FnOnce()) -> Self {
        TALLY.set(Self::default());
        work();
        TALLY.get()
    }

    fn count(change: impl FnOnce(&mut Self)) {
        let mut tally = TALLY.get();
        change(&mut tally);
        TALLY.set(tally);
    }
}

impl<const REGISTERS: usize, const FUSED: bool> Lanes for Counted<REGISTERS, FUSED> {
    const WIDTH: LaneWidth = LaneWidth::X1;
    const ARITHMETIC: Arithmetic = if FUSED {
        Arithmetic::Fused
    } else {
        Arithmetic::Separate
    };

    type Half = Self;
    type Separate = Counted<REGISTERS>;

    fn zero() -> Option<Self> {
        Some(Self(0.0))
    }

    fn half(self) -> Self {
        self
    }

    fn separate(self) -> Counted<REGISTERS> {
        Counted(self.0)
    }

    fn values(packets: &[Self]) -> &[f32] {
        // SAFETY: a packet is one f32, transparently, and the borrow is the same.
        unsafe { core::slice::from_raw_parts(packets.as_ptr().cast(), packets.len()) }
    }

    fn values_mut(packets: &mut [Self]) -> &mut [f32] {
        // SAFETY: as in `values`, and the borrow is exclusive.
        unsafe { core::slice::from_raw_parts_mut(packets.as_mut_ptr().cast(), packets.len()) }
    }
}

impl<const REGISTERS: usize, const FUSED: bool> Vector for Counted<REGISTERS, FUSED> {
    type Mask = bool;

    const REGISTERS: usize = REGISTERS;

    #[inline(never)]
    fn splat(self, value: f32) -> Self {
        Tally::count(|tally| tally.splats += 1);
        Self(value)
    }

    #[inline(never)]
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }

    #[inline(never)]
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }

    #[inline(never)]
    fn mul(self, other: Self) -> Self {
        Tally::count(|tally| tally.products += 1);
        Self(self.0 * other.0)
    }

    // A product and a sum alone: what it costs to take the factor up is the processor's affair.
    #[inline(never)]
    fn add_scaled(self, values: Self, factor: &f32) -> Self {
        self.add_product(values, Self(*factor))
    }

    #[inline(never)]
    fn add_product(self, a: Self, b: Self) -> Self {
        Tally::count(|tally| tally.products += 1);
        if FUSED {
            Self(libm::fmaf(a.0, b.0, self.0))
        } else {
            Self(self.0 + a.0 * b.0)
        }
    }

    #[inline(never)]
    fn div(self, other: Self) -> Self {
        Self(self.0 / other.0)
    }

    #[inline(never)]
    fn greater(self, other: Self) -> bool {
        self.0 > other.0
    }

    #[inline(never)]
    fn at_most(self, other: Self) -> bool {
        self.0 <= other.0
    }

    #[inline(never)]
    fn select(mask: bool, yes: Self, no: Self) -> Self {
        Tally::count(|tally| tally.choices += 1);
        if mask { yes } else { no }
    }

    #[inline(never)]
    fn load(self, values: &[f32]) -> Self {
        Self(self.0.load(values))
    }

    #[inline(never)]
    fn store(self, values: &mut [f32]) {
        self.0.store(values);
    }

    #[inline(never)]
    fn store_bytes(self, bytes: &mut [u8]) {
        self.0.store_bytes(bytes);
    }

    #[inline(never)]
    fn store_winner(self, higher: [bool; 3], dead: bool, bytes: &mut [u8]) {
        self.0.store_winner(higher, dead, bytes);
    }

    #[inline(never)]
    fn load_columns(self, rows: &[[u8; 8]; 16]) -> [Self; 8] {
        self.0.load_columns(rows).map(Self)
    }

    #[inline(never)]
    fn has_bits(self, bytes: &[u8], mask: u8) -> bool {
        self.0.has_bits(bytes, mask)
    }

    #[inline(never)]
    fn where_bits(self, bytes: &[u8], mask: u8, value: u8) -> Self {
        Self(self.0.where_bits(bytes, mask, value))
    }

    #[inline(never)]
    fn add_lanes(packets: &[Self; 4], sums: &mut [f32; 4]) {
        f32::add_lanes(&packets.map(|packet| packet.0), sums);
    }

    fn vectorize<K: Kernel>(self, kernel: K) -> K::Output {
        kernel.run()
    }
}

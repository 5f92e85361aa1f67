//! Packets of lanes: one value of each of several samples, and the arithmetic on them.
//!
//! Every kernel is written once, generic over [`Lanes`]. On a microcontroller a packet is a plain
//! `f32`, one sample at a time; on a desktop it is a vector register, 4, 8 or 16 samples at a
//! time. Each lane runs the scalar program, rounding every product and every sum, so the results
//! are equal to the bit at every width. Packets of the fused [`Arithmetic`] round a sum of a product
//! once; their results are equal among each other.
//!
//! This module is the only place in core with `unsafe`. Vector instructions may run only on a
//! processor that has them, and the proof of that is a value of the packet type itself: outside
//! this module the first one can come only from [`Lanes::zero`], which asks the processor.

mod arithmetic;
mod byte_table;
pub(crate) mod bytes;
mod choice;
pub(crate) mod codes;
#[cfg(test)]
mod counted;
mod limit;
#[cfg(not(target_arch = "x86_64"))]
mod no_code_vectors;
mod packet;
mod places;
mod scalar;
mod tile;
mod vector;
mod width;
mod window;

#[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
#[path = "aarch64/mod.rs"]
pub(crate) mod vectors;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
#[path = "wasm32/mod.rs"]
pub(crate) mod vectors;
#[cfg(target_arch = "x86_64")]
#[path = "x86_64/mod.rs"]
pub(crate) mod vectors;
#[cfg(not(any(
    target_arch = "x86_64",
    all(target_arch = "aarch64", target_feature = "neon"),
    all(target_arch = "wasm32", target_feature = "simd128")
)))]
#[path = "no_vectors.rs"]
pub(crate) mod vectors;

pub use arithmetic::Arithmetic;
pub use byte_table::ByteTable;
pub use choice::{CodeWork, PacketWork};
pub use codes::{CodeLanes, PortableCodes};
pub use limit::multiply_add;
pub(crate) use limit::run_chains;
pub use vectors::BasicPacket;
pub use width::LaneWidth;

use crate::run::Compiled;
#[cfg(test)]
pub(crate) use counted::{Counted, Tally};
pub(crate) use places::{TilePlaces, each_sum_of_taps};
pub(crate) use tile::{
    LINE, Nest, Packets, Weights, add_own_products, add_products, prefetch, prefetch_to_write,
};
pub(crate) use vector::{Kernel, NO_WINNER, Vector};
pub(crate) use window::{WindowPatch, add_window_3x3};

/// A packet of lanes: `f32`, or a vector register of them where the processor has one.
///
/// Sealed: the arithmetic is an implementation detail of the kernels.
pub trait Lanes: Compiled + Send + Sync + core::fmt::Debug {
    /// The width, as a value.
    const WIDTH: LaneWidth;

    /// How it adds products to sums.
    const ARITHMETIC: Arithmetic = Arithmetic::Separate;

    /// Samples in a packet.
    const LANES: usize = Self::WIDTH.lanes();

    /// Whether the kernels for a single sample serve it, which know the separate arithmetic alone.
    const IS_SINGLE: bool = Self::LANES == 1 && matches!(Self::ARITHMETIC, Arithmetic::Separate);

    /// The packet type of half as many lanes, or this one where there is none.
    type Half: Lanes;

    /// The packet type of as many lanes in the separate arithmetic: this one, but for a fused one.
    type Separate: Lanes;

    /// A packet of zeros, or `None` where this processor lacks the instructions.
    fn zero() -> Option<Self>;

    /// Some packet of half as many lanes: `self` proves that its instructions are there, too.
    fn half(self) -> Self::Half;

    /// Some packet in the separate arithmetic: `self` proves that its instructions are there, too.
    fn separate(self) -> Self::Separate;

    /// The packets as plain values: packet by packet, lane by lane.
    fn values(packets: &[Self]) -> &[f32];

    /// The packets as plain values, to be written.
    fn values_mut(packets: &mut [Self]) -> &mut [f32];
}

#[cfg(test)]
mod tests;

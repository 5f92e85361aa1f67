//! Vector registers of WebAssembly, four lanes each, where the target has the feature `simd128`.

#![allow(
    unused_unsafe,
    reason = "the instructions of the whole target are safe to call, but the macro for all packets does not know that"
)]

mod available;
mod shuffle;

pub(crate) use super::no_code_vectors::each_code_packet;
pub(super) use super::no_code_vectors::{has_wide_look_up, look_up_wide, run_codes};
pub use available::BasicPacket;
pub(crate) use available::each_packet;
pub(super) use available::{has, name, run};

use super::packet::packet;
use super::{Kernel, LaneWidth, Lanes, Vector};
use core::arch::wasm32::*;
use shuffle::*;

packet! {
    /// Four lanes in a register.
    Simd128F32x4(v128, v128, 4), LaneWidth::X4, half: f32, separate: Self,
    // An engine compiles for what it runs on: at least SSE's sixteen.
    features: "simd128", registers: 16,
    f32x4_splat, f32x4_add, f32x4_sub, f32x4_mul, f32x4_div, load_x4, store_x4,
    greater: f32x4_gt,
    at_most: f32x4_le,
    select: select_x4,
    larger: larger_x4,
    zero_where: zero_where_x4,
    relu: relu_x4,
    store_bytes: store_bytes_x4,
    winner: winner_x4,
    widen: bytes_to_f32_x4,
    has_bits: has_bits_x4,
    where_bits: where_bits_x4,
}

/// See [`prefetch_to_write`](super::prefetch_to_write); there is no such instruction.
#[inline(always)]
pub(super) fn prefetch_to_write<T>(_: *const T) {}

/// See [`prefetch`](super::prefetch); there is no such instruction.
#[inline(always)]
pub(super) fn prefetch<T>(_: *const T) {}

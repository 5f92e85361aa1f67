//! Vector registers of AArch64: NEON, four lanes in one register and eight in two. Every processor of a
//! target with the feature has them.

mod available;
mod double;
mod shuffle;

pub(crate) use super::no_code_vectors::each_code_packet;
pub(super) use super::no_code_vectors::{has_wide_look_up, look_up_wide, run_codes};
pub use available::BasicPacket;
pub(crate) use available::each_packet;
pub(super) use available::{has, name, run};

use super::packet::packet;
use super::{Arithmetic, Kernel, LaneWidth, Lanes, Vector};
use core::arch::aarch64::*;
use double::*;
use shuffle::*;

packet! {
    /// Four lanes in a register.
    NeonF32x4(float32x4_t, uint32x4_t, 4), LaneWidth::X4, half: f32, separate: Self,
    features: "neon", registers: 32,
    vdupq_n_f32, vaddq_f32, vsubq_f32, vmulq_f32, vdivq_f32, vld1q_f32, vst1q_f32,
    greater: vcgtq_f32,
    at_most: vcleq_f32,
    select: vbslq_f32,
    larger: larger_x4,
    zero_where: zero_where_x4,
    relu: relu_x4,
    store_bytes: store_bytes_x4,
    winner: winner_x4,
    widen: bytes_to_f32_x4,
    has_bits: has_bits_x4,
    where_bits: where_bits_x4,
}

packet! {
    /// Four lanes in a register, each sum of a product rounded once.
    FusedNeonF32x4(float32x4_t, uint32x4_t, 4), LaneWidth::X4, half: Self, separate: NeonF32x4,
    fused: add_product_x4,
    features: "neon", registers: 32,
    vdupq_n_f32, vaddq_f32, vsubq_f32, vmulq_f32, vdivq_f32, vld1q_f32, vst1q_f32,
    greater: vcgtq_f32,
    at_most: vcleq_f32,
    select: vbslq_f32,
    larger: larger_x4,
    zero_where: zero_where_x4,
    relu: relu_x4,
    store_bytes: store_bytes_x4,
    winner: winner_x4,
    widen: bytes_to_f32_x4,
    has_bits: has_bits_x4,
    where_bits: where_bits_x4,
}

packet! {
    /// Eight lanes in two registers.
    NeonF32x8(float32x4x2_t, uint32x4x2_t, 8), LaneWidth::X8, half: NeonF32x4, separate: Self,
    features: "neon", registers: 16,
    splat_x8, add_x8, sub_x8, mul_x8, div_x8, load_x8, store_x8,
    greater: greater_x8,
    at_most: at_most_x8,
    select: select_x8,
    larger: larger_x8,
    zero_where: zero_where_x8,
    relu: relu_x8,
    store_bytes: store_bytes_x8,
    winner: winner_x8,
    widen: bytes_to_f32_x8,
    has_bits: has_bits_x8,
    where_bits: where_bits_x8,
}

packet! {
    /// Eight lanes in two registers, each sum of a product rounded once.
    FusedNeonF32x8(float32x4x2_t, uint32x4x2_t, 8), LaneWidth::X8, half: FusedNeonF32x4, separate: NeonF32x8,
    fused: add_product_x8,
    features: "neon", registers: 16,
    splat_x8, add_x8, sub_x8, mul_x8, div_x8, load_x8, store_x8,
    greater: greater_x8,
    at_most: at_most_x8,
    select: select_x8,
    larger: larger_x8,
    zero_where: zero_where_x8,
    relu: relu_x8,
    store_bytes: store_bytes_x8,
    winner: winner_x8,
    widen: bytes_to_f32_x8,
    has_bits: has_bits_x8,
    where_bits: where_bits_x8,
}

/// See [`prefetch_to_write`](super::prefetch_to_write).
#[inline(always)]
pub(super) fn prefetch_to_write<T>(value: *const T) {
    // SAFETY: the instruction is a hint, for any address, and changes nothing that can be seen.
    unsafe {
        core::arch::asm!(
            "prfm pstl1keep, [{value}]",
            value = in(reg) value,
            options(nostack, preserves_flags, readonly),
        );
    }
}

/// See [`prefetch`](super::prefetch).
#[inline(always)]
pub(super) fn prefetch<T>(value: *const T) {
    // SAFETY: the instruction is a hint, for any address, and reads nothing that can be seen.
    unsafe {
        core::arch::asm!(
            "prfm pldl1keep, [{value}]",
            value = in(reg) value,
            options(nostack, preserves_flags, readonly),
        );
    }
}

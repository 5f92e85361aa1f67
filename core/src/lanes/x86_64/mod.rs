//! Vector registers of x86-64: SSE2, AVX2 and AVX-512 (its F, DQ, BW and VL parts, which every
//! processor since 2017 has together).
//!
//! The instructions are called from `#[inline(always)]` methods, which inline into
//! [`Vector::vectorize`], where the features are enabled, before the instructions themselves do.

mod available;
mod codes;
mod detect;
mod look_up;
mod quads;
mod scale;
mod shuffle;

pub use available::BasicPacket;
pub(crate) use available::{each_code_packet, each_packet};
pub(super) use available::{has, has_wide_look_up, name, run, run_codes};
pub use codes::{CodesX8, CodesX16};
pub(super) use look_up::look_up_wide;

use super::packet::packet;
use super::{Arithmetic, Kernel, LaneWidth, Lanes, Vector};
use core::arch::x86_64::*;
use scale::*;
use shuffle::*;

packet! {
    /// Four lanes in an SSE2 register.
    F32x4(__m128, __m128, 4), LaneWidth::X4, half: f32, separate: Self,
    features: "sse2", registers: 16,
    _mm_set1_ps, _mm_add_ps, _mm_sub_ps, _mm_mul_ps, _mm_div_ps, _mm_loadu_ps, _mm_storeu_ps,
    greater: _mm_cmpgt_ps,
    at_most: _mm_cmple_ps,
    select: select_x4,
    larger: _mm_max_ps,
    zero_where: _mm_andnot_ps,
    relu: relu_x4,
    multiply_by: multiply_by_x4,
    pinned: pinned_x4,
    store_bytes: store_bytes_x4,
    winner: winner_x4,
    widen: bytes_to_f32_x4,
    has_bits: has_bits_x4,
    where_bits: where_bits_x4,
}

packet! {
    /// Eight lanes in an AVX2 register.
    F32x8(__m256, __m256, 8), LaneWidth::X8, half: F32x4, separate: Self,
    features: "avx2", registers: 16,
    _mm256_set1_ps, _mm256_add_ps, _mm256_sub_ps, _mm256_mul_ps, _mm256_div_ps, _mm256_loadu_ps,
    _mm256_storeu_ps,
    greater: _mm256_cmp_ps::<_CMP_GT_OQ>,
    at_most: _mm256_cmp_ps::<_CMP_LE_OQ>,
    select: select_x8,
    larger: _mm256_max_ps,
    zero_where: _mm256_andnot_ps,
    relu: relu_x8,
    multiply_by: multiply_by_x8,
    pinned: pinned_x8,
    store_bytes: store_bytes_x8,
    winner: winner_x8,
    widen: bytes_to_f32_x8,
    has_bits: has_bits_x8,
    where_bits: where_bits_x8,
}

packet! {
    /// Sixteen lanes in an AVX-512 register.
    F32x16(__m512, __mmask16, 16), LaneWidth::X16, half: F32x8, separate: Self,
    features: "avx2,avx512f,avx512dq,avx512bw,avx512vl", registers: 32,
    _mm512_set1_ps, _mm512_add_ps, _mm512_sub_ps, _mm512_mul_ps, _mm512_div_ps, _mm512_loadu_ps,
    _mm512_storeu_ps,
    greater: _mm512_cmp_ps_mask::<_CMP_GT_OQ>,
    at_most: _mm512_cmp_ps_mask::<_CMP_LE_OQ>,
    select: select_x16,
    larger: _mm512_max_ps,
    zero_where: zero_where_x16,
    relu: relu_x16,
    add_scaled: add_scaled_x16,
    pinned: pinned_x16,
    raised: raised_x16,
    scaled: _mm512_scalef_ps,
    less_product: _mm512_fnmadd_ps,
    store_bytes: store_bytes_x16,
    winner: winner_x16,
    widen: bytes_to_f32_x16,
    has_bits: has_bits_x16,
    where_bits: where_bits_x16,
}

packet! {
    /// Eight lanes in an AVX2 register, each sum of a product rounded once.
    FusedF32x8(__m256, __m256, 8), LaneWidth::X8, half: Self, separate: F32x8,
    fused: _mm256_fmadd_ps,
    features: "avx2,fma", registers: 16,
    _mm256_set1_ps, _mm256_add_ps, _mm256_sub_ps, _mm256_mul_ps, _mm256_div_ps, _mm256_loadu_ps,
    _mm256_storeu_ps,
    greater: _mm256_cmp_ps::<_CMP_GT_OQ>,
    at_most: _mm256_cmp_ps::<_CMP_LE_OQ>,
    select: select_x8,
    larger: _mm256_max_ps,
    zero_where: _mm256_andnot_ps,
    relu: relu_x8,
    pinned: pinned_x8,
    store_bytes: store_bytes_x8,
    winner: winner_x8,
    widen: bytes_to_f32_x8,
    has_bits: has_bits_x8,
    where_bits: where_bits_x8,
}

packet! {
    /// Sixteen lanes in an AVX-512 register, each sum of a product rounded once.
    FusedF32x16(__m512, __mmask16, 16), LaneWidth::X16, half: FusedF32x8, separate: F32x16,
    fused: _mm512_fmadd_ps,
    features: "avx2,fma,avx512f,avx512dq,avx512bw,avx512vl", registers: 32,
    _mm512_set1_ps, _mm512_add_ps, _mm512_sub_ps, _mm512_mul_ps, _mm512_div_ps, _mm512_loadu_ps,
    _mm512_storeu_ps,
    greater: _mm512_cmp_ps_mask::<_CMP_GT_OQ>,
    at_most: _mm512_cmp_ps_mask::<_CMP_LE_OQ>,
    select: select_x16,
    larger: _mm512_max_ps,
    zero_where: zero_where_x16,
    relu: relu_x16,
    add_scaled: fused_add_scaled_x16,
    pinned: pinned_x16,
    raised: raised_x16,
    scaled: _mm512_scalef_ps,
    less_product: _mm512_fnmadd_ps,
    store_bytes: store_bytes_x16,
    winner: winner_x16,
    widen: bytes_to_f32_x16,
    has_bits: has_bits_x16,
    where_bits: where_bits_x16,
}

/// See [`prefetch_to_write`](super::prefetch_to_write).
#[inline(always)]
pub(super) fn prefetch_to_write<T>(value: *const T) {
    #[cfg(not(miri))]
    // SAFETY: the instruction is a hint, for any address; processors that lack it do nothing.
    unsafe {
        core::arch::asm!(
            "prefetchw [{value}]",
            value = in(reg) value,
            options(nostack, preserves_flags, readonly),
        );
    }
    #[cfg(miri)]
    let _ = value;
}

/// See [`prefetch`](super::prefetch).
#[inline(always)]
pub(super) fn prefetch<T>(value: *const T) {
    #[cfg(not(miri))]
    // SAFETY: every x86-64 processor has the instruction, and it reads nothing that can be seen.
    unsafe {
        _mm_prefetch::<_MM_HINT_T0>(value.cast());
    }
    #[cfg(miri)]
    let _ = value;
}

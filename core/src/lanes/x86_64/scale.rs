//! Products with one factor that lies in memory, and packets' ReLU.

use core::arch::asm;
use core::arch::x86_64::*;

/// The compiler would bring a factor of several products into a register, and that takes the place
/// of a product: a tile of 4 x 4 sums runs at 79% of the limit on a Zen 4 with, at 100% without.
#[inline]
#[target_feature(enable = "avx2,avx512f,avx512bw,avx512vl")]
pub(super) fn add_scaled_x16(sum: __m512, values: __m512, factor: &f32) -> __m512 {
    let product;
    // SAFETY: the instruction reads what `factor` refers to, and nothing else.
    unsafe {
        asm!(
            "vmulps {product}, {values}, dword ptr [{factor}]{{1to16}}",
            product = lateout(zmm_reg) product,
            values = in(zmm_reg) values,
            factor = in(reg) factor,
            options(pure, readonly, nostack, preserves_flags),
        );
    }
    _mm512_add_ps(sum, product)
}

/// As [`add_scaled_x16`], the product added in the same instruction.
#[inline]
#[target_feature(enable = "avx2,fma,avx512f,avx512bw,avx512vl")]
pub(super) fn fused_add_scaled_x16(sum: __m512, values: __m512, factor: &f32) -> __m512 {
    let mut total = sum;
    // SAFETY: the instruction reads what `factor` refers to, and nothing else.
    unsafe {
        asm!(
            "vfmadd231ps {total}, {values}, dword ptr [{factor}]{{1to16}}",
            total = inout(zmm_reg) total,
            values = in(zmm_reg) values,
            factor = in(reg) factor,
            options(pure, readonly, nostack, preserves_flags),
        );
    }
    total
}

/// `values` times what `factor` refers to, read by the multiplication itself.
#[inline]
#[target_feature(enable = "sse2")]
pub(super) fn multiply_by_x4(values: __m128, factor: &__m128) -> __m128 {
    let mut product = values;
    // SAFETY: the instruction reads what `factor` refers to, which is aligned as it asks, and
    // nothing else.
    unsafe {
        asm!(
            "mulps {product}, xmmword ptr [{factor}]",
            product = inout(xmm_reg) product,
            factor = in(reg) factor,
            options(pure, readonly, nostack, preserves_flags),
        );
    }
    product
}

/// As [`multiply_by_x4`].
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn multiply_by_x8(values: __m256, factor: &__m256) -> __m256 {
    let product;
    // SAFETY: the instruction reads what `factor` refers to, and nothing else.
    unsafe {
        asm!(
            "vmulps {product}, {values}, ymmword ptr [{factor}]",
            product = lateout(ymm_reg) product,
            values = in(ymm_reg) values,
            factor = in(reg) factor,
            options(pure, readonly, nostack, preserves_flags),
        );
    }
    product
}

/// See [`pinned`](super::Vector::pinned).
#[inline]
#[target_feature(enable = "sse2")]
pub(super) fn pinned_x4(mut value: __m128) -> __m128 {
    // SAFETY: there is no instruction.
    unsafe {
        asm!("/* {value} */", value = inout(xmm_reg) value, options(nomem, nostack, preserves_flags))
    };
    value
}

/// See [`pinned`](super::Vector::pinned).
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn pinned_x8(mut value: __m256) -> __m256 {
    // SAFETY: there is no instruction.
    unsafe {
        asm!("/* {value} */", value = inout(ymm_reg) value, options(nomem, nostack, preserves_flags))
    };
    value
}

/// See [`pinned`](super::Vector::pinned).
#[inline]
#[target_feature(enable = "avx2,avx512f,avx512bw,avx512vl")]
pub(super) fn pinned_x16(mut value: __m512) -> __m512 {
    // SAFETY: there is no instruction.
    unsafe {
        asm!("/* {value} */", value = inout(zmm_reg) value, options(nomem, nostack, preserves_flags))
    };
    value
}

/// See [`raised`](super::Vector::raised).
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn raised_x16(values: __m512) -> __m512 {
    _mm512_roundscale_ps::<{ _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC }>(values)
}

#[inline]
#[target_feature(enable = "sse2")]
pub(super) fn relu_x4(values: __m128) -> __m128 {
    _mm_andnot_ps(_mm_cmple_ps(values, _mm_setzero_ps()), values)
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn relu_x8(values: __m256) -> __m256 {
    let dead = _mm256_cmp_ps::<_CMP_LE_OQ>(values, _mm256_setzero_ps());
    _mm256_andnot_ps(dead, values)
}

/// Asks what stays, not what becomes 0, which would take one more instruction.
#[inline]
#[target_feature(enable = "avx2,avx512f,avx512bw,avx512vl")]
pub(super) fn relu_x16(values: __m512) -> __m512 {
    let alive = _mm512_cmp_ps_mask::<_CMP_NLE_UQ>(values, _mm512_setzero_ps());
    _mm512_maskz_mov_ps(alive, values)
}

//! Vector registers of x86-64: SSE2, AVX2 and AVX-512 (its F, BW and VL parts, which every
//! processor since 2017 has together).
//!
//! The instructions are called from `#[inline(always)]` methods, which inline into
//! [`Vector::vectorize`], where the features are enabled, before the instructions themselves do.

use super::{Kernel, LaneWidth, Lanes, Vector};
use core::arch::x86_64::*;

/// One packet type over a vector register. `$bytes` and `$where_byte` differ per set because the
/// three widen and narrow bytes differently.
macro_rules! packet {
    (
        $(#[$docs:meta])* $name:ident($register:ty, $mask:ty, $lanes:literal), $width:expr,
        features: $features:literal, registers: $registers:literal,
        $splat:ident, $add:ident, $sub:ident, $mul:ident, $div:ident, $load:ident, $store:ident,
        greater: $greater:expr, at_most: $at_most:expr, select: $select:expr,
        store_bytes: $store_bytes:expr, widen: $widen:expr, where_byte: $where_byte:expr $(,)?
    ) => {
        $(#[$docs])*
        #[derive(Clone, Copy, Debug)]
        #[repr(transparent)]
        pub struct $name($register);

        impl Lanes for $name {
            const WIDTH: LaneWidth = $width;

            fn zero() -> Option<Self> {
                // SAFETY: all bits zero is a vector of zeros.
                $width.is_available().then(|| unsafe { core::mem::zeroed() })
            }

            #[inline(always)]
            fn values(packets: &[Self]) -> &[f32] {
                // SAFETY: a packet is exactly $lanes f32 without padding, at least as aligned.
                unsafe {
                    core::slice::from_raw_parts(packets.as_ptr().cast(), packets.len() * $lanes)
                }
            }

            #[inline(always)]
            fn values_mut(packets: &mut [Self]) -> &mut [f32] {
                // SAFETY: as in `values`, and the borrow is exclusive.
                unsafe {
                    let length = packets.len() * $lanes;
                    core::slice::from_raw_parts_mut(packets.as_mut_ptr().cast(), length)
                }
            }
        }

        // SAFETY, for every block below that calls an instruction: the method has a packet at
        // hand, the first packet came from `zero`, so this processor has the instructions.
        impl Vector for $name {
            type Mask = $mask;

            const REGISTERS: usize = $registers;

            #[inline(always)]
            fn splat(self, value: f32) -> Self {
                // SAFETY: the instructions are there, see above.
                Self(unsafe { $splat(value) })
            }

            #[inline(always)]
            fn add(self, other: Self) -> Self {
                // SAFETY: the instructions are there, see above.
                Self(unsafe { $add(self.0, other.0) })
            }

            #[inline(always)]
            fn sub(self, other: Self) -> Self {
                // SAFETY: the instructions are there, see above.
                Self(unsafe { $sub(self.0, other.0) })
            }

            #[inline(always)]
            fn mul(self, other: Self) -> Self {
                // SAFETY: the instructions are there, see above.
                Self(unsafe { $mul(self.0, other.0) })
            }

            #[inline(always)]
            fn div(self, other: Self) -> Self {
                // SAFETY: the instructions are there, see above.
                Self(unsafe { $div(self.0, other.0) })
            }

            #[inline(always)]
            fn greater(self, other: Self) -> $mask {
                // SAFETY: the instructions are there, see above.
                unsafe { $greater(self.0, other.0) }
            }

            #[inline(always)]
            fn at_most(self, other: Self) -> $mask {
                // SAFETY: the instructions are there, see above.
                unsafe { $at_most(self.0, other.0) }
            }

            #[inline(always)]
            fn select(mask: $mask, yes: Self, no: Self) -> Self {
                // SAFETY: the instructions are there, see above.
                Self(unsafe { $select(mask, yes.0, no.0) })
            }

            #[inline(always)]
            fn load(self, values: &[f32]) -> Self {
                let values = &values[..$lanes];
                // SAFETY: the slice has a register's length; the load asks for no alignment.
                Self(unsafe { $load(values.as_ptr()) })
            }

            #[inline(always)]
            fn store(self, values: &mut [f32]) {
                let values = &mut values[..$lanes];
                // SAFETY: the slice has a register's length; the store asks for no alignment.
                unsafe { $store(values.as_mut_ptr(), self.0) }
            }

            #[inline(always)]
            fn store_bytes(self, bytes: &mut [u8]) {
                let bytes = &mut bytes[..$lanes];
                // SAFETY: the instructions are there, see above.
                bytes.copy_from_slice(&unsafe { $store_bytes(self.0) });
            }

            #[inline(always)]
            fn load_columns(self, rows: &[[u8; 8]; 16]) -> [Self; 8] {
                let columns = turn(rows);
                let mut packets = [self; 8];
                for p in 0..8 {
                    // SAFETY: the instructions are there, see above.
                    packets[p] = Self(unsafe { $widen(columns[p]) });
                }
                packets
            }

            #[inline(always)]
            fn where_byte(self, bytes: &[u8], byte: u8) -> Self {
                let mut own = [0; $lanes];
                own.copy_from_slice(&bytes[..$lanes]);
                // SAFETY: the instructions are there, see above.
                Self(unsafe { $where_byte(self.0, own, byte) })
            }

            #[inline(always)]
            fn add_lanes(packets: &[Self; 4], sums: &mut [f32; 4]) {
                add_columns($lanes, Self::values(packets), sums);
            }

            #[inline(always)]
            fn vectorize<K: Kernel>(self, kernel: K) -> K::Output {
                #[target_feature(enable = $features)]
                fn enabled<K: Kernel>(kernel: K) -> K::Output {
                    kernel.run()
                }
                // SAFETY: `self` exists, so this processor has the features.
                unsafe { enabled(kernel) }
            }
        }
    };
}

packet! {
    /// Four lanes in an SSE2 register.
    F32x4(__m128, __m128, 4), LaneWidth::X4,
    features: "sse2", registers: 16,
    _mm_set1_ps, _mm_add_ps, _mm_sub_ps, _mm_mul_ps, _mm_div_ps, _mm_loadu_ps, _mm_storeu_ps,
    greater: _mm_cmpgt_ps,
    at_most: _mm_cmple_ps,
    select: select_x4,
    store_bytes: store_bytes_x4,
    widen: bytes_to_f32_x4,
    where_byte: where_byte_x4,
}

packet! {
    /// Eight lanes in an AVX2 register.
    F32x8(__m256, __m256, 8), LaneWidth::X8,
    features: "avx2", registers: 16,
    _mm256_set1_ps, _mm256_add_ps, _mm256_sub_ps, _mm256_mul_ps, _mm256_div_ps, _mm256_loadu_ps,
    _mm256_storeu_ps,
    greater: _mm256_cmp_ps::<_CMP_GT_OQ>,
    at_most: _mm256_cmp_ps::<_CMP_LE_OQ>,
    select: select_x8,
    store_bytes: store_bytes_x8,
    widen: bytes_to_f32_x8,
    where_byte: where_byte_x8,
}

packet! {
    /// Sixteen lanes in an AVX-512 register.
    F32x16(__m512, __mmask16, 16), LaneWidth::X16,
    features: "avx2,avx512f,avx512bw,avx512vl", registers: 32,
    _mm512_set1_ps, _mm512_add_ps, _mm512_sub_ps, _mm512_mul_ps, _mm512_div_ps, _mm512_loadu_ps,
    _mm512_storeu_ps,
    greater: _mm512_cmp_ps_mask::<_CMP_GT_OQ>,
    at_most: _mm512_cmp_ps_mask::<_CMP_LE_OQ>,
    select: select_x16,
    store_bytes: store_bytes_x16,
    widen: bytes_to_f32_x16,
    where_byte: where_byte_x16,
}

/// Adds four rows of `len` values, a multiple of 4, each to its sum and in order: turned four by
/// four, so that four sums advance in one register.
#[inline(always)]
fn add_columns(len: usize, rows: &[f32], sums: &mut [f32; 4]) {
    // SAFETY: every load and the store cover four values of a slice or array just checked for
    // them, and ask for no alignment; SSE is part of every x86-64 processor.
    unsafe {
        let mut sum = _mm_loadu_ps(sums.as_ptr());
        for start in (0..len).step_by(4) {
            let load = |row: usize| _mm_loadu_ps(rows[row * len + start..][..4].as_ptr());
            let (mut a, mut b, mut c, mut d) = (load(0), load(1), load(2), load(3));
            _MM_TRANSPOSE4_PS(&mut a, &mut b, &mut c, &mut d);
            sum = _mm_add_ps(_mm_add_ps(_mm_add_ps(_mm_add_ps(sum, a), b), c), d);
        }
        _mm_storeu_ps(sums.as_mut_ptr(), sum);
    }
}

/// Turns 16 rows of 8 bytes into 8 columns of 16, by interleaving halves four times.
#[inline(always)]
fn turn(rows: &[[u8; 8]; 16]) -> [__m128i; 8] {
    // SAFETY: SSE2 is part of every x86-64 processor.
    unsafe {
        let mut from = [_mm_setzero_si128(); 16];
        for (to, row) in from.iter_mut().zip(rows) {
            *to = _mm_cvtsi64_si128(i64::from_le_bytes(*row));
        }
        let mut columns = [_mm_setzero_si128(); 8];
        for i in 0..8 {
            columns[i] = _mm_unpacklo_epi8(from[i], from[i + 8]);
        }
        for distance in [4, 2, 1] {
            let before = columns;
            // What belongs to the same positions lies `distance` apart, in runs of 2 x distance.
            for run in (0..8).step_by(2 * distance) {
                for i in 0..distance {
                    let (low, high) = (before[run + i], before[run + i + distance]);
                    columns[run + i] = _mm_unpacklo_epi8(low, high);
                    columns[run + i + distance] = _mm_unpackhi_epi8(low, high);
                }
            }
        }
        columns
    }
}

#[inline]
#[target_feature(enable = "sse2")]
fn select_x4(mask: __m128, yes: __m128, no: __m128) -> __m128 {
    _mm_or_ps(_mm_and_ps(mask, yes), _mm_andnot_ps(mask, no))
}

#[inline]
#[target_feature(enable = "sse2")]
fn store_bytes_x4(values: __m128) -> [u8; 4] {
    let words = _mm_cvttps_epi32(values);
    let halves = _mm_packs_epi32(words, words);
    _mm_cvtsi128_si32(_mm_packus_epi16(halves, halves)).to_le_bytes()
}

#[inline]
#[target_feature(enable = "sse2")]
fn widen_x4(bytes: [u8; 4]) -> __m128i {
    let zero = _mm_setzero_si128();
    let halves = _mm_unpacklo_epi8(_mm_cvtsi32_si128(i32::from_le_bytes(bytes)), zero);
    _mm_unpacklo_epi16(halves, zero)
}

#[inline]
#[target_feature(enable = "sse2")]
fn bytes_to_f32_x4(bytes: __m128i) -> __m128 {
    let zero = _mm_setzero_si128();
    _mm_cvtepi32_ps(_mm_unpacklo_epi16(_mm_unpacklo_epi8(bytes, zero), zero))
}

#[inline]
#[target_feature(enable = "sse2")]
fn where_byte_x4(value: __m128, bytes: [u8; 4], byte: u8) -> __m128 {
    let equal = _mm_cmpeq_epi32(widen_x4(bytes), _mm_set1_epi32(byte.into()));
    _mm_and_ps(_mm_castsi128_ps(equal), value)
}

#[inline]
#[target_feature(enable = "avx2")]
fn select_x8(mask: __m256, yes: __m256, no: __m256) -> __m256 {
    _mm256_blendv_ps(no, yes, mask)
}

#[inline]
#[target_feature(enable = "avx2")]
fn store_bytes_x8(values: __m256) -> [u8; 8] {
    let words = _mm256_cvttps_epi32(values);
    let low = _mm256_castsi256_si128(words);
    let high = _mm256_extracti128_si256::<1>(words);
    let halves = _mm_packs_epi32(low, high);
    _mm_cvtsi128_si64(_mm_packus_epi16(halves, halves)).to_le_bytes()
}

#[inline]
#[target_feature(enable = "avx2")]
fn widen_x8(bytes: [u8; 8]) -> __m256i {
    _mm256_cvtepu8_epi32(_mm_cvtsi64_si128(i64::from_le_bytes(bytes)))
}

#[inline]
#[target_feature(enable = "avx2")]
fn bytes_to_f32_x8(bytes: __m128i) -> __m256 {
    _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(bytes))
}

#[inline]
#[target_feature(enable = "avx2")]
fn where_byte_x8(value: __m256, bytes: [u8; 8], byte: u8) -> __m256 {
    let equal = _mm256_cmpeq_epi32(widen_x8(bytes), _mm256_set1_epi32(byte.into()));
    _mm256_and_ps(_mm256_castsi256_ps(equal), value)
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn select_x16(mask: __mmask16, yes: __m512, no: __m512) -> __m512 {
    _mm512_mask_blend_ps(mask, no, yes)
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn store_bytes_x16(values: __m512) -> [u8; 16] {
    let narrow = _mm512_cvtepi32_epi8(_mm512_cvttps_epi32(values));
    let mut bytes = [0; 16];
    // SAFETY: the array has the register's 16 bytes; the store asks for no alignment.
    unsafe { _mm_storeu_si128(bytes.as_mut_ptr().cast(), narrow) }
    bytes
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn bytes_to_f32_x16(bytes: __m128i) -> __m512 {
    _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(bytes))
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn where_byte_x16(value: __m512, bytes: [u8; 16], byte: u8) -> __m512 {
    // SAFETY: the array has the register's 16 bytes; the load asks for no alignment.
    let bytes = unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) };
    let equal = _mm_cmpeq_epi8_mask(bytes, _mm_set1_epi8(byte.cast_signed()));
    _mm512_maskz_mov_ps(equal, value)
}

//! What differs from one register width to the next: choosing lanes, and moving between bytes and
//! lanes.

use crate::lanes::NO_WINNER;
use core::arch::x86_64::*;

/// Adds four rows of `len` values, a multiple of 4, each to its sum and in order: turned four by
/// four, so that four sums advance in one register.
#[inline(always)]
pub(super) fn add_columns(len: usize, rows: &[f32], sums: &mut [f32; 4]) {
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
pub(super) fn turn(rows: &[[u8; 8]; 16]) -> [__m128i; 8] {
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
pub(super) fn select_x4(mask: __m128, yes: __m128, no: __m128) -> __m128 {
    _mm_or_ps(_mm_and_ps(mask, yes), _mm_andnot_ps(mask, no))
}

#[inline]
#[target_feature(enable = "sse2")]
pub(super) fn store_bytes_x4(values: __m128) -> [u8; 4] {
    let words = _mm_cvttps_epi32(values);
    let halves = _mm_packs_epi32(words, words);
    _mm_cvtsi128_si32(_mm_packus_epi16(halves, halves)).to_le_bytes()
}

#[inline]
#[target_feature(enable = "sse2")]
pub(super) fn winner_x4(higher: [__m128; 3], dead: __m128) -> [u8; 4] {
    let [first, second, third] = higher.map(|mask| _mm_castps_si128(mask));
    // The last place is the highest number; the halves above the numbers are 0.
    let place = _mm_max_epi16(
        _mm_max_epi16(
            _mm_and_si128(first, _mm_set1_epi32(1)),
            _mm_and_si128(second, _mm_set1_epi32(2)),
        ),
        _mm_and_si128(third, _mm_set1_epi32(3)),
    );
    // A mask is -1, which as a byte is `NO_WINNER`.
    let place = _mm_or_si128(place, _mm_castps_si128(dead));
    let halves = _mm_packs_epi32(place, place);
    _mm_cvtsi128_si32(_mm_packs_epi16(halves, halves)).to_le_bytes()
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
pub(super) fn bytes_to_f32_x4(bytes: __m128i) -> __m128 {
    let zero = _mm_setzero_si128();
    _mm_cvtepi32_ps(_mm_unpacklo_epi16(_mm_unpacklo_epi8(bytes, zero), zero))
}

#[inline]
#[target_feature(enable = "sse2")]
pub(super) fn has_bits_x4(bytes: [u8; 4], mask: u8) -> __m128 {
    let bits = _mm_and_si128(widen_x4(bytes), _mm_set1_epi32(mask.into()));
    _mm_castsi128_ps(_mm_cmpgt_epi32(bits, _mm_setzero_si128()))
}

#[inline]
#[target_feature(enable = "sse2")]
pub(super) fn where_bits_x4(value: __m128, bytes: [u8; 4], mask: u8, equal: u8) -> __m128 {
    let bits = _mm_and_si128(widen_x4(bytes), _mm_set1_epi32(mask.into()));
    let equal = _mm_cmpeq_epi32(bits, _mm_set1_epi32(equal.into()));
    _mm_and_ps(_mm_castsi128_ps(equal), value)
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn select_x8(mask: __m256, yes: __m256, no: __m256) -> __m256 {
    _mm256_blendv_ps(no, yes, mask)
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn store_bytes_x8(values: __m256) -> [u8; 8] {
    let words = _mm256_cvttps_epi32(values);
    let low = _mm256_castsi256_si128(words);
    let high = _mm256_extracti128_si256::<1>(words);
    let halves = _mm_packs_epi32(low, high);
    _mm_cvtsi128_si64(_mm_packus_epi16(halves, halves)).to_le_bytes()
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn winner_x8(higher: [__m256; 3], dead: __m256) -> [u8; 8] {
    let [first, second, third] = higher.map(|mask| _mm256_castps_si256(mask));
    // As at four lanes.
    let place = _mm256_max_epi16(
        _mm256_max_epi16(
            _mm256_and_si256(first, _mm256_set1_epi32(1)),
            _mm256_and_si256(second, _mm256_set1_epi32(2)),
        ),
        _mm256_and_si256(third, _mm256_set1_epi32(3)),
    );
    let place = _mm256_or_si256(place, _mm256_castps_si256(dead));
    let low = _mm256_castsi256_si128(place);
    let high = _mm256_extracti128_si256::<1>(place);
    let halves = _mm_packs_epi32(low, high);
    _mm_cvtsi128_si64(_mm_packs_epi16(halves, halves)).to_le_bytes()
}

#[inline]
#[target_feature(enable = "avx2")]
fn widen_x8(bytes: [u8; 8]) -> __m256i {
    _mm256_cvtepu8_epi32(_mm_cvtsi64_si128(i64::from_le_bytes(bytes)))
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn bytes_to_f32_x8(bytes: __m128i) -> __m256 {
    _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(bytes))
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn has_bits_x8(bytes: [u8; 8], mask: u8) -> __m256 {
    let bits = _mm256_and_si256(widen_x8(bytes), _mm256_set1_epi32(mask.into()));
    _mm256_castsi256_ps(_mm256_cmpgt_epi32(bits, _mm256_setzero_si256()))
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn where_bits_x8(value: __m256, bytes: [u8; 8], mask: u8, equal: u8) -> __m256 {
    let bits = _mm256_and_si256(widen_x8(bytes), _mm256_set1_epi32(mask.into()));
    let equal = _mm256_cmpeq_epi32(bits, _mm256_set1_epi32(equal.into()));
    _mm256_and_ps(_mm256_castsi256_ps(equal), value)
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
pub(super) fn select_x16(mask: __mmask16, yes: __m512, no: __m512) -> __m512 {
    _mm512_mask_blend_ps(mask, no, yes)
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
pub(super) fn zero_where_x16(mask: __mmask16, value: __m512) -> __m512 {
    _mm512_mask_blend_ps(mask, value, _mm512_setzero_ps())
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
pub(super) fn store_bytes_x16(values: __m512) -> [u8; 16] {
    let narrow = _mm512_cvtepi32_epi8(_mm512_cvttps_epi32(values));
    let mut bytes = [0; 16];
    // SAFETY: the array has the register's 16 bytes; the store asks for no alignment.
    unsafe { _mm_storeu_si128(bytes.as_mut_ptr().cast(), narrow) }
    bytes
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
pub(super) fn winner_x16(higher: [__mmask16; 3], dead: __mmask16) -> [u8; 16] {
    let place = _mm_maskz_set1_epi8(higher[0], 1);
    let place = _mm_mask_set1_epi8(place, higher[1], 2);
    let place = _mm_mask_set1_epi8(place, higher[2], 3);
    let place = _mm_mask_set1_epi8(place, dead, NO_WINNER.cast_signed());
    let mut bytes = [0; 16];
    // SAFETY: the array has the register's 16 bytes; the store asks for no alignment.
    unsafe { _mm_storeu_si128(bytes.as_mut_ptr().cast(), place) }
    bytes
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
pub(super) fn bytes_to_f32_x16(bytes: __m128i) -> __m512 {
    _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(bytes))
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
pub(super) fn has_bits_x16(bytes: [u8; 16], mask: u8) -> __mmask16 {
    _mm_test_epi8_mask(load_x16(bytes), _mm_set1_epi8(mask.cast_signed()))
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
pub(super) fn where_bits_x16(value: __m512, bytes: [u8; 16], mask: u8, equal: u8) -> __m512 {
    let bits = _mm_and_si128(load_x16(bytes), _mm_set1_epi8(mask.cast_signed()));
    let equal = _mm_cmpeq_epi8_mask(bits, _mm_set1_epi8(equal.cast_signed()));
    _mm512_maskz_mov_ps(equal, value)
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn load_x16(bytes: [u8; 16]) -> __m128i {
    // SAFETY: the array has the register's 16 bytes; the load asks for no alignment.
    unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) }
}

//! What differs from one register width to the next for packets of codes: factors, and moving codes
//! between packets.

use crate::lanes::codes::QUAD;
use core::arch::asm;
use core::arch::x86_64::*;

/// Puts four codes of each of eight samples together; the rows have room for 16.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn interleave_x8(codes: &[[u8; 16]; QUAD]) -> __m256i {
    let mut rows = [_mm_setzero_si128(); QUAD];
    for (row, codes) in rows.iter_mut().zip(codes) {
        // SAFETY: the array has the register's length; the load asks for no alignment.
        *row = unsafe { _mm_loadu_si128(codes.as_ptr().cast()) };
    }
    let [a, b, c, d] = rows;
    let (first, second) = (_mm_unpacklo_epi8(a, b), _mm_unpacklo_epi8(c, d));
    _mm256_set_m128i(
        _mm_unpackhi_epi16(first, second),
        _mm_unpacklo_epi16(first, second),
    )
}

/// Puts four codes of each of 16 samples together: four samples' codes of each row to 128 bits, there
/// turned. The compiler would make both steps one, which it then takes apart into a dozen.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
pub(super) fn interleave_x16(codes: &[[u8; 16]; QUAD]) -> __m512i {
    let order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    let turn = _mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    let samples;
    // SAFETY: the instruction reads the 64 bytes of `codes`, without asking for an alignment, and
    // nothing else.
    unsafe {
        asm!(
            "vpermd {samples}, {order}, zmmword ptr [{codes}]",
            samples = lateout(zmm_reg) samples,
            order = in(zmm_reg) order,
            codes = in(reg) codes,
            options(pure, readonly, nostack, preserves_flags),
        );
    }
    _mm512_shuffle_epi8(samples, _mm512_broadcast_i32x4(turn))
}

/// First and third codes, then second and fourth ones, 16 bits each.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn split_x8(codes: __m256i) -> [__m256i; 2] {
    let even = _mm256_and_si256(codes, _mm256_set1_epi16(0xFF));
    [even, _mm256_srli_epi16::<8>(codes)]
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn weight_x8(words: &[u32]) -> [__m256i; 2] {
    // Word by word: an array of both is one load of 64 bits, which then has to be taken apart.
    let [even, odd] = [&words[0], &words[1]];
    [
        _mm256_set1_epi32(*even as i32),
        _mm256_set1_epi32(*odd as i32),
    ]
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn add_products_x8(sum: __m256i, codes: [__m256i; 2], weight: [__m256i; 2]) -> __m256i {
    let even = _mm256_madd_epi16(codes[0], weight[0]);
    let odd = _mm256_madd_epi16(codes[1], weight[1]);
    _mm256_add_epi32(_mm256_add_epi32(sum, even), odd)
}

#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn same_x16(codes: __m512i) -> __m512i {
    codes
}

#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn weight_x16(words: &[u32]) -> __m512i {
    _mm512_set1_epi32(words[0] as i32)
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn add_one_where_greater_x8(numbers: __m256i, a: __m256i, b: __m256i) -> __m256i {
    _mm256_sub_epi32(numbers, _mm256_cmpgt_epi32(a, b))
}

#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn add_one_where_greater_x16(numbers: __m512i, a: __m512i, b: __m512i) -> __m512i {
    let greater = _mm512_cmpgt_epi32_mask(a, b);
    _mm512_mask_add_epi32(numbers, greater, numbers, _mm512_set1_epi32(1))
}

/// Even numbers of the first, odd ones of the second.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn odd_x16(even: __m512i, odd: __m512i) -> __m512i {
    _mm512_mask_blend_epi32(0b1010_1010_1010_1010, even, odd)
}

/// The upper halves of products, of each four samples first those of `even` ones: 0, 2, 1, 3. One
/// instruction, where keeping the samples' order takes two.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn high_halves_x8(even: __m256i, odd: __m256i) -> __m256i {
    let (even, odd) = (_mm256_castsi256_ps(even), _mm256_castsi256_ps(odd));
    _mm256_castps_si256(_mm256_shuffle_ps::<0b11_01_11_01>(even, odd))
}

/// As [`high_halves_x8`].
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn high_halves_x16(even: __m512i, odd: __m512i) -> __m512i {
    let (even, odd) = (_mm512_castsi512_ps(even), _mm512_castsi512_ps(odd));
    _mm512_castps_si512(_mm512_shuffle_ps::<0b11_01_11_01>(even, odd))
}

/// The weights of first and third codes as numbers of 16 bits, then those of second and fourth ones.
pub(super) fn arrange_pairs(weight: [i8; 4], words: &mut [u32]) {
    let pair = |low: i8, high: i8| {
        u32::from(i16::from(low) as u16) | u32::from(i16::from(high) as u16) << 16
    };
    words[0] = pair(weight[0], weight[2]);
    words[1] = pair(weight[1], weight[3]);
}

pub(super) fn arrange_quad(weight: [i8; 4], words: &mut [u32]) {
    words[0] = u32::from_le_bytes(weight.map(|code| code as u8));
}

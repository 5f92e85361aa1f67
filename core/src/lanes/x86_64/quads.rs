//! What differs from one register width to the next for packets of codes: factors, and moving codes
//! between packets.

use crate::lanes::codes::{ChannelRuns, CodeRun};
use core::arch::asm;
use core::arch::x86_64::*;

/// See [`CodeLanes::unknown`](crate::lanes::codes::CodeLanes::unknown).
#[inline(always)]
pub(super) fn unknown(mut number: usize) -> usize {
    // SAFETY: there is no instruction.
    unsafe {
        asm!("/* {number} */", number = inout(reg) number, options(pure, nomem, nostack, preserves_flags))
    };
    number
}

/// The runs of the samples at `first` and four and more behind it, side by side.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn chunks_x8<'a>(runs: impl Fn(usize) -> CodeRun<'a>, first: usize) -> __m256i {
    _mm256_set_m128i(run(runs(first + 4)), run(runs(first)))
}

/// As [`chunks_x8`].
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn chunks_x16<'a>(runs: impl Fn(usize) -> CodeRun<'a>, first: usize) -> __m512i {
    // By halves, so that no insertion waits for more than one other.
    let low = _mm256_set_m128i(run(runs(first + 4)), run(runs(first)));
    let high = _mm256_set_m128i(run(runs(first + 12)), run(runs(first + 8)));
    _mm512_inserti64x4::<1>(_mm512_castsi256_si512(low), high)
}

#[inline(always)]
fn run(codes: CodeRun<'_>) -> __m128i {
    // SAFETY: the array has the register's length; the load asks for no alignment, and SSE2 is part of every
    // x86-64 processor.
    unsafe { _mm_loadu_si128(codes.as_ptr().cast()) }
}

/// The runs of the first `N` of four channels of the samples that [`chunks_x8`] takes, position by position those of all
/// channels: four positions of each sample to a register.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn interleave_x8<const N: usize>(runs: &impl ChannelRuns, first: usize) -> [__m256i; 4] {
    let mut own = [_mm256_setzero_si256(); 4];
    for (channel, own) in own.iter_mut().enumerate().take(N) {
        *own = chunks_x8(|sample| runs.run(channel, sample), first);
    }
    let [a, b, c, d] = own;
    let (low, high) = (_mm256_unpacklo_epi8(a, b), _mm256_unpacklo_epi8(c, d));
    let (low_behind, high_behind) = (_mm256_unpackhi_epi8(a, b), _mm256_unpackhi_epi8(c, d));
    [
        _mm256_unpacklo_epi16(low, high),
        _mm256_unpackhi_epi16(low, high),
        _mm256_unpacklo_epi16(low_behind, high_behind),
        _mm256_unpackhi_epi16(low_behind, high_behind),
    ]
}

/// As [`interleave_x8`].
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
pub(super) fn interleave_x16<const N: usize>(
    runs: &impl ChannelRuns,
    first: usize,
) -> [__m512i; 4] {
    let mut own = [_mm512_setzero_si512(); 4];
    for (channel, own) in own.iter_mut().enumerate().take(N) {
        *own = chunks_x16(|sample| runs.run(channel, sample), first);
    }
    let [a, b, c, d] = own;
    let (low, high) = (_mm512_unpacklo_epi8(a, b), _mm512_unpacklo_epi8(c, d));
    let (low_behind, high_behind) = (_mm512_unpackhi_epi8(a, b), _mm512_unpackhi_epi8(c, d));
    [
        _mm512_unpacklo_epi16(low, high),
        _mm512_unpackhi_epi16(low, high),
        _mm512_unpacklo_epi16(low_behind, high_behind),
        _mm512_unpackhi_epi16(low_behind, high_behind),
    ]
}

/// Four words of each of eight samples, which lie as [`chunks_x8`] puts them, as four times those of all samples.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn turn_words_x8([a, b, c, d]: [__m256i; 4]) -> [__m256i; 4] {
    let (first, second) = (_mm256_unpacklo_epi32(a, b), _mm256_unpacklo_epi32(c, d));
    let (third, fourth) = (_mm256_unpackhi_epi32(a, b), _mm256_unpackhi_epi32(c, d));
    [
        _mm256_unpacklo_epi64(first, second),
        _mm256_unpackhi_epi64(first, second),
        _mm256_unpacklo_epi64(third, fourth),
        _mm256_unpackhi_epi64(third, fourth),
    ]
}

/// As [`turn_words_x8`].
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn turn_words_x16([a, b, c, d]: [__m512i; 4]) -> [__m512i; 4] {
    let (first, second) = (_mm512_unpacklo_epi32(a, b), _mm512_unpacklo_epi32(c, d));
    let (third, fourth) = (_mm512_unpackhi_epi32(a, b), _mm512_unpackhi_epi32(c, d));
    [
        _mm512_unpacklo_epi64(first, second),
        _mm512_unpackhi_epi64(first, second),
        _mm512_unpacklo_epi64(third, fourth),
        _mm512_unpackhi_epi64(third, fourth),
    ]
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

/// As [`crate::lanes::codes::scaled_sum`] in its lowest 16 bits, of the bits of multiplier and offset: those of
/// [`crate::lanes::codes::WHOLE`] are 0 there.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(super) fn scale_x8(sums: __m256i, multiplier: __m256i, offset: __m256i) -> __m256i {
    let (multiplier, offset) = (_mm256_castsi256_ps(multiplier), _mm256_castsi256_ps(offset));
    _mm256_castps_si256(_mm256_fmadd_ps(
        _mm256_cvtepi32_ps(sums),
        multiplier,
        offset,
    ))
}

/// As [`scale_x8`].
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn scale_x16(sums: __m512i, multiplier: __m512i, offset: __m512i) -> __m512i {
    let (multiplier, offset) = (_mm512_castsi512_ps(multiplier), _mm512_castsi512_ps(offset));
    _mm512_castps_si512(_mm512_fmadd_ps(
        _mm512_cvtepi32_ps(sums),
        multiplier,
        offset,
    ))
}

/// The lowest 16 bits of each number, in those of two numbers side by side.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn low_words_x8(a: __m256i, b: __m256i) -> __m256i {
    _mm256_blend_epi16::<0b1010_1010>(a, _mm256_slli_epi32::<16>(b))
}

/// As [`low_words_x8`]. One instruction by its name: of what is written as logic the compiler makes permutations, which
/// take three times as long.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn low_words_x16(a: __m512i, b: __m512i) -> __m512i {
    let mask = _mm512_set1_epi32(0xFFFF);
    _mm512_ternarylogic_epi32::<0xCA>(mask, a, _mm512_slli_epi32::<16>(b))
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

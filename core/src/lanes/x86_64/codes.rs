//! Packets of codes in AVX2 registers, and in those of AVX-512 with its dot products of bytes (VNNI).

use super::super::codes::sealed::Sealed;
use super::super::codes::{BIASED_CODES, ChannelRuns, CodeLanes, CodeRun, QUAD, QuadScales};
use super::super::{Kernel, LaneWidth};
use super::quads::*;
use super::{F32x8, F32x16, detect};
use core::arch::x86_64::*;

/// One packet type over a vector register; `$prefix` are the instructions of its width. Those on bytes
/// and on 16 bits work within each 128 bits, where four samples lie, at both widths alike.
macro_rules! code_packet {
    (
        $(#[$docs:meta])* $name:ident($register:ty, $lanes:literal), $width:expr, has: $has:path,
        features: $features:literal, positions: $positions:literal, products: $products:literal,
        numbers: $numbers:ty, taps: $taps:ty, weight_words: $weight_words:literal,
        take: $take:expr, weight: $weight:expr, add_products: $add_products:expr,
        arrange_weight: $arrange_weight:expr,
        $load:ident, $store:ident, $splat:ident, $splat_lanes:ident,
        $add:ident, $sub:ident, $larger:ident, $smaller:ident, $shift:ident, $shift_left:ident, $shift_right:ident, $and:ident,
        $xor:ident,
        $multiply:ident, $shift_wide_right:ident, $shift_wide_left:ident, $add_wide:ident, $splat_wide:ident,
        chunks: $chunks:expr, interleave: $interleave:ident, turn_words: $turn_words:expr, odd: $odd:expr, scale: $scale:expr, low_words: $low_words:expr, greater: $greater:expr,
        $unpack_low:ident, $unpack_high:ident, $unpack_low_words:ident, $unpack_high_words:ident, $pack_words:ident, $pack_bytes:ident, $shuffle:ident,
        $larger_bytes:ident, $smaller_bytes:ident, $multiply_pairs:ident $(,)?
    ) => {
        $(#[$docs])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name($register);

        impl Sealed for $name {}

        // SAFETY, for every block below that calls an instruction: the method has a packet at
        // hand, the first packet came from `zero`, so this processor has the instructions.
        impl CodeLanes for $name {
            const LANES: usize = $lanes;
            const WIDTH: LaneWidth = $width;
            const WEIGHT_WORDS: usize = $weight_words;
            const POSITIONS: usize = $positions;
            const PRODUCTS: usize = $products;
            const HAS_FUSED_SCALES: bool = true;
            type Taps = $taps;
            type Numbers = $numbers;

            fn zero() -> Option<Self> {
                // SAFETY: all bits zero is a vector of zeros.
                $has().then(|| unsafe { core::mem::zeroed() })
            }

            #[inline(always)]
            fn splat(self, number: i32) -> Self {
                // SAFETY: the instructions are there, see above.
                Self(unsafe { $splat(number) })
            }

            #[inline(always)]
            fn load(self, words: &[u32]) -> Self {
                let words = &words[..$lanes];
                // SAFETY: the slice has a register's length; the load asks for no alignment.
                Self(unsafe { $load(words.as_ptr().cast()) })
            }

            #[inline(always)]
            unsafe fn load_unchecked(self, words: &[u32], place: usize) -> Self {
                // SAFETY: the caller knows that the packet lies within; the load asks for no alignment.
                Self(unsafe { $load(words.as_ptr().add(place * $lanes).cast()) })
            }

            #[inline(always)]
            fn store(self, words: &mut [u32]) {
                let words = &mut words[..$lanes];
                // SAFETY: the slice has a register's length; the store asks for no alignment.
                unsafe { $store(words.as_mut_ptr().cast(), self.0) }
            }

            #[inline(always)]
            unsafe fn store_unchecked(self, words: &mut [u32], place: usize) {
                // SAFETY: the caller knows that the packet lies within; the store asks for no alignment.
                unsafe { $store(words.as_mut_ptr().add(place * $lanes).cast(), self.0) }
            }

            #[inline(always)]
            fn unknown(self, number: usize) -> usize {
                unknown(number)
            }

            #[inline(always)]
            fn taps(self) -> $taps {
                // SAFETY: the instructions are there, see above.
                unsafe { $take(self.0) }
            }

            #[inline(always)]
            fn weight(self, words: &[u32]) -> $taps {
                // SAFETY: the instructions are there, see above.
                unsafe { $weight(words) }
            }

            #[inline(always)]
            fn add_products(self, codes: $taps, weight: $taps) -> Self {
                // SAFETY: the instructions are there, see above.
                Self(unsafe { $add_products(self.0, codes, weight) })
            }

            fn arrange_weight(weight: [i8; 4], words: &mut [u32]) {
                $arrange_weight(weight, words);
            }

            #[inline(always)]
            fn add(self, other: Self) -> Self {
                // SAFETY: the instructions are there, see above.
                Self(unsafe { $add(self.0, other.0) })
            }

            #[inline(always)]
            fn larger(self, other: Self) -> Self {
                // SAFETY: the instructions are there, see above.
                Self(unsafe { $larger(self.0, other.0) })
            }

            #[inline(always)]
            fn smaller(self, other: Self) -> Self {
                // SAFETY: the instructions are there, see above.
                Self(unsafe { $smaller(self.0, other.0) })
            }

            #[inline(always)]
            fn code(self, place: u32) -> Self {
                let own = self.shift_right(8 * place);
                // SAFETY: the instructions are there, see above.
                Self(unsafe { $and(own.0, $splat(0xFF)) })
            }

            #[inline(always)]
            fn shift_left(self, exponent: u32) -> Self {
                // SAFETY: the instructions are there, see above.
                Self(unsafe { $shift_left(self.0, _mm_cvtsi32_si128(exponent as i32)) })
            }

            #[inline(always)]
            fn shift_right(self, exponent: u32) -> Self {
                // SAFETY: the instructions are there, see above.
                Self(unsafe { $shift(self.0, _mm_cvtsi32_si128(exponent as i32)) })
            }

            #[inline(always)]
            fn multiply_high(self, multiplier: i32) -> Self {
                // SAFETY: the instructions are there, see above.
                Self(unsafe {
                    let factor = $splat(multiplier);
                    let even = $shift_wide_right::<32>($multiply(self.0, factor));
                    let odd = $multiply($shift_wide_right::<32>(self.0), factor);
                    $odd(even, odd)
                })
            }

            #[inline(always)]
            fn multiply_high_of_double(self, multiplier: i32) -> Self {
                // SAFETY: the instructions are there, see above.
                Self(unsafe {
                    let (factor, half) = ($splat(multiplier), $splat_wide(1 << 30));
                    let even = $add_wide($multiply(self.0, factor), half);
                    let odd = $multiply($shift_wide_right::<32>(self.0), factor);
                    let odd = $shift_wide_left::<1>($add_wide(odd, half));
                    $odd($shift_wide_right::<31>(even), odd)
                })
            }

            #[inline(always)]
            fn divide_by_power_of_two(self, exponent: u32) -> Self {
                let mask = ((1_i64 << exponent) - 1) as i32;
                // SAFETY: the instructions are there, see above.
                Self(unsafe {
                    let quotient = $shift(self.0, _mm_cvtsi32_si128(exponent as i32));
                    let sign = $shift(self.0, _mm_cvtsi32_si128(31));
                    let threshold = $sub($splat(mask >> 1), sign);
                    let rest = $and(self.0, $splat(mask));
                    $greater(quotient, rest, threshold)
                })
            }

            #[inline(always)]
            fn narrow(numbers: [Self; 4]) -> Self {
                let [a, b, c, d] = numbers.map(|number| number.0);
                // SAFETY: the instructions are there, see above.
                Self(unsafe {
                    let bytes = $pack_bytes($pack_words(a, b), $pack_words(c, d));
                    // Four samples' first codes, their second ones and so on: turned.
                    let turn = _mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
                    $shuffle(bytes, $splat_lanes(turn))
                })
            }

            #[inline(always)]
            fn narrow_scaled<const F: usize>(sums: [Self; QUAD], scales: &QuadScales<Self>) -> Self {
                let mut numbers = sums;
                for f in 0..QUAD {
                    numbers[f] = match f < F {
                        // SAFETY: the instructions are there, see above.
                        true => Self(unsafe { $scale(sums[f].0, scales.multipliers[f].0, scales.offset.0) }),
                        false => numbers[0],
                    };
                }
                let [a, b, c, d] = numbers.map(|number| number.0);
                // SAFETY: the instructions are there, see above.
                Self(unsafe {
                    // The lowest 16 bits of each are its whole number.
                    let bytes = $pack_bytes($low_words(a, b), $low_words(c, d));
                    let turn = _mm_setr_epi8(0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15);
                    $shuffle(bytes, $splat_lanes(turn))
                })
            }

            #[inline(always)]
            fn scaled(self, multiplier: Self, offset: Self) -> Self {
                // SAFETY: the instructions are there, see above.
                Self(unsafe { $scale(self.0, multiplier.0, offset.0) })
            }

            #[inline(always)]
            fn turned(self) -> Self {
                // SAFETY: the instructions are there, see above.
                Self(unsafe {
                    // Four samples' first codes, their second ones and so on.
                    let turn = _mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
                    $shuffle(self.0, $splat_lanes(turn))
                })
            }

            #[inline(always)]
            fn pair(first: Self, second: Self) -> [Self; 2] {
                // SAFETY: the instructions are there, see above.
                unsafe { [Self($unpack_low(first.0, second.0)), Self($unpack_high(first.0, second.0))] }
            }

            #[inline(always)]
            fn join([low, high]: [Self; 2], [low_behind, high_behind]: [Self; 2]) -> [Self; QUAD] {
                // SAFETY: the instructions are there, see above.
                unsafe {
                    [
                        Self($unpack_low_words(low.0, low_behind.0)),
                        Self($unpack_high_words(low.0, low_behind.0)),
                        Self($unpack_low_words(high.0, high_behind.0)),
                        Self($unpack_high_words(high.0, high_behind.0)),
                    ]
                }
            }

            #[inline(always)]
            fn packets_of_runs(self, runs: &[CodeRun<'_>; 16]) -> [Self; QUAD] {
                // SAFETY: the instructions are there, see above.
                unsafe {
                    let bias = $splat(BIASED_CODES as i32);
                    let run = |at: usize| runs[at];
                    let samples = [$chunks(run, 0), $chunks(run, 1), $chunks(run, 2), $chunks(run, 3)];
                    let [a, b, c, d] = $turn_words(samples);
                    [Self($xor(a, bias)), Self($xor(b, bias)), Self($xor(c, bias)), Self($xor(d, bias))]
                }
            }

            #[inline(always)]
            fn packets_of_channels<const CHANNELS: usize>(self, runs: impl ChannelRuns) -> [[Self; QUAD]; QUAD] {
                let mut packets = [[self; QUAD]; QUAD];
                // SAFETY: the instructions are there, see above.
                unsafe {
                    // One by one: in a loop all sixteen registers would lie in memory.
                    let [a, b, c, d] = [
                        $interleave::<CHANNELS>(&runs, 0), $interleave::<CHANNELS>(&runs, 1),
                        $interleave::<CHANNELS>(&runs, 2), $interleave::<CHANNELS>(&runs, 3),
                    ];
                    let bias = $splat(BIASED_CODES as i32);
                    for (next, four) in packets.iter_mut().enumerate() {
                        let words = $turn_words([a[next], b[next], c[next], d[next]]);
                        for (packet, words) in four.iter_mut().zip(words) {
                            packet.0 = $xor(words, bias);
                        }
                    }
                }
                packets
            }

            #[inline(always)]
            fn order(self, places: [Option<u8>; QUAD]) -> Self {
                // With its highest bit a place means a 0, whatever is added to it.
                let bytes = places.map(|place| place.unwrap_or(0x80));
                // SAFETY: the instructions are there, see above.
                Self(unsafe {
                    let samples = _mm_setr_epi8(0, 0, 0, 0, 4, 4, 4, 4, 8, 8, 8, 8, 12, 12, 12, 12);
                    $add($splat(i32::from_le_bytes(bytes)), $splat_lanes(samples))
                })
            }

            #[inline(always)]
            fn reorder(self, order: Self) -> Self {
                // SAFETY: the instructions are there, see above.
                Self(unsafe { $shuffle(self.0, order.0) })
            }

            #[inline(always)]
            fn codes_from(self, next: Self, place: u32) -> Self {
                // SAFETY: the instructions are there, see above; by 32 bits they shift everything out.
                Self(unsafe {
                    let own = $shift_right(self.0, _mm_cvtsi32_si128(8 * place as i32));
                    $add(own, $shift_left(next.0, _mm_cvtsi32_si128(32 - 8 * place as i32)))
                })
            }

            #[inline(always)]
            fn clamp_codes(self, low: Self, high: Self) -> Self {
                // SAFETY: the instructions are there, see above.
                Self(unsafe { $smaller_bytes($larger_bytes(self.0, low.0), high.0) })
            }

            #[inline(always)]
            fn larger_codes(self, other: Self) -> Self {
                // SAFETY: the instructions are there, see above.
                Self(unsafe { $larger_bytes(self.0, other.0) })
            }

            #[inline(always)]
            fn add_codes(self, other: Self, multipliers: [i32; 2], constant: i32, shift: u32) -> Self {
                // SAFETY: the instructions are there, see above.
                Self(unsafe {
                    let zero = $splat(0);
                    let pair = (multipliers[0] & 0xFFFF) | multipliers[1] << 16;
                    let (factors, constant) = ($splat(pair), $splat(constant));
                    let shift = _mm_cvtsi32_si128(shift as i32);
                    let sum = |pairs| $shift($add($multiply_pairs(pairs, factors), constant), shift);
                    let low = $unpack_low(self.0, other.0);
                    let high = $unpack_high(self.0, other.0);
                    let low = $pack_words(sum($unpack_low(low, zero)), sum($unpack_high(low, zero)));
                    let high = $pack_words(sum($unpack_low(high, zero)), sum($unpack_high(high, zero)));
                    $pack_bytes(low, high)
                })
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

code_packet! {
    /// Eight samples in an AVX2 register; scales need fused multiply-adds, too.
    CodesX8(__m256i, 8), LaneWidth::X8, has: detect::has_fma,
    features: "avx2,fma", positions: 2, products: 13,
    numbers: F32x8, taps: [__m256i; 2], weight_words: 2,
    take: split_x8, weight: weight_x8, add_products: add_products_x8,
    arrange_weight: arrange_pairs,
    _mm256_loadu_si256, _mm256_storeu_si256, _mm256_set1_epi32, _mm256_broadcastsi128_si256,
    _mm256_add_epi32, _mm256_sub_epi32, _mm256_max_epi32, _mm256_min_epi32, _mm256_sra_epi32, _mm256_sll_epi32, _mm256_srl_epi32, _mm256_and_si256,
    _mm256_xor_si256,
    _mm256_mul_epi32, _mm256_srli_epi64, _mm256_slli_epi64, _mm256_add_epi64, _mm256_set1_epi64x,
    chunks: chunks_x8,
    interleave: interleave_x8,
    turn_words: turn_words_x8,
    odd: _mm256_blend_epi32::<0b1010_1010>,
    scale: scale_x8,
    low_words: low_words_x8,
    greater: add_one_where_greater_x8,
    _mm256_unpacklo_epi8, _mm256_unpackhi_epi8, _mm256_unpacklo_epi16, _mm256_unpackhi_epi16, _mm256_packs_epi32, _mm256_packus_epi16,
    _mm256_shuffle_epi8, _mm256_max_epu8, _mm256_min_epu8, _mm256_madd_epi16,
}

code_packet! {
    /// Sixteen samples in an AVX-512 register.
    CodesX16(__m512i, 16), LaneWidth::X16, has: detect::has_avx512_vnni,
    features: "avx2,avx512f,avx512dq,avx512bw,avx512vl,avx512vnni", positions: 4, products: 5,
    numbers: F32x16, taps: __m512i, weight_words: 1,
    take: same_x16, weight: weight_x16, add_products: _mm512_dpbusd_epi32,
    arrange_weight: arrange_quad,
    _mm512_loadu_si512, _mm512_storeu_si512, _mm512_set1_epi32, _mm512_broadcast_i32x4,
    _mm512_add_epi32, _mm512_sub_epi32, _mm512_max_epi32, _mm512_min_epi32, _mm512_sra_epi32, _mm512_sll_epi32, _mm512_srl_epi32, _mm512_and_si512,
    _mm512_xor_si512,
    _mm512_mul_epi32, _mm512_srli_epi64, _mm512_slli_epi64, _mm512_add_epi64, _mm512_set1_epi64,
    chunks: chunks_x16,
    interleave: interleave_x16,
    turn_words: turn_words_x16,
    odd: odd_x16,
    scale: scale_x16,
    low_words: low_words_x16,
    greater: add_one_where_greater_x16,
    _mm512_unpacklo_epi8, _mm512_unpackhi_epi8, _mm512_unpacklo_epi16, _mm512_unpackhi_epi16, _mm512_packs_epi32, _mm512_packus_epi16,
    _mm512_shuffle_epi8, _mm512_max_epu8, _mm512_min_epu8, _mm512_madd_epi16,
}

//! What a register of four lanes does otherwise than by one instruction: choosing lanes, and moving
//! between bytes and lanes.

use core::arch::wasm32::*;

/// Adds four rows of `len` values, a multiple of 4, each to its sum and in order: turned four by
/// four, so that four sums advance in one register.
#[inline(always)]
pub(super) fn add_columns(len: usize, rows: &[f32], sums: &mut [f32; 4]) {
    // SAFETY: every load and the store cover four values of a slice or array just checked for
    // them; the target has the instructions.
    unsafe {
        let mut sum = load_x4(sums.as_ptr());
        for start in (0..len).step_by(4) {
            let load = |row: usize| load_x4(rows[row * len + start..][..4].as_ptr());
            for column in turn_values([load(0), load(1), load(2), load(3)]) {
                sum = f32x4_add(sum, column);
            }
        }
        store_x4(sums.as_mut_ptr(), sum);
    }
}

/// Four rows of four values as four columns.
#[inline]
#[target_feature(enable = "simd128")]
fn turn_values([a, b, c, d]: [v128; 4]) -> [v128; 4] {
    let (ab, ab_next) = (
        i32x4_shuffle::<0, 4, 1, 5>(a, b),
        i32x4_shuffle::<2, 6, 3, 7>(a, b),
    );
    let (cd, cd_next) = (
        i32x4_shuffle::<0, 4, 1, 5>(c, d),
        i32x4_shuffle::<2, 6, 3, 7>(c, d),
    );
    [
        i64x2_shuffle::<0, 2>(ab, cd),
        i64x2_shuffle::<1, 3>(ab, cd),
        i64x2_shuffle::<0, 2>(ab_next, cd_next),
        i64x2_shuffle::<1, 3>(ab_next, cd_next),
    ]
}

/// Turns 16 rows of 8 bytes into 8 columns of 16, by interleaving halves four times.
#[inline(always)]
pub(super) fn turn(rows: &[[u8; 8]; 16]) -> [v128; 8] {
    // SAFETY: each load covers a row of 8 bytes; the target has the instructions.
    unsafe {
        let mut from = [u8x16_splat(0); 16];
        for (to, row) in from.iter_mut().zip(rows) {
            *to = v128_load64_zero(row.as_ptr().cast());
        }
        let mut columns = [u8x16_splat(0); 8];
        for i in 0..8 {
            columns[i] = interleave_low(from[i], from[i + 8]);
        }
        for distance in [4, 2, 1] {
            let before = columns;
            // What belongs to the same positions lies `distance` apart, in runs of 2 x distance.
            for run in (0..8).step_by(2 * distance) {
                for i in 0..distance {
                    let (low, high) = (before[run + i], before[run + i + distance]);
                    columns[run + i] = interleave_low(low, high);
                    columns[run + i + distance] = interleave_high(low, high);
                }
            }
        }
        columns
    }
}

#[inline]
#[target_feature(enable = "simd128")]
fn interleave_low(a: v128, b: v128) -> v128 {
    i8x16_shuffle::<0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23>(a, b)
}

#[inline]
#[target_feature(enable = "simd128")]
fn interleave_high(a: v128, b: v128) -> v128 {
    i8x16_shuffle::<8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31>(a, b)
}

/// # Safety
///
/// Four values can be read there.
#[inline]
#[target_feature(enable = "simd128")]
pub(super) unsafe fn load_x4(values: *const f32) -> v128 {
    // SAFETY: the caller says so; the load asks for no alignment.
    unsafe { v128_load(values.cast()) }
}

/// # Safety
///
/// Four values can be written there.
#[inline]
#[target_feature(enable = "simd128")]
pub(super) unsafe fn store_x4(values: *mut f32, packet: v128) {
    // SAFETY: the caller says so; the store asks for no alignment.
    unsafe { v128_store(values.cast(), packet) }
}

#[inline]
#[target_feature(enable = "simd128")]
pub(super) fn select_x4(mask: v128, yes: v128, no: v128) -> v128 {
    v128_bitselect(yes, no, mask)
}

/// Not the instruction for the maximum, which gives NaN where either is. The "pseudo-maximum" of `b` and `a` is `a`
/// where that is greater.
#[inline]
#[target_feature(enable = "simd128")]
pub(super) fn larger_x4(a: v128, b: v128) -> v128 {
    f32x4_pmax(b, a)
}

#[inline]
#[target_feature(enable = "simd128")]
pub(super) fn zero_where_x4(mask: v128, values: v128) -> v128 {
    v128_andnot(values, mask)
}

#[inline]
#[target_feature(enable = "simd128")]
pub(super) fn relu_x4(values: v128) -> v128 {
    zero_where_x4(f32x4_le(values, f32x4_splat(0.0)), values)
}

#[inline]
#[target_feature(enable = "simd128")]
pub(super) fn store_bytes_x4(values: v128) -> [u8; 4] {
    low_bytes(u32x4_trunc_sat_f32x4(values))
}

/// The lowest byte of each number.
#[inline]
#[target_feature(enable = "simd128")]
fn low_bytes(numbers: v128) -> [u8; 4] {
    let bytes =
        i8x16_shuffle::<0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12>(numbers, numbers);
    u32x4_extract_lane::<0>(bytes).to_le_bytes()
}

#[inline]
#[target_feature(enable = "simd128")]
pub(super) fn winner_x4(higher: [v128; 3], dead: v128) -> [u8; 4] {
    // The last place that was higher is the one that stays.
    let place = v128_and(higher[0], u32x4_splat(1));
    let place = v128_bitselect(u32x4_splat(2), place, higher[1]);
    let place = v128_bitselect(u32x4_splat(3), place, higher[2]);
    // A mask is all ones, which as a byte is `NO_WINNER`.
    low_bytes(v128_or(place, dead))
}

/// Four bytes as numbers.
#[inline]
#[target_feature(enable = "simd128")]
fn widen(bytes: [u8; 4]) -> v128 {
    low_numbers(u32x4_splat(u32::from_le_bytes(bytes)))
}

/// The first four bytes of a register as numbers.
#[inline]
#[target_feature(enable = "simd128")]
fn low_numbers(bytes: v128) -> v128 {
    u32x4_extend_low_u16x8(u16x8_extend_low_u8x16(bytes))
}

#[inline]
#[target_feature(enable = "simd128")]
pub(super) fn bytes_to_f32_x4(bytes: v128) -> v128 {
    f32x4_convert_u32x4(low_numbers(bytes))
}

#[inline]
#[target_feature(enable = "simd128")]
pub(super) fn has_bits_x4(bytes: [u8; 4], mask: u8) -> v128 {
    i32x4_ne(
        v128_and(widen(bytes), u32x4_splat(mask.into())),
        u32x4_splat(0),
    )
}

#[inline]
#[target_feature(enable = "simd128")]
pub(super) fn where_bits_x4(values: v128, bytes: [u8; 4], mask: u8, equal: u8) -> v128 {
    let bits = v128_and(widen(bytes), u32x4_splat(mask.into()));
    // The values where the mask holds, else +0.
    v128_and(i32x4_eq(bits, u32x4_splat(equal.into())), values)
}

//! What a register of four lanes does otherwise than by one instruction: choosing lanes, and moving
//! between bytes and lanes.

use core::arch::aarch64::*;

/// Adds four rows of `len` values, a multiple of 4, each to its sum and in order: turned four by
/// four, so that four sums advance in one register.
#[inline(always)]
pub(super) fn add_columns(len: usize, rows: &[f32], sums: &mut [f32; 4]) {
    // SAFETY: every load and the store cover four values of a slice or array just checked for
    // them; NEON is part of the target.
    unsafe {
        let mut sum = vld1q_f32(sums.as_ptr());
        for start in (0..len).step_by(4) {
            let load = |row: usize| vld1q_f32(rows[row * len + start..][..4].as_ptr());
            let (a, b, c, d) = (load(0), load(1), load(2), load(3));
            for column in turn_values([a, b, c, d]) {
                sum = vaddq_f32(sum, column);
            }
        }
        vst1q_f32(sums.as_mut_ptr(), sum);
    }
}

/// Four rows of four values as four columns.
#[inline]
#[target_feature(enable = "neon")]
fn turn_values([a, b, c, d]: [float32x4_t; 4]) -> [float32x4_t; 4] {
    let wide = vreinterpretq_f64_f32;
    let (ab, ab_next) = (wide(vtrn1q_f32(a, b)), wide(vtrn2q_f32(a, b)));
    let (cd, cd_next) = (wide(vtrn1q_f32(c, d)), wide(vtrn2q_f32(c, d)));
    [
        vreinterpretq_f32_f64(vtrn1q_f64(ab, cd)),
        vreinterpretq_f32_f64(vtrn1q_f64(ab_next, cd_next)),
        vreinterpretq_f32_f64(vtrn2q_f64(ab, cd)),
        vreinterpretq_f32_f64(vtrn2q_f64(ab_next, cd_next)),
    ]
}

/// Turns 16 rows of 8 bytes into 8 columns of 16, by interleaving halves four times.
#[inline(always)]
pub(super) fn turn(rows: &[[u8; 8]; 16]) -> [uint8x16_t; 8] {
    // SAFETY: each load covers a row of 8 bytes; NEON is part of the target.
    unsafe {
        let mut from = [vdupq_n_u8(0); 16];
        for (to, row) in from.iter_mut().zip(rows) {
            *to = vcombine_u8(vld1_u8(row.as_ptr()), vdup_n_u8(0));
        }
        let mut columns = [vdupq_n_u8(0); 8];
        for i in 0..8 {
            columns[i] = vzip1q_u8(from[i], from[i + 8]);
        }
        for distance in [4, 2, 1] {
            let before = columns;
            // What belongs to the same positions lies `distance` apart, in runs of 2 x distance.
            for run in (0..8).step_by(2 * distance) {
                for i in 0..distance {
                    let (low, high) = (before[run + i], before[run + i + distance]);
                    columns[run + i] = vzip1q_u8(low, high);
                    columns[run + i + distance] = vzip2q_u8(low, high);
                }
            }
        }
        columns
    }
}

#[inline]
#[target_feature(enable = "neon")]
pub(super) fn add_product_x4(a: float32x4_t, b: float32x4_t, sum: float32x4_t) -> float32x4_t {
    vfmaq_f32(sum, a, b)
}

/// Not the instruction for the maximum, which gives NaN where either is, and +0 of zeros of both signs.
#[inline]
#[target_feature(enable = "neon")]
pub(super) fn larger_x4(a: float32x4_t, b: float32x4_t) -> float32x4_t {
    vbslq_f32(vcgtq_f32(a, b), a, b)
}

#[inline]
#[target_feature(enable = "neon")]
pub(super) fn zero_where_x4(mask: uint32x4_t, values: float32x4_t) -> float32x4_t {
    vreinterpretq_f32_u32(vbicq_u32(vreinterpretq_u32_f32(values), mask))
}

#[inline]
#[target_feature(enable = "neon")]
pub(super) fn relu_x4(values: float32x4_t) -> float32x4_t {
    zero_where_x4(vclezq_f32(values), values)
}

#[inline]
#[target_feature(enable = "neon")]
pub(super) fn store_bytes_x4(values: float32x4_t) -> [u8; 4] {
    low_bytes(vcvtq_u32_f32(values))
}

/// The lowest byte of each number.
#[inline]
#[target_feature(enable = "neon")]
fn low_bytes(numbers: uint32x4_t) -> [u8; 4] {
    let halves = vmovn_u32(numbers);
    let bytes = vmovn_u16(vcombine_u16(halves, halves));
    vget_lane_u32::<0>(vreinterpret_u32_u8(bytes)).to_le_bytes()
}

#[inline]
#[target_feature(enable = "neon")]
pub(super) fn winner_x4(higher: [uint32x4_t; 3], dead: uint32x4_t) -> [u8; 4] {
    low_bytes(winners(higher, dead))
}

/// The winners' places as numbers, in their lowest bytes.
#[inline]
#[target_feature(enable = "neon")]
pub(super) fn winners(higher: [uint32x4_t; 3], dead: uint32x4_t) -> uint32x4_t {
    // The last place that was higher is the one that stays.
    let place = vandq_u32(higher[0], vdupq_n_u32(1));
    let place = vbslq_u32(higher[1], vdupq_n_u32(2), place);
    let place = vbslq_u32(higher[2], vdupq_n_u32(3), place);
    // A mask is all ones, which as a byte is `NO_WINNER`.
    vorrq_u32(place, dead)
}

/// Four bytes as numbers.
#[inline]
#[target_feature(enable = "neon")]
fn widen(bytes: [u8; 4]) -> uint32x4_t {
    let bytes = vreinterpret_u8_u32(vdup_n_u32(u32::from_le_bytes(bytes)));
    vmovl_u16(vget_low_u16(vmovl_u8(bytes)))
}

#[inline]
#[target_feature(enable = "neon")]
pub(super) fn bytes_to_f32_x4(bytes: uint8x16_t) -> float32x4_t {
    vcvtq_f32_u32(vmovl_u16(vget_low_u16(vmovl_u8(vget_low_u8(bytes)))))
}

#[inline]
#[target_feature(enable = "neon")]
pub(super) fn has_bits_x4(bytes: [u8; 4], mask: u8) -> uint32x4_t {
    vtstq_u32(widen(bytes), vdupq_n_u32(mask.into()))
}

#[inline]
#[target_feature(enable = "neon")]
pub(super) fn where_bits_x4(
    values: float32x4_t,
    bytes: [u8; 4],
    mask: u8,
    equal: u8,
) -> float32x4_t {
    let bits = vandq_u32(widen(bytes), vdupq_n_u32(mask.into()));
    keep_where(vceqq_u32(bits, vdupq_n_u32(equal.into())), values)
}

/// The values where the mask holds, else +0.
#[inline]
#[target_feature(enable = "neon")]
pub(super) fn keep_where(mask: uint32x4_t, values: float32x4_t) -> float32x4_t {
    vreinterpretq_f32_u32(vandq_u32(vreinterpretq_u32_f32(values), mask))
}

//! Eight lanes in two registers: what each of the two does, side by side.

use super::shuffle::*;
use core::arch::aarch64::*;

#[inline]
#[target_feature(enable = "neon")]
pub(super) fn splat_x8(value: f32) -> float32x4x2_t {
    float32x4x2_t(vdupq_n_f32(value), vdupq_n_f32(value))
}

#[inline]
#[target_feature(enable = "neon")]
pub(super) fn add_x8(a: float32x4x2_t, b: float32x4x2_t) -> float32x4x2_t {
    float32x4x2_t(vaddq_f32(a.0, b.0), vaddq_f32(a.1, b.1))
}

#[inline]
#[target_feature(enable = "neon")]
pub(super) fn sub_x8(a: float32x4x2_t, b: float32x4x2_t) -> float32x4x2_t {
    float32x4x2_t(vsubq_f32(a.0, b.0), vsubq_f32(a.1, b.1))
}

#[inline]
#[target_feature(enable = "neon")]
pub(super) fn mul_x8(a: float32x4x2_t, b: float32x4x2_t) -> float32x4x2_t {
    float32x4x2_t(vmulq_f32(a.0, b.0), vmulq_f32(a.1, b.1))
}

#[inline]
#[target_feature(enable = "neon")]
pub(super) fn div_x8(a: float32x4x2_t, b: float32x4x2_t) -> float32x4x2_t {
    float32x4x2_t(vdivq_f32(a.0, b.0), vdivq_f32(a.1, b.1))
}

#[inline]
#[target_feature(enable = "neon")]
pub(super) fn add_product_x8(
    a: float32x4x2_t,
    b: float32x4x2_t,
    sum: float32x4x2_t,
) -> float32x4x2_t {
    float32x4x2_t(vfmaq_f32(sum.0, a.0, b.0), vfmaq_f32(sum.1, a.1, b.1))
}

/// # Safety
///
/// Eight values lie there.
#[inline]
#[target_feature(enable = "neon")]
pub(super) unsafe fn load_x8(values: *const f32) -> float32x4x2_t {
    // SAFETY: the caller knows that eight values lie there.
    unsafe { float32x4x2_t(vld1q_f32(values), vld1q_f32(values.add(4))) }
}

/// # Safety
///
/// Eight values lie there.
#[inline]
#[target_feature(enable = "neon")]
pub(super) unsafe fn store_x8(values: *mut f32, packet: float32x4x2_t) {
    // SAFETY: the caller knows that eight values lie there.
    unsafe {
        vst1q_f32(values, packet.0);
        vst1q_f32(values.add(4), packet.1);
    }
}

#[inline]
#[target_feature(enable = "neon")]
pub(super) fn greater_x8(a: float32x4x2_t, b: float32x4x2_t) -> uint32x4x2_t {
    uint32x4x2_t(vcgtq_f32(a.0, b.0), vcgtq_f32(a.1, b.1))
}

#[inline]
#[target_feature(enable = "neon")]
pub(super) fn at_most_x8(a: float32x4x2_t, b: float32x4x2_t) -> uint32x4x2_t {
    uint32x4x2_t(vcleq_f32(a.0, b.0), vcleq_f32(a.1, b.1))
}

#[inline]
#[target_feature(enable = "neon")]
pub(super) fn select_x8(
    mask: uint32x4x2_t,
    yes: float32x4x2_t,
    no: float32x4x2_t,
) -> float32x4x2_t {
    let low = vbslq_f32(mask.0, yes.0, no.0);
    float32x4x2_t(low, vbslq_f32(mask.1, yes.1, no.1))
}

#[inline]
#[target_feature(enable = "neon")]
pub(super) fn larger_x8(a: float32x4x2_t, b: float32x4x2_t) -> float32x4x2_t {
    float32x4x2_t(larger_x4(a.0, b.0), larger_x4(a.1, b.1))
}

#[inline]
#[target_feature(enable = "neon")]
pub(super) fn zero_where_x8(mask: uint32x4x2_t, values: float32x4x2_t) -> float32x4x2_t {
    let low = zero_where_x4(mask.0, values.0);
    float32x4x2_t(low, zero_where_x4(mask.1, values.1))
}

#[inline]
#[target_feature(enable = "neon")]
pub(super) fn relu_x8(values: float32x4x2_t) -> float32x4x2_t {
    float32x4x2_t(relu_x4(values.0), relu_x4(values.1))
}

#[inline]
#[target_feature(enable = "neon")]
pub(super) fn store_bytes_x8(values: float32x4x2_t) -> [u8; 8] {
    low_bytes(vcvtq_u32_f32(values.0), vcvtq_u32_f32(values.1))
}

/// The lowest byte of each number.
#[inline]
#[target_feature(enable = "neon")]
fn low_bytes(low: uint32x4_t, high: uint32x4_t) -> [u8; 8] {
    let bytes = vmovn_u16(vcombine_u16(vmovn_u32(low), vmovn_u32(high)));
    vget_lane_u64::<0>(vreinterpret_u64_u8(bytes)).to_le_bytes()
}

#[inline]
#[target_feature(enable = "neon")]
pub(super) fn winner_x8(higher: [uint32x4x2_t; 3], dead: uint32x4x2_t) -> [u8; 8] {
    let [first, second, third] = higher;
    let low = winners([first.0, second.0, third.0], dead.0);
    low_bytes(low, winners([first.1, second.1, third.1], dead.1))
}

/// Eight bytes as numbers of 16 bits, then as those of 32.
#[inline]
#[target_feature(enable = "neon")]
fn widen(bytes: uint8x8_t) -> uint32x4x2_t {
    let halves = vmovl_u8(bytes);
    uint32x4x2_t(vmovl_u16(vget_low_u16(halves)), vmovl_high_u16(halves))
}

#[inline]
#[target_feature(enable = "neon")]
pub(super) fn bytes_to_f32_x8(bytes: uint8x16_t) -> float32x4x2_t {
    let numbers = widen(vget_low_u8(bytes));
    float32x4x2_t(vcvtq_f32_u32(numbers.0), vcvtq_f32_u32(numbers.1))
}

#[inline]
#[target_feature(enable = "neon")]
pub(super) fn has_bits_x8(bytes: [u8; 8], mask: u8) -> uint32x4x2_t {
    let bits = vtst_u8(vcreate_u8(u64::from_le_bytes(bytes)), vdup_n_u8(mask));
    widen_mask(bits)
}

/// Masks of bytes as masks of lanes.
#[inline]
#[target_feature(enable = "neon")]
fn widen_mask(bytes: uint8x8_t) -> uint32x4x2_t {
    let halves = vmovl_s8(vreinterpret_s8_u8(bytes));
    let (low, high) = (vmovl_s16(vget_low_s16(halves)), vmovl_high_s16(halves));
    uint32x4x2_t(vreinterpretq_u32_s32(low), vreinterpretq_u32_s32(high))
}

#[inline]
#[target_feature(enable = "neon")]
pub(super) fn where_bits_x8(
    values: float32x4x2_t,
    bytes: [u8; 8],
    mask: u8,
    equal: u8,
) -> float32x4x2_t {
    let bits = vand_u8(vcreate_u8(u64::from_le_bytes(bytes)), vdup_n_u8(mask));
    let equal = widen_mask(vceq_u8(bits, vdup_n_u8(equal)));
    float32x4x2_t(keep_where(equal.0, values.0), keep_where(equal.1, values.1))
}

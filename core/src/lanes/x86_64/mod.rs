//! Vector registers of x86-64: SSE2, AVX2 and AVX-512 (its F, DQ, BW and VL parts, which every
//! processor since 2017 has together).
//!
//! The instructions are called from `#[inline(always)]` methods, which inline into
//! [`Vector::vectorize`], where the features are enabled, before the instructions themselves do.

mod codes;
mod look_up;
mod quads;
mod scale;
mod shuffle;

pub use codes::{CodesX8, CodesX16};
pub(super) use look_up::look_up_x64;

use super::{Arithmetic, Kernel, LaneWidth, Lanes, Vector};
use core::arch::x86_64::*;
use scale::*;
use shuffle::*;

/// The arithmetic of a packet that has an instruction for sums of products.
macro_rules! fused {
    ($instruction:ident) => {
        Arithmetic::Fused
    };
}

/// One packet type over a vector register. The functions on bytes differ per set because the three
/// widen and narrow bytes differently.
macro_rules! packet {
    (
        $(#[$docs:meta])* $name:ident($register:ty, $mask:ty, $lanes:literal), $width:expr, half: $half:ty, separate: $separate:ident,
        $(fused: $add_product:ident,)?
        features: $features:literal, registers: $registers:literal,
        $splat:ident, $add:ident, $sub:ident, $mul:ident, $div:ident, $load:ident, $store:ident,
        greater: $greater:expr, at_most: $at_most:expr, select: $select:expr,
        larger: $larger:expr, zero_where: $zero_where:expr, relu: $relu:expr,
        $(add_scaled: $add_scaled:expr,)?
        $(multiply_by: $multiply_by:expr,)?
        store_bytes: $store_bytes:expr, winner: $winner:expr, widen: $widen:expr, has_bits: $has_bits:expr,
        where_bits: $where_bits:expr $(,)?
    ) => {
        $(#[$docs])*
        #[derive(Clone, Copy, Debug)]
        #[repr(transparent)]
        pub struct $name($register);

        impl Lanes for $name {
            const WIDTH: LaneWidth = $width;
            type Half = $half;
            type Separate = $separate;
            $(const ARITHMETIC: Arithmetic = fused!($add_product);)?

            fn zero() -> Option<Self> {
                let is_available = Self::ARITHMETIC.is_available_at($width);
                // SAFETY: all bits zero is a vector of zeros.
                is_available.then(|| unsafe { core::mem::zeroed() })
            }

            fn half(self) -> $half {
                // SAFETY: all bits zero is a vector of zeros, or the number; a processor with the
                // instructions of this width has those of the narrower ones.
                unsafe { core::mem::zeroed() }
            }

            // The instructions of a fused packet are the separate one's and one more.
            #[inline(always)]
            fn separate(self) -> $separate {
                $separate(self.0)
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

            $(
                #[inline(always)]
                fn add_product(self, a: Self, b: Self) -> Self {
                    // SAFETY: the instructions are there, see above.
                    Self(unsafe { $add_product(a.0, b.0, self.0) })
                }
            )?

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
            fn larger(self, other: Self) -> Self {
                // SAFETY: the instructions are there, see above.
                Self(unsafe { $larger(self.0, other.0) })
            }

            #[inline(always)]
            fn zero_where(self, mask: $mask) -> Self {
                // SAFETY: the instructions are there, see above.
                Self(unsafe { $zero_where(mask, self.0) })
            }

            #[inline(always)]
            fn relu(self) -> Self {
                // SAFETY: the instructions are there, see above.
                Self(unsafe { $relu(self.0) })
            }

            $(
                #[inline(always)]
                fn add_scaled(self, values: Self, factor: &f32) -> Self {
                    // SAFETY: the instructions are there, see above.
                    Self(unsafe { $add_scaled(self.0, values.0, factor) })
                }
            )?

            $(
                #[inline(always)]
                fn add_product_from(self, a: Self, b: &Self) -> Self {
                    // SAFETY: the instructions are there, see above.
                    self.add(Self(unsafe { $multiply_by(a.0, &b.0) }))
                }
            )?

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
            fn store_winner(self, higher: [$mask; 3], dead: $mask, bytes: &mut [u8]) {
                let bytes = &mut bytes[..$lanes];
                // SAFETY: the instructions are there, see above.
                bytes.copy_from_slice(&unsafe { $winner(higher, dead) });
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
            fn has_bits(self, bytes: &[u8], mask: u8) -> $mask {
                let mut own = [0; $lanes];
                own.copy_from_slice(&bytes[..$lanes]);
                // SAFETY: the instructions are there, see above.
                unsafe { $has_bits(own, mask) }
            }

            #[inline(always)]
            fn where_bits(self, bytes: &[u8], mask: u8, value: u8) -> Self {
                let mut own = [0; $lanes];
                own.copy_from_slice(&bytes[..$lanes]);
                // SAFETY: the instructions are there, see above.
                Self(unsafe { $where_bits(self.0, own, mask, value) })
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
    store_bytes: store_bytes_x16,
    winner: winner_x16,
    widen: bytes_to_f32_x16,
    has_bits: has_bits_x16,
    where_bits: where_bits_x16,
}

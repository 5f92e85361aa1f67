//! What all packets over vector registers have in common.

#![allow(
    unused_macros,
    unused_imports,
    reason = "a target without vector registers has none of these packets"
)]

/// The arithmetic of a packet that has an instruction for sums of products.
macro_rules! fused {
    ($instruction:ident) => {
        $crate::Arithmetic::Fused
    };
}

/// One packet type over a vector register, or over several. The functions on bytes differ per set because
/// each widens and narrows bytes differently; `turn` and `add_columns` are the set's own, too.
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
        $(pinned: $pinned:expr,)?
        $(raised: $raised:expr, scaled: $scaled:expr, less_product: $less_product:expr,)?
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
            $(const ARITHMETIC: Arithmetic = $crate::lanes::packet::fused!($add_product);)?

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

            $(
                #[inline(always)]
                fn pinned(self) -> Self {
                    // SAFETY: the instructions are there, see above.
                    Self(unsafe { $pinned(self.0) })
                }
            )?

            $(
                #[inline(always)]
                fn raised(self) -> Option<Self> {
                    // SAFETY: the instructions are there, see above.
                    Some(Self(unsafe { $raised(self.0) }))
                }

                #[inline(always)]
                fn scaled(self, exponent: Self) -> Option<Self> {
                    // SAFETY: the instructions are there, see above.
                    Some(Self(unsafe { $scaled(self.0, exponent.0) }))
                }

                #[inline(always)]
                fn less_exact_product(self, a: Self, b: Self) -> Self {
                    // SAFETY: the instructions are there, see above.
                    Self(unsafe { $less_product(a.0, b.0, self.0) })
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

pub(super) use {fused, packet};

//! The operations, one folder each: the fast kernels, generic over lanes, beside the naive
//! reference that defines their bits.

#![allow(
    clippy::needless_range_loop,
    reason = "tiles are arrays walked by constant bounds side by side: indices show which element \
              meets which, and unroll"
)]

use crate::lanes::Lanes;

pub(crate) mod activation;
pub(crate) mod add;
pub(crate) mod batch_norm;
mod channel_sums;
pub(crate) mod conv2d;
pub(crate) mod dropout;
pub(crate) mod linear;
pub(crate) mod loss;
pub(crate) mod pool;
pub(crate) mod scale_shift;
pub(crate) mod tensor;

/// Adds, value by value, the first `samples` lanes of each packet to `sums`, in their order.
#[inline(always)]
pub(crate) fn add_lanes<L: Lanes>(packets: &[L], samples: usize, sums: &mut [f32]) {
    let (mut packets, mut sums) = (packets, sums);
    if samples == L::LANES {
        let (blocks, rest) = packets.as_chunks::<4>();
        let (sum_blocks, rest_sums) = sums.as_chunks_mut::<4>();
        for (block, sums) in blocks.iter().zip(sum_blocks) {
            L::add_lanes(block, sums);
        }
        (packets, sums) = (rest, rest_sums);
    }
    let lanes = L::values(packets).chunks_exact(L::LANES);
    for (sum, lanes) in sums.iter_mut().zip(lanes) {
        for value in &lanes[..samples] {
            *sum += value;
        }
    }
}

#[cfg(test)]
mod tests;

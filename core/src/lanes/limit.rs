//! The machine's limit of multiplies and adds, to hold kernels against.

use super::{Kernel, Lanes};
use core::hint::black_box;

/// Multiplies and adds `rounds` times in every register that can be kept busy, and gives the
/// number of multiply-accumulates done, lanes counted, in the packet's own arithmetic.
///
/// The chains are as many as hide the latency of a multiply and an add; nothing touches memory.
pub fn multiply_add<L: Lanes>(zero: L, rounds: usize) -> u64 {
    zero.run_chains(rounds)
}

/// [`multiply_add`], where it is compiled.
pub(crate) fn run_chains<L: Lanes>(zero: L, rounds: usize) -> u64 {
    if const { L::REGISTERS >= 32 } {
        zero.vectorize(Chains::<L, 24> { zero, rounds })
    } else {
        zero.vectorize(Chains::<L, 14> { zero, rounds })
    }
}

struct Chains<L, const N: usize> {
    zero: L,
    rounds: usize,
}

impl<L: Lanes, const N: usize> Kernel for Chains<L, N> {
    type Output = u64;

    #[inline(always)]
    fn run(self) -> u64 {
        let factor = self.zero.splat(black_box(0.999));
        let addend = self.zero.splat(black_box(0.001));
        let mut chains = [self.zero; N];
        for (index, chain) in chains.iter_mut().enumerate() {
            *chain = chain.splat(black_box(index as f32));
        }
        for _ in 0..self.rounds {
            for chain in &mut chains {
                *chain = addend.add_product(*chain, factor);
            }
        }
        black_box(L::values(&chains)[0]);
        black_box(chains);
        (self.rounds * N * L::LANES) as u64
    }
}

//! Where the codes of four filters go, and what makes them of sums.

use super::block_scale::ArrangedScale;
use crate::int8::{Int8Rule, Quantization};
use crate::lanes::codes::{CodeLanes, QUAD, QuadScales};
use crate::ops::add::packets::PacketSum;

/// Where the codes of four filters go: [`BlockOutput`] has of it what registers hold.
pub(super) struct BlockCodes<'b> {
    pub scale: ArrangedScale<'b>,
    /// Which of an output's blocks it is, and how many there are.
    pub index: usize,
    pub blocks: usize,
    pub rule: Int8Rule,
    pub quantization: Quantization,
    pub output: &'b mut [u32],
    /// Where the output holds what it is to be added to.
    pub sum: Option<&'b PacketSum>,
}

/// As a loop over outputs has it.
pub(super) struct BlockOutput<'b, C> {
    proof: C,
    codes: BlockCodes<'b>,
    floats: QuadScales<C>,
    /// The least codes and the greatest.
    limits: [C; 2],
    /// Packets of the output.
    packets: usize,
}

impl<'b> BlockCodes<'b> {
    /// `proof` is any packet.
    #[inline(always)]
    pub fn ready<C: CodeLanes>(self, proof: C) -> BlockOutput<'b, C> {
        BlockOutput {
            proof,
            floats: self.scale.floats(proof, &self.quantization),
            limits: self.quantization.limits(proof),
            packets: self.output.len() / C::LANES,
            codes: self,
        }
    }
}

impl<C: CodeLanes> BlockOutput<'_, C> {
    /// What the sums of each of so many positions begin at.
    #[inline(always)]
    pub fn biases<const P: usize>(&self) -> [[C; QUAD]; P] {
        let mut sums = [[self.proof; QUAD]; P];
        for p in 0..P {
            for f in 0..QUAD {
                sums[p][f] = self.proof.splat(self.codes.scale.bias(f));
            }
        }
        sums
    }

    /// Makes codes of the sums at positions side by side; `FLOATS` is whether the block's scale has floating-point
    /// numbers, and they are taken.
    ///
    /// # Panics
    ///
    /// Positions that the output does not have.
    #[inline(always)]
    pub fn finish<const P: usize, const FLOATS: bool>(
        &mut self,
        position: usize,
        sums: [[C; QUAD]; P],
    ) {
        let own = &mut self.codes;
        let first = position * own.blocks + own.index;
        let behind = (P - 1) * own.blocks;
        assert!(first < self.packets && behind < self.packets - first);
        // All codes before the first is stored: they are made in registers then.
        let mut codes = [self.proof; P];
        let [low, high] = self.limits;
        for p in 0..P {
            codes[p] = match FLOATS {
                true => C::narrow_scaled(sums[p], &self.floats),
                false => own.scale.any(sums[p], own.rule, own.quantization.zero),
            };
            codes[p] = codes[p].clamp_codes(low, high);
        }
        if let Some(sum) = own.sum {
            for p in 0..P {
                // SAFETY: the last place has been found to lie within the output.
                let held = unsafe { codes[p].load_unchecked(own.output, first + p * own.blocks) };
                codes[p] = sum.packet(codes[p], held);
            }
        }
        for p in 0..P {
            // SAFETY: as above.
            unsafe { codes[p].store_unchecked(own.output, first + p * own.blocks) };
        }
    }

    /// As [`BlockOutput::finish`], by floating-point numbers where the scale has them.
    #[inline(always)]
    pub fn finish_any<const P: usize>(&mut self, position: usize, sums: [[C; QUAD]; P]) {
        if const { C::HAS_FUSED_SCALES } && self.codes.scale.has_floats() {
            self.finish::<P, true>(position, sums);
        } else {
            self.finish::<P, false>(position, sums);
        }
    }
}

/// The larger sums.
#[inline(always)]
pub(super) fn larger<C: CodeLanes>(first: [C; QUAD], second: [C; QUAD]) -> [C; QUAD] {
    let mut own = first;
    for f in 0..QUAD {
        own[f] = own[f].larger(second[f]);
    }
    own
}

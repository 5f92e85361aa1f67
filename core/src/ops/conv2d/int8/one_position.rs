//! The only output of each filter, as a linear layer has.

use super::block_output::{BlockCodes, OutputWay};
use super::block_scale::ArrangedScale;
use crate::lanes::Kernel;
use crate::lanes::codes::{CodeLanes, QUAD, QuadRuns};
use crate::ops::add::packets::PacketSum;

/// Computes all filters at their only position: several blocks side by side, or the four sums of one would wait for one
/// another.
pub(super) struct OnePosition<'a, C> {
    pub proof: C,
    pub runs: QuadRuns,
    pub input: &'a [u32],
    pub weights: &'a [u32],
    /// Blocks of filters, and words of each.
    pub blocks: usize,
    pub words: usize,
    pub way: OutputWay,
    pub output: &'a mut [u32],
}

impl<C: CodeLanes> Kernel for OnePosition<'_, C> {
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        let mut index = 0;
        while C::POSITIONS == 4 && self.blocks - index >= 4 {
            self.some::<4>(index);
            index += 4;
        }
        while self.blocks - index >= 2 {
            self.some::<2>(index);
            index += 2;
        }
        if index < self.blocks {
            self.some::<1>(index);
        }
    }
}

impl<C: CodeLanes> OnePosition<'_, C> {
    /// Some blocks, of which the first is given.
    #[inline(always)]
    fn some<const B: usize>(&mut self, first: usize) {
        let (proof, all) = (self.proof, self.weights);
        let mut own = [ArrangedScale::split(all); B];
        let mut sums = [[proof; QUAD]; B];
        let mut has_floats = const { C::HAS_FUSED_SCALES } && self.way.sum.is_none();
        for b in 0..B {
            own[b] = ArrangedScale::split(&all[(first + b) * self.words..][..self.words]);
            has_floats &= own[b].0.has_floats();
            for f in 0..QUAD {
                sums[b][f] = proof.splat(own[b].0.bias(f));
            }
        }
        let sums = self.runs.add_blocks(sums, self.input, own.map(|own| own.1));
        let output = &mut self.output[first * C::LANES..][..B * C::LANES];
        if !has_floats {
            return self.finish(own.map(|own| own.0), first, sums);
        }
        let [low, high] = self.way.quantization.limits(proof);
        for b in 0..B {
            let floats = own[b].0.floats(proof, &self.way.quantization);
            let codes = C::narrow_scaled(sums[b], &floats).clamp_codes(low, high);
            codes.store(&mut output[b * C::LANES..]);
        }
    }

    /// Makes codes of each block's sums as it has to be.
    #[inline(always)]
    fn finish<const B: usize>(
        &mut self,
        scales: [ArrangedScale<'_>; B],
        first: usize,
        sums: [[C; QUAD]; B],
    ) {
        for (next, (scale, sums)) in scales.into_iter().zip(sums).enumerate() {
            let codes = BlockCodes::new(&self.way, first + next, scale, self.output);
            self.proof.apart(FinishBlock(codes, sums, self.way.sum));
        }
    }
}

/// Makes codes of one block's sums. A function of its own: the sums of several blocks would lie in memory for its sake.
struct FinishBlock<'b, C>(BlockCodes<'b>, [C; QUAD], Option<PacketSum>);

impl<C: CodeLanes> Kernel for FinishBlock<'_, C> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self(codes, sums, sum) = self;
        let mut output = codes.ready(sums[0], 0);
        match &sum {
            Some(sum) => output.add(sum, [sums]),
            None => output.finish_any([sums]),
        }
    }
}

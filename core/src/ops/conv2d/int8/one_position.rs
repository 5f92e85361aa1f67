//! The only output of each filter, as a linear layer has.

use super::block_output::{BlockCodes, OutputWay};
use super::block_scale::{ArrangedScale, BlockScale};
use super::float_scale::float_zero;
use super::packets::{PacketConv, Stack};
use crate::lanes::Kernel;
use crate::lanes::codes::{CodeLanes, LayerBlocks, QUAD};
use crate::ops::add::packets::PacketSum;

/// Computes all filters at their only position: several blocks side by side, or the four sums of one would wait for one
/// another.
pub struct OnePosition<'a, C> {
    proof: C,
    blocks: LayerBlocks<'a>,
    stack: Stack,
    way: OutputWay<'a>,
    output: &'a mut [u32],
}

/// What makes codes of all blocks' sums, where all have floating-point scales.
#[derive(Clone, Copy)]
struct LayerFloats<C> {
    zero: f32,
    limits: [C; 2],
}

impl<C: CodeLanes> Kernel for OnePosition<'_, C> {
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        let blocks = self.blocks.blocks();
        let has_floats = |index| {
            ArrangedScale::split(self.blocks.block(index))
                .0
                .has_floats()
        };
        let is_plain = const { C::HAS_FUSED_SCALES } && self.way.sum.is_none();
        if is_plain && (0..blocks).all(has_floats) {
            return self.by_floats();
        }
        let mut index = 0;
        while C::POSITIONS == 4 && blocks - index >= 4 {
            self.some::<4>(index);
            index += 4;
        }
        while blocks - index >= 2 {
            self.some::<2>(index);
            index += 2;
        }
        if index < blocks {
            self.some::<1>(index);
        }
    }
}

impl<'a, C: CodeLanes> OnePosition<'a, C> {
    /// Of a convolution of one position without groups.
    ///
    /// # Panics
    ///
    /// An input, weights or an output of fewer words than it has.
    #[inline(always)]
    pub fn of(conv: PacketConv<'a, C>) -> Self {
        let (stack, counts) = (conv.stack, [conv.places.blocks, BlockScale::WORDS]);
        let blocks = conv
            .runs
            .of_layer::<C>(conv.input, conv.weights, counts)
            .of_stack::<C>(stack.count, stack.input);
        assert!(conv.output.len() / C::LANES >= stack.count * blocks.blocks());
        Self {
            proof: conv.proof,
            blocks,
            stack,
            way: conv.way(),
            output: conv.output,
        }
    }

    /// All blocks, each by its floating-point scale.
    #[inline(always)]
    fn by_floats(mut self) {
        let own = LayerFloats {
            zero: float_zero(&self.way.quantization),
            limits: self.way.quantization.limits(self.proof),
        };
        let (blocks, mut index) = (self.blocks.blocks(), 0);
        while C::POSITIONS == 4 && blocks - index >= 4 {
            self.some_by_floats::<4>(own, index);
            index += 4;
        }
        if C::POSITIONS == 4 && blocks - index == 3 {
            return self.some_by_floats::<3>(own, index);
        }
        while blocks - index >= 2 {
            self.some_by_floats::<2>(own, index);
            index += 2;
        }
        if index < blocks {
            self.some_by_floats::<1>(own, index);
        }
    }

    /// Some blocks, of which the first is given.
    #[inline(always)]
    fn some_by_floats<const B: usize>(&mut self, own: LayerFloats<C>, first: usize) {
        let scales = self.scales::<B>(first);
        let [low, high] = own.limits;
        for of_stack in 0..self.stack.count {
            let sums = self.blocks.sums(self.biases(scales), first, of_stack);
            let output = of_stack * self.blocks.blocks() + first;
            for b in 0..B {
                let floats = scales[b].floats_of_zero(self.proof, own.zero);
                let codes = C::narrow_scaled::<QUAD>(sums[b], &floats).clamp_codes(low, high);
                codes.store(&mut self.output[(output + b) * C::LANES..]);
            }
        }
    }

    #[inline(always)]
    fn scales<const B: usize>(&self, first: usize) -> [ArrangedScale<'a>; B] {
        let mut scales = [ArrangedScale::split(self.blocks.block(first)).0; B];
        for b in 1..B {
            scales[b] = ArrangedScale::split(self.blocks.block(first + b)).0;
        }
        scales
    }

    #[inline(always)]
    fn biases<const B: usize>(&self, scales: [ArrangedScale<'_>; B]) -> [[C; QUAD]; B] {
        let mut sums = [[self.proof; QUAD]; B];
        for b in 0..B {
            for f in 0..QUAD {
                sums[b][f] = self.proof.splat(scales[b].bias(f));
            }
        }
        sums
    }

    /// Some blocks, each made codes of as it has to be.
    #[inline(always)]
    fn some<const B: usize>(&mut self, first: usize) {
        let scales = self.scales::<B>(first);
        for of_stack in 0..self.stack.count {
            let sums = self.blocks.sums(self.biases(scales), first, of_stack);
            for (next, (scale, sums)) in scales.into_iter().zip(sums).enumerate() {
                self.proof.apart(FinishBlock {
                    codes: BlockCodes::new(&self.way, first + next, scale, self.output),
                    position: of_stack,
                    sums,
                    sum: self.way.sum,
                });
            }
        }
    }
}

/// Makes codes of one block's sums. A function of its own: the sums of several blocks would lie in memory for its sake.
struct FinishBlock<'b, C> {
    codes: BlockCodes<'b>,
    position: usize,
    sums: [C; QUAD],
    sum: Option<&'b PacketSum>,
}

impl<C: CodeLanes> Kernel for FinishBlock<'_, C> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let mut output = self.codes.ready(self.sums[0], self.position);
        match self.sum {
            Some(sum) => output.add(sum, [self.sums]),
            None => output.finish_any::<1, QUAD>([self.sums]),
        }
    }
}

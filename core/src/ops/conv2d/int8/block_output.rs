//! Where the codes of four filters go, and what makes them of sums.

use super::block_scale::ArrangedScale;
use super::quads::QuadPlaces;
use crate::int8::{Int8Rule, Quantization};
use crate::lanes::codes::{CodeLanes, QUAD, QuadScales};
use crate::ops::add::packets::PacketSum;

/// What a convolution makes of sums.
#[derive(Clone, Copy)]
pub(super) struct OutputWay<'w> {
    pub places: QuadPlaces,
    /// Whether only the largest of each 2 x 2 outputs is wanted.
    pub is_pooled: bool,
    pub rule: Int8Rule,
    /// Of the codes.
    pub quantization: Quantization,
    /// Where the output holds what it is to be added to.
    pub sum: Option<&'w PacketSum>,
}

/// Where the codes of four filters go: [`BlockOutput`] has of it what registers hold.
pub(super) struct BlockCodes<'b> {
    pub scale: ArrangedScale<'b>,
    /// Which of an output's blocks it is, and how many there are.
    pub index: usize,
    pub blocks: usize,
    pub rule: Int8Rule,
    pub quantization: Quantization,
    pub output: &'b mut [u32],
}

/// As a loop over neighbouring outputs has it.
pub(super) struct BlockOutput<'b, C> {
    proof: C,
    codes: BlockCodes<'b>,
    floats: QuadScales<C>,
    /// The least codes and the greatest.
    limits: [C; 2],
    /// Packets of the output, no fewer than it has blocks, where the first codes go among them, and the next ones.
    packets: usize,
    first: usize,
    next: usize,
}

impl<'b> BlockCodes<'b> {
    /// Those of a convolution's block.
    #[inline(always)]
    pub fn new(
        way: &OutputWay<'_>,
        index: usize,
        scale: ArrangedScale<'b>,
        output: &'b mut [u32],
    ) -> Self {
        Self {
            scale,
            index,
            blocks: way.places.blocks,
            rule: way.rule,
            quantization: way.quantization,
            output,
        }
    }

    /// From the output at `position` on; `proof` is any packet.
    ///
    /// # Panics
    ///
    /// An output of less than one position.
    #[inline(always)]
    pub fn ready<C: CodeLanes>(self, proof: C, position: usize) -> BlockOutput<'b, C> {
        let packets = self.output.len() / C::LANES;
        assert!(self.blocks <= packets);
        BlockOutput {
            proof,
            floats: self.scale.floats(proof, &self.quantization),
            limits: self.quantization.limits(proof),
            packets,
            first: position * self.blocks + self.index,
            next: position * self.blocks + self.index,
            codes: self,
        }
    }
}

impl<C: CodeLanes> BlockOutput<'_, C> {
    /// Goes on so many packets behind the first output.
    #[inline(always)]
    pub fn begin(&mut self, behind: usize) {
        self.next = self.first + behind;
    }

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

    /// Makes codes of the sums of the next positions; `FLOATS` is whether the block's scale has floating-point numbers,
    /// and they are taken. Filters from the `F`th on are not there, and may have any code.
    ///
    /// # Panics
    ///
    /// Positions that the output does not have.
    #[inline(always)]
    pub fn finish<const P: usize, const FLOATS: bool, const F: usize>(
        &mut self,
        sums: [[C; QUAD]; P],
    ) {
        let first = self.take::<P>();
        // All codes before the first is stored: they are made in registers then.
        let codes = self.codes::<P, FLOATS, F>(sums);
        for p in 0..P {
            // SAFETY: the last place lies within the output.
            unsafe { codes[p].store_unchecked(self.codes.output, first + p * self.codes.blocks) };
        }
    }

    /// As [`BlockOutput::finish`], where `FLOATS` says that the scale has floating-point numbers, or by them if it has.
    #[inline(always)]
    pub fn finish_some<const P: usize, const FLOATS: bool, const F: usize>(
        &mut self,
        sums: [[C; QUAD]; P],
    ) {
        match FLOATS {
            true => self.finish::<P, true, F>(sums),
            false => self.finish_any::<P, F>(sums),
        }
    }

    /// As [`BlockOutput::finish`], by floating-point numbers where the scale has them.
    #[inline(always)]
    pub fn finish_any<const P: usize, const F: usize>(&mut self, sums: [[C; QUAD]; P]) {
        match const { C::HAS_FUSED_SCALES } && self.codes.scale.has_floats() {
            true => self.finish::<P, true, F>(sums),
            false => self.finish::<P, false, F>(sums),
        }
    }

    /// As [`BlockOutput::finish_any`], added to what the output holds.
    #[inline(always)]
    pub fn add<const P: usize>(&mut self, sum: &PacketSum, sums: [[C; QUAD]; P]) {
        let first = self.take::<P>();
        let codes = match const { C::HAS_FUSED_SCALES } && self.codes.scale.has_floats() {
            true => self.codes::<P, true, QUAD>(sums),
            false => self.codes::<P, false, QUAD>(sums),
        };
        for p in 0..P {
            let place = first + p * self.codes.blocks;
            // SAFETY: the last place lies within the output.
            unsafe {
                let held = self.proof.load_unchecked(self.codes.output, place);
                let own = sum.packet(codes[p], held);
                own.store_unchecked(self.codes.output, place);
            }
        }
    }

    /// Where the codes of the next positions begin to go, all within the output.
    #[inline(always)]
    fn take<const P: usize>(&mut self) -> usize {
        let first = self.next;
        // A position has no more blocks than the output has packets, so this wraps around nowhere.
        assert!(first < self.packets && first + (P - 1) * self.codes.blocks < self.packets);
        self.next = first + P * self.codes.blocks;
        first
    }

    #[inline(always)]
    fn codes<const P: usize, const FLOATS: bool, const F: usize>(
        &self,
        sums: [[C; QUAD]; P],
    ) -> [C; P] {
        let own = &self.codes;
        let mut codes = [self.proof; P];
        let [low, high] = self.limits;
        let own_limits = [own.quantization.low, own.quantization.high];
        for p in 0..P {
            if FLOATS && F == 1 {
                codes[p] = self.floats.first_codes(sums[p][0], own_limits);
                continue;
            }
            codes[p] = match FLOATS {
                true => C::narrow_scaled::<F>(sums[p], &self.floats),
                false => own.scale.any(sums[p], own.rule, own.quantization.zero),
            };
            codes[p] = codes[p].clamp_codes(low, high);
        }
        codes
    }
}

/// The larger sums, of the first `F` filters.
#[inline(always)]
pub(super) fn larger<C: CodeLanes, const F: usize>(
    first: [C; QUAD],
    second: [C; QUAD],
) -> [C; QUAD] {
    let mut own = first;
    for f in 0..F {
        own[f] = own[f].larger(second[f]);
    }
    own
}

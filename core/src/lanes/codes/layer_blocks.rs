//! Sums of products of all filters at one place.

use super::{CodeLanes, QUAD, QuadRuns};

/// What all filters see of an input, and their weights: a few products for each block of four filters, so bounds are
/// checked once for all.
#[derive(Clone, Copy, Debug)]
pub struct LayerBlocks<'a> {
    runs: QuadRuns,
    input: &'a [u32],
    words: &'a [u32],
    /// Words of each block, and how many of them lie before its weights.
    each: usize,
    before: usize,
    blocks: usize,
    /// Inputs, and packets from one to the next.
    stacked: usize,
    apart: usize,
}

impl QuadRuns {
    /// With the words of so many blocks of four filters, one behind another, in each of which some words lie `before`
    /// its weights: those of four filters for each packet, one after another.
    ///
    /// # Panics
    ///
    /// An input that does not reach far enough, and too few words.
    #[inline(always)]
    pub fn of_layer<'a, C: CodeLanes>(
        self,
        input: &'a [u32],
        words: &'a [u32],
        [blocks, before]: [usize; 2],
    ) -> LayerBlocks<'a> {
        let each = before + self.quads() * QUAD * C::WEIGHT_WORDS;
        assert!(input.len() / C::LANES >= self.reach);
        assert!(
            each.checked_mul(blocks)
                .is_some_and(|all| all <= words.len())
        );
        LayerBlocks {
            runs: self,
            input,
            words,
            each,
            before,
            blocks,
            stacked: 1,
            apart: 0,
        }
    }
}

impl<'a> LayerBlocks<'a> {
    /// The same of several inputs, each so many packets behind the one before.
    ///
    /// # Panics
    ///
    /// No input, and words of an input that does not reach far enough.
    #[inline(always)]
    pub fn of_stack<C: CodeLanes>(self, stacked: usize, apart: usize) -> Self {
        let last = (stacked - 1).checked_mul(apart);
        let reach = last.and_then(|last| last.checked_add(self.runs.reach));
        assert!(reach.is_some_and(|reach| self.input.len() / C::LANES >= reach));
        Self {
            stacked,
            apart,
            ..self
        }
    }

    /// Blocks of four filters.
    #[inline(always)]
    pub fn blocks(&self) -> usize {
        self.blocks
    }

    /// The words of a block.
    ///
    /// # Panics
    ///
    /// One that is not there.
    #[inline(always)]
    pub fn block(&self, index: usize) -> &'a [u32] {
        assert!(index < self.blocks);
        let first = index * self.each;
        // SAFETY: there are as many words for each block, and the block is one of them.
        unsafe { self.words.get_unchecked(first..first + self.each) }
    }

    /// Adds the products of some blocks, of which the first is given, with one of the inputs.
    ///
    /// # Panics
    ///
    /// Blocks or an input that are not there.
    #[inline(always)]
    pub fn sums<C: CodeLanes, const B: usize>(
        &self,
        mut sums: [[C; QUAD]; B],
        first: usize,
        input: usize,
    ) -> [[C; QUAD]; B] {
        assert!(first < self.blocks && self.blocks - first >= B && input < self.stacked);
        let (proof, step, words) = (sums[0][0], self.runs.step, QUAD * C::WEIGHT_WORDS);
        let mut next = first * self.each + self.before;
        // Of one block, every other packet's: the four sums of all would wait for one another.
        let mut others = [[proof.splat(0); QUAD]; B];
        let shape = self.runs.shape;
        // There is at least one row of one run of one packet, so none of these loops asks before its first turn. Not a
        // function that is given what to do with each run: that would not become part of this one, with its registers.
        let (mut row, mut rows) = (input * self.apart + shape.first, shape.rows);
        loop {
            let (mut run, mut columns) = (row, shape.columns);
            loop {
                let (mut quad, mut packets) = (run, shape.len);
                while const { B == 1 } && packets > 2 {
                    // SAFETY: both packets are of the run, for which there are weights.
                    unsafe {
                        self.add(&mut sums, quad, next);
                        self.add(&mut others, quad + step, next + words);
                    }
                    next += 2 * words;
                    quad += 2 * step;
                    packets -= 2;
                }
                loop {
                    // SAFETY: the packet is of the run, for which there are weights.
                    unsafe { self.add(&mut sums, quad, next) };
                    next += words;
                    quad += step;
                    packets -= 1;
                    if packets == 0 {
                        break;
                    }
                }
                run += shape.column_step;
                columns -= 1;
                if columns == 0 {
                    break;
                }
            }
            row += shape.row_step;
            rows -= 1;
            if rows == 0 {
                break;
            }
        }
        if const { B == 1 } {
            for f in 0..QUAD {
                sums[0][f] = sums[0][f].add(others[0][f]);
            }
        }
        sums
    }

    /// Adds the products of one packet of the input, by the weights from a word on of the first of some blocks.
    ///
    /// # Safety
    ///
    /// The packet lies within the runs' reach, and as many weights as it takes in the words of each block.
    #[inline(always)]
    unsafe fn add<C: CodeLanes, const B: usize>(
        &self,
        sums: &mut [[C; QUAD]; B],
        quad: usize,
        next: usize,
    ) {
        let (proof, words) = (sums[0][0], QUAD * C::WEIGHT_WORDS);
        // SAFETY: the packet lies within the runs' reach, which ends within the input.
        let codes = unsafe { proof.load_unchecked(self.input, quad) }.taps();
        for (b, sums) in sums.iter_mut().enumerate() {
            let from = next + b * self.each;
            // SAFETY: the caller knows that they lie within the block.
            let own = unsafe { self.words.get_unchecked(from..from + words) };
            for f in 0..QUAD {
                let factor = proof.weight(&own[f * C::WEIGHT_WORDS..]);
                sums[f] = sums[f].add_products(codes, factor);
            }
        }
    }
}

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
        assert!(words.len() / each >= blocks);
        LayerBlocks {
            runs: self,
            input,
            words,
            each,
            before,
            blocks,
        }
    }
}

impl<'a> LayerBlocks<'a> {
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

    /// Adds the products of some blocks, of which the first is given.
    ///
    /// # Panics
    ///
    /// Blocks that are not there.
    #[inline(always)]
    pub fn sums<C: CodeLanes, const B: usize>(
        &self,
        mut sums: [[C; QUAD]; B],
        first: usize,
    ) -> [[C; QUAD]; B] {
        assert!(first < self.blocks && self.blocks - first >= B);
        let (proof, each, step) = (sums[0][0], self.each, self.runs.step);
        let (shape, words) = (self.runs.shape, QUAD * C::WEIGHT_WORDS);
        let mut next = first * each + self.before;
        // There is at least one row of one run of one packet, so none of these loops asks before its first turn.
        let (mut row, mut rows) = (shape.first, shape.rows);
        loop {
            let (mut run, mut columns) = (row, shape.columns);
            loop {
                let (mut quad, mut packets) = (run, shape.len);
                loop {
                    // SAFETY: the packet lies within the runs' reach, which ends within the input.
                    let codes = unsafe { proof.load_unchecked(self.input, quad) }.taps();
                    for (b, sums) in sums.iter_mut().enumerate() {
                        let from = next + b * each;
                        // SAFETY: fewer packets came before than each block has weights for.
                        let own = unsafe { self.words.get_unchecked(from..from + words) };
                        for f in 0..QUAD {
                            let factor = proof.weight(&own[f * C::WEIGHT_WORDS..]);
                            sums[f] = sums[f].add_products(codes, factor);
                        }
                    }
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
        sums
    }
}

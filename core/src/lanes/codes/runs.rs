//! Sums of products over runs of neighbouring packets of codes.
//!
//! These loops are all that many layers compute: a few products for each place, so a check of every
//! packet's bounds would take as long as the products. Bounds are checked once for all places.

use super::{CodeLanes, QUAD};

/// Runs of neighbouring packets that a position's sums are made of: rows x columns of them.
#[derive(Clone, Copy, Debug)]
pub struct QuadRuns {
    pub(super) shape: RunShape,
    /// Packets from one of a run to the next: more than 1 where a row of runs of single packets is taken as one run.
    pub(super) step: usize,
    /// Packets from the first that a position sees to behind the last.
    pub(super) reach: usize,
    /// Packets of all runs.
    quads: usize,
}

/// The extents of runs of neighbouring packets.
#[derive(Clone, Copy, Debug)]
pub struct RunShape {
    pub rows: usize,
    pub columns: usize,
    /// Packets of each.
    pub len: usize,
    /// Packets from a row of runs to the next.
    pub row_step: usize,
    /// Packets from a run to the next.
    pub column_step: usize,
    /// Where the first one begins, seen from a position's place.
    pub first: usize,
}

impl RunShape {
    /// The same packets in the same order as runs of packets so many apart: those of a row as one where each is a single
    /// packet, and those of all rows where they are as far apart.
    pub(super) fn as_few_runs(self) -> (Self, usize) {
        let (mut own, mut step) = (self, 1);
        if own.len == 1 {
            (own.len, own.columns, step) = (own.columns, 1, own.column_step);
        }
        if own.columns == 1 && (own.len == 1 || own.row_step == own.len.saturating_mul(step)) {
            if own.len == 1 {
                step = own.row_step;
            }
            (own.len, own.rows) = (own.len * own.rows, 1);
        }
        (own, step)
    }
}

impl QuadRuns {
    /// # Panics
    ///
    /// Extents of nothing, or of more than memory holds.
    pub fn new(shape: RunShape) -> Self {
        let last = |count: usize, step: usize| count.checked_sub(1)?.checked_mul(step);
        let reach = || {
            let column = last(shape.columns, shape.column_step)?;
            let before = last(shape.rows, shape.row_step)?.checked_add(column)?;
            before.checked_add(shape.first)?.checked_add(shape.len)
        };
        let quads = shape.rows.checked_mul(shape.columns);
        let quads = quads.and_then(|runs| runs.checked_mul(shape.len));
        match (reach(), quads) {
            (Some(reach), Some(quads)) if quads > 0 => {
                // Loops of few turns each would take as long as the products.
                let (shape, step) = shape.as_few_runs();
                Self {
                    shape,
                    step,
                    reach,
                    quads,
                }
            }
            (_, Some(0)) => panic!("runs of packets have no extent"),
            _ => panic!("runs of packets are longer than memory is"),
        }
    }

    /// Packets of all runs: so many weights each filter has.
    pub fn quads(&self) -> usize {
        self.quads
    }

    /// What filters see of an input, each of four from a packet of its `own` behind a place on.
    ///
    /// # Panics
    ///
    /// An input that does not reach far enough from its first place on.
    #[inline(always)]
    pub fn of_input<'a, C: CodeLanes>(&self, input: &'a [u32], own: [usize; QUAD]) -> SeenRuns<'a> {
        let packets = input.len() / C::LANES;
        let farthest = own.into_iter().fold(0, usize::max);
        assert!(farthest <= packets && packets - farthest >= self.reach);
        SeenRuns {
            runs: *self,
            input,
            own,
            last: packets - farthest - self.reach,
        }
    }
}

/// What filters see of an input.
#[derive(Clone, Copy, Debug)]
pub struct SeenRuns<'a> {
    runs: QuadRuns,
    input: &'a [u32],
    /// Packets from a place to the first one that each of four filters sees.
    pub own: [usize; QUAD],
    /// The last place from which the input reaches far enough.
    last: usize,
}

impl<'a> SeenRuns<'a> {
    /// With the weights of four filters: those of four for each packet, one after another.
    ///
    /// # Panics
    ///
    /// Too few weights.
    #[inline(always)]
    pub fn of_block<C: CodeLanes>(&self, weights: &'a [u32]) -> BlockRuns<'a> {
        assert!(weights.len() / (QUAD * C::WEIGHT_WORDS) >= self.runs.quads);
        BlockRuns {
            seen: *self,
            weights,
        }
    }
}

/// What four filters see of runs, and their weights: what is the same for all places is checked once.
#[derive(Clone, Copy, Debug)]
pub struct BlockRuns<'a> {
    seen: SeenRuns<'a>,
    weights: &'a [u32],
}

impl BlockRuns<'_> {
    /// Adds the products of four filters with what they see at some places, counted in packets: filters before `SPLIT`
    /// what the first one sees, the others what the last one does; with a split of 0 each what is its own. Filters from
    /// the `F`th on are not there, and see nothing.
    ///
    /// # Panics
    ///
    /// Places from which the input does not reach far enough.
    #[inline(always)]
    pub fn sums<C: CodeLanes, const P: usize, const SPLIT: usize, const F: usize>(
        &self,
        mut sums: [[C; QUAD]; P],
        places: [usize; P],
    ) -> [[C; QUAD]; P] {
        let (seen, proof) = (&self.seen, sums[0][0]);
        let (shape, words) = (seen.runs.shape, QUAD * C::WEIGHT_WORDS);
        assert!(places.into_iter().fold(0, usize::max) <= seen.last);
        let mut from = [seen.input; P];
        for p in 0..P {
            // SAFETY: the place lies within the input.
            from[p] = unsafe {
                seen.input
                    .get_unchecked(proof.unknown(places[p]) * C::LANES..)
            };
        }
        let each = shape.len * words;
        // What is counted through otherwise takes as long as a few products; of few registers such a loop leaves fewer.
        if const { C::POSITIONS == 4 } && shape.rows == 1 && shape.columns == 1 {
            self.add_run::<C, P, SPLIT, F>(&mut sums, from, [0, shape.first]);
            return sums;
        }
        let (mut next, mut row) = (0, shape.first);
        // There is at least one row of one run, so none of these loops asks before its first turn.
        let mut rows = shape.rows;
        loop {
            let (mut run, mut columns) = (row, shape.columns);
            loop {
                self.add_run::<C, P, SPLIT, F>(&mut sums, from, [next, run]);
                next += each;
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

    /// The same of one run, whose weights and packets begin there, these seen from a filter's first.
    #[inline(always)]
    fn add_run<C: CodeLanes, const P: usize, const SPLIT: usize, const F: usize>(
        &self,
        sums: &mut [[C; QUAD]; P],
        from: [&[u32]; P],
        [mut next, mut quad]: [usize; 2],
    ) {
        let (seen, proof) = (&self.seen, sums[0][0]);
        let (words, mut packets) = (QUAD * C::WEIGHT_WORDS, seen.runs.shape.len);
        // There is at least one packet.
        loop {
            // SAFETY: fewer packets came before than there are weights for.
            let weights = unsafe { self.weights.get_unchecked(next..next + words) };
            next += words;
            let mut codes = [proof.taps(); P];
            for f in 0..F {
                if f == 0 || f == SPLIT || SPLIT == 0 {
                    let place = seen.own[f] + quad;
                    for p in 0..P {
                        // SAFETY: the packet lies within the reach of the filter's place, which
                        // ends within the input.
                        codes[p] = unsafe { proof.load_unchecked(from[p], place) }.taps();
                    }
                }
                let factor = proof.weight(&weights[f * C::WEIGHT_WORDS..]);
                for p in 0..P {
                    sums[p][f] = sums[p][f].add_products(codes[p], factor);
                }
            }
            quad += seen.runs.step;
            packets -= 1;
            if packets == 0 {
                break;
            }
        }
    }
}

#[cfg(test)]
mod tests;

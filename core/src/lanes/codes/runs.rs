//! Sums of products over runs of neighbouring packets of codes.
//!
//! These loops are all that many layers compute: a few products for each place, so a check of every
//! packet's bounds would take as long as the products. Bounds are checked once for all places.

use super::{CodeLanes, QUAD};

/// Runs of neighbouring packets that a position's sums are made of: rows x columns of them.
#[derive(Clone, Copy, Debug)]
pub struct QuadRuns {
    shape: RunShape,
    /// Packets from one of a run to the next: more than 1 where a row of runs of single packets is taken as one run.
    step: usize,
    /// Packets from the first that a position sees to behind the last.
    reach: usize,
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
        let last = |count: usize, step: usize| (count - 1).checked_mul(step);
        let reach = || {
            let column = last(shape.columns, shape.column_step)?;
            let before = last(shape.rows, shape.row_step)?.checked_add(column)?;
            before.checked_add(shape.first)?.checked_add(shape.len)
        };
        let quads = shape.rows.checked_mul(shape.columns);
        let quads = quads.and_then(|runs| runs.checked_mul(shape.len));
        match (reach(), quads) {
            (Some(reach), Some(quads)) => {
                // Loops of few turns each would take as long as the products.
                let (shape, step) = shape.as_few_runs();
                Self {
                    shape,
                    step,
                    reach,
                    quads,
                }
            }
            _ => panic!("runs of packets are longer than memory is"),
        }
    }

    /// Packets of all runs: so many weights each filter has.
    pub fn quads(&self) -> usize {
        self.quads
    }

    /// What four filters see, each from a packet of its `own` behind a place on, and their weights: those of four for
    /// each packet of the runs, one after another.
    ///
    /// # Panics
    ///
    /// An input that does not reach far enough from its first place on, and too few weights.
    pub fn of_block<'a, C: CodeLanes>(
        &self,
        input: &'a [u32],
        own: [usize; QUAD],
        weights: &'a [u32],
    ) -> BlockRuns<'a> {
        let packets = input.len() / C::LANES;
        let farthest = own.into_iter().fold(0, usize::max);
        assert!(farthest <= packets && packets - farthest >= self.reach);
        assert!(weights.len() / (QUAD * C::WEIGHT_WORDS) >= self.quads);
        BlockRuns {
            shape: self.shape,
            step: self.step,
            input,
            own,
            weights,
            last: packets - farthest - self.reach,
        }
    }
}

/// What four filters see of runs, and their weights: what is the same for all places is checked once.
#[derive(Clone, Copy, Debug)]
pub struct BlockRuns<'a> {
    shape: RunShape,
    step: usize,
    input: &'a [u32],
    /// Packets from a place to the first one that each filter sees.
    pub own: [usize; QUAD],
    weights: &'a [u32],
    /// The last place from which the input reaches far enough.
    last: usize,
}

impl BlockRuns<'_> {
    /// Adds the products of four filters with what they see at some places, counted in packets: filters before `SPLIT`
    /// what the first one sees, the others what the last one does; with a split of 0 each what is its own.
    ///
    /// # Panics
    ///
    /// Places from which the input does not reach far enough.
    #[inline(always)]
    pub fn sums<C: CodeLanes, const P: usize, const SPLIT: usize>(
        &self,
        mut sums: [[C; QUAD]; P],
        places: [usize; P],
    ) -> [[C; QUAD]; P] {
        let (shape, proof) = (self.shape, sums[0][0]);
        let words = QUAD * C::WEIGHT_WORDS;
        assert!(places.into_iter().fold(0, usize::max) <= self.last);
        let mut from = [self.input; P];
        for p in 0..P {
            // SAFETY: the place lies within the input.
            from[p] = unsafe { self.input.get_unchecked(places[p] * C::LANES..) };
        }
        let (mut next, mut row) = (0, shape.first);
        for _ in 0..shape.rows {
            let mut run = row;
            for _ in 0..shape.columns {
                let mut quad = run;
                for _ in 0..shape.len {
                    // SAFETY: fewer packets came before than there are weights for.
                    let weights = unsafe { self.weights.get_unchecked(next..next + words) };
                    next += words;
                    let mut codes = [proof.taps(); P];
                    for f in 0..QUAD {
                        if f == 0 || f == SPLIT || SPLIT == 0 {
                            let place = self.own[f] + quad;
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
                    quad += self.step;
                }
                run += shape.column_step;
            }
            row += shape.row_step;
        }
        sums
    }
}

impl QuadRuns {
    /// Adds the products of several blocks of four filters with the packets that all see, from the input's first on.
    ///
    /// # Panics
    ///
    /// An input that does not reach far enough, and too few weights.
    #[inline(always)]
    pub fn add_blocks<C: CodeLanes, const B: usize>(
        &self,
        sums: &mut [[C; QUAD]; B],
        input: &[u32],
        weights: [&[u32]; B],
    ) {
        let shape = self.shape;
        let words = QUAD * C::WEIGHT_WORDS;
        assert!(input.len() / C::LANES >= self.reach);
        assert!(weights.iter().all(|own| own.len() / words >= self.quads));
        let mut next = 0;
        for row in 0..shape.rows {
            for column in 0..shape.columns {
                let mut quad = shape.first + row * shape.row_step + column * shape.column_step;
                for _ in 0..shape.len {
                    // SAFETY: the packet lies within the runs' reach, which ends within the input.
                    let codes = unsafe { sums[0][0].load_unchecked(input, quad) }.taps();
                    for b in 0..B {
                        // SAFETY: fewer than `self.quads` packets came before, and there are weights for
                        // as many.
                        let own =
                            unsafe { weights[b].get_unchecked(next * words..(next + 1) * words) };
                        for f in 0..QUAD {
                            let factor = sums[0][0].weight(&own[f * C::WEIGHT_WORDS..]);
                            sums[b][f] = sums[b][f].add_products(codes, factor);
                        }
                    }
                    next += 1;
                    quad += self.step;
                }
            }
        }
    }
}

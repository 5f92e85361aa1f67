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

    /// Adds the products of four filters with what they see at some places, counted in packets.
    ///
    /// `weights` hold those of four filters for each packet of the runs, one after another.
    ///
    /// # Panics
    ///
    /// Places from which the input does not reach far enough, and too few weights.
    #[inline(always)]
    pub fn add<C: CodeLanes, const P: usize>(
        &self,
        sums: &mut [[C; QUAD]; P],
        input: &[u32],
        places: [usize; P],
        weights: &[u32],
    ) {
        let (shape, packets) = (self.shape, input.len() / C::LANES);
        let words = QUAD * C::WEIGHT_WORDS;
        let last = places.into_iter().fold(0, usize::max);
        assert!(last <= packets && packets - last >= self.reach);
        assert!(weights.len() / words >= self.quads);
        let mut next = 0;
        for row in 0..shape.rows {
            for column in 0..shape.columns {
                let mut quad = shape.first + row * shape.row_step + column * shape.column_step;
                for _ in 0..shape.len {
                    // SAFETY: fewer than `self.quads` packets came before, and there are weights for
                    // as many.
                    let own = unsafe { weights.get_unchecked(next * words..(next + 1) * words) };
                    next += 1;
                    let mut codes = [sums[0][0].taps(); P];
                    for p in 0..P {
                        // SAFETY: the packet lies within the place's reach, which ends within the
                        // input.
                        codes[p] =
                            unsafe { sums[0][0].load_unchecked(input, places[p] + quad) }.taps();
                    }
                    for f in 0..QUAD {
                        let factor = sums[0][0].weight(&own[f * C::WEIGHT_WORDS..]);
                        for p in 0..P {
                            sums[p][f] = sums[p][f].add_products(codes[p], factor);
                        }
                    }
                    quad += self.step;
                }
            }
        }
    }
}

impl QuadRuns {
    /// As [`QuadRuns::add`], where filters see packets of their own, so many behind a place: those before `SPLIT` what
    /// the first one sees, the others what the last one does; with a split of 0 each what is its own.
    ///
    /// # Panics
    ///
    /// Places from which the input does not reach far enough, and too few weights.
    #[inline(always)]
    pub fn add_own<C: CodeLanes, const P: usize, const SPLIT: usize>(
        &self,
        sums: &mut [[C; QUAD]; P],
        input: &[u32],
        places: [usize; P],
        own: [usize; QUAD],
        weights: &[u32],
    ) {
        let (shape, packets) = (self.shape, input.len() / C::LANES);
        let words = QUAD * C::WEIGHT_WORDS;
        let farthest = own.into_iter().fold(0, usize::max);
        let last = places.into_iter().fold(0, usize::max);
        assert!(last <= packets && farthest <= packets - last);
        assert!(packets - last - farthest >= self.reach);
        assert!(weights.len() / words >= self.quads);
        let mut next = 0;
        for row in 0..shape.rows {
            for column in 0..shape.columns {
                let mut quad = shape.first + row * shape.row_step + column * shape.column_step;
                for _ in 0..shape.len {
                    // SAFETY: fewer than `self.quads` packets came before, and there are weights for
                    // as many.
                    let weights =
                        unsafe { weights.get_unchecked(next * words..(next + 1) * words) };
                    next += 1;
                    let mut codes = [sums[0][0].taps(); P];
                    for f in 0..QUAD {
                        if f == 0 || f == SPLIT || SPLIT == 0 {
                            for p in 0..P {
                                // SAFETY: the packet lies within the reach of the filter's place, which
                                // ends within the input.
                                codes[p] = unsafe {
                                    sums[0][0].load_unchecked(input, places[p] + own[f] + quad)
                                }
                                .taps();
                            }
                        }
                        let factor = sums[0][0].weight(&weights[f * C::WEIGHT_WORDS..]);
                        for p in 0..P {
                            sums[p][f] = sums[p][f].add_products(codes[p], factor);
                        }
                    }
                    quad += self.step;
                }
            }
        }
    }
}

impl QuadRuns {
    /// As [`QuadRuns::add`], of several blocks of four filters that see the same packets, from the input's first on.
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

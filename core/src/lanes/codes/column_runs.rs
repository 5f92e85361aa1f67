//! Sums of products over rows of quads of columns, of filters that each see one channel.

use super::{CodeLanes, QUAD};

/// What an output's filters see of rows of places, each place a quad of columns of four channels.
#[derive(Clone, Copy, Debug)]
pub struct ColumnRuns {
    /// Rows of the kernel.
    pub rows: usize,
    /// Packets from a row to the next.
    pub row_step: usize,
    /// Quads of columns of each row.
    pub quads: usize,
    /// Packets from a quad to the next.
    pub step: usize,
    /// Whether two neighbouring outputs see the same place: then `quads` is 1, and a row's weights are those of the
    /// first of two outputs and then those of the second.
    pub is_shared: bool,
}

/// What four filters see of rows of places, and their weights.
///
/// Filters have few products in a row: what is the same for all outputs is checked once, and for each no more than where
/// it begins.
#[derive(Clone, Copy, Debug)]
pub struct BlockColumns<'a> {
    runs: ColumnRuns,
    input: &'a [u32],
    /// Which of four channels each filter sees.
    channels: [usize; QUAD],
    /// Those of four filters for each quad, one after another.
    weights: &'a [u32],
    /// The last packet at which what an output sees may begin.
    last: usize,
}

impl ColumnRuns {
    /// What four filters see, each of its of four `channels`.
    ///
    /// # Panics
    ///
    /// An input that is shorter than what an output sees, and too few weights.
    pub fn of_block<'a, C: CodeLanes>(
        self,
        input: &'a [u32],
        channels: [usize; QUAD],
        weights: &'a [u32],
    ) -> BlockColumns<'a> {
        let mut runs = self;
        if runs.is_shared {
            assert_eq!(runs.quads, 1, "quads of rows that two outputs share");
        } else if runs.quads == 1 {
            // One long row: a loop of a single turn for each would take as long as its products.
            (runs.quads, runs.step, runs.rows) = (runs.rows, runs.row_step, 1);
        }
        let reach = (runs.rows - 1) * runs.row_step + (runs.quads - 1) * runs.step + QUAD;
        let each = if runs.is_shared { 2 } else { 1 };
        let packets = input.len() / C::LANES;
        assert!(channels.iter().all(|channel| *channel < QUAD));
        assert!(packets >= reach);
        assert!(weights.len() >= runs.rows * runs.quads * each * QUAD * C::WEIGHT_WORDS);
        BlockColumns {
            runs,
            input,
            channels,
            weights,
            last: packets - reach,
        }
    }
}

impl BlockColumns<'_> {
    /// Adds the products at neighbouring outputs, of which the first one is `x` outputs behind the one whose first place
    /// is at packet `start`; an even one where two outputs share a place. Filters from the `F`th on are not there, and see
    /// nothing.
    ///
    /// # Panics
    ///
    /// Outputs that see packets behind the input's end.
    #[inline(always)]
    pub fn sums<C: CodeLanes, const P: usize, const F: usize>(
        &self,
        mut sums: [[C; QUAD]; P],
        x: usize,
        start: usize,
    ) -> [[C; QUAD]; P] {
        let shared = usize::from(self.runs.is_shared);
        let start = sums[0][0].unknown(start + (x >> shared) * QUAD);
        let behind = ((P - 1) >> shared) * QUAD;
        assert!(start <= self.last && self.last - start >= behind);
        match self.runs.is_shared {
            true => self.add_shared::<C, P, F>(&mut sums, start),
            false => self.add_single::<C, P, F>(&mut sums, start),
        }
        sums
    }

    #[inline(always)]
    fn add_shared<C: CodeLanes, const P: usize, const F: usize>(
        &self,
        sums: &mut [[C; QUAD]; P],
        start: usize,
    ) {
        let (proof, words) = (sums[0][0], QUAD * C::WEIGHT_WORDS);
        let own = self.of_filters::<C>();
        let (mut row, mut next) = (start, 0);
        for _ in 0..self.runs.rows {
            // SAFETY: fewer rows came before, and there are weights of two outputs for each.
            let weights = unsafe { self.weights.get_unchecked(next..next + 2 * words) };
            next += 2 * words;
            for f in 0..F {
                let first = proof.weight(&weights[f * C::WEIGHT_WORDS..]);
                let second = proof.weight(&weights[(QUAD + f) * C::WEIGHT_WORDS..]);
                for (p, sums) in sums.iter_mut().enumerate() {
                    // SAFETY: the packet lies within what the output sees, which ends within the input.
                    let codes = unsafe { proof.load_unchecked(own[f], row + p / 2 * QUAD) }.taps();
                    let factor = if p % 2 == 0 { first } else { second };
                    sums[f] = sums[f].add_products(codes, factor);
                }
            }
            row += self.runs.row_step;
        }
    }

    #[inline(always)]
    fn add_single<C: CodeLanes, const P: usize, const F: usize>(
        &self,
        sums: &mut [[C; QUAD]; P],
        start: usize,
    ) {
        let (proof, words) = (sums[0][0], QUAD * C::WEIGHT_WORDS);
        let own = self.of_filters::<C>();
        let (mut row, mut next) = (start, 0);
        for _ in 0..self.runs.rows {
            let mut place = row;
            for _ in 0..self.runs.quads {
                // SAFETY: fewer quads came before, and there are weights for each.
                let weights = unsafe { self.weights.get_unchecked(next..next + words) };
                next += words;
                for f in 0..F {
                    let factor = proof.weight(&weights[f * C::WEIGHT_WORDS..]);
                    for (p, sums) in sums.iter_mut().enumerate() {
                        // SAFETY: the packet lies within what the output sees, which ends within the input.
                        let codes =
                            unsafe { proof.load_unchecked(own[f], place + p * QUAD) }.taps();
                        sums[f] = sums[f].add_products(codes, factor);
                    }
                }
                place += self.runs.step;
            }
            row += self.runs.row_step;
        }
    }

    /// The input from the first packet of each filter's channel on: a pointer for each, to which the same is added.
    #[inline(always)]
    fn of_filters<C: CodeLanes>(&self) -> [&[u32]; QUAD] {
        let mut own = [self.input; QUAD];
        for (own, channel) in own.iter_mut().zip(self.channels) {
            // SAFETY: channels are fewer than four, and the input has at least one place's four packets.
            *own = unsafe { self.input.get_unchecked(channel * C::LANES..) };
        }
        own
    }
}

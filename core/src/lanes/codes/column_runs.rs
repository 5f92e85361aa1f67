//! Sums of products over rows of quads of columns, of filters that each see one channel.

use super::{CodeLanes, QUAD};

/// What an output's filters see of rows of places, each place a quad of columns of four channels.
///
/// Filters have few products in a row: bounds are checked once for all rows.
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

impl ColumnRuns {
    /// Adds the products of four filters, each with its of four `channels`, at neighbouring outputs of which the first
    /// one's first place is at packet `start`. `weights` hold those of four filters for each quad, one after another.
    ///
    /// # Panics
    ///
    /// A start behind which there are not so many packets, and too few weights.
    #[inline(always)]
    pub fn add<C: CodeLanes, const P: usize>(
        &self,
        sums: &mut [[C; QUAD]; P],
        input: &[u32],
        channels: [usize; QUAD],
        start: usize,
        weights: &[u32],
    ) {
        let words = QUAD * C::WEIGHT_WORDS;
        let (places, each) = if self.is_shared {
            assert_eq!(
                self.quads, 1,
                "quads of each row of places that two outputs share"
            );
            (P.div_ceil(2), 2)
        } else {
            (P, 1)
        };
        let reach = (self.rows - 1) * self.row_step + (self.quads - 1) * self.step + places * QUAD;
        let packets = input.len() / C::LANES;
        assert!(channels.iter().all(|channel| *channel < QUAD));
        assert!(start <= packets && packets - start >= reach);
        assert!(weights.len() / words >= self.rows * self.quads * each);
        let (mut row, mut next) = (start, 0);
        for _ in 0..self.rows {
            if self.is_shared {
                // SAFETY: fewer rows came before, and there are weights of two outputs for each.
                let own = unsafe { weights.get_unchecked(next * words..(next + 2) * words) };
                next += 2;
                for f in 0..QUAD {
                    let first = sums[0][0].weight(&own[f * C::WEIGHT_WORDS..]);
                    let second = sums[0][0].weight(&own[(QUAD + f) * C::WEIGHT_WORDS..]);
                    for p in 0..P {
                        let at = row + p / 2 * QUAD + channels[f];
                        // SAFETY: the packet lies within the reach, which ends within the input.
                        let codes = unsafe { sums[0][0].load_unchecked(input, at) }.taps();
                        let factor = if p % 2 == 0 { first } else { second };
                        sums[p][f] = sums[p][f].add_products(codes, factor);
                    }
                }
            } else {
                let mut place = row;
                for _ in 0..self.quads {
                    // SAFETY: fewer quads came before, and there are weights for each.
                    let own = unsafe { weights.get_unchecked(next * words..(next + 1) * words) };
                    next += 1;
                    for f in 0..QUAD {
                        let factor = sums[0][0].weight(&own[f * C::WEIGHT_WORDS..]);
                        for p in 0..P {
                            let at = place + p * QUAD + channels[f];
                            // SAFETY: the packet lies within the reach, which ends within the input.
                            let codes = unsafe { sums[0][0].load_unchecked(input, at) }.taps();
                            sums[p][f] = sums[p][f].add_products(codes, factor);
                        }
                    }
                    place += self.step;
                }
            }
            row += self.row_step;
        }
    }
}

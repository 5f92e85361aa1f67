//! Sums over each channel's map, sample by sample: what every gradient and every statistic of one
//! value a channel consists of.

use super::add_lanes;
use crate::lanes::Lanes;

/// Adds `T` sums of every channel to `sums`, whose slices are one value a channel long.
///
/// Each sample's sum runs over its channel's `map` positions in scan order, from +0; the first
/// `samples` lanes are added in their order. `constant` gives what a channel's terms share, `terms`
/// the terms of one position, from the tensors' values there.
///
/// Channels are summed side by side: one sum alone would wait for each of its additions.
#[inline(always)]
pub(crate) fn add_channel_sums<L: Lanes, P: Copy, const I: usize, const T: usize>(
    tensors: [&[L]; I],
    map: usize,
    samples: usize,
    constant: impl Fn(usize) -> P,
    terms: impl Fn(P, [L; I]) -> [L; T],
    mut sums: [&mut [f32]; T],
) {
    let channels = tensors[0].len() / map;
    let work = SideBySide {
        tensors,
        map,
        samples,
    };
    let mut first = 0;
    while first + 4 <= channels {
        work.block::<P, T, 4>(first, &constant, &terms, &mut sums);
        first += 4;
    }
    while first < channels {
        work.block::<P, T, 1>(first, &constant, &terms, &mut sums);
        first += 1;
    }
}

struct SideBySide<'a, L, const I: usize> {
    tensors: [&'a [L]; I],
    map: usize,
    samples: usize,
}

impl<L: Lanes, const I: usize> SideBySide<'_, L, I> {
    /// `C` channels from `first` on.
    #[inline(always)]
    fn block<P: Copy, const T: usize, const C: usize>(
        &self,
        first: usize,
        constant: &impl Fn(usize) -> P,
        terms: &impl Fn(P, [L; I]) -> [L; T],
        sums: &mut [&mut [f32]; T],
    ) {
        let zero = self.tensors[0][0].splat(0.0);
        let mut constants = [constant(first); C];
        let mut maps = [[&self.tensors[0][..0]; I]; C];
        for c in 0..C {
            constants[c] = constant(first + c);
            for i in 0..I {
                maps[c][i] = &self.tensors[i][(first + c) * self.map..][..self.map];
            }
        }
        let mut totals = [[zero; C]; T];
        for position in 0..self.map {
            for c in 0..C {
                let mut values = [zero; I];
                for i in 0..I {
                    values[i] = maps[c][i][position];
                }
                let terms = terms(constants[c], values);
                for t in 0..T {
                    totals[t][c] = totals[t][c].add(terms[t]);
                }
            }
        }
        for t in 0..T {
            add_lanes(&totals[t], self.samples, &mut sums[t][first..first + C]);
        }
    }
}

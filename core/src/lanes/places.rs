//! Sums of a few taps, whose weights stay in registers while places pass by: what depthwise
//! convolutions are made of.

#![allow(
    clippy::needless_range_loop,
    reason = "tiles are arrays walked by constant bounds side by side, as in the operations"
)]

use super::Lanes;

/// Places in rows and columns, and for each where the value lies that its first tap meets, and its
/// sum.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TilePlaces {
    /// Rows and columns.
    pub lens: [usize; 2],
    /// The first place's value and sum.
    pub first: [usize; 2],
    /// From one row to the next: values, then sums.
    pub rows: [usize; 2],
    /// From one column to the next.
    pub columns: [usize; 2],
}

/// Gives `store` the sum of `R` x `K` taps at each of the places, with the index of the sum. Values of
/// taps lie `steps` apart.
///
/// # Panics
///
/// If any value lies outside of its slice.
#[inline(always)]
pub(crate) fn each_sum_of_taps<L: Lanes, const R: usize, const K: usize>(
    values: &[L],
    places: &TilePlaces,
    steps: [isize; 2],
    weights: [[L; K]; R],
    start: L,
    mut store: impl FnMut(usize, L),
) {
    let count = places.lens[0] * places.lens[1];
    if count == 0 {
        return;
    }
    let ends = [
        (R as isize - 1) * steps[0],
        (K as isize - 1) * steps[1],
        ((places.lens[0] - 1) * places.rows[0] + (places.lens[1] - 1) * places.columns[0]) as isize,
    ];
    let below = -ends.iter().map(|end| end.min(&0)).sum::<isize>();
    let above = ends.iter().map(|end| end.max(&0)).sum::<isize>();
    let first = places.first[0];
    assert!(
        R * K == 0
            || (below as usize <= first
                && first < values.len()
                && (above as usize) < values.len() - first),
        "taps outside of their slice"
    );
    let mut taps = [[0; K]; R];
    for r in 0..R {
        for k in 0..K {
            taps[r][k] = (r as isize * steps[0] + k as isize * steps[1]) * size_of::<L>() as isize;
        }
    }
    let mut walk = PlaceWalk {
        places,
        at: places.first,
        row: places.first,
        left: places.lens[1],
    };
    for _ in 0..count / 4 {
        let at = [walk.next(), walk.next(), walk.next(), walk.next()];
        let mut sums = [start; 4];
        for r in 0..R {
            for k in 0..K {
                for p in 0..4 {
                    let place = values.as_ptr().wrapping_add(at[p][0]);
                    // SAFETY: from the first place's first tap, no tap of any place is further than
                    // `below` before it, nor than `above` behind it.
                    let value = unsafe { *place.wrapping_byte_offset(taps[r][k]) };
                    sums[p] = sums[p].add_product(weights[r][k], value);
                }
            }
        }
        for p in 0..4 {
            store(at[p][1], sums[p]);
        }
    }
    for _ in 0..count % 4 {
        let at = walk.next();
        let mut sum = start;
        for r in 0..R {
            for k in 0..K {
                let place = values.as_ptr().wrapping_add(at[0]);
                // SAFETY: as above.
                let value = unsafe { *place.wrapping_byte_offset(taps[r][k]) };
                sum = sum.add_product(weights[r][k], value);
            }
        }
        store(at[1], sum);
    }
}

/// Both places moved on. Written out, as it is inlined everywhere: `map` of an array is eight functions.
#[inline(always)]
fn moved([value, sum]: [usize; 2], [values, sums]: [usize; 2]) -> [usize; 2] {
    [value + values, sum + sums]
}

/// Goes through places in scan order.
struct PlaceWalk<'a> {
    places: &'a TilePlaces,
    at: [usize; 2],
    row: [usize; 2],
    left: usize,
}

impl PlaceWalk<'_> {
    #[inline(always)]
    fn next(&mut self) -> [usize; 2] {
        let at = self.at;
        self.left -= 1;
        if self.left == 0 {
            self.left = self.places.lens[1];
            self.row = moved(self.row, self.places.rows);
            self.at = self.row;
        } else {
            self.at = moved(at, self.places.columns);
        }
        at
    }
}

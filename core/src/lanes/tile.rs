//! Tiles: rows x columns of sums of products, held in registers while loops walk over the terms.
//!
//! What convolutions and linear layers do is this one thing: a term is the product of a factor from
//! each of two slices, and a nest of loops says where the next one lies in either.

#![allow(
    clippy::needless_range_loop,
    reason = "tiles are arrays walked by constant bounds side by side, as in the operations"
)]

use super::{Lanes, vectors};

/// Three loops, the last innermost, over the terms of sums.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Nest {
    counts: [usize; 3],
    rows: TileWalk,
    columns: TileWalk,
    is_empty: bool,
}

/// How the loops of a nest move through one slice.
#[derive(Clone, Copy, Debug)]
struct TileWalk {
    steps: [isize; 3],
    /// How far terms lie before the first one, at most.
    below: usize,
    /// How far behind it, at most.
    above: usize,
}

impl Nest {
    /// Loops of `counts` terms; each of their steps moves so far in the slice that the rows' factors
    /// come from, and so far in the columns'.
    #[inline(always)]
    pub fn new(mut counts: [usize; 3], mut rows: [isize; 3], mut columns: [isize; 3]) -> Self {
        // The innermost loop is to be a long one: it takes in a loop whose steps go on from its
        // last, and loops of a single round move outwards.
        let goes_on = |steps: &[isize; 3]| steps[1] == steps[2] * counts[2] as isize;
        if goes_on(&rows) && goes_on(&columns) {
            counts = [counts[0], 1, counts[1] * counts[2]];
        }
        for _ in 0..2 {
            for level in [2, 1] {
                if counts[level] == 1 {
                    counts.swap(level, level - 1);
                    rows.swap(level, level - 1);
                    columns.swap(level, level - 1);
                }
            }
        }
        Self {
            counts,
            rows: TileWalk::new(counts, rows),
            columns: TileWalk::new(counts, columns),
            is_empty: counts[0] * counts[1] * counts[2] == 0,
        }
    }
}

impl TileWalk {
    #[inline(always)]
    fn new(counts: [usize; 3], steps: [isize; 3]) -> Self {
        let (mut below, mut above) = (0, 0);
        for level in 0..3 {
            let reach = steps[level].unsigned_abs() * counts[level].saturating_sub(1);
            if steps[level] < 0 {
                below += reach;
            } else {
                above += reach;
            }
        }
        Self {
            steps,
            below,
            above,
        }
    }

    /// # Panics
    ///
    /// If terms of a sum that begins at `first` lie outside a slice of length `len`.
    #[inline(always)]
    fn check(&self, first: usize, len: usize) {
        assert!(
            self.below <= first && first < len && self.above < len - first,
            "terms outside of their slice"
        );
    }
}

/// What a tile's rows are multiplied by.
pub(crate) trait Factors<L> {
    /// As they lie in their slice.
    type Value: Copy;
    /// As a packet; `proof` proves that there are packets here.
    fn packet(proof: L, value: Self::Value) -> L;
    /// `sum + value * factor`
    fn add_product(sum: L, value: L, factor: &Self::Value) -> L;
}

/// Weights: the same in every lane.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Weights {}

/// Packets.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Packets {}

impl<L: Lanes> Factors<L> for Weights {
    type Value = f32;

    #[inline(always)]
    fn packet(proof: L, value: f32) -> L {
        proof.splat(value)
    }

    #[inline(always)]
    fn add_product(sum: L, value: L, factor: &f32) -> L {
        sum.add_scaled(value, factor)
    }
}

impl<L: Lanes> Factors<L> for Packets {
    type Value = L;

    #[inline(always)]
    fn packet(_: L, value: L) -> L {
        value
    }

    #[inline(always)]
    fn add_product(sum: L, value: L, factor: &L) -> L {
        sum.add_product(*factor, value)
    }
}

/// Adds to `sums[r][c]`, term by term, the products of row `r`'s and column `c`'s factors.
///
/// Row `r`'s first factor is `factors[first + r * stride]`, column `c`'s `values[at[c]]`.
///
/// # Panics
///
/// If any term lies outside of its slice.
#[inline(always)]
pub(crate) fn add_products<L: Lanes, K: Factors<L>, const R: usize, const C: usize>(
    nest: &Nest,
    factors: &[K::Value],
    (first, stride): (usize, usize),
    values: &[L],
    at: [usize; C],
    sums: &mut [[L; C]; R],
) {
    if nest.is_empty {
        return;
    }
    nest.rows.check(first, factors.len());
    nest.rows.check(first + (R - 1) * stride, factors.len());
    for c in 0..C {
        nest.columns.check(at[c], values.len());
    }
    let proof = values[at[0]];
    // Sums, the values of all columns, a row's factor and a product.
    let is_crowded = R * C + C + 2 > L::REGISTERS;
    let mut own = *sums;
    // In bytes, so that the loops add no more than they must.
    let mut at = at;
    for at in &mut at {
        *at *= size_of::<L>();
    }
    let stride = stride * size_of::<K::Value>();
    each_term(
        nest,
        factors.as_ptr().wrapping_add(first),
        values.as_ptr(),
        #[inline(always)]
        |factor, value| {
            let mut line = [proof; C];
            for c in 0..C {
                // SAFETY: `TileWalk::check` has found all terms of column `c` inside of `values`.
                line[c] = unsafe { *value.wrapping_byte_add(at[c]) };
            }
            for r in 0..R {
                // SAFETY: likewise of row `r`: those between the first and the last lie between.
                let factor = unsafe { &*factor.wrapping_byte_add(r * stride) };
                if R == 1 || is_crowded {
                    // A single row has a value to load for each product, and no time for its factor
                    // as often.
                    let factor = K::packet(proof, *factor);
                    for c in 0..C - 1 {
                        own[r][c] = own[r][c].add_product(factor, line[c]);
                    }
                    let (sum, at) = (&mut own[r][C - 1], at[C - 1]);
                    if is_crowded {
                        // SAFETY: as of the column's terms above.
                        *sum =
                            sum.add_product_from(factor, unsafe { &*value.wrapping_byte_add(at) });
                    } else {
                        *sum = sum.add_product(factor, line[C - 1]);
                    }
                } else {
                    for c in 0..C {
                        own[r][c] = K::add_product(own[r][c], line[c], factor);
                    }
                }
            }
        },
    );
    *sums = own;
}

/// Adds to `sums[c]`, term by term, the products of its own factors: the first are
/// `factors[first + c * stride]` and `values[at + c * step]`.
///
/// # Panics
///
/// If any term lies outside of its slice.
#[inline(always)]
pub(crate) fn add_own_products<L: Lanes, K: Factors<L>, const C: usize>(
    nest: &Nest,
    factors: &[K::Value],
    (first, stride): (usize, usize),
    values: &[L],
    (at, step): (usize, usize),
    sums: &mut [L; C],
) {
    if nest.is_empty {
        return;
    }
    nest.rows.check(first, factors.len());
    nest.rows.check(first + (C - 1) * stride, factors.len());
    nest.columns.check(at, values.len());
    nest.columns.check(at + (C - 1) * step, values.len());
    let mut own = *sums;
    each_term(
        nest,
        factors.as_ptr().wrapping_add(first),
        values.as_ptr().wrapping_add(at),
        #[inline(always)]
        |factor, value| {
            for c in 0..C {
                // SAFETY: `TileWalk::check` has found the terms of the first sum and of the last inside
                // of both slices, and those of the others lie between.
                let (factor, value) = unsafe {
                    (
                        &*factor.wrapping_add(c * stride),
                        *value.wrapping_add(c * step),
                    )
                };
                own[c] = K::add_product(own[c], value, factor);
            }
        },
    );
    *sums = own;
}

/// Calls `visit` with where each term's factors lie, in the order of the loops.
#[inline(always)]
fn each_term<A, B>(
    nest: &Nest,
    rows: *const A,
    columns: *const B,
    mut visit: impl FnMut(*const A, *const B),
) {
    let (row_steps, column_steps) = (nest.rows.steps, nest.columns.steps);
    let mut outer = (rows, columns);
    for _ in 0..nest.counts[0] {
        let mut middle = outer;
        for _ in 0..nest.counts[1] {
            let mut inner = middle;
            for _ in 0..nest.counts[2] {
                visit(inner.0, inner.1);
                inner.0 = inner.0.wrapping_offset(row_steps[2]);
                inner.1 = inner.1.wrapping_offset(column_steps[2]);
            }
            middle.0 = middle.0.wrapping_offset(row_steps[1]);
            middle.1 = middle.1.wrapping_offset(column_steps[1]);
        }
        outer.0 = outer.0.wrapping_offset(row_steps[0]);
        outer.1 = outer.1.wrapping_offset(column_steps[0]);
    }
}

/// Numbers in a line of the cache.
pub(crate) const LINE: usize = 16;

/// Asks for a value to be brought into the first cache, for all that comes meanwhile; an index
/// outside of the slice does no harm.
#[inline(always)]
pub(crate) fn prefetch<T>(values: &[T], at: usize) {
    vectors::prefetch(values.as_ptr().wrapping_add(at));
}

/// The same for a value that will be written, which other threads may have read.
#[inline(always)]
pub(crate) fn prefetch_to_write<T>(values: &[T], at: usize) {
    vectors::prefetch_to_write(values.as_ptr().wrapping_add(at));
}

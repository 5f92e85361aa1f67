//! Sums of 3 x 3 taps of a pool's window, all nine unrolled.

#![allow(
    clippy::needless_range_loop,
    reason = "tiles are arrays walked by constant bounds side by side, as in the operations"
)]

use super::Lanes;

/// Maps of values, and the patch of 4 x 4 in each of them that a window's taps meet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WindowPatch {
    /// Values in a map.
    pub area: usize,
    /// Values in a row of it.
    pub width: usize,
    /// Where the patch begins in each map.
    pub corner: usize,
}

/// Adds to `sums[f][r][c]`, map by map and tap by tap, the products of filter `f`'s taps and the values
/// that they meet `r` rows and `c` columns from the patch's corner.
///
/// `values` are maps x rows x columns; the taps of filter `f`, maps x 3 x 3, begin at
/// `weights[f * stride]`.
///
/// # Panics
///
/// If a patch lies outside of its map, or taps outside of `weights`.
#[inline(always)]
pub(crate) fn add_window_3x3<L: Lanes, const F: usize>(
    values: &[L],
    patch: WindowPatch,
    weights: &[f32],
    stride: usize,
    sums: &mut [[[L; 2]; 2]; F],
) {
    let WindowPatch {
        area,
        width,
        corner,
    } = patch;
    let maps = values.len() / area;
    // None of these sums overflows: a slice has fewer bytes than half of what a number holds.
    assert!(
        maps == 0 || (width <= area && corner <= area && corner + 3 * width + 4 <= area),
        "a patch outside of its map"
    );
    let last = (F - 1)
        .checked_mul(stride)
        .filter(|last| *last <= weights.len());
    assert!(
        last.is_some_and(|last| 9 * maps <= weights.len() - last),
        "taps outside of their slice"
    );
    let mut own = *sums;
    let mut corner = values.as_ptr().wrapping_add(corner);
    let mut kernel = weights.as_ptr();
    for _ in 0..maps {
        // Spelled out: the compiler would keep a loop of this size, and its overhead.
        // SAFETY: all of this map's patch lies in the map, and the nine taps of the first filter and of
        // the last, between which the others lie, in the weights.
        unsafe {
            add_tap(corner, width, [0, 0], kernel, stride, &mut own);
            add_tap(corner, width, [0, 1], kernel, stride, &mut own);
            add_tap(corner, width, [0, 2], kernel, stride, &mut own);
            add_tap(corner, width, [1, 0], kernel, stride, &mut own);
            add_tap(corner, width, [1, 1], kernel, stride, &mut own);
            add_tap(corner, width, [1, 2], kernel, stride, &mut own);
            add_tap(corner, width, [2, 0], kernel, stride, &mut own);
            add_tap(corner, width, [2, 1], kernel, stride, &mut own);
            add_tap(corner, width, [2, 2], kernel, stride, &mut own);
        }
        corner = corner.wrapping_add(area);
        kernel = kernel.wrapping_add(9);
    }
    *sums = own;
}

/// One tap of each filter.
///
/// # Safety
///
/// There are 4 rows of 4 values, `width` apart, from `corner` on, and 9 weights from `kernel` on and from each
/// `stride` behind it.
#[inline(always)]
unsafe fn add_tap<L: Lanes, const F: usize>(
    corner: *const L,
    width: usize,
    [ky, kx]: [usize; 2],
    kernel: *const f32,
    stride: usize,
    sums: &mut [[[L; 2]; 2]; F],
) {
    for f in 0..F {
        // SAFETY: as the caller says.
        let weight = unsafe { &*kernel.wrapping_add(f * stride + ky * 3 + kx) };
        for r in 0..2 {
            for c in 0..2 {
                // SAFETY: as the caller says.
                let value = unsafe { *corner.wrapping_add((r + ky) * width + c + kx) };
                sums[f][r][c] = sums[f][r][c].add_scaled(value, weight).pinned();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;

    /// Two maps of 5 x 6, of which a patch at row 1 and column 2 is met by two filters of 18 taps.
    fn sums(values: usize, width: usize, corner: usize, weights: usize) -> [[[f32; 2]; 2]; 2] {
        let numbers = |len: usize| (0..len).map(|at| at as f32).collect::<std::vec::Vec<_>>();
        let patch = WindowPatch {
            area: 30,
            width,
            corner,
        };
        let mut sums = [[[0.5; 2]; 2]; 2];
        add_window_3x3(&numbers(values), patch, &numbers(weights), 18, &mut sums);
        sums
    }

    #[test]
    fn each_sum_meets_the_values_behind_its_own_corner() {
        let sums = sums(60, 6, 8, 36);
        for (f, filter) in sums.iter().enumerate() {
            for (r, row) in filter.iter().enumerate() {
                for (c, sum) in row.iter().enumerate() {
                    let mut expected = 0.5;
                    for (map, tap) in (0..18).map(|tap| (tap / 9, tap % 9)) {
                        let value = map * 30 + 8 + (r + tap / 3) * 6 + c + tap % 3;
                        expected += value as f32 * (f * 18 + map * 9 + tap) as f32;
                    }
                    assert_eq!(*sum, expected);
                }
            }
        }
    }

    #[test]
    #[should_panic(expected = "outside of its map")]
    fn a_patch_that_a_map_ends_within_is_refused() {
        sums(60, 6, 9, 36);
    }

    #[test]
    #[should_panic(expected = "outside of their slice")]
    fn taps_that_end_too_early_are_refused() {
        sums(60, 6, 8, 35);
    }
}

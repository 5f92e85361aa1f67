//! What every processor can do.

use super::{PointwiseTiles, StridedRows};

/// Tiles of any size, on any processor.
pub(crate) struct PortableTiles;

impl PointwiseTiles for PortableTiles {
    #[inline(never)]
    fn add_input_gradient<const M: usize, const N: usize>(
        filters: usize,
        weights: StridedRows<'_>,
        d_output: StridedRows<'_>,
        fresh: bool,
        tile: &mut [f32],
        step: usize,
    ) {
        let mut sums = [[0.0; N]; M];
        if !fresh {
            for m in 0..M {
                sums[m].copy_from_slice(&tile[m * step..][..N]);
            }
        }
        for filter in 0..filters {
            let weights = &weights.values[filter * weights.step..][..M];
            let gradients = &d_output.values[filter * d_output.step..][..N];
            for m in 0..M {
                for n in 0..N {
                    sums[m][n] += weights[m] * gradients[n];
                }
            }
        }
        for m in 0..M {
            tile[m * step..][..N].copy_from_slice(&sums[m]);
        }
    }

    #[inline(never)]
    fn add_weight_gradient<const M: usize, const N: usize>(
        positions: usize,
        d_output: StridedRows<'_>,
        input: StridedRows<'_>,
        tile: &mut [f32],
        step: usize,
    ) {
        let mut sums = [[0.0; N]; M];
        for m in 0..M {
            sums[m].copy_from_slice(&tile[m * step..][..N]);
        }
        for position in 0..positions {
            for m in 0..M {
                let gradient = d_output.values[m * d_output.step + position];
                for n in 0..N {
                    sums[m][n] += input.values[n * input.step + position] * gradient;
                }
            }
        }
        for m in 0..M {
            tile[m * step..][..N].copy_from_slice(&sums[m]);
        }
    }
}

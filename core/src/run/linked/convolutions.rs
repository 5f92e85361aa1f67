//! Which of the convolutions' kernels has what a network needs.

use super::KernelNumber;
use crate::ops::conv2d::scalar::parts;

/// The convolution that has these parts.
pub(super) const fn with(used: u8) -> KernelNumber {
    let mut index = 0;
    while used & !CONVOLUTIONS[index].0 != 0 {
        index += 1;
    }
    CONVOLUTIONS[index].1
}

/// Convolutions and the parts that they have. One that has all that are needed is taken, the first there is.
const CONVOLUTIONS: [(u8, KernelNumber); 16] = [
    (0, KernelNumber::convolve_in_tiles),
    (parts::POOL, KernelNumber::convolve_and_pool),
    (parts::FANS, KernelNumber::convolve_with_fans),
    (parts::KEPT, KernelNumber::convolve_kept),
    (
        parts::FANS | parts::POOL,
        KernelNumber::convolve_with_fans_and_pool,
    ),
    (
        parts::FANS | parts::PASSES,
        KernelNumber::convolve_with_fans_and_passes,
    ),
    (
        parts::FANS | parts::KEPT,
        KernelNumber::convolve_kept_with_fans,
    ),
    (parts::FANS | parts::FEW, KernelNumber::convolve_few),
    (
        parts::FANS | parts::FEW | parts::POOL,
        KernelNumber::convolve_few_and_pool,
    ),
    (
        parts::FANS | parts::FEW | parts::PASSES,
        KernelNumber::convolve_few_and_passes,
    ),
    (parts::COLUMNS, KernelNumber::convolve_columns),
    (
        parts::COLUMNS | parts::FANS,
        KernelNumber::convolve_columns_with_fans,
    ),
    (
        parts::COLUMNS | parts::FANS | parts::POOL,
        KernelNumber::convolve_columns_and_pool,
    ),
    (
        parts::COLUMNS | parts::FANS | parts::KEPT,
        KernelNumber::convolve_columns_and_kept,
    ),
    (
        parts::COLUMNS | parts::FANS | parts::FEW,
        KernelNumber::convolve_columns_and_few,
    ),
    (parts::ALL, KernelNumber::convolve_by_all),
];

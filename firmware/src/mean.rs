//! A mean of tick counts.

/// The mean of `count` numbers below 2^32 with this sum, rounded down; of none, 0.
///
/// Bit by bit: the library's division of 64-bit numbers would take 500 bytes of flash for the one
/// quotient of a report.
pub fn mean(sum: u64, count: u32) -> u32 {
    let (mut rest, mut quotient) = (sum, 0);
    for bit in (0..u32::BITS).rev() {
        let part = u64::from(count) << bit;
        if count > 0 && part <= rest {
            rest -= part;
            quotient |= 1 << bit;
        }
    }
    quotient
}

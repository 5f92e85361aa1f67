//! Shares of a multiplier that are no integers.

/// A multiplier times the whole count over a window's own: `quotient + remainder / count`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CountShare {
    pub quotient: i64,
    pub remainder: u32,
    pub count: u32,
}

impl CountShare {
    /// Of a multiplier of 31 bits and counts below 2^23.
    pub fn new(multiplier: i32, whole: usize, count: usize) -> Self {
        let (whole, count) = (whole as u32, count as u32);
        let multiplier = multiplier.unsigned_abs();
        let [quotient, remainder] = scaled_quotient(multiplier % count, whole, count);
        let above = u64::from(multiplier / count) * u64::from(whole);
        Self {
            quotient: above as i64 + i64::from(quotient),
            remainder,
            count,
        }
    }

    /// The product with a distance of less than 2^31, rounded down.
    pub fn times(self, distance: i32) -> i64 {
        let count = self.count as i32;
        let [above, below] = [distance.div_euclid(count), distance.rem_euclid(count)];
        let [quotient, _] = scaled_quotient(below as u32, self.remainder, self.count);
        i64::from(distance) * self.quotient
            + i64::from(above) * i64::from(self.remainder)
            + i64::from(quotient)
    }
}

/// Quotient and remainder of `factor * scale / count`; `factor` is below `count`, that below 2^31.
///
/// Bit by bit where the product has more than 32 bits: a small processor's library would take hundreds
/// of bytes for a division that no usual window asks for.
fn scaled_quotient(factor: u32, scale: u32, count: u32) -> [u32; 2] {
    if let Some(product) = factor.checked_mul(scale) {
        return [product / count, product % count];
    }
    let [mut quotient, mut remainder] = [0; 2];
    for bit in (0..u32::BITS).rev() {
        let own = if scale >> bit & 1 == 1 { factor } else { 0 };
        [quotient, remainder] = [2 * quotient, 2 * remainder];
        // Both below `count`: the first doubled, the second added.
        for more in [0, own] {
            remainder += more;
            if remainder >= count {
                remainder -= count;
                quotient += 1;
            }
        }
    }
    [quotient, remainder]
}

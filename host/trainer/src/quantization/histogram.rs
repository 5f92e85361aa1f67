//! How often a value holds which numbers.

/// Numbers between two ends, counted in bins of equal width.
#[derive(Clone, Debug)]
pub(super) struct Histogram {
    least: f32,
    greatest: f32,
    bins: Vec<u64>,
}

/// Bins: more than 256 codes by far.
const BINS: usize = 4096;
/// Sixty-fourths of a range that are tried as its clipped length.
const CLIPS: std::ops::RangeInclusive<u32> = 8..=64;
/// Distances between codes in a range.
const CODES: f64 = 254.0;

impl Histogram {
    pub fn new(least: f32, greatest: f32) -> Self {
        Self {
            least,
            greatest,
            bins: vec![0; BINS],
        }
    }

    pub fn add(&mut self, number: f32) {
        let place = (number - self.least) / (self.greatest - self.least).max(f32::MIN_POSITIVE);
        let bin = ((place * BINS as f32) as usize).min(BINS - 1);
        self.bins[bin] += 1;
    }

    pub fn merge(&mut self, other: &Self) {
        for (bin, more) in self.bins.iter_mut().zip(&other.bins) {
            *bin += more;
        }
    }

    /// The ends between which all but a part of the numbers lie.
    pub fn percentile(&self, part: f64) -> [f32; 2] {
        let total: u64 = self.bins.iter().sum();
        let outside = (total as f64 * part / 2.0) as u64;
        let mut below = 0;
        let first = self.bins.iter().position(|count| {
            below += count;
            below > outside
        });
        let mut above = 0;
        let last = self.bins.iter().rposition(|count| {
            above += count;
            above > outside
        });
        [
            self.number(first.unwrap_or(0) as f64),
            self.number(last.unwrap_or(BINS - 1) as f64 + 1.0),
        ]
    }

    /// The ends, both nearer to 0 by one factor, between which codes have the least mean square error.
    pub fn least_square_error(&self) -> [f32; 2] {
        let clipped = |clip: u32| {
            let factor = f64::from(clip) / f64::from(*CLIPS.end());
            [self.least, self.greatest].map(|end| (f64::from(end) * factor) as f32)
        };
        let errors = CLIPS.map(|clip| (self.square_error(clipped(clip)), clip));
        let best = errors.min_by(|one, other| one.0.total_cmp(&other.0));
        clipped(best.map_or(*CLIPS.end(), |(_, clip)| clip))
    }

    /// Sum of the squared distances of all numbers from their codes.
    fn square_error(&self, [low, high]: [f32; 2]) -> f64 {
        let [low, high] = [low, high].map(f64::from);
        let distance = (high.max(0.0) - low.min(0.0)) / CODES;
        let inside = distance * distance / 12.0;
        let bins = self.bins.iter().enumerate();
        let errors = bins.filter(|(_, count)| **count > 0).map(|(bin, count)| {
            let number = f64::from(self.number(bin as f64 + 0.5));
            let beyond = (low - number).max(number - high).max(0.0);
            *count as f64 * (inside + beyond * beyond)
        });
        errors.sum()
    }

    fn number(&self, place: f64) -> f32 {
        let width = f64::from(self.greatest) - f64::from(self.least);
        (f64::from(self.least) + width * place / BINS as f64) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lone_outlier_is_clipped_and_an_even_spread_is_not() {
        let mut even = Histogram::new(-1.0, 3.0);
        (0..=4000).for_each(|step| even.add(-1.0 + step as f32 / 1000.0));
        assert_eq!(even.least_square_error(), [-1.0, 3.0]);
        let mut odd = Histogram::new(0.0, 100.0);
        (0..1_000_000).for_each(|step| odd.add((step % 1000) as f32 / 1000.0));
        odd.add(100.0);
        let [low, high] = odd.least_square_error();
        assert_eq!(low, 0.0);
        assert!((1.0..60.0).contains(&high), "{high}");
        let [_, high] = odd.percentile(1e-3);
        assert!((0.9..1.1).contains(&high), "{high}");
    }
}

//! The weights of a triangle filter, in the arithmetic of the crate `image`, 0.25, on which the desktop's
//! bits rest: an output's weights fall off to both sides of its middle and are divided by their sum.

use core::ops::Range;

/// Weights of a column's rows that are kept: of a picture up to some thirty times as high as the input.
/// Those beyond are computed each time.
const KEPT: usize = 64;

/// The pixels that one output pixel is made of along one side, and how they weigh.
pub(super) struct Taps {
    first: usize,
    end: usize,
    middle: f32,
    /// Input pixels to an output pixel, at least 1.
    ratio: f32,
    sum: f32,
}

/// Taps whose weights are kept.
pub(super) struct VerticalTaps {
    taps: Taps,
    kept: [f32; KEPT],
}

impl Taps {
    /// Of this output of `outputs`, where there are `inputs`.
    pub fn new(output: usize, outputs: usize, inputs: usize) -> Self {
        let ratio = inputs as f32 / outputs as f32;
        let middle = (output as f32 + 0.5) * ratio;
        let reach = if ratio < 1.0 { 1.0 } else { ratio };
        // Below 0 the conversion gives 0.
        let first = ((middle - reach) as usize).min(inputs - 1);
        let end = ceiling(middle + reach).clamp(first + 1, inputs);
        let mut taps = Self {
            first,
            end,
            middle: middle - 0.5,
            ratio: reach,
            sum: 0.0,
        };
        taps.sum = taps.range().fold(0.0, |sum, at| sum + taps.height(at));
        taps
    }

    pub fn range(&self) -> Range<usize> {
        self.first..self.end
    }

    pub fn weight(&self, at: usize) -> f32 {
        self.height(at) / self.sum
    }

    /// The triangle's height above an input.
    fn height(&self, at: usize) -> f32 {
        let distance = ((at as f32 - self.middle) / self.ratio).abs();
        if distance < 1.0 { 1.0 - distance } else { 0.0 }
    }
}

impl VerticalTaps {
    pub fn new(taps: Taps) -> Self {
        let mut kept = [0.0; KEPT];
        for (kept, at) in kept.iter_mut().zip(taps.range()) {
            *kept = taps.weight(at);
        }
        Self { taps, kept }
    }

    pub fn first(&self) -> usize {
        self.taps.first
    }

    /// Calls for each weight in turn.
    #[inline]
    pub fn weigh(&self, mut each: impl FnMut(f32)) {
        let range = self.taps.range();
        for weight in &self.kept[..range.len().min(KEPT)] {
            each(*weight);
        }
        for at in range.skip(KEPT) {
            each(self.taps.weight(at));
        }
    }
}

/// A sum as a byte, rounded to the nearest, halves up.
pub(super) fn nearest(sum: f32) -> u8 {
    let sum = sum.clamp(0.0, 255.0);
    let whole = sum as u8;
    // Exact: what is subtracted is the number's own whole part.
    match sum - f32::from(whole) >= 0.5 {
        true => whole + 1,
        false => whole,
    }
}

/// The least whole number that is not below a positive number.
fn ceiling(number: f32) -> usize {
    let whole = number as usize;
    whole + usize::from((whole as f32) < number)
}

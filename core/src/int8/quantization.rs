//! What the codes of a value stand for.

/// How the codes of a value stand for numbers, and which codes it may have.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct Quantization {
    /// Distance between the numbers of neighbouring codes; finite and above 0.
    pub scale: f32,
    /// The code that stands for 0; what padding is filled with.
    pub zero: i8,
    /// The least code, which an activation may have raised.
    pub low: i8,
    /// The greatest code.
    pub high: i8,
}

impl Quantization {
    /// All codes that Kiln's own networks use, -127 to 127.
    pub const fn new(scale: f32, zero: i8) -> Self {
        Self {
            scale,
            zero,
            low: -127,
            high: 127,
        }
    }

    /// The number that a code stands for: `(code - zero) * scale`.
    #[inline]
    pub fn number(&self, code: i8) -> f32 {
        f32::from(i16::from(code) - i16::from(self.zero)) * self.scale
    }

    /// The code of a number: `floor(number / scale + (zero + 0.5))`, at least `low` and at most
    /// `high`; a NaN's is the code nearest to 0.
    #[inline]
    pub fn code(&self, number: f32) -> i8 {
        let middle = f32::from(self.zero) + 0.5;
        let place = number / self.scale + middle;
        // Without a branch, so that many numbers are taken side by side.
        let place = if place.is_nan() { middle } else { place };
        // Within what 32 bits hold, where cutting off and taking 1 from what that raised is `floor`.
        let place = place.clamp(-1024.0, 1024.0);
        let cut = place as i32;
        self.clamp(cut - i32::from(cut as f32 > place))
    }

    /// The nearest code that it may have.
    #[inline(always)]
    pub const fn clamp(&self, code: i32) -> i8 {
        if code < self.low as i32 {
            self.low
        } else if code > self.high as i32 {
            self.high
        } else {
            code as i8
        }
    }

    /// Whether another value's codes stand for the same numbers.
    pub(crate) fn has_scale_of(&self, other: &Self) -> bool {
        self.scale == other.scale && self.zero == other.zero
    }
}

//! Numbers for layers of codes.

use kiln_core::random::below;

/// Numbers that are random enough (Marsaglia 2003, "Xorshift RNGs").
pub struct CodeRandom(pub u32);

impl CodeRandom {
    /// A number below `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        let draw = below(bound as u32, || {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 17;
            self.0 ^= self.0 << 5;
            self.0
        });
        draw as usize
    }

    pub(super) fn between(&mut self, least: i32, most: i32) -> i32 {
        least + self.below((i64::from(most) - i64::from(least)) as usize + 1) as i32
    }

    pub(super) fn code(&mut self) -> i8 {
        self.between(-128, 127) as i8
    }
}

//! Values that a seed gives.

/// Values in -1..1.
pub fn smooth(len: usize, seed: u32) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9E37_79B9) | 1;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        (state >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..len + 8).map(|_| next()).skip(8).collect()
}

/// Values with zeros and repetitions among them, so that pools meet ties and ReLUs meet zeros.
pub fn rough(len: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        match state % 8 {
            0 => 0.0,
            1 => -0.0,
            2 => ((state >> 32) % 5) as f32 - 2.0,
            _ => (state >> 40) as f32 / (1 << 23) as f32 - 1.0,
        }
    };
    (0..len).map(|_| next()).collect()
}

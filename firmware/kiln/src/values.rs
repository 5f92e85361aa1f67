//! Parameters where they are read.

/// Numbers at a multiple of 16 bytes, whatever lies before them.
#[derive(Debug)]
#[repr(align(16))]
pub struct AlignedValues<const LEN: usize>(pub [f32; LEN]);

impl<const LEN: usize> AlignedValues<LEN> {
    /// Those that begin at `start` of a file's bytes, little-endian.
    ///
    /// # Panics
    ///
    /// Where the file ends before them; in a `static`, the build then fails.
    pub const fn of_bytes(file: &[u8], start: usize) -> Self {
        let mut values = [0.0; LEN];
        let mut index = 0;
        while index < LEN {
            let at = start + 4 * index;
            let bytes = [file[at], file[at + 1], file[at + 2], file[at + 3]];
            values[index] = f32::from_le_bytes(bytes);
            index += 1;
        }
        Self(values)
    }
}

#[cfg(test)]
mod tests {
    use super::AlignedValues;

    #[test]
    fn are_the_bits_of_the_file_at_a_multiple_of_16() {
        static VALUES: AlignedValues<2> =
            AlignedValues::of_bytes(&[9, 0, 0, 0x80, 0x3F, 1, 0, 0, 0x80, 7], 1);
        assert_eq!(VALUES.0.map(f32::to_bits), [0x3F80_0000, 0x8000_0001]);
        assert_eq!(VALUES.0.as_ptr().addr() % 16, 0);
    }
}

//! The checksum of model files and messages.

/// CRC-32 of `bytes`, the IEEE 802.3 one (reflected, polynomial 0x04C11DB7), as in zip and PNG.
pub fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = Crc32::new();
    crc.update(bytes);
    crc.value()
}

/// The CRC-32 of bytes that come piece by piece.
///
/// Goes by half bytes: a table of 64 bytes instead of a kilobyte of flash.
#[derive(Clone, Copy, Debug)]
pub struct Crc32(u32);

impl Crc32 {
    /// Of no bytes yet.
    pub const fn new() -> Self {
        Self(u32::MAX)
    }

    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |crc, byte| {
            let crc = crc ^ u32::from(*byte);
            let crc = (crc >> 4) ^ TABLE[(crc & 15) as usize];
            (crc >> 4) ^ TABLE[(crc & 15) as usize]
        });
    }

    /// Takes the bytes of values, each little-endian.
    pub fn update_values(&mut self, values: &[f32]) {
        for value in values {
            self.update(&value.to_le_bytes());
        }
    }

    /// The CRC-32 of all bytes so far.
    pub const fn value(self) -> u32 {
        !self.0
    }
}

impl Default for Crc32 {
    fn default() -> Self {
        Self::new()
    }
}

/// What each half byte that is shifted out adds.
const TABLE: [u32; 16] = {
    let mut table = [0; 16];
    let mut half = 0;
    while half < 16 {
        let mut remainder = half;
        let mut bit = 0;
        while bit < 4 {
            let carry = remainder & 1;
            remainder = (remainder >> 1) ^ (carry * 0xEDB8_8320);
            bit += 1;
        }
        table[half as usize] = remainder;
        half += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::crc32;

    #[test]
    fn matches_published_check_values() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
        assert_eq!(crc32(b""), 0);
        assert_eq!(
            crc32(b"The quick brown fox jumps over the lazy dog"),
            0x414F_A339
        );
    }
}

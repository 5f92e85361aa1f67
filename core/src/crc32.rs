//! The checksum of model files and messages.

/// CRC-32 of `bytes`, the IEEE 802.3 one (reflected, polynomial 0x04C11DB7), as in zip and PNG.
///
/// Goes by half bytes: a table of 64 bytes instead of a kilobyte of flash.
pub fn crc32(bytes: &[u8]) -> u32 {
    let folded = bytes.iter().fold(u32::MAX, |crc, byte| {
        let crc = crc ^ u32::from(*byte);
        let crc = (crc >> 4) ^ TABLE[(crc & 15) as usize];
        (crc >> 4) ^ TABLE[(crc & 15) as usize]
    });
    !folded
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

//! A slot's header as bytes.

use boards::SLOT_HEADER_BYTES;
use kiln_core::{Crc32, crc32};

const MAGIC: u32 = u32::from_le_bytes(*b"KSET");
const VERSION: u16 = 1;

/// Whose weights a set has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The model that was trained further: the CRC-32 of its file, say.
    pub model: u32,
    /// Which of its parameters are in the set: the caller's number for that.
    pub trained: u32,
}

/// What is known of a set before its payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotHeader {
    pub sequence: u32,
    pub identity: Identity,
    pub payload_bytes: u32,
    pub payload_crc: u32,
}

/// What the bytes at a header's place are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parsed {
    Erased,
    Damaged,
    Version(u16),
    SlotHeader(SlotHeader),
}

impl SlotHeader {
    /// The checksum of the fields before it; the payload's bytes are to follow.
    pub fn start_of_payload_crc(&self) -> Crc32 {
        let mut crc = Crc32::new();
        for field in self.fields() {
            crc.update(&field.to_le_bytes());
        }
        crc
    }

    pub fn to_bytes(self) -> [u8; SLOT_HEADER_BYTES] {
        let mut bytes = [0; SLOT_HEADER_BYTES];
        let numbers = self.fields().into_iter().chain([self.payload_crc]);
        for (bytes, number) in bytes.as_chunks_mut::<4>().0.iter_mut().zip(numbers) {
            *bytes = number.to_le_bytes();
        }
        let (content, checksum) = bytes.split_at_mut(SLOT_HEADER_BYTES - 4);
        checksum.copy_from_slice(&crc32(content).to_le_bytes());
        bytes
    }

    /// Accepts any bytes.
    pub fn parse(bytes: &[u8; SLOT_HEADER_BYTES]) -> Parsed {
        if bytes.iter().all(|byte| *byte == 0xFF) {
            return Parsed::Erased;
        }
        let mut numbers = [0; SLOT_HEADER_BYTES / 4];
        for (number, bytes) in numbers.iter_mut().zip(bytes.as_chunks::<4>().0) {
            *number = u32::from_le_bytes(*bytes);
        }
        let [
            magic,
            version,
            sequence,
            model,
            trained,
            payload_bytes,
            payload_crc,
            header_crc,
        ] = numbers;
        if magic != MAGIC || header_crc != crc32(&bytes[..SLOT_HEADER_BYTES - 4]) {
            return Parsed::Damaged;
        }
        if version != u32::from(VERSION) {
            return Parsed::Version(version as u16);
        }
        Parsed::SlotHeader(Self {
            sequence,
            identity: Identity { model, trained },
            payload_bytes,
            payload_crc,
        })
    }

    /// All that the payload's checksum covers, in order.
    fn fields(&self) -> [u32; 6] {
        [
            MAGIC,
            VERSION.into(),
            self.sequence,
            self.identity.model,
            self.identity.trained,
            self.payload_bytes,
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: SlotHeader = SlotHeader {
        sequence: 7,
        identity: Identity {
            model: 0x1234_5678,
            trained: 3,
        },
        payload_bytes: 400,
        payload_crc: 0x9ABC_DEF0,
    };

    #[test]
    fn what_is_written_is_read() {
        assert_eq!(
            SlotHeader::parse(&HEADER.to_bytes()),
            Parsed::SlotHeader(HEADER)
        );
        assert_eq!(
            SlotHeader::parse(&[0xFF; SLOT_HEADER_BYTES]),
            Parsed::Erased
        );
        assert_eq!(SlotHeader::parse(&[0; SLOT_HEADER_BYTES]), Parsed::Damaged);
    }

    #[test]
    fn every_altered_bit_is_refused() {
        for bit in 0..8 * SLOT_HEADER_BYTES {
            let mut bytes = HEADER.to_bytes();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(SlotHeader::parse(&bytes), Parsed::Damaged, "bit {bit}");
        }
    }

    #[test]
    fn another_version_is_told_from_damage() {
        let mut bytes = HEADER.to_bytes();
        bytes[4] = 2;
        let crc = crc32(&bytes[..SLOT_HEADER_BYTES - 4]).to_le_bytes();
        bytes[SLOT_HEADER_BYTES - 4..].copy_from_slice(&crc);
        assert_eq!(SlotHeader::parse(&bytes), Parsed::Version(2));
    }
}

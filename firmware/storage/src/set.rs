//! A set in memory, in the bytes that a slot has, for who keeps them somewhere else.

use crate::Identity;
use crate::header::{Parsed, SlotHeader};
use boards::SLOT_HEADER_BYTES;
use core::fmt;

/// Why bytes are no set that is wanted. Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SetError {
    /// There are fewer bytes than a set takes.
    Length {
        /// Bytes that it takes.
        needed: usize,
        /// Bytes given.
        given: usize,
    },
    /// Erased, damaged, or no set at all.
    Damaged,
    /// A format version that this build does not read.
    Version(u16),
    /// It belongs to another model.
    Model {
        /// Whose set is wanted.
        expected: Identity,
        /// Whose set it is.
        found: Identity,
    },
    /// It belongs to this model, but has other parameters of it, or another number.
    Trained {
        /// Whose set is wanted.
        expected: Identity,
        /// Whose set it is.
        found: Identity,
    },
}

/// Bytes of a set of so many values.
pub const fn set_bytes(values: usize) -> usize {
    SLOT_HEADER_BYTES + size_of::<f32>() * values
}

/// Writes a set into the first [`set_bytes`] of `bytes`, as number 1.
///
/// # Errors
///
/// Too few bytes.
pub fn write_set(identity: Identity, values: &[f32], bytes: &mut [u8]) -> Result<(), SetError> {
    let given = bytes.len();
    let needed = set_bytes(values.len());
    let bytes = bytes.get_mut(..needed);
    let bytes = bytes.ok_or(SetError::Length { needed, given })?;
    let (head, payload) = bytes.split_at_mut(SLOT_HEADER_BYTES);
    for (bytes, value) in payload.as_chunks_mut::<4>().0.iter_mut().zip(values) {
        *bytes = value.to_le_bytes();
    }
    let mut header = SlotHeader {
        sequence: 1,
        identity,
        payload_bytes: payload.len() as u32,
        payload_crc: 0,
    };
    let mut crc = header.start_of_payload_crc();
    crc.update(payload);
    header.payload_crc = crc.value();
    head.copy_from_slice(&header.to_bytes());
    Ok(())
}

/// Reads a set, whatever its number is, out of the first bytes.
///
/// # Errors
///
/// Too few bytes, or bytes that are not the set that is wanted; `values` are as they were then.
pub fn read_set(identity: Identity, bytes: &[u8], values: &mut [f32]) -> Result<(), SetError> {
    let (needed, given) = (set_bytes(values.len()), bytes.len());
    let Some((head, payload)) = bytes
        .get(..needed)
        .and_then(|bytes| bytes.split_first_chunk::<SLOT_HEADER_BYTES>())
    else {
        return Err(SetError::Length { needed, given });
    };
    let header = match SlotHeader::parse(head) {
        Parsed::Erased | Parsed::Damaged => return Err(SetError::Damaged),
        Parsed::Version(version) => return Err(SetError::Version(version)),
        Parsed::SlotHeader(header) => header,
    };
    let (expected, found) = (identity, header.identity);
    if expected.model != found.model {
        return Err(SetError::Model { expected, found });
    }
    if expected.trained != found.trained || header.payload_bytes as usize != payload.len() {
        return Err(SetError::Trained { expected, found });
    }
    let mut crc = header.start_of_payload_crc();
    crc.update(payload);
    if crc.value() != header.payload_crc {
        return Err(SetError::Damaged);
    }
    for (value, bytes) in values.iter_mut().zip(payload.as_chunks::<4>().0) {
        *value = f32::from_le_bytes(*bytes);
    }
    Ok(())
}

impl fmt::Display for SetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length { needed, given } => {
                write!(f, "there are {given} bytes; the set takes {needed}")
            }
            Self::Damaged => f.write_str("the bytes are no whole set of weights; save one first"),
            Self::Version(version) => write!(
                f,
                "the set has format version {version}, which this build does not read"
            ),
            Self::Model { expected, found } => write!(
                f,
                "the set belongs to model {:08x}, not to {:08x}; train again",
                found.model, expected.model
            ),
            Self::Trained { expected, found } => write!(
                f,
                "the set is of other layers ({:08x}) than those trained ({:08x}); train again",
                found.trained, expected.trained
            ),
        }
    }
}

impl core::error::Error for SetError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulation::SimulatedFlash;
    use crate::{SlotLayout, Slots};
    use std::vec;

    const OWN: Identity = Identity {
        model: 0x1234_5678,
        trained: 3,
    };
    const VALUES: [f32; 3] = [1.0, -0.0, 2.5];

    fn written() -> [u8; set_bytes(3)] {
        let mut bytes = [0; set_bytes(3)];
        write_set(OWN, &VALUES, &mut bytes).unwrap();
        bytes
    }

    #[test]
    fn what_is_written_is_read_and_is_what_a_slot_has() {
        let mut values = [9.0; 3];
        read_set(OWN, &written(), &mut values).unwrap();
        assert_eq!(values.map(f32::to_bits), VALUES.map(f32::to_bits));
        let mut memory = vec![0xFF; 8192];
        type Flash<'a> = SimulatedFlash<&'a mut [u8], [u32; 0], 4, 4096>;
        let layout = SlotLayout::new(8192, 4096, 4, 12).unwrap();
        let mut slots = Slots::open(Flash::new(&mut memory, []), layout).unwrap();
        slots.save(OWN, &VALUES).unwrap();
        assert_eq!(memory[..set_bytes(3)], written());
    }

    #[test]
    fn every_altered_bit_is_refused_and_nothing_changed() {
        for bit in 0..8 * set_bytes(3) {
            let mut bytes = written();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let mut values = [9.0; 3];
            assert!(read_set(OWN, &bytes, &mut values).is_err(), "bit {bit}");
            assert_eq!(values, [9.0; 3], "bit {bit}");
        }
    }

    #[test]
    fn sets_that_are_not_wanted_are_told_apart() {
        let read = |identity: Identity, len: usize| {
            let mut values = vec![9.0; len];
            let mut bytes = vec![0; 64];
            bytes[..set_bytes(3)].copy_from_slice(&written());
            read_set(identity, &bytes, &mut values)
        };
        assert_eq!(read(OWN, 3), Ok(()));
        let model = Identity { model: 1, ..OWN };
        assert!(matches!(read(model, 3), Err(SetError::Model { .. })));
        let trained = Identity { trained: 1, ..OWN };
        assert!(matches!(read(trained, 3), Err(SetError::Trained { .. })));
        assert!(matches!(read(OWN, 2), Err(SetError::Trained { .. })));
        let mut few = [0; set_bytes(3) - 1];
        let length = SetError::Length {
            needed: set_bytes(3),
            given: few.len(),
        };
        assert_eq!(write_set(OWN, &VALUES, &mut few), Err(length));
        assert_eq!(read_set(OWN, &few, &mut [0.0; 3]), Err(length));
        assert_eq!(
            read_set(OWN, &[0xFF; set_bytes(3)], &mut [0.0; 3]),
            Err(SetError::Damaged)
        );
    }
}

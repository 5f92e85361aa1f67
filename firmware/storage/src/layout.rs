//! Where the two slots lie in a flash, known at compile time.

use boards::SLOT_HEADER_BYTES;
use core::fmt;

/// Bytes that are read or written at once, on the stack. Every write of a payload but the last is
/// as long as this.
pub const CHUNK: usize = 128;

/// Where the two slots lie, and how much of each a set of weights takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotLayout {
    pub(crate) capacity: u32,
    pub(crate) erase_size: u32,
    pub(crate) write_size: u32,
    pub(crate) payload_bytes: u32,
}

/// Why two slots cannot be laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LayoutError {
    /// The write size does not divide [`CHUNK`].
    WriteSize {
        /// Bytes of a word.
        found: usize,
    },
    /// The erase size is no multiple of the write size.
    EraseSize {
        /// Bytes of a page.
        found: usize,
        /// Bytes of a word.
        write_size: usize,
    },
    /// The flash is no whole number of pages.
    Capacity {
        /// Bytes of the flash.
        found: usize,
        /// Bytes of a page.
        erase_size: usize,
    },
    /// The payload is empty or no whole number of `f32` values.
    Payload {
        /// Bytes of the payload.
        found: usize,
    },
    /// The flash does not hold two slots.
    TooSmall {
        /// Bytes that are missing, a whole number of pages.
        missing: u64,
    },
    /// The flash is longer than 32-bit offsets reach.
    TooLarge,
}

impl SlotLayout {
    /// Two slots in a flash of `capacity` bytes with pages of `erase_size` and words of
    /// `write_size` bytes, for at most `payload_bytes` of values, four bytes each.
    ///
    /// # Errors
    ///
    /// If sizes do not fit one another, or two slots do not fit the flash.
    pub const fn new(
        capacity: usize,
        erase_size: usize,
        write_size: usize,
        payload_bytes: usize,
    ) -> Result<Self, LayoutError> {
        if write_size == 0 || !CHUNK.is_multiple_of(write_size) {
            return Err(LayoutError::WriteSize { found: write_size });
        }
        if erase_size == 0 || !erase_size.is_multiple_of(write_size) {
            return Err(LayoutError::EraseSize {
                found: erase_size,
                write_size,
            });
        }
        if !capacity.is_multiple_of(erase_size) {
            return Err(LayoutError::Capacity {
                found: capacity,
                erase_size,
            });
        }
        if payload_bytes == 0 || !payload_bytes.is_multiple_of(size_of::<f32>()) {
            return Err(LayoutError::Payload {
                found: payload_bytes,
            });
        }
        // Lengths of this machine's memory are below 2^63, so the sums fit.
        let header = SLOT_HEADER_BYTES.next_multiple_of(write_size) as u64;
        let slot = (header + payload_bytes as u64).next_multiple_of(erase_size as u64);
        if 2 * slot > capacity as u64 {
            let missing = 2 * slot - capacity as u64;
            return Err(LayoutError::TooSmall { missing });
        }
        if capacity as u64 > u32::MAX as u64 {
            return Err(LayoutError::TooLarge);
        }
        Ok(Self {
            capacity: capacity as u32,
            erase_size: erase_size as u32,
            write_size: write_size as u32,
            payload_bytes: payload_bytes as u32,
        })
    }

    /// Bytes of each slot, a whole number of pages.
    pub const fn slot_bytes(&self) -> u32 {
        self.capacity / self.erase_size / 2 * self.erase_size
    }

    /// The most values that a set can have.
    pub const fn values(&self) -> usize {
        self.payload_bytes as usize / size_of::<f32>()
    }

    /// Pages that a save of as many values erases.
    pub const fn pages(&self) -> u32 {
        (self.header_bytes() + self.payload_bytes).div_ceil(self.erase_size)
    }

    /// From the start of a slot to its payload.
    pub(crate) const fn header_bytes(&self) -> u32 {
        (SLOT_HEADER_BYTES as u32).next_multiple_of(self.write_size)
    }

    /// The longest payload that a slot could have, of this model or another.
    pub(crate) const fn payload_room(&self) -> u32 {
        self.slot_bytes() - self.header_bytes()
    }
}

impl fmt::Display for LayoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::WriteSize { found } => write!(
                f,
                "the flash is written {found} bytes at once, but {CHUNK} must be a multiple of that"
            ),
            Self::EraseSize { found, write_size } => write!(
                f,
                "pages of {found} bytes are no multiple of the write size, {write_size}"
            ),
            Self::Capacity { found, erase_size } => write!(
                f,
                "a flash of {found} bytes is no multiple of its pages of {erase_size}"
            ),
            Self::Payload { found } => {
                write!(f, "{found} bytes are not one or more 4-byte values")
            }
            Self::TooSmall { missing } => write!(
                f,
                "two slots do not fit the flash, {missing} bytes are missing; \
                 give it more pages or train fewer parameters"
            ),
            Self::TooLarge => f.write_str("the flash is larger than 4 GiB; use a part of it"),
        }
    }
}

impl core::error::Error for LayoutError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_half_of_the_flash_in_whole_pages() {
        let layout = SlotLayout::new(5 * 4096, 4096, 4, 4096 - 32).unwrap();
        assert_eq!((layout.slot_bytes(), layout.pages()), (8192, 1));
        let layout = SlotLayout::new(5 * 4096, 4096, 4, 4096 - 28).unwrap();
        assert_eq!((layout.pages(), layout.values()), (2, 1017));
        let layout = SlotLayout::new(512, 256, 64, 8).unwrap();
        assert_eq!((layout.header_bytes(), layout.payload_room()), (64, 192));
    }

    #[test]
    fn what_does_not_fit_says_why() {
        let error = |capacity, erase, write, payload| {
            SlotLayout::new(capacity, erase, write, payload).unwrap_err()
        };
        assert_eq!(error(512, 256, 3, 4), LayoutError::WriteSize { found: 3 });
        assert_eq!(error(512, 256, 0, 4), LayoutError::WriteSize { found: 0 });
        let (found, write_size) = (258, 4);
        assert_eq!(
            error(516, 258, 4, 4),
            LayoutError::EraseSize { found, write_size }
        );
        let (found, erase_size) = (513, 256);
        assert_eq!(
            error(513, 256, 4, 4),
            LayoutError::Capacity { found, erase_size }
        );
        assert_eq!(error(512, 256, 4, 6), LayoutError::Payload { found: 6 });
        assert_eq!(error(512, 256, 4, 0), LayoutError::Payload { found: 0 });
        let missing = 512;
        assert_eq!(error(512, 256, 4, 228), LayoutError::TooSmall { missing });
        assert_eq!(SlotLayout::new(512, 256, 4, 224).unwrap().values(), 56);
        if usize::BITS == 64 {
            assert_eq!(error(1 << 33, 4096, 4, 4), LayoutError::TooLarge);
        }
    }
}

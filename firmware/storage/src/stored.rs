//! What a slot holds.

use crate::Identity;
use crate::header::SlotHeader;

/// One of the two slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// At the start of the flash.
    First,
    /// From the middle.
    Second,
}

/// What a slot holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// Nothing: its header is erased.
    Erased,
    /// Neither nothing nor a whole set: a save or an erase was cut, or bits have changed.
    Damaged,
    /// A set in a format version that this build does not read.
    Version(u16),
    /// A whole set.
    Whole(Stored),
}

/// What two slots hold for somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// Nothing was ever stored.
    Nothing,
    /// No slot is whole: a first save was cut, or bits have changed in both.
    Damaged,
    /// The newest set has a format version that this build does not read.
    Version(u16),
    /// The newest set is another model's, or of other parameters.
    Another(Identity),
    /// The newest set that is whole is the one wanted.
    Whole(Stored),
}

/// A whole set of weights in a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stored {
    pub(crate) slot: Slot,
    pub(crate) header: SlotHeader,
}

impl Stored {
    /// Where it lies.
    pub const fn slot(&self) -> Slot {
        self.slot
    }

    /// Its number, 1 or above; the next save has the next, and 1 follows 2^32 - 1.
    pub const fn sequence(&self) -> u32 {
        self.header.sequence
    }

    /// Whose weights they are.
    pub const fn identity(&self) -> Identity {
        self.header.identity
    }

    /// How often each of the pages of a slot has been erased by the saves up to this one, at most. Saves that
    /// were cut are not counted; a flash is worn out long before the numbers begin anew.
    pub const fn erases(&self) -> u32 {
        self.header.sequence.div_ceil(2)
    }

    /// Number of values.
    pub const fn values(&self) -> usize {
        self.header.payload_bytes as usize / size_of::<f32>()
    }
}

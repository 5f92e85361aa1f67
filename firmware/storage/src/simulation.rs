//! A NOR flash in memory, with real rules, whose power can be cut in any operation.
//!
//! For tests, and for boards without a flash of their own. The memory is taken as it is: if it
//! survives a reset, so does what is stored in it. A new chip is memory full of 0xFF.

use core::fmt;
use embedded_storage::nor_flash::{
    ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash, check_erase, check_read,
    check_write,
};

/// A flash with words of `WRITE` and pages of `ERASE` bytes in the memory `M`.
///
/// - An erase sets whole pages to 0xFF, and is counted for each page in `W` as far as `W` reaches.
/// - A write clears bits. Every word is written once after an erase: a word that has a zero
///   already is refused, so a forgotten erase is noticed, also where the new bits would fit.
/// - Both need whole pages or words; nothing may reach beyond the memory.
/// - Erases and writes are counted as operations. The power can be cut in a chosen one; then
///   everything fails until it is back.
#[derive(Clone, Debug)]
pub struct SimulatedFlash<M, W, const WRITE: usize, const ERASE: usize> {
    memory: M,
    wear: W,
    operations: u32,
    cut: Option<(u32, Cut)>,
    powered: bool,
}

/// How much of an operation is done when its power is cut.
///
/// What is done is told for the bytes of a write, or those of each page of an erase that is cut:
/// an erase of many pages is cut in its first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Nothing.
    Before,
    /// The first half.
    FirstHalf,
    /// The second half.
    SecondHalf,
    /// About half of the bits that were to change, wherever they lie.
    SomeBits,
    /// All of the first half, and about half of the bits of the rest.
    FirstHalfAndSomeBits,
    /// Everything, but the caller does not learn of it.
    After,
}

impl Cut {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Before,
        Self::FirstHalf,
        Self::SecondHalf,
        Self::SomeBits,
        Self::FirstHalfAndSomeBits,
        Self::After,
    ];

    /// Which bits of the byte `index` of `length` change.
    fn mask(self, index: usize, length: usize) -> u8 {
        let first = index < length.div_ceil(2);
        // Multiplicative hashing (Knuth): the top byte is as good as random.
        let some = ((index as u32 + 1).wrapping_mul(0x9E37_79B1) >> 24) as u8;
        match (self, first) {
            (Self::Before, _) | (Self::FirstHalf, false) | (Self::SecondHalf, true) => 0,
            (Self::SomeBits, _) | (Self::FirstHalfAndSomeBits, false) => some,
            _ => 0xFF,
        }
    }
}

/// Why the simulated flash did not do as told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SimulationError {
    /// Part of the range lies outside the memory.
    OutOfBounds,
    /// The range is not of whole pages or words.
    NotAligned,
    /// A word was to be written that is not erased.
    NotErased {
        /// Where the word begins.
        offset: u32,
    },
    /// The power is off, or was cut in this operation.
    NoPower,
}

impl<M, W, const WRITE: usize, const ERASE: usize> SimulatedFlash<M, W, WRITE, ERASE> {
    /// A flash with the content of `memory`, powered. `wear` counts on from what it has; an empty
    /// one counts nothing.
    pub const fn new(memory: M, wear: W) -> Self {
        const {
            assert!(
                WRITE > 0 && ERASE.is_multiple_of(WRITE),
                "a page is whole words"
            );
        }
        Self {
            memory,
            wear,
            operations: 0,
            cut: None,
            powered: true,
        }
    }

    /// Cuts the power in the operation that has `operations` before it from now on.
    pub const fn cut_power_after(&mut self, operations: u32, cut: Cut) {
        self.cut = Some((self.operations + operations, cut));
    }

    /// Brings the power back; no cut is planned any more.
    pub const fn power_on(&mut self) {
        self.cut = None;
        self.powered = true;
    }

    /// Whether there is power.
    pub const fn is_powered(&self) -> bool {
        self.powered
    }

    /// Erases and writes that were begun, a cut one included.
    pub const fn operations(&self) -> u32 {
        self.operations
    }

    /// Erases of each page, a cut one included.
    pub const fn wear(&self) -> &W {
        &self.wear
    }

    /// The bytes as they are.
    pub const fn memory(&self) -> &M {
        &self.memory
    }

    /// The bytes, to damage them.
    pub const fn memory_mut(&mut self) -> &mut M {
        &mut self.memory
    }

    /// Counts an operation and tells how far it gets.
    fn begin(&mut self) -> Option<Cut> {
        let number = self.operations;
        self.operations += 1;
        let cut = self.cut.filter(|(at, _)| *at == number)?.1;
        self.powered = false;
        Some(cut)
    }

    fn require_power(&self) -> Result<(), SimulationError> {
        if self.powered {
            Ok(())
        } else {
            Err(SimulationError::NoPower)
        }
    }
}

impl<M, W, const WRITE: usize, const ERASE: usize> ErrorType
    for SimulatedFlash<M, W, WRITE, ERASE>
{
    type Error = SimulationError;
}

impl<M: AsRef<[u8]>, W, const WRITE: usize, const ERASE: usize> ReadNorFlash
    for SimulatedFlash<M, W, WRITE, ERASE>
{
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), SimulationError> {
        self.require_power()?;
        check_read(self, offset, bytes.len())?;
        let start = offset as usize;
        bytes.copy_from_slice(&self.memory.as_ref()[start..start + bytes.len()]);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.memory.as_ref().len()
    }
}

impl<M, W, const WRITE: usize, const ERASE: usize> NorFlash for SimulatedFlash<M, W, WRITE, ERASE>
where
    M: AsRef<[u8]> + AsMut<[u8]>,
    W: AsMut<[u32]>,
{
    const WRITE_SIZE: usize = WRITE;
    const ERASE_SIZE: usize = ERASE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), SimulationError> {
        self.require_power()?;
        check_erase(self, from, to)?;
        let cut = self.begin();
        let pages = self.memory.as_mut()[from as usize..to as usize].chunks_exact_mut(ERASE);
        for (page, index) in pages.zip(from as usize / ERASE..) {
            if let Some(count) = self.wear.as_mut().get_mut(index) {
                *count += 1;
            }
            let Some(cut) = cut else {
                page.fill(0xFF);
                continue;
            };
            for (index, byte) in page.iter_mut().enumerate() {
                *byte |= cut.mask(index, ERASE);
            }
            return Err(SimulationError::NoPower);
        }
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), SimulationError> {
        self.require_power()?;
        check_write(self, offset, bytes.len())?;
        let start = offset as usize;
        let cells = &mut self.memory.as_mut()[start..start + bytes.len()];
        if let Some(at) = cells.iter().position(|byte| *byte != 0xFF) {
            let offset = (start + at / WRITE * WRITE) as u32;
            return Err(SimulationError::NotErased { offset });
        }
        let cut = self.begin();
        let cells = &mut self.memory.as_mut()[start..start + bytes.len()];
        let Some(cut) = cut else {
            cells.copy_from_slice(bytes);
            return Ok(());
        };
        for (index, (cell, byte)) in cells.iter_mut().zip(bytes).enumerate() {
            *cell &= byte | !cut.mask(index, bytes.len());
        }
        Err(SimulationError::NoPower)
    }
}

impl From<NorFlashErrorKind> for SimulationError {
    fn from(kind: NorFlashErrorKind) -> Self {
        match kind {
            NorFlashErrorKind::NotAligned => Self::NotAligned,
            _ => Self::OutOfBounds,
        }
    }
}

impl NorFlashError for SimulationError {
    fn kind(&self) -> NorFlashErrorKind {
        match self {
            Self::OutOfBounds => NorFlashErrorKind::OutOfBounds,
            Self::NotAligned => NorFlashErrorKind::NotAligned,
            Self::NotErased { .. } | Self::NoPower => NorFlashErrorKind::Other,
        }
    }
}

impl fmt::Display for SimulationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfBounds => f.write_str("the range reaches beyond the flash"),
            Self::NotAligned => f.write_str("the range is not of whole pages or words"),
            Self::NotErased { offset } => {
                write!(
                    f,
                    "the word at {offset} is written already; erase its page first"
                )
            }
            Self::NoPower => f.write_str("the flash has no power"),
        }
    }
}

impl core::error::Error for SimulationError {}

#[cfg(test)]
mod tests;

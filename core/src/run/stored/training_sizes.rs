//! The words with which a stored model begins to say how it learns.

use super::header::ALIGNMENT;
use super::learning_step::{LEARNING_WORDS, SUM_WORDS};

/// Words at the beginning of the section.
pub(super) const TRAINING_WORDS: usize = 8;

/// The words that the section begins with.
#[derive(Clone, Copy, Debug)]
pub(super) struct TrainingSizes {
    /// Parameters that are trained.
    pub trained: usize,
    /// Bytes of winners.
    pub winners: usize,
    /// Number of sums.
    pub sums: usize,
    /// CRC-32 of the model file.
    pub file_crc: u32,
    /// CRC-32 of the places of what is trained.
    pub places_crc: u32,
    /// Words from the section's beginning to the trunk; 0 where there is none.
    pub trunk: usize,
}

impl TrainingSizes {
    pub fn read(words: &[u32; TRAINING_WORDS]) -> Self {
        let [trained, winners, sums, file_crc, places_crc, trunk, ..] = *words;
        Self {
            trained: trained as usize,
            winners: winners as usize,
            sums: sums as usize,
            file_crc,
            places_crc,
            trunk: trunk as usize,
        }
    }

    pub fn write(&self, words: &mut [u32]) {
        let own = [
            self.trained as u32,
            self.winners as u32,
            self.sums as u32,
            self.file_crc,
            self.places_crc,
            self.trunk as u32,
            0,
            0,
        ];
        words[..TRAINING_WORDS].copy_from_slice(&own);
    }

    /// Words of the section, of so many steps, up to where a trunk begins.
    pub fn section(&self, steps: usize) -> Option<usize> {
        let steps = steps.checked_mul(LEARNING_WORDS)?;
        let sums = self.sums.checked_mul(SUM_WORDS)?;
        let end = TRAINING_WORDS.checked_add(steps)?.checked_add(sums)?;
        end.checked_next_multiple_of(ALIGNMENT)
    }
}

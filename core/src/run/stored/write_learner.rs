//! Writes models that learn as words.

use super::header::{ALIGNMENT, Sections, StoredHeader};
use super::learning_step::{LEARNING_WORDS, LearningStep, SUM_WORDS};
use super::training_sizes::{TRAINING_WORDS, TrainingSizes};
use super::write::{begin, header, put, seal};
use crate::program::Region;
use crate::run::backward::BackwardSteps;
use crate::run::buffers::{self, BufferError};
use crate::{CompactMode, CompactUpdate, Program, Scaling};

/// A model of `f32` that learns one sample at a time, in place, to be stored.
#[derive(Clone, Copy, Debug)]
pub struct StoredLearner<'a, const STEPS: usize> {
    /// Its program, made for updates in place.
    pub program: &'a Program<STEPS>,
    /// How pixels become its input; anything where there is a trunk.
    pub scaling: &'a Scaling,
    /// Its parameters, which it begins with.
    pub parameters: &'a [f32],
    /// CRC-32 that ends its model file: whose parameters it learns.
    pub file_crc: u32,
    /// The words of the model of integers whose outputs are its input; empty where there is none.
    pub trunk: &'a [u32],
}

impl<const STEPS: usize> StoredLearner<'_, STEPS> {
    /// Words that it takes.
    ///
    /// # Errors
    ///
    /// A program for something else, or of another network.
    pub fn words(&self) -> Result<usize, BufferError> {
        Ok(self.layout()?.end)
    }

    /// Writes it.
    ///
    /// # Errors
    ///
    /// As [`StoredLearner::words`], and words that are not as many.
    pub fn write(&self, words: &mut [u32]) -> Result<(), BufferError> {
        let own = self.layout()?;
        buffers::check("words", words.len(), own.end)?;
        begin(self.program, &own.header, &own.sections, words, |_| None);
        let numbers = self.scaling.scale().iter().chain(self.scaling.shift());
        let scalings = &mut words[own.sections.scalings.start..];
        put(scalings, numbers.map(|number| number.to_bits()));
        let weights = &mut words[own.sections.weights.start..];
        put(
            weights,
            self.parameters.iter().map(|number| number.to_bits()),
        );
        self.write_training(&own.sizes, &mut words[own.header.training..]);
        let trunk = own.end - self.trunk.len();
        put(&mut words[trunk..], self.trunk.iter().copied());
        seal(words);
        Ok(())
    }

    fn write_training(&self, sizes: &TrainingSizes, words: &mut [u32]) {
        sizes.write(words);
        let (_, words) = words.split_at_mut(TRAINING_WORDS);
        let count = self.program.steps().len();
        let (steps, sums) = words.split_at_mut(count * LEARNING_WORDS);
        let mut sums = sums.as_chunks_mut::<SUM_WORDS>().0.iter_mut();
        let mut at = 0;
        for (index, own) in steps.as_chunks_mut().0.iter_mut().enumerate() {
            at += LearningStep::write(self.program, index, at, own);
            self.each_sum(index, |sum, other| {
                if let Some(words) = sums.next() {
                    *words = [sum.at, other.at, sum.len].map(|number| number as u32);
                }
            });
        }
    }

    fn each_sum(&self, index: usize, add: impl FnMut(Region, Region)) {
        if self.program.steps()[index].is_backward {
            self.program.each_sum(index, add);
        }
    }

    fn layout(&self) -> Result<LearnerLayout, BufferError> {
        let program = self.program;
        let update = program
            .compact_mode()
            .map(|CompactMode { update, .. }| update);
        if update != Some(CompactUpdate::InPlace) {
            return Err(BufferError::Purpose);
        }
        buffers::check("parameters", self.parameters.len(), program.parameters())?;
        let header = StoredHeader {
            scalings: self.scaling.scale().len(),
            weights: self.parameters.len(),
            ..header(program)
        };
        let (mut header, _) = header.placed().ok_or(BufferError::Purpose)?;
        let sections = header.sections().ok_or(BufferError::Purpose)?;
        let mut sizes = TrainingSizes {
            trained: program.trained_values(),
            winners: program.winner_bytes(),
            sums: 0,
            file_crc: self.file_crc,
            places_crc: program.trained_crc(),
            trunk: 0,
        };
        for index in 0..program.steps().len() {
            self.each_sum(index, |_, _| sizes.sums += 1);
        }
        header.training = sections.end.next_multiple_of(ALIGNMENT);
        let len = sizes.section(header.steps).ok_or(BufferError::Purpose)?;
        if !self.trunk.is_empty() {
            sizes.trunk = len;
        }
        Ok(LearnerLayout {
            end: header.training + len + self.trunk.len(),
            header,
            sections,
            sizes,
        })
    }
}

/// Where everything of it lies.
struct LearnerLayout {
    header: StoredHeader,
    sections: Sections,
    sizes: TrainingSizes,
    /// Words in all.
    end: usize,
}

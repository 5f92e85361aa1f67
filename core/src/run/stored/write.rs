//! Writes models as words.

use super::TABLE_WORDS;
use super::header::{CHECKED, Sections, StoredHeader};
use super::step::{STEP_WORDS, StoredStep};
use crate::crc32::Crc32;
use crate::lanes::bytes::bytes_of_words;
use crate::run::buffers::{self, BufferError};
use crate::run::int8::{ArrangedNetwork, Int8Target, StepExtent};
use crate::{Program, Purpose, Scaling, Step};

/// A model of `f32` to be stored.
#[derive(Clone, Copy, Debug)]
pub struct StoredFloat<'a, const STEPS: usize> {
    /// Its program, made for [`Purpose::Inference`].
    pub program: &'a Program<STEPS>,
    /// How pixels become its input.
    pub scaling: &'a Scaling,
    /// Its parameters.
    pub parameters: &'a [f32],
}

/// A model of integers to be stored.
#[derive(Clone, Copy, Debug)]
pub struct StoredInt8<'a, const STEPS: usize> {
    /// Its program, made for [`Purpose::Int8`] of its rule.
    pub program: &'a Program<STEPS>,
    /// How pixels become the numbers that its codes stand for.
    pub scaling: &'a Scaling,
    /// Its integers, arranged.
    pub network: ArrangedNetwork<'a>,
    /// What they were arranged for.
    pub target: Int8Target,
}

impl<const STEPS: usize> StoredFloat<'_, STEPS> {
    /// Words that it takes.
    ///
    /// # Errors
    ///
    /// A program for something else, or of another network.
    pub fn words(&self) -> Result<usize, BufferError> {
        Ok(self.layout()?.1.end)
    }

    /// Writes it.
    ///
    /// # Errors
    ///
    /// As [`StoredFloat::words`], and words that are not as many.
    pub fn write(&self, words: &mut [u32]) -> Result<(), BufferError> {
        let (header, sections) = self.layout()?;
        buffers::check("words", words.len(), sections.end)?;
        begin(self.program, &header, &sections, words, |_| None);
        let numbers = self.scaling.scale().iter().chain(self.scaling.shift());
        let scalings = &mut words[sections.scalings.start..];
        put(scalings, numbers.map(|number| number.to_bits()));
        let weights = &mut words[sections.weights.start..];
        put(
            weights,
            self.parameters.iter().map(|number| number.to_bits()),
        );
        seal(words);
        Ok(())
    }

    fn layout(&self) -> Result<(StoredHeader, Sections), BufferError> {
        let program = self.program;
        if program.purpose() != Purpose::Inference {
            return Err(BufferError::Purpose);
        }
        buffers::check("parameters", self.parameters.len(), program.parameters())?;
        let header = StoredHeader {
            scalings: self.scaling.scale().len(),
            weights: self.parameters.len(),
            ..header(program)
        };
        let (header, _) = header.placed().ok_or(BufferError::Purpose)?;
        let sections = header.sections().ok_or(BufferError::Purpose)?;
        Ok((header, sections))
    }
}

impl<const STEPS: usize> StoredInt8<'_, STEPS> {
    /// Words that it takes.
    ///
    /// # Errors
    ///
    /// A program for something else, or of another network.
    pub fn words(&self) -> Result<usize, BufferError> {
        Ok(self.layout()?.1.end)
    }

    /// Writes it.
    ///
    /// # Errors
    ///
    /// As [`StoredInt8::words`], and words that are not as many.
    pub fn write(&self, words: &mut [u32]) -> Result<(), BufferError> {
        let (header, sections) = self.layout()?;
        buffers::check("words", words.len(), sections.end)?;
        let mut at = 0;
        let extent = |step: &Step| {
            let found = StepExtent::found(step, self.network.words, at)?;
            at += found.len();
            Some(found)
        };
        begin(self.program, &header, &sections, words, extent);
        let tables = words[sections.scalings.start..].chunks_exact_mut(TABLE_WORDS);
        for (channel, table) in tables.take(header.scalings).enumerate() {
            self.write_table(channel, table);
        }
        let values = words[sections.values.start..].chunks_exact_mut(2);
        for (own, value) in values.zip(self.network.values) {
            own[0] = value.scale.to_bits();
            own[1] =
                u32::from_le_bytes([value.zero, value.low, value.high, 0].map(|code| code as u8));
        }
        let weights = &mut words[sections.weights.start..];
        put(weights, self.network.words.iter().copied());
        seal(words);
        Ok(())
    }

    /// The code of each byte of a channel, four in a word.
    fn write_table(&self, channel: usize, table: &mut [u32]) {
        let own = &self.network.values[0];
        let code = |byte: usize| {
            let number = self.scaling.apply(channel, byte as u8).unwrap_or(0.0);
            own.code(number) as u8
        };
        for (index, word) in table.iter_mut().enumerate() {
            *word = u32::from_le_bytes([0, 1, 2, 3].map(|byte| code(4 * index + byte)));
        }
    }

    fn layout(&self) -> Result<(StoredHeader, Sections), BufferError> {
        let program = self.program;
        if program.int8_rule() != Some(self.network.rule) {
            return Err(BufferError::Purpose);
        }
        let header = StoredHeader {
            element: StoredHeader::element_of(program.int8_rule()),
            is_arranged: self.target != Int8Target::Portable,
            scalings: self.scaling.scale().len(),
            values: self.network.values.len(),
            weights: self.network.words.len(),
            ..header(program)
        };
        let (header, _) = header.placed().ok_or(BufferError::Purpose)?;
        let sections = header.sections().ok_or(BufferError::Purpose)?;
        Ok((header, sections))
    }
}

/// What the headers of all models have of their programs.
pub(super) fn header<const STEPS: usize>(program: &Program<STEPS>) -> StoredHeader {
    StoredHeader {
        crc: 0,
        element: 0,
        is_arranged: false,
        steps: program.steps().len(),
        shape: program.input_shape(),
        arena: program.arena_packets(),
        input: program.value(0),
        scalings: 0,
        values: 0,
        weights: 0,
        outputs: program.classes(),
        starts: [0; 3],
        training: 0,
    }
}

pub(super) fn begin<const STEPS: usize>(
    program: &Program<STEPS>,
    header: &StoredHeader,
    sections: &Sections,
    words: &mut [u32],
    mut extent: impl FnMut(&Step) -> Option<StepExtent>,
) {
    words.fill(0);
    header.write(words);
    let (steps, _) = words[sections.steps.start..].as_chunks_mut::<STEP_WORDS>();
    for (own, step) in steps.iter_mut().zip(program.steps()) {
        let mut stored = StoredStep::of(program, step);
        if let Some(extent) = extent(step) {
            stored = stored.arranged(extent);
        }
        stored.write(own);
    }
}

pub(super) fn put(words: &mut [u32], values: impl Iterator<Item = u32>) {
    words
        .iter_mut()
        .zip(values)
        .for_each(|(word, value)| *word = value);
}

pub(super) fn seal(words: &mut [u32]) {
    let mut crc = Crc32::new();
    crc.update(bytes_of_words(&words[CHECKED..]));
    words[CHECKED - 1] = crc.value();
}

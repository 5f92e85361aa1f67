//! The first words of a stored model, and where what follows lies.

use super::TABLE_WORDS;
use super::step::{STEP_WORDS, is_within, room};
use crate::program::Region;
use crate::run::int8::HAS_LOOPS;
use crate::{Int8Rule, Shape};
use core::fmt;

/// The first word.
const MAGIC: u32 = u32::from_le_bytes(*b"kiln");

/// The version that is written and read.
pub(super) const VERSION: u32 = 1;

/// Words of the header.
pub(super) const HEADER_WORDS: usize = 20;

/// The first word that the checksum covers; those before say what it is held against.
pub(super) const CHECKED: usize = 4;

/// Weights begin at a multiple of so many words.
pub(super) const ALIGNMENT: usize = 4;

/// Why words are no model, or none that can be run here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoredError {
    /// They do not begin as a model does.
    NoModel,
    /// A version that this program does not know.
    Version {
        /// The version.
        found: u32,
        /// The one it knows.
        known: u32,
    },
    /// They end too soon, or go on.
    Length {
        /// Words that the model says.
        needed: usize,
        /// Words given.
        given: usize,
    },
    /// A bit has changed.
    Checksum,
    /// It was arranged for a processor that has other instructions.
    Target,
    /// What it says of a step does not fit together.
    Damaged {
        /// Number of the step, counted from 1; 0 for what comes before.
        step: usize,
    },
}

impl fmt::Display for StoredError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::NoModel => f.write_str("these are not the words of a model"),
            Self::Version { found, known } => {
                write!(
                    f,
                    "the model is of version {found}; this program knows {known}"
                )
            }
            Self::Length { needed, given } => {
                write!(
                    f,
                    "the model has {given} words; it says that it has {needed}"
                )
            }
            Self::Checksum => f.write_str("the model is damaged: its checksum differs"),
            Self::Target => f.write_str("the model was arranged for another processor"),
            Self::Damaged { step } => write!(f, "the model is damaged: step {step} does not fit"),
        }
    }
}

impl core::error::Error for StoredError {}

/// The first words.
#[derive(Clone, Copy, Debug)]
pub(super) struct StoredHeader {
    pub crc: u32,
    /// 0 for `f32`, then the rules of integers.
    pub element: u32,
    /// Whether codes are arranged for the loops of a processor.
    pub is_arranged: bool,
    pub steps: usize,
    pub shape: Shape,
    pub arena: usize,
    pub input: Region,
    /// Numbers of scale and of shift, or tables of codes.
    pub scalings: usize,
    /// Values whose codes are told of.
    pub values: usize,
    /// Words of weights.
    pub weights: usize,
    pub outputs: usize,
    /// Where sections begin behind the steps: scalings, values, weights.
    pub starts: [usize; 3],
    /// Where the section begins that tells how it learns; 0 where it does not.
    pub training: usize,
}

/// A run of words.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct WordExtent {
    pub start: usize,
    pub end: usize,
}

/// Where everything lies.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sections {
    pub steps: WordExtent,
    pub scalings: WordExtent,
    pub values: WordExtent,
    pub weights: WordExtent,
    pub end: usize,
}

impl StoredHeader {
    /// Reads it, and compares the model's length.
    pub fn read(words: &[u32]) -> Result<Self, StoredError> {
        if words.first() != Some(&MAGIC) {
            return Err(StoredError::NoModel);
        }
        let given = words.len();
        let Some(head) = words.first_chunk::<HEADER_WORDS>() else {
            let needed = HEADER_WORDS;
            return Err(StoredError::Length { needed, given });
        };
        let [_, found, needed, crc] = [head[0], head[1], head[2], head[3]];
        if found != VERSION {
            let known = VERSION;
            return Err(StoredError::Version { found, known });
        }
        let needed = needed as usize;
        if needed != given {
            return Err(StoredError::Length { needed, given });
        }
        let size = |index: usize| head[index] as usize;
        let header = Self {
            crc,
            element: head[4] & 0xff,
            is_arranged: head[4] >> 8 != 0,
            steps: size(5),
            shape: Shape::new(head[6], head[7], head[8]),
            arena: size(9),
            input: Region {
                at: size(10),
                len: size(11),
            },
            scalings: size(12),
            values: size(13),
            weights: size(14),
            outputs: size(15),
            starts: [size(16), size(17), size(18)],
            training: size(19),
        };
        if header.is_arranged && !HAS_LOOPS {
            return Err(StoredError::Target);
        }
        Ok(header)
    }

    /// Writes it, but for the checksum.
    pub fn write(&self, words: &mut [u32]) {
        let shape = self.shape;
        let len = words.len() as u32;
        let own = [
            MAGIC,
            VERSION,
            len,
            self.crc,
            self.element | u32::from(self.is_arranged) << 8,
            self.steps as u32,
            shape.channels,
            shape.height,
            shape.width,
            self.arena as u32,
            self.input.at as u32,
            self.input.len as u32,
            self.scalings as u32,
            self.values as u32,
            self.weights as u32,
            self.outputs as u32,
            self.starts[0] as u32,
            self.starts[1] as u32,
            self.starts[2] as u32,
            self.training as u32,
        ];
        words[..HEADER_WORDS].copy_from_slice(&own);
    }

    /// The same with the places of its sections written down.
    pub fn placed(mut self) -> Option<(Self, usize)> {
        let sections = self.sections()?;
        self.starts = [sections.scalings, sections.values, sections.weights].map(|own| own.start);
        Some((self, sections.end))
    }

    /// Where everything has to lie; nothing where that is nowhere.
    pub fn sections(&self) -> Option<Sections> {
        let is_int8 = self.rule().is_some();
        let (scalings, values) = match is_int8 {
            true => (TABLE_WORDS, self.values.checked_mul(2)?),
            false => (2, 0),
        };
        if self.scalings == 0 {
            return None;
        }
        let mut end = HEADER_WORDS;
        let mut next = |len: usize| {
            let start = end;
            end = start.checked_add(len)?;
            Some(WordExtent { start, end })
        };
        let steps = next(self.steps.checked_mul(STEP_WORDS)?)?;
        let scalings = next(self.scalings.checked_mul(scalings)?)?;
        let values = next(values)?;
        let padding = values.end.next_multiple_of(ALIGNMENT) - values.end;
        next(padding)?;
        let weights = next(self.weights)?;
        Some(Sections {
            steps,
            scalings,
            values,
            weights,
            end: weights.end,
        })
    }

    /// Whether there is an input, in its place in the arena.
    pub fn has_input(&self) -> bool {
        let elements = self.shape.checked_elements().unwrap_or(0) as usize;
        let is_whole = self.input.len == room(elements, self.rule());
        elements > 0 && is_whole && is_within(self.input, self.arena)
    }

    /// How it rounds where it computes in integers.
    pub fn rule(&self) -> Option<Int8Rule> {
        match self.element {
            0 => None,
            1 => Some(Int8Rule::Once),
            _ => Some(Int8Rule::TensorFlowLite),
        }
    }

    /// The number of a kind.
    pub fn element_of(rule: Option<Int8Rule>) -> u32 {
        match rule {
            None => 0,
            Some(Int8Rule::Once) => 1,
            Some(Int8Rule::TensorFlowLite) => 2,
        }
    }
}

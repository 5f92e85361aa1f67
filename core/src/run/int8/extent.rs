//! Where the integers of steps lie among the words of an arranged network.

use super::arranged::{HAS_LOOPS, PLAIN};
use super::step::StepTensors;
use crate::dsp::{CodeArrangement, Sweeping};
use crate::lanes::bytes::{i8s_of_words, i32s_of_words};
use crate::{Operation, Step};

/// Where a step's integers lie among the words.
#[derive(Clone, Copy, Debug)]
pub(in crate::run) struct StepExtent {
    /// Where they begin.
    at: usize,
    /// Words that the processor's loops take; none of a step that is no convolution or that they do not
    /// serve.
    pub loops: usize,
    /// Whether of these words two weights share 16 bits, and sums are rounded once.
    pub is_paired: bool,
    /// Words of constants that no loop takes.
    constants: usize,
    /// Whether a word stands before them that says so: the weights are behind them.
    is_plain: bool,
    /// Bytes of these weights.
    weights: usize,
}

impl StepExtent {
    /// That of a step whose words begin at `at`; `None` where they end too soon, or are made for loops
    /// that this processor has not.
    pub const fn of(step: &Step, words: &[u32], at: usize) -> Option<Self> {
        match Self::found(step, words, at) {
            Some(Self { loops: 1.., .. }) if !HAS_LOOPS => None,
            found => found,
        }
    }

    /// That of a step whose words begin at `at`, whatever processor they are for; `None` where they end
    /// too soon.
    pub const fn found(step: &Step, words: &[u32], at: usize) -> Option<Self> {
        let mut own = Self {
            at,
            loops: 0,
            is_paired: false,
            constants: step.constants.len,
            is_plain: false,
            weights: 0,
        };
        if let Some(geometry) = step.int8_geometry() {
            if at >= words.len() {
                return None;
            }
            own.is_plain = words[at] == PLAIN;
            if own.is_plain {
                own.weights = step.parameters.len;
            } else {
                let pool = matches!(step.operation, Operation::Conv2d { pool: true, .. });
                own.loops = CodeArrangement::words(&geometry, pool);
                own.is_paired = CodeArrangement::is_paired_word(words[at]);
                own.constants -= 3 * geometry.filters;
                if own.loops == 0 {
                    return None;
                }
            }
        }
        if own.len() > words.len() - at {
            return None;
        }
        Some(own)
    }

    /// How it is arranged, as words: whether plainly or paired, and the words of the loops.
    pub const fn to_words(self) -> [u32; 2] {
        let kind = self.is_plain as u32 | (self.is_paired as u32) << 1;
        [kind, self.loops as u32]
    }

    /// From such words, of a step whose integers begin at `at`; `None` where they end too soon.
    pub fn of_words(
        [kind, loops]: [u32; 2],
        step: &Step,
        words: &[u32],
        at: usize,
    ) -> Option<Self> {
        let is_plain = kind & 1 != 0;
        let by_loops = match (loops, step.operation) {
            (0, _) => 0,
            (_, Operation::Conv2d { conv, .. }) => 3 * usize::from(conv.filters),
            (_, Operation::Linear { linear, .. }) => 3 * usize::from(linear.outputs),
            _ => return None,
        };
        let own = Self {
            at,
            loops: loops as usize,
            is_paired: kind & 2 != 0,
            constants: step.constants.len.checked_sub(by_loops)?,
            is_plain,
            weights: if is_plain { step.parameters.len } else { 0 },
        };
        let end = at.checked_add(own.len())?;
        (end <= words.len()).then_some(own)
    }

    /// Which loops its integers are arranged for, if they are.
    pub const fn sweeping(&self, step: &Step) -> Option<Sweeping> {
        match step.int8_geometry() {
            Some(geometry) if self.loops > 0 => Sweeping::of(&geometry, step.pools()),
            _ => None,
        }
    }

    /// Words of the step.
    pub const fn len(&self) -> usize {
        self.is_plain as usize + self.loops + self.constants + self.weights.div_ceil(4)
    }

    /// The step's integers, of the words that it was found in.
    pub fn tensors<'a>(&self, words: &'a [u32]) -> StepTensors<'a> {
        let own = &words[self.at..][..self.len()];
        if self.is_plain {
            let (constants, weights) = own[1..].split_at(self.constants);
            return StepTensors::Plain {
                weights: &i8s_of_words(weights)[..self.weights],
                constants: i32s_of_words(constants),
            };
        }
        let (words, constants) = own.split_at(self.loops);
        StepTensors::Arranged {
            words,
            constants: i32s_of_words(constants),
        }
    }
}

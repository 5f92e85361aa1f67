//! What the training of one sample asks of a step, as words.

use super::step::StoredStep;
use crate::lanes::Lanes;
use crate::ops::activation::Activation;
use crate::program::{Buffer, Mask, Region};
use crate::run::backward::BackwardSteps;
use crate::run::compact::{SampleSteps, WholeGradient};
use crate::run::forward::PlacedSteps;
use crate::{Program, Step};

/// Words of a step beside those of the inference.
pub(super) const LEARNING_WORDS: usize = 16;

/// Words of a sum of gradients: where it lies, where what is added lies, and how long both are.
pub(super) const SUM_WORDS: usize = 3;

const IS_MAPPED: u32 = 4;
const IS_BACKWARD: u32 = 8;
const HAS_BEHIND: u32 = 16;

/// What the loops of one sample's training read of a step.
pub(super) struct LearningStep<'a> {
    /// The same that inference reads; and where gradients, winners and what it trains lie.
    pub stored: StoredStep,
    pub mask: Mask,
    /// Whether the gradient of what it gives is one value for each map.
    pub is_mapped: bool,
    /// Where that gradient lies.
    pub output_gradient: Region,
    /// Where the gradient of what it reads is whole behind it and to be masked: by which activation.
    pub behind: Option<Activation>,
    /// The sums of gradients that it is the first to add to, one after another.
    pub sums: &'a [[u32; SUM_WORDS]],
}

/// It alone, whatever its number is.
impl PlacedSteps for LearningStep<'_> {
    fn placed_step(&self, _: usize) -> &Step {
        &self.stored.step
    }

    fn read_place(&self, _: &Step, read: usize) -> Region {
        self.stored.read[read]
    }
}

impl BackwardSteps for LearningStep<'_> {
    fn output_gradient(&self, _: usize) -> Region {
        self.output_gradient
    }

    fn is_made_masked(&self, _: usize) -> bool {
        false
    }

    fn masks_by_input(&self, _: usize) -> bool {
        false
    }

    fn each_sum(&self, _: usize, mut add: impl FnMut(Region, Region)) {
        for own in self.sums {
            let [sum, other] = sum_regions(own);
            add(sum, other);
        }
    }

    /// They do not overlap; so flash need not hold what copies values that do.
    fn copy<L: Lanes>(arena: &mut [L], from: Region, to: Region) {
        let regions = [from, to].map(Region::range);
        if let Ok([from, to]) = arena.get_disjoint_mut(regions) {
            to.copy_from_slice(from);
        }
    }
}

impl SampleSteps for LearningStep<'_> {
    fn step_mask(&self, _: usize) -> Mask {
        self.mask
    }

    fn is_mapped(&self, _: usize) -> bool {
        self.is_mapped
    }

    fn whole_behind(&self, _: usize) -> Option<WholeGradient> {
        Some(WholeGradient {
            value: self.stored.read[0],
            gradient: self.stored.step.reads[0].gradient.region,
            activation: self.behind?,
        })
    }
}

impl<'a> LearningStep<'a> {
    /// Writes what training asks of step `index`, whose sums are those from number `sums` on; gives how
    /// many these are.
    pub fn write<const STEPS: usize>(
        program: &Program<STEPS>,
        index: usize,
        sums: usize,
        words: &mut [u32; LEARNING_WORDS],
    ) -> usize {
        let step = &program.steps()[index];
        let behind = program.whole_behind(index).filter(|_| step.is_backward);
        let mask = match program.step_mask(index) {
            Mask::Nothing => 0,
            Mask::Output => 1,
            Mask::Whole => 2,
            Mask::Bits => 3,
        };
        let activation = match behind.map_or(Activation::Identity, |whole| whole.activation) {
            Activation::Identity => 0,
            Activation::Relu => 1,
            Activation::Relu6 => 2,
        };
        let flag = |is_set, flag| if is_set { flag } else { 0 };
        let mut count = 0;
        if step.is_backward {
            program.each_sum(index, |_, _| count += 1);
        }
        words[0] = mask
            | flag(program.is_mapped(index), IS_MAPPED)
            | flag(step.is_backward, IS_BACKWARD)
            | flag(behind.is_some(), HAS_BEHIND)
            | activation << 5;
        let [first, second] = step.reads.map(|read| read.gradient.region);
        let regions = [
            first,
            second,
            program.output_gradient(index),
            step.winners,
            step.trained[0],
            step.trained[1],
            Region {
                at: sums,
                len: count,
            },
        ];
        for (words, region) in words[1..].as_chunks_mut().0.iter_mut().zip(regions) {
            *words = match region.len {
                0 => [0, 0],
                len => [region.at as u32, len as u32],
            };
        }
        count
    }

    /// Reads what training asks of a step, whose sums are among `sums`; nothing where it is none.
    // Apart: forward and backward share it.
    #[inline(never)]
    pub fn of(
        mut stored: StoredStep,
        words: &[u32; LEARNING_WORDS],
        sums: &'a [[u32; SUM_WORDS]],
    ) -> Option<Self> {
        let region = |index: usize| Region {
            at: words[index] as usize,
            len: words[index + 1] as usize,
        };
        let flags = words[0];
        stored.step.is_backward = flags & IS_BACKWARD != 0;
        stored.step.reads[0].gradient = Buffer::at(region(1));
        stored.step.reads[1].gradient = Buffer::at(region(3));
        stored.step.winners = region(7);
        stored.step.trained = [region(9), region(11)];
        let own = region(13);
        Some(Self {
            stored,
            mask: match flags & 3 {
                0 => Mask::Nothing,
                1 => Mask::Output,
                2 => Mask::Whole,
                _ => Mask::Bits,
            },
            is_mapped: flags & IS_MAPPED != 0,
            output_gradient: region(5),
            behind: match (flags & HAS_BEHIND, (flags >> 5) & 3) {
                (0, _) => None,
                (_, 0) => Some(Activation::Identity),
                (_, 1) => Some(Activation::Relu),
                _ => Some(Activation::Relu6),
            },
            sums: sums.get(own.at..own.at.checked_add(own.len)?)?,
        })
    }
}

/// Where a sum of gradients lies, and what is added to it.
pub(super) fn sum_regions([sum, other, len]: &[u32; SUM_WORDS]) -> [Region; 2] {
    [sum, other].map(|at| Region {
        at: *at as usize,
        len: *len as usize,
    })
}

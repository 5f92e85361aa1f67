//! Whether what a stored model says of its training fits together.

use super::header::ALIGNMENT;
use super::learning_step::{LearningStep, sum_regions};
use super::step::{are_apart, is_within};
use super::training::StoredTraining;
use super::{StoredError, StoredModel};
use crate::ops::conv2d;
use crate::program::{Mask, Region};
use crate::{Operation, Step};

impl StoredModel<'_> {
    /// As [`StoredModel::check`], of how it learns.
    pub(super) fn check_training(&self) -> Result<(), StoredError> {
        let nowhere = StoredError::Damaged { step: 0 };
        let training = self.training().ok_or(nowhere)?;
        let own = training.own;
        let len = own.section(self.header.steps).ok_or(nowhere)?;
        let trunk = match training.trunk()? {
            None => 0,
            Some(trunk) if own.trunk == len && trunk.header.training == 0 && trunk.is_int8() => {
                trunk.check()?;
                if trunk.output_len() != self.input_len() {
                    return Err(nowhere);
                }
                trunk.words.len()
            }
            Some(_) => return Err(nowhere),
        };
        let end = self
            .header
            .training
            .checked_add(len)
            .and_then(|end| end.checked_add(trunk));
        let is_placed = self.header.training.is_multiple_of(ALIGNMENT);
        if end != Some(self.words.len()) || !is_placed {
            return Err(nowhere);
        }
        self.check_learning(&training)
    }

    fn check_learning(&self, training: &StoredTraining<'_>) -> Result<(), StoredError> {
        let own = training.own;
        let [mut trained, mut winners] = [0, 0];
        for index in 0..self.header.steps {
            let damaged = StoredError::Damaged { step: index + 1 };
            let step = training.step(index).ok_or(damaged)?;
            let is_sound = step.is_sound(self.header.arena)
                && step.follows(&mut trained, &mut winners)
                && (index + 1 < self.header.steps || step.ends());
            if !is_sound {
                return Err(damaged);
            }
        }
        match trained == own.trained && winners == own.winners && trained > 0 {
            true => Ok(()),
            false => Err(StoredError::Damaged { step: 0 }),
        }
    }
}

impl LearningStep<'_> {
    /// Whether kernels may run it backward in an arena of so many values.
    fn is_sound(&self, arena: usize) -> bool {
        let step = &self.stored.step;
        let [first, second] = step.reads.map(|read| read.gradient.region);
        if !step.is_backward {
            return self.sums.is_empty() && step.trained.iter().all(|own| own.len == 0);
        }
        let [weights, biases] = step.trained;
        if weights.len > 0 && biases.len != step.tensor_regions()[1].len {
            return false;
        }
        let output = match self.is_mapped {
            true => step.output.channels as usize,
            false => step.output.elements(),
        };
        let maps = matches!(step.operation, Operation::Conv2d { pool: false, .. });
        let is_add = matches!(step.operation, Operation::Add { .. });
        let input = step.input.elements();
        let may_be = |region: Region, len| region.len == 0 || region.len == len;
        let averaged = step.averages_whole_maps() && first.len == self.output_gradient.len;
        (maps || !self.is_mapped)
            && self.output_gradient.len == output
            && (may_be(first, input) || averaged)
            && (second.len == 0 || is_add && second.len == input)
            && step.scratch.region.len == scratch(step)
            && (self.mask != Mask::Bits || step.masks_by_output())
            && self.lies_apart(arena)
    }

    /// Whether what it reads and writes backward lies in the arena, and apart.
    fn lies_apart(&self, arena: usize) -> bool {
        let step = &self.stored.step;
        let first = step.reads[0].gradient.region;
        let [input, output] = [self.stored.read[0], self.output_gradient];
        let by_input = step.trained[0].len > 0 && step.operation.differentiates_by_input();
        let is_whole = |region: Region| is_within(region, arena);
        let in_place = step.operation.differentiates_in_place()
            || matches!(step.operation, Operation::Add { .. });
        let all = [
            if by_input { input } else { Region::EMPTY },
            output,
            if in_place { Region::EMPTY } else { first },
            step.scratch.region,
        ];
        let sums = self.sums.iter().map(sum_regions);
        let reads = step.reads.iter().map(|read| read.gradient.region);
        let value = step.value.region;
        all.iter().all(|region| is_whole(*region))
            && reads.into_iter().all(is_whole)
            && are_apart(&all)
            && (self.mask != Mask::Output || are_apart(&[value, output]))
            && (self.behind.is_none() || are_apart(&[input, first]))
            && sums.into_iter().all(|[sum, other]| {
                sum.len > 0 && is_whole(sum) && is_whole(other) && are_apart(&[sum, other])
            })
    }

    /// Whether what it trains, and its winners, come behind those before it.
    fn follows(&self, trained: &mut usize, winners: &mut usize) -> bool {
        let step = &self.stored.step;
        let is_next = |region: Region, len: usize, end: &mut usize| {
            let is_next = match region.len {
                0 => region.at == 0,
                own => region.at == *end && own == len,
            };
            *end += if is_next { region.len } else { 0 };
            is_next
        };
        let tensors = step.tensor_regions().into_iter().zip(step.trained);
        let mut is_own = true;
        for (all, own) in tensors {
            is_own &= is_next(own, all.len, trained);
        }
        let (elements, kept) = (step.output.elements(), step.winners);
        let needed = match step.is_backward {
            true if step.has_winners() => elements,
            true if self.mask == Mask::Bits => elements.div_ceil(8),
            _ => 0,
        };
        is_own && kept.len == needed && is_next(kept, needed, winners)
    }

    /// Whether the loss may be scored by what it gives.
    fn ends(&self) -> bool {
        let outputs = self.stored.step.output.elements();
        self.stored.step.is_backward
            && !self.is_mapped
            && self.output_gradient.len == outputs
            && are_apart(&[self.stored.step.value.region, self.output_gradient])
    }
}

/// Values that a convolution uses for itself.
fn scratch(step: &Step) -> usize {
    match step.operation {
        Operation::Conv2d { conv, pool, .. } if step.trained[0].len > 0 => {
            let geometry = conv2d::ConvGeometry::new(&conv, step.input, step.inner);
            conv2d::sample_scratch(&geometry, pool)
        }
        _ => 0,
    }
}

//! A group's training step as the codes will have its values.

use super::{GroupMemory, GroupPass, GroupWork};
use crate::int8::{FakeQuantize, PassGradient};
use crate::lanes::Lanes;
use crate::ops::activation::Activation;
use crate::run::buffers::{self, BufferError};
use crate::run::observer::Observer;
use crate::{Outcome, Program, Quantization};
use core::ops::Range;

/// What the values of a group are rounded to while it is trained ("fake quantisation").
#[derive(Debug)]
pub struct FakeQuantization<'a> {
    /// What the codes of each value stand for: the input's, then those of every step's output.
    pub values: &'a [Quantization],
    /// [`Program::fake_quantization_bytes`] bytes for each lane, with anything in them.
    pub passes: &'a mut [u8],
}

impl Program {
    /// A group's whole training step by a network without batch normalisations, each value of which is
    /// rounded to the number of its code as soon as it is whole. Its gradient passes as if it were not
    /// (straight through), but +0 where the code would have been beyond its limits. An activation's
    /// gradient is cut off by what it gave, rounded, or, behind a 2 x 2 max pool that runs with it, by
    /// what it gave itself.
    ///
    /// # Errors
    ///
    /// As [`Program::run_phase`], and for batch normalisations.
    pub fn run_phase_quantized<L: Lanes>(
        &self,
        work: &GroupWork<'_>,
        memory: &mut GroupMemory<'_, L>,
        fill: impl FnMut(Range<usize>, &mut [L]),
        quantization: FakeQuantization<'_>,
    ) -> Result<Outcome, BufferError> {
        if self.phases() != 1 {
            return Err(BufferError::Purpose);
        }
        let needed = self.steps().len() + 1;
        buffers::check("quantizations", quantization.values.len(), needed)?;
        let needed = self.fake_quantization_bytes() * L::LANES;
        buffers::check("passes", quantization.passes.len(), needed)?;
        self.run_phase_with(0, work, memory, fill, &mut (), Some(quantization))
    }

    /// Bytes, for each lane, in which a training step keeps where gradients pass rounded values.
    pub fn fake_quantization_bytes(&self) -> usize {
        self.passes(self.steps().len()).end
    }

    /// The place of a value's bytes among all, in packets.
    fn passes(&self, value: usize) -> Range<usize> {
        let len = |value: usize| match value {
            0 => self.value(0).len,
            _ => self.steps()[value - 1].output.elements(),
        };
        let start = (0..value).map(len).sum();
        start..start + len(value)
    }
}

impl<L: Lanes, O: Observer> GroupPass<'_, '_, L, O> {
    /// Rounds a value that is whole, where that is wanted.
    pub(super) fn quantize(&mut self, value: usize, arena: Range<usize>) {
        let Some(quantization) = &mut self.quantization else {
            return;
        };
        let passes = self.program.passes(value);
        let activation = match value {
            0 => Activation::Identity,
            _ => self.program.steps()[value - 1].operation.activation(),
        };
        L::fake_quantize(FakeQuantize {
            quantization: quantization.values[value],
            ceiling: match activation {
                Activation::Relu6 => 6.0,
                _ => f32::INFINITY,
            },
            values: &mut self.memory.packets[arena][self.program.value(value).range()],
            passes: &mut quantization.passes[passes.start * L::LANES..passes.end * L::LANES],
        });
    }

    /// Takes away what does not pass of the whole gradient of a value that was rounded.
    pub(super) fn pass_gradient(&mut self, value: usize, arena: Range<usize>) {
        let Some(quantization) = &self.quantization else {
            return;
        };
        let passes = self.program.passes(value);
        L::pass_gradient(PassGradient {
            passes: &quantization.passes[passes.start * L::LANES..passes.end * L::LANES],
            gradient: &mut self.memory.packets[arena][self.program.gradient(value).range()],
        });
    }
}

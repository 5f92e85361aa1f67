//! A network in integers as a program in flash reads it: step by step, in words, weights in the order
//! in which the processor's loops take them.

use super::extent::StepExtent;
use super::kernels::Int8Kernels;
use super::run_any;
use super::step::StepIntegers;
use crate::dsp::{CodeArrangement, Rounding, Sweeping};
use crate::int8::{Int8Rule, Quantization, QuantizedNetwork};
use crate::run::buffers::{self, BufferError};
use crate::run::observer::{Observer, Work};
use crate::{Operation, Program, Step};

/// What a network in integers is arranged for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Int8Target {
    /// Any processor.
    Portable,
    /// A Cortex-M with the DSP extension and a floating-point unit, as M4F, M7 and M33 have them.
    CortexMDsp,
}

impl Int8Target {
    /// The processor that this is compiled for.
    pub const HERE: Self = match HAS_LOOPS {
        true => Self::CortexMDsp,
        false => Self::Portable,
    };
}

/// A network in integers, arranged by [`Program::arrange_int8`].
#[derive(Clone, Copy, Debug)]
pub struct ArrangedNetwork<'a> {
    /// How it rounds.
    pub rule: Int8Rule,
    /// What the codes of each value stand for.
    pub values: &'a [Quantization],
    /// Its weights and constants.
    pub words: &'a [u32],
    /// [Those that it needs](Program::int8_kernels), at least.
    pub kernels: Int8Kernels,
}

/// Stands before constants and weights that no loop takes; those of loops begin otherwise.
pub(super) const PLAIN: u32 = u32::MAX;

impl<const STEPS: usize> Program<STEPS> {
    /// Words that a network takes, arranged.
    ///
    /// # Errors
    ///
    /// A program for another purpose, or of another network.
    pub fn arranged_int8_words(
        &self,
        quantized: &QuantizedNetwork<'_>,
        target: Int8Target,
    ) -> Result<usize, BufferError> {
        self.check_int8(quantized)?;
        let steps = self.steps().iter();
        Ok(steps
            .map(|step| StepLayout::of(self, quantized, step, target).words())
            .sum())
    }

    /// Brings weights and constants into the order in which [`Program::infer_arranged`] reads them.
    ///
    /// # Errors
    ///
    /// A program for another purpose or of another network, or words that are not as many as
    /// [`Program::arranged_int8_words`].
    pub fn arrange_int8(
        &self,
        quantized: &QuantizedNetwork<'_>,
        target: Int8Target,
        words: &mut [u32],
    ) -> Result<(), BufferError> {
        let needed = self.arranged_int8_words(quantized, target)?;
        buffers::check("arranged words", words.len(), needed)?;
        let mut rest = words;
        for step in self.steps() {
            let layout = StepLayout::of(self, quantized, step, target);
            let (own, behind) = rest.split_at_mut(layout.words());
            rest = behind;
            layout.write(own);
        }
        Ok(())
    }

    /// Which loops a step is arranged for, if it is, and whether its weights are paired.
    pub(super) fn sweeping(
        &self,
        quantized: &QuantizedNetwork<'_>,
        step: &Step,
        target: Int8Target,
    ) -> (Option<Sweeping>, bool) {
        let layout = StepLayout::of(self, quantized, step, target);
        match &layout.loops {
            Some(loops) => (
                Sweeping::of(&loops.geometry, loops.pool),
                loops.has_paired_word(),
            ),
            None => (None, false),
        }
    }

    /// Like [`Program::infer_int8`], by a network that was arranged for this processor. `arena` starts
    /// at a multiple of 4.
    ///
    /// # Errors
    ///
    /// As [`Program::infer_int8`], words that were arranged for a processor with other loops, and a
    /// pool without its kernel.
    pub fn infer_arranged<'m>(
        &self,
        network: &ArrangedNetwork<'_>,
        arena: &'m mut [i8],
        fill: impl FnOnce(&mut [i8]),
    ) -> Result<&'m [i8], BufferError> {
        self.infer_arranged_observed(network, arena, fill, &mut ())
    }

    /// Like [`Program::infer_arranged`], while `observer` looks on.
    ///
    /// # Errors
    ///
    /// As [`Program::infer_arranged`].
    pub fn infer_arranged_observed<'m>(
        &self,
        network: &ArrangedNetwork<'_>,
        arena: &'m mut [i8],
        fill: impl FnOnce(&mut [i8]),
        observer: &mut impl Observer,
    ) -> Result<&'m [i8], BufferError> {
        self.check_rule(network.rule, network.values.len())?;
        let mut at = 0;
        for step in self.steps() {
            let own = StepExtent::of(step, network.words, at);
            let own = own.filter(|_| network.kernels.serve(step));
            at += own.ok_or(BufferError::Purpose)?.len();
        }
        buffers::check("arranged words", network.words.len(), at)?;
        let mut at = 0;
        let integers = |_, step: &Step| match StepExtent::of(step, network.words, at) {
            Some(own) => {
                at += own.len();
                StepIntegers::of(own.tensors(network.words))
            }
            None => unreachable!("all steps have been found before"),
        };
        let look = |step, _: &[i8]| observer.done(Work::of_int8(step));
        let run = run_any(&network.kernels);
        self.infer_by(network.values, arena, fill, integers, look, run)
    }
}

/// Whether this build has the loops that weights are arranged for.
pub(in crate::run) const HAS_LOOPS: bool = cfg!(any(
    test,
    all(
        target_arch = "arm",
        target_abi = "eabihf",
        not(target_has_atomic = "64")
    )
));

/// How a step's integers are arranged.
struct StepLayout<'a> {
    /// For loops, where they compute it.
    loops: Option<CodeArrangement<'a>>,
    is_conv: bool,
    weights: &'a [i8],
    constants: &'a [i32],
}

impl<'a> StepLayout<'a> {
    fn of<const STEPS: usize>(
        program: &Program<STEPS>,
        quantized: &QuantizedNetwork<'a>,
        step: &Step,
        target: Int8Target,
    ) -> Self {
        let weights = &quantized.weights()[step.parameters.range()];
        let constants = &quantized.constants()[step.constants.range()];
        let mut own = Self {
            loops: None,
            is_conv: false,
            weights,
            constants,
        };
        let Some(geometry) = step.int8_geometry() else {
            return own;
        };
        own.is_conv = true;
        let is_linear = matches!(step.operation, Operation::Linear { .. });
        let from = quantized.values()[program.node_of_value(step.reads[0].value)];
        let arrangement = CodeArrangement {
            geometry,
            pool: matches!(step.operation, Operation::Conv2d { pool: true, .. }),
            rounding: match quantized.rule() {
                Int8Rule::TensorFlowLite if !is_linear => Rounding::Twice,
                _ => Rounding::Once,
            },
            reach: from.low.unsigned_abs().max(from.high.unsigned_abs()),
            output_zero: quantized.values()[step.node + 1].zero,
            weights,
            constants: &constants[..3 * geometry.filters],
        };
        if target == Int8Target::CortexMDsp && arrangement.is_served() {
            own.loops = Some(arrangement);
        }
        own
    }

    fn words(&self) -> usize {
        match &self.loops {
            _ if !self.is_conv => self.constants.len(),
            Some(loops) => {
                let own = CodeArrangement::words(&loops.geometry, loops.pool);
                own + self.constants.len() - loops.constants.len()
            }
            None => 1 + self.constants.len() + self.weights.len().div_ceil(4),
        }
    }

    fn write(&self, words: &mut [u32]) {
        let plain = |words: &mut [u32], constants: &[i32]| {
            for (word, constant) in words.iter_mut().zip(constants) {
                *word = *constant as u32;
            }
        };
        match &self.loops {
            _ if !self.is_conv => plain(words, self.constants),
            Some(loops) => {
                let (own, behind) =
                    words.split_at_mut(CodeArrangement::words(&loops.geometry, loops.pool));
                let written = loops.write(own);
                debug_assert!(written.is_ok(), "it was found to be served");
                plain(behind, &self.constants[loops.constants.len()..]);
            }
            None => {
                words[0] = PLAIN;
                let (constants, weights) = words[1..].split_at_mut(self.constants.len());
                plain(constants, self.constants);
                for (word, codes) in weights.iter_mut().zip(self.weights.chunks(4)) {
                    let mut bytes = [0; 4];
                    for (byte, code) in bytes.iter_mut().zip(codes) {
                        *byte = *code as u8;
                    }
                    *word = u32::from_le_bytes(bytes);
                }
            }
        }
    }
}

//! How good what a network of integers gives is: against labels, or, of an autoencoder, against what it was given.

use super::code_worker::CodePass;
use super::groups::Batch;
use crate::data::Values;
use kiln_core::{BufferError, GROUP, Lanes, Outcome, pack_codes, score, score_reconstruction};

/// One thread's memory to hold outputs against samples or their labels, as many side by side as packets have lanes.
pub(super) struct CodeErrors<L> {
    zero: L,
    output: Vec<L>,
    target: Vec<L>,
}

/// The scores of one thread's outputs, whatever the width of its packets.
pub(super) trait CodeScores {
    /// Leaves the mean squared distance of each sample from its output, of which `codes` are given, channels x
    /// rows x columns, sample by sample; adds them to `outcome`, one by one.
    fn score_reconstruction(
        &mut self,
        pass: &CodePass<'_>,
        indices: &[u32],
        codes: &[i8],
        errors: &mut [f32],
        outcome: &mut Outcome,
    ) -> Result<(), BufferError>;

    /// Holds each sample's logits, of which `codes` are given, sample by sample, against its label, and adds it to
    /// `outcome`, one by one; at most [`GROUP`] samples.
    fn score_labels(
        &mut self,
        pass: &CodePass<'_>,
        indices: &[u32],
        codes: &[i8],
        outcome: &mut Outcome,
    ) -> Result<(), BufferError>;
}

impl<L: Lanes> CodeScores for CodeErrors<L> {
    fn score_reconstruction(
        &mut self,
        pass: &CodePass<'_>,
        indices: &[u32],
        codes: &[i8],
        errors: &mut [f32],
        outcome: &mut Outcome,
    ) -> Result<(), BufferError> {
        let elements = codes.len() / indices.len().max(1);
        self.output.resize(elements, self.zero);
        self.target.resize(elements, self.zero);
        let packets = indices.chunks(L::LANES).zip(errors.chunks_mut(L::LANES));
        for ((indices, errors), codes) in packets.zip(codes.chunks(L::LANES * elements.max(1))) {
            let values = pass.quantized.values();
            pack_codes(&values[values.len() - 1], codes, &mut self.output);
            self.take_targets(pass, indices);
            score_reconstruction(&self.output, &self.target, errors, outcome)?;
        }
        Ok(())
    }

    fn score_labels(
        &mut self,
        pass: &CodePass<'_>,
        indices: &[u32],
        codes: &[i8],
        outcome: &mut Outcome,
    ) -> Result<(), BufferError> {
        let values = pass.quantized.values();
        let classes = codes.len() / indices.len().max(1);
        self.output.resize(classes, self.zero);
        let packets = codes.chunks(L::LANES * classes.max(1));
        for (indices, codes) in indices.chunks(L::LANES).zip(packets) {
            pack_codes(&values[values.len() - 1], codes, &mut self.output);
            let mut labels = [0; GROUP];
            for (label, index) in labels.iter_mut().zip(indices) {
                *label = pass.samples.labels[*index as usize];
            }
            score(&self.output, &labels[..indices.len()], outcome)?;
        }
        Ok(())
    }
}

impl<L: Lanes> CodeErrors<L> {
    /// Takes no memory before it is needed.
    pub fn new(zero: L) -> Self {
        Self {
            zero,
            output: Vec::new(),
            target: Vec::new(),
        }
    }

    /// Any packet.
    pub fn zero(&self) -> L {
        self.zero
    }

    /// The numbers that each sample should have become: the sample's own.
    fn take_targets(&mut self, pass: &CodePass<'_>, indices: &[u32]) {
        if pass.samples.coded && matches!(pass.samples.values, Values::Floats(_)) {
            let mut numbers = Vec::new();
            for (lane, index) in indices.iter().enumerate() {
                pass.numbers(*index, &mut numbers);
                let lanes = L::values_mut(&mut self.target).iter_mut();
                for (value, number) in lanes.skip(lane).step_by(L::LANES).zip(&numbers) {
                    *value = *number;
                }
            }
            return;
        }
        let batch = Batch {
            samples: pass.samples,
            indices,
            augmenter: None,
        };
        batch.pack(0..indices.len(), pass.scaling, &mut self.target);
    }
}

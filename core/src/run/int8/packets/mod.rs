//! The forward pass of a network in integers, a packet of samples at a time: for desktops.
//!
//! A value lies where the program for single samples has it, each of its bytes a packet: channels go
//! four to a packet, so that is room for any number of them. What packets do not serve is computed
//! sample by sample by the portable kernels.

mod codes;
mod compiled;
mod step;

use super::super::buffers::{self, BufferError};
use crate::int8::QuantizedNetwork;
use crate::lanes::codes::CodeLanes;
#[cfg(test)]
use crate::ops::conv2d::BlockScale;
use crate::ops::conv2d::{FilterScales, QuadGeometry};
use crate::{Int8Rule, Operation, Program, Step};
use codes::{InputPackets, WriteCodes, read_sample, write_sample};
pub(crate) use compiled::CompiledCodes;
use step::PacketStep;

/// What evaluating a network in integers by packets takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PacketSizes {
    /// Words of its arranged weights.
    pub weights: usize,
    /// Words of the values.
    pub values: usize,
    /// Words of a copy of what a convolution reads, and of what it gathers of that.
    pub copy: usize,
    /// Codes of all samples' inputs or outputs, or of one sample's values.
    pub codes: usize,
}

/// What a group of samples is computed in, each as long as [`PacketSizes`] says.
pub struct PacketMemory<'m> {
    /// The values, in packets.
    pub values: &'m mut [u32],
    /// A copy of what a convolution reads, and what it gathers of that.
    pub copy: &'m mut [u32],
    /// Codes as single samples have them.
    pub codes: &'m mut [i8],
}

/// How the convolution or linear layer of a step rounds: TensorFlow Lite's linear layers once, too.
fn convolution_rule(step: &Step, rule: Int8Rule) -> Int8Rule {
    match step.operation {
        Operation::Linear { .. } => Int8Rule::Once,
        _ => rule,
    }
}

impl Program {
    /// What it takes to evaluate a network by packets `C`.
    ///
    /// # Errors
    ///
    /// A program for another purpose, or of another network.
    pub fn int8_packets<C: CodeLanes>(
        &self,
        quantized: &QuantizedNetwork<'_>,
    ) -> Result<PacketSizes, BufferError> {
        self.check_int8(quantized)?;
        let convs = || (0..self.steps().len()).filter_map(|index| self.quads(index));
        let most = self.input_shape().elements().max(self.classes());
        Ok(PacketSizes {
            weights: convs().map(|quads| quads.words::<C>()).sum(),
            values: self.arena_packets() * C::LANES,
            copy: convs()
                .map(|quads| quads.copy_words() + quads.ring_words())
                .max()
                .unwrap_or(0)
                * C::LANES,
            codes: (most * C::LANES).max(self.arena_packets()),
        })
    }

    /// Brings weights and biases into the order in which packets `C` read them.
    ///
    /// # Errors
    ///
    /// As [`Program::int8_packets`], and words that are not as many as that says.
    pub fn arrange_int8_packets<C: CodeLanes>(
        &self,
        quantized: &QuantizedNetwork<'_>,
        words: &mut [u32],
    ) -> Result<(), BufferError> {
        let needed = self.int8_packets::<C>(quantized)?.weights;
        buffers::check("arranged words", words.len(), needed)?;
        let mut rest = words;
        for (index, step) in self.steps().iter().enumerate() {
            let Some(quads) = self.quads(index) else {
                continue;
            };
            let (own, behind) = rest.split_at_mut(quads.words::<C>());
            rest = behind;
            let weights = &quantized.weights()[step.parameters.range()];
            let constants = &quantized.constants()[step.constants.range()];
            let scales = FilterScales {
                rule: convolution_rule(step, quantized.rule()),
                filters: quads.conv().filters,
                constants,
                quantization: &quantized.values()[step.node + 1],
            };
            quads.arrange::<C>(weights, &scales, own);
        }
        Ok(())
    }

    /// Computes the codes that a network gives for up to `C::LANES` samples, the same as
    /// [`Program::infer_int8`] gives for each. `words` are its weights, arranged; `proof` is any packet.
    ///
    /// `fill` is called for each sample, by its number, with channels x height x width codes to write:
    /// as samples come. The samples' codes lie in the memory afterwards, each height x width x channels
    /// of the output, one sample's after another's.
    ///
    /// # Errors
    ///
    /// As [`Program::int8_packets`], no or too many samples, and buffers of another length.
    pub fn infer_int8_packets<'m, C: CodeLanes>(
        &self,
        proof: C,
        quantized: &QuantizedNetwork<'_>,
        words: &[u32],
        memory: PacketMemory<'m>,
        samples: usize,
        mut fill: impl FnMut(usize, &mut [i8]),
    ) -> Result<&'m [i8], BufferError> {
        let sizes = self.int8_packets::<C>(quantized)?;
        buffers::check("arranged words", words.len(), sizes.weights)?;
        buffers::check("values", memory.values.len(), sizes.values)?;
        buffers::check("copy", memory.copy.len(), sizes.copy)?;
        buffers::check("codes", memory.codes.len(), sizes.codes)?;
        if samples == 0 || samples > C::LANES {
            return Err(BufferError::Samples {
                given: samples,
                most: C::LANES,
            });
        }
        let mut memory = memory;
        self.take_samples(proof, quantized, &mut memory, samples, &mut fill);
        let mut rest = words;
        for index in 0..self.steps().len() {
            let mut step = self.packet_step(proof, quantized, index);
            let len = step.quads.map_or(0, |quads| quads.words::<C>());
            (step.weights, rest) = rest.split_at(len);
            step.samples = samples;
            step.run(&mut memory);
        }
        let output = self.output_shape();
        let packets = &memory.values[self.value(self.steps().len()).at * C::LANES..];
        let codes = &mut memory.codes[..samples * output.elements()];
        for (sample, codes) in codes.chunks_exact_mut(output.elements()).enumerate() {
            read_sample::<C>(output.channels as usize, packets, codes, sample);
        }
        Ok(codes)
    }

    /// Has the samples' codes filled in, and brings them into packets.
    fn take_samples<C: CodeLanes>(
        &self,
        proof: C,
        quantized: &QuantizedNetwork<'_>,
        memory: &mut PacketMemory<'_>,
        samples: usize,
        fill: &mut impl FnMut(usize, &mut [i8]),
    ) {
        let shape = self.input_shape();
        let elements = shape.elements();
        let codes = &mut memory.codes[..samples * elements];
        for (sample, codes) in codes.chunks_exact_mut(elements).enumerate() {
            fill(sample, codes);
        }
        let packets = &mut memory.values[self.value(0).at * C::LANES..];
        let reader = self.reader_of_samples();
        if shape.map_elements() == 1 && reader.is_none() {
            // Channels lie side by side already.
            for (sample, codes) in codes.chunks_exact(elements).enumerate() {
                write_sample::<C>(elements, codes, packets, sample);
            }
            return;
        }
        let (layout, packets) = match reader {
            Some(quads) => {
                let layout = InputPackets::of_reader(&quads, quantized.values()[0].zero);
                (layout, &mut *memory.copy)
            }
            None => {
                let map = [shape.height as usize, shape.width as usize];
                let channels = shape.channels as usize;
                (InputPackets::of_channels(channels, map), packets)
            }
        };
        C::write_codes(WriteCodes {
            proof,
            layout,
            codes,
            packets,
        });
    }

    /// Steps that packets compute; the others are computed sample by sample.
    #[cfg(test)]
    pub(in crate::run) fn steps_by_packets<C: CodeLanes>(
        &self,
        proof: C,
        quantized: &QuantizedNetwork<'_>,
    ) -> usize {
        let steps = 0..self.steps().len();
        steps
            .filter(|index| self.packet_step(proof, quantized, *index).is_served())
            .count()
    }

    /// Blocks of filters whose arranged words have floating-point scales, and others.
    #[cfg(test)]
    pub(in crate::run) fn blocks_by_floats<C: CodeLanes>(&self, words: &[u32]) -> [usize; 2] {
        let (mut counts, mut at) = ([0; 2], 0);
        for quads in (0..self.steps().len()).filter_map(|index| self.quads(index)) {
            for block in 0..quads.blocks() {
                counts[usize::from(words[at] == 0)] += 1;
                at += BlockScale::WORDS + quads.block_words::<C>(block);
            }
        }
        counts
    }

    /// A step, still without weights and samples.
    fn packet_step<'a, C: CodeLanes>(
        &'a self,
        proof: C,
        quantized: &'a QuantizedNetwork<'a>,
        index: usize,
    ) -> PacketStep<'a, C> {
        PacketStep {
            proof,
            program: self,
            step: &self.steps()[index],
            quantized,
            quads: self.quads(index),
            weights: &[],
            samples: 0,
        }
    }

    /// How packets see the convolution or linear layer of a step.
    fn quads(&self, index: usize) -> Option<QuadGeometry> {
        let step = &self.steps()[index];
        let conv = step.packet_geometry()?;
        let reads = self.steps().iter().flat_map(|step| step.reads());
        let is_only = step.reads[0].value == 0 && reads.filter(|read| read.value == 0).count() == 1;
        let is_pooled = matches!(step.operation, Operation::Conv2d { pool: true, .. });
        let can = is_only && step.adds.is_none();
        Some(QuadGeometry::new(&conv, can, is_pooled))
    }

    /// The convolution that alone reads the input, and that in windows or with its padding.
    fn reader_of_samples(&self) -> Option<QuadGeometry> {
        let mut quads = (0..self.steps().len()).filter_map(|index| self.quads(index));
        quads.find(|quads| quads.takes_samples)
    }
}

//! The forward pass of a network in integers, a packet of samples at a time: for desktops.
//!
//! A value lies where the program for single samples has it, each of its bytes a packet: channels go
//! four to a packet, so that is room for any number of them. What packets do not serve is computed
//! sample by sample by the portable kernels.

mod codes;
mod step;

use super::super::buffers::{self, BufferError};
use crate::Program;
use crate::int8::QuantizedNetwork;
use crate::lanes::codes::CodeLanes;
use crate::ops::conv2d::QuadGeometry;
use codes::{read_codes, write_codes, write_windows};
use step::PacketStep;

/// What evaluating a network in integers by packets takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PacketSizes {
    /// Words of its arranged weights.
    pub weights: usize,
    /// Words of the values.
    pub values: usize,
    /// Words of a copy of what a convolution reads.
    pub copy: usize,
    /// Codes of all samples' inputs or outputs, or of one sample's values.
    pub codes: usize,
}

/// What a group of samples is computed in, each as long as [`PacketSizes`] says.
pub struct PacketMemory<'m> {
    /// The values, in packets.
    pub values: &'m mut [u32],
    /// A copy of what a convolution reads.
    pub copy: &'m mut [u32],
    /// Codes as single samples have them.
    pub codes: &'m mut [i8],
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
            copy: convs().map(|quads| quads.copy_words()).max().unwrap_or(0) * C::LANES,
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
            quads.arrange::<C>(weights, &constants[..quads.conv().filters], own);
        }
        Ok(())
    }

    /// Computes the codes that a network gives for up to `C::LANES` samples, the same as
    /// [`Program::infer_int8`] gives for each. `words` are its weights, arranged; `proof` is any packet.
    ///
    /// `fill` is called for each sample, by its number, with height x width x channels codes to write.
    /// The samples' codes lie in the memory afterwards, one sample's after another's.
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
        self.take_samples::<C>(quantized, &mut memory, samples, &mut fill);
        let mut rest = words;
        for (index, step) in self.steps().iter().enumerate() {
            let quads = self.quads(index);
            let weights;
            (weights, rest) = rest.split_at(quads.map_or(0, |quads| quads.words::<C>()));
            let work = PacketStep {
                proof,
                program: self,
                step,
                quantized,
                quads,
                weights,
                samples,
            };
            work.run(&mut memory);
        }
        let output = self.output_shape();
        let packets = &memory.values[self.value(self.steps().len()).at * C::LANES..];
        let codes = &mut memory.codes[..samples * output.elements()];
        let channels = output.channels as usize;
        read_codes::<C>(output.elements(), channels, packets, codes);
        Ok(codes)
    }

    /// Has the samples' codes filled in, and brings them into packets.
    fn take_samples<C: CodeLanes>(
        &self,
        quantized: &QuantizedNetwork<'_>,
        memory: &mut PacketMemory<'_>,
        samples: usize,
        fill: &mut impl FnMut(usize, &mut [i8]),
    ) {
        let shape = self.input_shape();
        let (elements, channels) = (shape.elements(), shape.channels as usize);
        let codes = &mut memory.codes[..samples * elements];
        for (sample, codes) in codes.chunks_exact_mut(elements).enumerate() {
            fill(sample, codes);
        }
        if let Some(quads) = self.windowed_input() {
            let copy = &mut memory.copy[..quads.copy_words() * C::LANES];
            write_windows::<C>(&quads, quantized.values()[0].zero, codes, copy);
        } else {
            let packets = &mut memory.values[self.value(0).at * C::LANES..];
            write_codes::<C>(elements, channels, codes, packets);
        }
    }

    /// How packets see the convolution or linear layer of a step.
    fn quads(&self, index: usize) -> Option<QuadGeometry> {
        let step = &self.steps()[index];
        let conv = step.packet_geometry()?;
        let reads = self.steps().iter().flat_map(|step| step.reads());
        let is_only = step.reads[0].value == 0 && reads.filter(|read| read.value == 0).count() == 1;
        Some(QuadGeometry::new(&conv, is_only && step.adds.is_none()))
    }

    /// The convolution that alone reads the input, and that in windows.
    fn windowed_input(&self) -> Option<QuadGeometry> {
        let mut quads = (0..self.steps().len()).filter_map(|index| self.quads(index));
        quads.find(|quads| quads.window > 1)
    }
}

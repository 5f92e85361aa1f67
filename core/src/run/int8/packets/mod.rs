//! The forward pass of a network in integers, a packet of samples at a time: for desktops.
//!
//! A value lies where the program for single samples has it, each of its bytes a packet: channels go
//! four to a packet, so that is room for any number of them. What packets do not serve is computed
//! sample by sample by the portable kernels.

mod codes;
mod compiled;
mod layer;
mod step;
mod windows;

use super::super::buffers::{self, BufferError};
use crate::Program;
#[cfg(test)]
use crate::Step;
use crate::int8::QuantizedNetwork;
use crate::lanes::codes::CodeLanes;
#[cfg(test)]
use crate::ops::conv2d::BlockScale;
use crate::ops::conv2d::FilterScales;
use codes::{InputPackets, RUN, WriteCodes, read_positions, read_sample};
pub(crate) use compiled::CompiledCodes;
use core::borrow::Borrow;
use layer::PacketConvLayer;
pub use layer::PacketLayer;
use step::PacketStep;

/// What evaluating a network in integers by packets takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PacketSizes {
    /// Words of its arranged weights.
    pub weights: usize,
    /// Words of the values, and those that may lie before the first packet of a register's alignment.
    pub values: usize,
    /// Words of a copy of what a convolution reads, and of what it gathers of that; likewise.
    pub copy: usize,
    /// Codes of all samples' inputs or outputs and a run on either side, or of one sample's values.
    pub codes: usize,
}

/// A network as packets `C` compute it.
#[derive(Clone, Copy, Debug)]
pub struct PacketNetwork<'a> {
    /// Its layers, as [`Program::packet_layers`] gives them for `C`.
    pub layers: &'a [PacketLayer],
    /// Its weights, as [`Program::arrange_int8_packets`] arranges them for `C`.
    pub words: &'a [u32],
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
        Ok(self.packet_sizes::<C>(self.packet_layers::<C>(quantized)?))
    }

    fn packet_sizes<C: CodeLanes>(
        &self,
        layers: impl Iterator<Item: Borrow<PacketLayer>>,
    ) -> PacketSizes {
        let (mut weights, mut copy) = (0, 0);
        for layer in layers {
            // Not copied: a small network's inference is some thousand cycles.
            let layer = layer.borrow();
            weights += layer.words;
            if let Some(conv) = &layer.conv {
                copy = copy.max(conv.copy_words + conv.ring_words);
            }
        }
        let most = self.input_shape().elements().max(self.classes());
        PacketSizes {
            weights,
            values: self.arena_packets() * C::LANES + before_packets::<C>(),
            copy: copy * C::LANES + before_packets::<C>(),
            codes: (RUN + most * C::LANES + RUN).max(self.arena_packets()),
        }
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
        let layers = self.packet_layers::<C>(quantized)?;
        for (step, layer) in self.steps().iter().zip(layers) {
            let Some(PacketConvLayer { quads, rule, .. }) = layer.conv else {
                continue;
            };
            let (own, behind) = rest.split_at_mut(layer.words);
            rest = behind;
            let weights = &quantized.weights()[step.parameters.range()];
            let constants = &quantized.constants()[step.constants.range()];
            let scales = FilterScales {
                rule,
                filters: quads.conv().filters,
                constants,
                quantization: &quantized.values()[step.node + 1],
            };
            quads.arrange::<C>(weights, &scales, own);
        }
        Ok(())
    }

    /// Computes the codes that a network gives for up to `C::LANES` samples, the same as
    /// [`Program::infer_int8`] gives for each. `proof` is any packet.
    ///
    /// `fill` is called with channels x height x width codes to write of each sample, one sample's after another's:
    /// as samples come. The output's codes lie in the memory afterwards, each height x width x channels
    /// of the output, one sample's after another's.
    ///
    /// # Errors
    ///
    /// As [`Program::int8_packets`], no or too many samples, and layers or buffers of another length.
    pub fn infer_int8_packets<'m, C: CodeLanes>(
        &self,
        proof: C,
        quantized: &QuantizedNetwork<'_>,
        network: PacketNetwork<'_>,
        memory: PacketMemory<'m>,
        samples: usize,
        fill: impl FnOnce(&mut [i8]),
    ) -> Result<&'m [i8], BufferError> {
        self.check_int8(quantized)?;
        buffers::check("layers", network.layers.len(), self.steps().len())?;
        let sizes = self.packet_sizes::<C>(network.layers.iter());
        buffers::check("arranged words", network.words.len(), sizes.weights)?;
        buffers::check("values", memory.values.len(), sizes.values)?;
        buffers::check("copy", memory.copy.len(), sizes.copy)?;
        buffers::check("codes", memory.codes.len(), sizes.codes)?;
        if samples == 0 || samples > C::LANES {
            return Err(BufferError::Samples {
                given: samples,
                most: C::LANES,
            });
        }
        let mut memory = PacketMemory {
            values: whole_packets::<C>(memory.values),
            copy: whole_packets::<C>(memory.copy),
            codes: memory.codes,
        };
        fill(&mut memory.codes[RUN..][..samples * self.input_shape().elements()]);
        self.take_samples(proof, quantized, network.layers, &mut memory);
        let mut rest = network.words;
        for (step, layer) in self.steps().iter().zip(network.layers) {
            let (weights, behind) = rest.split_at(layer.words);
            rest = behind;
            PacketStep {
                proof,
                program: self,
                step,
                quantized,
                conv: layer.conv.as_ref(),
                multiplier: layer.multiplier,
                weights,
                samples,
            }
            .run(&mut memory);
        }
        let output = self.output_shape();
        let packets = &memory.values[self.value(self.steps().len()).at * C::LANES..];
        if output.map_elements() == 1 {
            read_positions::<C>(output.elements(), packets, memory.codes, samples);
            return Ok(&memory.codes[..samples * output.elements()]);
        }
        let codes = &mut memory.codes[..samples * output.elements()];
        for (sample, codes) in codes.chunks_exact_mut(output.elements()).enumerate() {
            read_sample::<C>(output.channels as usize, packets, codes, sample);
        }
        Ok(codes)
    }

    /// Brings the samples' codes into packets.
    fn take_samples<C: CodeLanes>(
        &self,
        proof: C,
        quantized: &QuantizedNetwork<'_>,
        layers: &[PacketLayer],
        memory: &mut PacketMemory<'_>,
    ) {
        let shape = self.input_shape();
        let packets = &mut memory.values[self.value(0).at * C::LANES..];
        // The convolution that alone reads the input, and that in windows or with its padding.
        let mut quads = layers
            .iter()
            .filter_map(|layer| Some(&layer.conv.as_ref()?.quads));
        let reader = quads.find(|quads| quads.takes_samples);
        let (layout, packets) = match reader {
            Some(quads) => {
                let layout = InputPackets::of_reader(quads, quantized.values()[0].zero);
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
            codes: memory.codes,
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
        let is_served = |step: &&Step| {
            let step = PacketStep {
                proof,
                program: self,
                step,
                quantized,
                conv: None,
                multiplier: None,
                weights: &[],
                samples: 0,
            };
            step.is_served()
        };
        self.steps().iter().filter(is_served).count()
    }

    /// Blocks of filters whose arranged words have floating-point scales, and others.
    #[cfg(test)]
    pub(in crate::run) fn blocks_by_floats<C: CodeLanes>(&self, words: &[u32]) -> [usize; 2] {
        let (mut counts, mut at) = ([0; 2], 0);
        for quads in (0..self.steps().len()).filter_map(|index| self.quads::<C>(index)) {
            for block in 0..quads.blocks() {
                counts[usize::from(words[at] == 0)] += 1;
                at += BlockScale::WORDS + quads.block_words::<C>(block);
            }
        }
        counts
    }
}

/// Words that may lie before the first packet of a memory for them.
const fn before_packets<C: CodeLanes>() -> usize {
    C::LANES - 1
}

/// Words from the first one on where a packet may lie as a register does: of other packets each would lie in two lines
/// of the first cache, and loading them takes twice as long.
fn whole_packets<C: CodeLanes>(words: &mut [u32]) -> &mut [u32] {
    let before = words.as_ptr().align_offset(size_of::<u32>() * C::LANES);
    match before <= before_packets::<C>() {
        true => &mut words[before..],
        // Only where addresses are not known.
        false => words,
    }
}

#[cfg(test)]
mod tests;

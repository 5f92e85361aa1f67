//! The forward pass of a network in integers, a packet of samples at a time: for desktops.
//!
//! A value lies where the program for single samples has it, each of its bytes a packet: channels go
//! four to a packet, so that is room for any number of them. What packets do not serve is computed
//! sample by sample by the portable kernels.

mod channels;
mod codes;
mod compiled;
mod layer;
mod linears;
mod pass;
mod step;
mod windows;

use super::super::buffers::{self, BufferError};
use crate::Program;
use crate::int8::QuantizedNetwork;
use crate::lanes::codes::{CodeLanes, QUAD};
#[cfg(test)]
use crate::ops::conv2d::BlockScale;
use crate::ops::conv2d::FilterScales;
use codes::RUN;
pub(crate) use compiled::CompiledCodes;
use core::borrow::Borrow;
use layer::PacketConvLayer;
pub use layer::PacketLayer;
pub use pass::PacketPass;

/// What evaluating a network in integers by packets takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PacketSizes {
    /// Packets of samples that go through a layer before the next layer, where there are as many: a small network's
    /// layers take longer to begin than to compute.
    pub stack: usize,
    /// Words of its arranged weights.
    pub weights: usize,
    /// Words of the values, and those that may lie before the first packet of a register's alignment.
    pub values: usize,
    /// Words of copies of what a convolution reads, and of what it gathers of that; likewise.
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
        let (mut weights, mut copy, mut ring) = (0, 0, 0);
        for layer in layers {
            // Not copied: a small network's inference is some thousand cycles.
            let layer = layer.borrow();
            weights += layer.words;
            if let Some(conv) = &layer.conv {
                copy = copy.max(conv.copy_words);
                ring = ring.max(conv.ring_words);
            }
        }
        let most = self.input_shape().elements().max(self.classes());
        let stack = stack::<C>(self.arena_packets().div_ceil(QUAD) + copy, ring);
        PacketSizes {
            stack,
            weights,
            values: self.arena_packets() * stack * C::LANES + before_packets::<C>(),
            copy: (copy * stack + ring) * C::LANES + before_packets::<C>(),
            codes: (RUN + most * stack * C::LANES + RUN).max(self.arena_packets()),
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

/// Packets of samples at most that go through a layer before the next layer.
const LONGEST_STACK: usize = 4;

/// Bytes of what they are computed in at most. That is more than a first cache holds; with half or a quarter of it, small
/// networks took up to a fifth longer.
const STACK_BYTES: usize = 64 << 10;

/// Packets of samples that go through a layer before the next layer, a power of two, where each has so many packets of
/// values and copies, and all have some in common.
fn stack<C: CodeLanes>(each: usize, common: usize) -> usize {
    let most = STACK_BYTES / (C::LANES * size_of::<u32>());
    let mut stack = LONGEST_STACK;
    while stack > 1 && stack.saturating_mul(each).saturating_add(common) > most {
        stack /= 2;
    }
    stack
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

//! Packets of samples, one after another.

use super::super::super::buffers::{self, BufferError};
use super::codes::{InputPackets, RUN, WriteCodes, read_positions, read_sample};
use super::linears::PacketLinears;
use super::step::{PacketStep, value_words};
use super::{PacketMemory, PacketNetwork, whole_packets};
use crate::Program;
use crate::int8::QuantizedNetwork;
use crate::lanes::Lanes;
use crate::lanes::codes::CodeLanes;
use crate::pack::pack_words;

/// A network's forward pass by packets `C`, with all that it takes: what is the same for all packets of samples is
/// looked at once.
pub struct PacketPass<'a, 'm, C> {
    proof: C,
    program: &'a Program,
    quantized: &'a QuantizedNetwork<'a>,
    network: PacketNetwork<'a>,
    memory: PacketMemory<'m>,
    input: InputPackets,
    /// Whether samples come into the copy that the first convolution reads.
    takes_samples: bool,
    /// Packets of samples that there is room for.
    room: usize,
    /// Samples of the last run.
    samples: usize,
}

impl Program {
    /// Makes ready to compute what a network gives for packets of samples. `proof` is any packet.
    ///
    /// # Errors
    ///
    /// As [`Program::int8_packets`], and layers or buffers of another length.
    pub fn int8_packet_pass<'a, 'm, C: CodeLanes>(
        &'a self,
        proof: C,
        quantized: &'a QuantizedNetwork<'a>,
        network: PacketNetwork<'a>,
        memory: PacketMemory<'m>,
    ) -> Result<PacketPass<'a, 'm, C>, BufferError> {
        self.check_int8(quantized)?;
        buffers::check("layers", network.layers.len(), self.steps().len())?;
        let sizes = self.packet_sizes::<C>(network.layers.iter());
        buffers::check("arranged words", network.words.len(), sizes.weights)?;
        buffers::check("values", memory.values.len(), sizes.values)?;
        buffers::check("copy", memory.copy.len(), sizes.copy)?;
        buffers::check("codes", memory.codes.len(), sizes.codes)?;
        let shape = self.input_shape();
        // The convolution that alone reads the input, and that in windows or with its padding.
        let convs = network
            .layers
            .iter()
            .filter_map(|layer| layer.conv.as_ref());
        let reader = convs
            .map(|conv| &conv.quads)
            .find(|quads| quads.takes_samples);
        let map = [shape.height as usize, shape.width as usize];
        Ok(PacketPass {
            proof,
            program: self,
            quantized,
            network,
            memory: PacketMemory {
                values: whole_packets::<C>(memory.values),
                copy: whole_packets::<C>(memory.copy),
                codes: memory.codes,
            },
            input: match reader {
                Some(quads) => InputPackets::of_reader(quads, quantized.values()[0].zero),
                None => InputPackets::of_channels(shape.channels as usize, map),
            },
            takes_samples: reader.is_some(),
            room: sizes.stack,
            samples: 0,
        })
    }
}

impl<'m, C: CodeLanes> PacketPass<'_, 'm, C> {
    /// Computes what the network gives for up to [`PacketSizes::stack`](super::PacketSizes::stack) x `C::LANES` samples,
    /// the same as [`Program::infer_int8`] gives for each.
    ///
    /// `fill` is called with channels x height x width codes to write of each sample, one sample's after another's:
    /// as samples come.
    ///
    /// # Errors
    ///
    /// No or too many samples.
    pub fn infer(
        &mut self,
        samples: usize,
        fill: impl FnOnce(&mut [i8]),
    ) -> Result<(), BufferError> {
        let most = self.most_samples();
        if samples == 0 || samples > most {
            return Err(BufferError::Samples {
                given: samples,
                most,
            });
        }
        self.samples = samples;
        fill(&mut self.memory.codes[RUN..][..samples * self.program.input_shape().elements()]);
        self.take_samples();
        let mut index = 0;
        while let Some(layer) = self.network.layers.get(index) {
            match layer.linears {
                0 => self.run_step(index),
                linears => self.run_linears(index, linears),
            }
            index += layer.linears.max(1);
        }
        Ok(())
    }

    /// Samples that it takes at once.
    pub fn most_samples(&self) -> usize {
        self.room * C::LANES
    }

    /// The codes of the last samples, each height x width x channels of the output, one sample's after another's.
    pub fn codes(self) -> &'m [i8] {
        let (shape, samples) = (self.program.output_shape(), self.samples);
        let (each, words) = (shape.elements(), value_words::<C>(shape));
        let packets = self.memory.values[self.output_at()..].chunks(words);
        let codes = self.memory.codes;
        for (at, packets) in (0..samples).step_by(C::LANES).zip(packets) {
            let (codes, samples) = (&mut codes[at * each..], C::LANES.min(samples - at));
            if shape.map_elements() == 1 {
                read_positions::<C>(each, packets, codes, samples);
                continue;
            }
            let codes = &mut codes[..samples * each];
            for (sample, codes) in codes.chunks_exact_mut(each).enumerate() {
                read_sample::<C>(shape.channels as usize, packets, codes, sample);
            }
        }
        &codes[..samples * each]
    }

    /// Leaves the numbers that the last samples' codes stand for, of an output of a single position: channel by channel
    /// those of the first samples, as many as packets of numbers have lanes, and then those of the next ones. Lanes
    /// without a sample hold any number.
    ///
    /// # Panics
    ///
    /// An output of several positions, and numbers that are not as many as the channels of all packets of samples.
    pub fn numbers<L: Lanes>(&self, numbers: &mut [L]) {
        let (channels, parts) = (self.program.classes(), C::LANES / L::LANES);
        let is_whole = numbers.len() == channels * parts * self.count();
        assert!(self.has_one_position() && is_whole);
        let values = self.quantized.values();
        let each = value_words::<C>(self.program.output_shape());
        let words = &self.memory.values[self.output_at()..];
        for (part, numbers) in numbers.chunks_exact_mut(channels).enumerate() {
            let words = &words[part / parts * each + part % parts * L::LANES..];
            pack_words(&values[values.len() - 1], words, C::LANES, numbers);
        }
    }

    /// Whether the output has a single position.
    pub fn has_one_position(&self) -> bool {
        self.program.output_shape().map_elements() == 1
    }

    /// Packets of the last samples.
    fn count(&self) -> usize {
        self.samples.div_ceil(C::LANES)
    }

    fn output_at(&self) -> usize {
        self.program.value(self.program.steps().len()).at * self.room * C::LANES
    }

    /// Brings the samples' codes into packets.
    fn take_samples(&mut self) {
        let count = self.count();
        let memory = &mut self.memory;
        let packets = match self.takes_samples {
            true => &mut *memory.copy,
            false => &mut memory.values[self.program.value(0).at * self.room * C::LANES..],
        };
        C::write_codes(WriteCodes {
            proof: self.proof,
            layout: self.input,
            count,
            codes: memory.codes,
            packets,
        });
    }

    fn run_step(&mut self, index: usize) {
        let layer = &self.network.layers[index];
        PacketStep {
            proof: self.proof,
            program: self.program,
            step: &self.program.steps()[index],
            quantized: self.quantized,
            layer,
            weights: layer.of(self.network.words),
            samples: self.samples,
            room: self.room,
        }
        .run(&mut self.memory);
    }

    /// Several linear layers at once: each on its own a small network's would take longer to begin than to compute.
    fn run_linears(&mut self, index: usize, linears: usize) {
        C::run_linears(PacketLinears {
            proof: self.proof,
            stack: [self.room, self.count()],
            layers: &self.network.layers[index..][..linears],
            words: self.network.words,
            values: self.memory.values,
            copy: self.memory.copy,
        });
    }
}

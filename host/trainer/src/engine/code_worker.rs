//! Threads' memory to evaluate networks of integers, and how samples become codes.

use super::EngineError;
use super::code_errors::{CodeErrors, CodeScores};
use super::groups::Batch;
use crate::data::{Samples, Values};
use crate::memory_limit;
use kiln_core::{
    BufferError, ByteTable, CodeLanes, CodeWork, LaneWidth, Lanes, PacketLayer, PacketMemory,
    PacketNetwork, PacketSizes, Program, Quantization, QuantizedNetwork, Scaling, Shape,
    scaled_codes,
};
use std::sync::Arc;

/// What all threads read.
#[derive(Clone, Copy)]
pub(super) struct CodePass<'a> {
    pub quantized: QuantizedNetwork<'a>,
    pub program: &'a Program,
    pub scaling: &'a Scaling,
    pub samples: &'a Samples,
    /// Codes of bytes, as [`byte_tables`] makes them.
    pub tables: &'a [ByteTable],
}

/// One thread's memory.
pub(super) trait CodeWorker: Send {
    /// Samples side by side.
    fn width(&self) -> LaneWidth;

    /// The codes of at most as many samples, each rows x columns x channels.
    fn infer(&mut self, pass: &CodePass<'_>, indices: &[u32]) -> Result<&[i8], BufferError>;

    /// What scores its outputs.
    fn scores(&mut self) -> &mut dyn CodeScores;
}

/// Makes the workers of one width, or `None` where this processor lacks it.
pub(super) fn workers(
    width: LaneWidth,
    threads: usize,
    program: &Program,
    quantized: &QuantizedNetwork<'_>,
) -> Result<Option<Vec<Box<dyn CodeWorker>>>, EngineError> {
    if width == LaneWidth::X1 {
        let each = program.arena_packets() + program.input_shape().elements();
        check(threads, each)?;
        let worker = || Box::new(SingleWorker::new(program)) as Box<dyn CodeWorker>;
        return Ok(Some((0..threads).map(|_| worker()).collect()));
    }
    let work = MakeWorkers {
        threads,
        program,
        quantized,
    };
    width.run_codes(work).transpose()
}

/// Makes workers that compute a packet of samples at a time.
struct MakeWorkers<'a> {
    threads: usize,
    program: &'a Program,
    quantized: &'a QuantizedNetwork<'a>,
}

impl CodeWork for MakeWorkers<'_> {
    type Output = Result<Vec<Box<dyn CodeWorker>>, EngineError>;

    fn run<C: CodeLanes>(self, proof: C) -> Self::Output {
        let Self {
            threads,
            program,
            quantized,
        } = self;
        let zero = C::Numbers::zero().ok_or(EngineError::Lanes(C::Numbers::WIDTH.name()))?;
        let sizes = program.int8_packets::<C>(quantized)?;
        let each = (sizes.values + sizes.copy) * size_of::<u32>() + sizes.codes;
        check(threads, each + sizes.weights * size_of::<u32>())?;
        let mut words = vec![0; sizes.weights];
        program.arrange_int8_packets::<C>(quantized, &mut words)?;
        let words: Arc<[u32]> = words.into();
        let layers: Arc<[PacketLayer]> = program.packet_layers::<C>(quantized)?.collect();
        let worker = || {
            let network = (layers.clone(), words.clone());
            let worker = PacketWorker::new(proof, sizes, network, CodeErrors::new(zero));
            Box::new(worker) as Box<dyn CodeWorker>
        };
        Ok((0..threads).map(|_| worker()).collect())
    }
}

/// Whether so many threads can have so many bytes each.
fn check(threads: usize, each: usize) -> Result<(), EngineError> {
    let plural = if threads == 1 { "" } else { "s" };
    let purpose = format!("computing with this network on {threads} thread{plural}");
    Ok(memory_limit::check(each.saturating_mul(threads), purpose)?)
}

/// Computes a packet of samples at a time.
struct PacketWorker<C, L> {
    proof: C,
    layers: Arc<[PacketLayer]>,
    words: Arc<[u32]>,
    values: Vec<u32>,
    copy: Vec<u32>,
    codes: Vec<i8>,
    numbers: Vec<f32>,
    errors: CodeErrors<L>,
}

impl<C: CodeLanes, L: Lanes> PacketWorker<C, L> {
    fn new(
        proof: C,
        sizes: PacketSizes,
        (layers, words): (Arc<[PacketLayer]>, Arc<[u32]>),
        errors: CodeErrors<L>,
    ) -> Self {
        Self {
            proof,
            layers,
            words,
            values: vec![0; sizes.values],
            copy: vec![0; sizes.copy],
            codes: vec![0; sizes.codes],
            numbers: Vec::new(),
            errors,
        }
    }
}

impl<C: CodeLanes, L: Lanes> CodeWorker for PacketWorker<C, L> {
    fn width(&self) -> LaneWidth {
        C::WIDTH
    }

    fn infer(&mut self, pass: &CodePass<'_>, indices: &[u32]) -> Result<&[i8], BufferError> {
        let memory = PacketMemory {
            values: &mut self.values,
            copy: &mut self.copy,
            codes: &mut self.codes,
        };
        let network = PacketNetwork {
            layers: &self.layers,
            words: &self.words,
        };
        let (proof, numbers) = (self.proof, &mut self.numbers);
        pass.program.infer_int8_packets(
            self.proof,
            &pass.quantized,
            network,
            memory,
            indices.len(),
            |sample, codes| match &pass.samples.values {
                Values::Floats(floats) if !pass.samples.coded => {
                    let floats = &floats[indices[sample] as usize * codes.len()..][..codes.len()];
                    let own = &pass.quantized.values()[0];
                    scaled_codes(proof, own, pass.scaling, floats, codes);
                }
                _ => pass.fill_channels(indices[sample], numbers, codes),
            },
        )
    }

    fn scores(&mut self) -> &mut dyn CodeScores {
        &mut self.errors
    }
}

/// Computes one sample at a time, by the portable kernels.
struct SingleWorker {
    arena: Vec<i8>,
    /// The sample's, channels x rows x columns.
    codes: Vec<i8>,
    numbers: Vec<f32>,
    errors: CodeErrors<f32>,
}

impl SingleWorker {
    fn new(program: &Program) -> Self {
        Self {
            arena: vec![0; program.arena_packets()],
            codes: vec![0; program.input_shape().elements()],
            numbers: Vec::new(),
            errors: CodeErrors::new(0.0),
        }
    }
}

impl CodeWorker for SingleWorker {
    fn width(&self) -> LaneWidth {
        LaneWidth::X1
    }

    fn infer(&mut self, pass: &CodePass<'_>, indices: &[u32]) -> Result<&[i8], BufferError> {
        let shape = pass.program.input_shape();
        pass.fill_channels(indices[0], &mut self.numbers, &mut self.codes);
        let filled = &self.codes;
        let fill = |codes: &mut [i8]| channels_last(shape, filled, codes, |code| code);
        pass.program
            .infer_int8(&pass.quantized, &mut self.arena, fill)
    }

    fn scores(&mut self) -> &mut dyn CodeScores {
        &mut self.errors
    }
}

impl CodePass<'_> {
    /// Writes the codes of a sample, channels x rows x columns; `numbers` is memory for it as numbers.
    pub fn fill_channels(&self, index: u32, numbers: &mut Vec<f32>, codes: &mut [i8]) {
        match &self.samples.values {
            Values::Bytes(bytes) => {
                let image = &bytes[index as usize * codes.len()..][..codes.len()];
                if let [table] = self.tables {
                    return table.look_up(image, codes);
                }
                let map = self.program.input_shape().map_elements();
                if map == 1 {
                    let channels = codes.iter_mut().zip(image).zip(self.tables);
                    return channels.for_each(|((code, byte), table)| *code = table.code(*byte));
                }
                let channels = codes.chunks_exact_mut(map).zip(image.chunks_exact(map));
                for ((codes, bytes), table) in channels.zip(self.tables) {
                    table.look_up(bytes, codes);
                }
            }
            Values::Floats(_) => {
                self.numbers(index, numbers);
                let own = self.quantized.values()[0];
                for (code, number) in codes.iter_mut().zip(numbers) {
                    *code = own.code(*number);
                }
            }
        }
    }

    /// A sample as the numbers that the network takes, channels x rows x columns, or of a sample of codes
    /// those that these stand for: of which the codes are the same again.
    pub fn numbers(&self, index: u32, numbers: &mut Vec<f32>) {
        numbers.resize(self.program.input_shape().elements(), 0.0);
        if let (true, Values::Floats(codes)) = (self.samples.coded, &self.samples.values) {
            let own = &self.quantized.values()[0];
            let codes = &codes[index as usize * numbers.len()..];
            for (number, code) in numbers.iter_mut().zip(codes) {
                *number = own.number(*code as i8);
            }
            return;
        }
        let batch = Batch {
            samples: self.samples,
            indices: &[index],
            augmenter: None,
        };
        batch.pack(0..1, self.scaling, numbers);
    }
}

/// The code of each byte, channel by channel, or one table where all channels are scaled alike.
pub(super) fn byte_tables(
    own: &Quantization,
    channels: usize,
    scaling: &Scaling,
) -> Vec<ByteTable> {
    let alike = |values: &[f32]| values.windows(2).all(|pair| pair[0] == pair[1]);
    let tables = match alike(scaling.scale()) && alike(scaling.shift()) {
        true => 1,
        false => channels,
    };
    let number = |channel: usize, byte: u8| scaling.apply(channel, byte).unwrap_or(0.0);
    let table = |channel| {
        let mut table = [0; 256];
        for (byte, code) in (0..=u8::MAX).zip(&mut table) {
            *code = own.code(number(channel, byte));
        }
        ByteTable::new(table)
    };
    (0..tables).map(table).collect()
}

/// Codes of a value, rows x columns x channels, as channels x rows x columns.
pub fn fill_channels_first(shape: Shape, codes: &[i8], out: &mut [i8]) {
    let (channels, map) = (shape.channels as usize, shape.map_elements());
    if map == 1 {
        return out[..channels].copy_from_slice(&codes[..channels]);
    }
    for (place, codes) in codes.chunks_exact(channels).enumerate() {
        for (channel, code) in codes.iter().enumerate() {
            out[channel * map + place] = *code;
        }
    }
}

/// Codes of a value, channels x rows x columns, as rows x columns x channels.
pub(super) fn fill_channels_last(shape: Shape, codes: &[i8], out: &mut [i8]) {
    channels_last(shape, codes, out, |code| code);
}

/// Codes of a sample, rows x columns x channels, from its numbers, channels x rows x columns.
pub fn fill_codes(own: &Quantization, shape: Shape, numbers: &[f32], codes: &mut [i8]) {
    channels_last(shape, numbers, codes, |number| own.code(number));
}

fn channels_last<T: Copy>(shape: Shape, values: &[T], codes: &mut [i8], code: impl Fn(T) -> i8) {
    let channels = shape.channels as usize;
    for (channel, values) in values.chunks_exact(shape.map_elements()).enumerate() {
        let codes = codes[channel..].iter_mut().step_by(channels);
        for (to, value) in codes.zip(values) {
            *to = code(*value);
        }
    }
}

//! Threads' memory to evaluate networks of integers.

use super::EngineError;
use super::code_errors::{CodeErrors, CodeScores};
use super::code_samples::{channels_last, fill_channels_first};
use crate::data::Samples;
use crate::memory_limit;
use kiln_core::{
    BufferError, ByteTable, CodeLanes, CodeWork, GROUP, LaneWidth, Lanes, Outcome, PacketLayer,
    PacketMemory, PacketNetwork, PacketPass, PacketSizes, Program, QuantizedNetwork, Scaling,
    score_packets,
};
use std::sync::Arc;

/// What all threads read.
#[derive(Clone, Copy)]
pub(super) struct CodePass<'a> {
    pub quantized: QuantizedNetwork<'a>,
    pub program: &'a Program,
    pub scaling: &'a Scaling,
    pub samples: &'a Samples,
    /// Codes of bytes, as [`byte_tables`](super::code_samples::byte_tables) makes them.
    pub tables: &'a [ByteTable],
    /// The same by arithmetic, as [`byte_lines`](super::code_samples::byte_lines) finds it.
    pub lines: Option<[&'a [f32]; 2]>,
}

/// One thread's memory.
pub(super) trait CodeWorker: Send {
    /// Samples side by side.
    fn width(&self) -> LaneWidth;

    /// The codes of at most as many samples, each rows x columns x channels.
    fn infer(&mut self, pass: &CodePass<'_>, indices: &[u32]) -> Result<&[i8], BufferError>;

    /// Holds each sample's logits against its label, and adds it to the outcome of its [`GROUP`], of which the first
    /// begins with the first sample: as [`CodeScores::score_labels`] does, of any number of samples.
    fn score(
        &mut self,
        pass: &CodePass<'_>,
        indices: &[u32],
        outcomes: &mut [Outcome],
    ) -> Result<(), BufferError>;

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
    memory: CodeMemory,
    numbers: Vec<f32>,
    /// Of [`PACKETS`] packets.
    logits: Vec<L>,
    errors: CodeErrors<L>,
}

/// Packets whose logits are scored together.
const PACKETS: usize = 4;

/// What a packet of samples is computed in, and what by.
struct CodeMemory {
    layers: Arc<[PacketLayer]>,
    words: Arc<[u32]>,
    values: Vec<u32>,
    copy: Vec<u32>,
    codes: Vec<i8>,
}

impl<C: CodeLanes, L: Lanes> PacketWorker<C, L> {
    fn new(
        proof: C,
        sizes: PacketSizes,
        (layers, words): (Arc<[PacketLayer]>, Arc<[u32]>),
        errors: CodeErrors<L>,
    ) -> Self {
        let memory = CodeMemory {
            layers,
            words,
            values: vec![0; sizes.values],
            copy: vec![0; sizes.copy],
            codes: vec![0; sizes.codes],
        };
        Self {
            proof,
            memory,
            numbers: Vec::new(),
            logits: Vec::new(),
            errors,
        }
    }
}

impl CodeMemory {
    fn ready<'a, 'm, C: CodeLanes>(
        &'m mut self,
        proof: C,
        pass: &'a CodePass<'_>,
    ) -> Result<PacketPass<'a, 'm, C>, BufferError>
    where
        'm: 'a,
    {
        let network = PacketNetwork {
            layers: &self.layers,
            words: &self.words,
        };
        let memory = PacketMemory {
            values: &mut self.values,
            copy: &mut self.copy,
            codes: &mut self.codes,
        };
        pass.program
            .int8_packet_pass(proof, &pass.quantized, network, memory)
    }
}

impl<C: CodeLanes, L: Lanes> CodeWorker for PacketWorker<C, L> {
    fn width(&self) -> LaneWidth {
        C::WIDTH
    }

    fn infer(&mut self, pass: &CodePass<'_>, indices: &[u32]) -> Result<&[i8], BufferError> {
        let (proof, numbers) = (self.proof, &mut self.numbers);
        let mut packets = self.memory.ready(proof, pass)?;
        packets.infer(indices.len(), |codes| {
            pass.fill_packet(proof, indices, numbers, codes);
        })?;
        Ok(packets.codes())
    }

    fn score(
        &mut self,
        pass: &CodePass<'_>,
        indices: &[u32],
        outcomes: &mut [Outcome],
    ) -> Result<(), BufferError> {
        let (proof, numbers) = (self.proof, &mut self.numbers);
        let classes = pass.program.classes();
        let row = classes * C::LANES / L::LANES;
        self.logits.resize(PACKETS * row, self.errors.zero());
        let mut packets = self.memory.ready(proof, pass)?;
        let runs = indices.chunks(PACKETS * C::LANES);
        for (indices, outcomes) in runs.zip(outcomes.chunks_mut(PACKETS * C::LANES / GROUP)) {
            let mut labels = [0; PACKETS * GROUP];
            let labels = &mut labels[..indices.len()];
            pass.fill_labels(indices, labels);
            let mut logits = &mut *self.logits;
            for indices in indices.chunks(packets.most_samples()) {
                packets.infer(indices.len(), |codes| {
                    pass.fill_packet(proof, indices, numbers, codes);
                })?;
                let (own, others) = logits.split_at_mut(indices.len().div_ceil(C::LANES) * row);
                packets.numbers(own);
                logits = others;
            }
            let logits = &self.logits[..indices.len().div_ceil(L::LANES) * classes];
            score_packets(logits, classes, labels, outcomes)?;
        }
        Ok(())
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

    fn score(
        &mut self,
        pass: &CodePass<'_>,
        indices: &[u32],
        outcomes: &mut [Outcome],
    ) -> Result<(), BufferError> {
        let shape = pass.program.output_shape();
        let mut codes = vec![0; shape.elements()];
        for (at, index) in indices.chunks(1).enumerate() {
            fill_channels_first(shape, self.infer(pass, index)?, &mut codes);
            self.errors
                .score_labels(pass, index, &codes, &mut outcomes[at / GROUP])?;
        }
        Ok(())
    }

    fn scores(&mut self) -> &mut dyn CodeScores {
        &mut self.errors
    }
}

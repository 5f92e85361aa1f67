//! Codes of single samples into packets and back.

use crate::int8::four;
use crate::lanes::Kernel;
use crate::lanes::codes::{BIASED_CODES, ChannelRuns, CodeGrid, CodeLanes, QUAD};
use crate::ops::conv2d::QuadGeometry;

/// How an input's packets lie, and which codes each holds.
#[derive(Clone, Copy)]
pub struct InputPackets {
    pub channels: usize,
    /// Rows and columns of the samples.
    pub input: [usize; 2],
    /// Rows and columns of packets.
    pub(super) output: [usize; 2],
    /// Rows and columns of padding before the input.
    pub(super) before: [usize; 2],
    pub(super) quads: usize,
    /// Positions whose codes a packet holds.
    pub(super) window: usize,
    /// Positions from a packet's first to the next one's.
    pub(super) spread: usize,
    /// The zero of padding.
    pub(super) padding: i8,
    /// Columns of the input behind which there is padding: any number where a kernel sees none there.
    pub(super) end: usize,
}

impl InputPackets {
    /// Those of a value of single channels' codes, four channels to a packet.
    pub fn of_channels(channels: usize, input: [usize; 2]) -> Self {
        Self {
            channels,
            input,
            output: input,
            before: [0; 2],
            quads: channels.div_ceil(QUAD),
            window: 1,
            spread: 1,
            padding: 0,
            end: input[1],
        }
    }

    /// Those that their only reader wants: with its padding, in windows or not.
    pub fn of_reader(quads: &QuadGeometry, zero: i8) -> Self {
        let conv = quads.conv();
        let ([height, width], [rows, columns]) = (conv.input, quads.input);
        // As one row, where windows go on from a row to the next.
        let (input, output, before, axis) = match quads.is_flat {
            true => (
                [1, height * width],
                [1, rows * columns],
                [0, conv.padding[0] * width],
                0,
            ),
            false => (conv.input, quads.input, conv.padding, 1),
        };
        Self {
            channels: conv.channels,
            input,
            output,
            before,
            quads: quads.quads(),
            window: quads.window,
            spread: quads.spread,
            padding: zero,
            end: match conv.sees_padding_behind(axis) {
                true => input[1],
                false => usize::MAX / QUAD,
            },
        }
    }
}

/// Brings samples into packets.
pub struct WriteCodes<'a, C> {
    pub proof: C,
    pub layout: InputPackets,
    /// Packets of samples.
    pub count: usize,
    /// Behind [`RUN`] others those of each sample, channels x rows x columns, one sample behind another.
    pub codes: &'a [i8],
    /// rows x columns x quads packets of each packet of samples, one behind another.
    pub packets: &'a mut [u32],
}

impl<C: CodeLanes> Kernel for WriteCodes<'_, C> {
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        if self.layout.window > 1 {
            return self.by_windows();
        }
        for packet in 0..self.count {
            match self.layout.output == [1, 1] {
                true => self.of_packet(packet).by_runs(),
                false => self.of_packet(packet).by_channels(),
            }
        }
    }
}

/// Codes that are brought into packets at once. So many lie before the first sample's codes, and so many behind those
/// of as many samples as a packet has, whatever they are: what they become nobody reads, or padding takes their place.
pub(super) const RUN: usize = 16;

impl<C: CodeLanes> WriteCodes<'_, C> {
    /// Those of one packet of samples.
    #[inline(always)]
    pub(super) fn of_packet(&mut self, packet: usize) -> WriteCodes<'_, C> {
        let InputPackets {
            channels,
            input,
            output,
            quads,
            ..
        } = self.layout;
        let words = output[0] * output[1] * quads * C::LANES;
        WriteCodes {
            codes: &self.codes[packet * C::LANES * channels * input[0] * input[1]..],
            packets: &mut self.packets[packet * words..][..words],
            ..*self
        }
    }

    /// Channels of a single position, sixteen at once: they lie side by side already.
    #[inline(always)]
    fn by_runs(&mut self) {
        let InputPackets {
            channels, quads, ..
        } = self.layout;
        for run in 0..quads.div_ceil(QUAD) {
            // Behind the last channel are others' codes, which nobody reads.
            let four = self.packets_of_run(RUN + run * RUN, channels);
            let packets = &mut self.packets[run * QUAD * C::LANES..quads * C::LANES];
            for (packet, to) in four.iter().zip(packets.chunks_exact_mut(C::LANES)) {
                packet.store(to);
            }
        }
    }

    /// The runs of all samples, of which the first one's begin so.
    #[inline(always)]
    pub(super) fn samples(&self, begin: [usize; QUAD], step: usize) -> CodeGrid<'_> {
        match CodeGrid::new(self.codes, begin, step, C::LANES) {
            Some(grid) => grid,
            None => unreachable!("codes of samples lie within the memory for them"),
        }
    }

    /// The packets of a run of each sample.
    #[inline(always)]
    pub(super) fn packets_of_run(&self, begin: usize, step: usize) -> [C; QUAD] {
        let grid = self.samples([begin; QUAD], step);
        let mut runs = [grid.run(0, 0); 16];
        for (sample, run) in runs.iter_mut().enumerate().take(C::LANES) {
            *run = grid.run(0, sample);
        }
        self.proof.packets_of_runs(&runs)
    }

    /// Fills what lies around the input.
    #[inline(always)]
    pub(super) fn pad(&mut self) {
        let InputPackets {
            input,
            output,
            before,
            quads,
            ..
        } = self.layout;
        let padding = four(self.layout.padding) as u32;
        let position = quads * C::LANES;
        let all = &mut self.packets[..output[0] * output[1] * position];
        for (row, packets) in all.chunks_exact_mut(output[1] * position).enumerate() {
            let inside = match (before[0]..before[0] + input[0]).contains(&row) {
                true => before[1].min(output[1])..(before[1] + input[1]).min(output[1]),
                false => 0..0,
            };
            packets[..inside.start * position].fill(padding);
            packets[inside.end * position..].fill(padding);
        }
    }
}

/// Writes the codes of one sample of a packet, rows x columns x channels.
pub(super) fn write_sample<C: CodeLanes>(
    channels: usize,
    codes: &[i8],
    packets: &mut [u32],
    sample: usize,
) {
    let mut words = packets[sample..].iter_mut().step_by(C::LANES);
    for codes in codes.chunks_exact(channels) {
        let (quads, rest) = codes.as_chunks();
        for (quad, word) in quads.iter().zip(&mut words) {
            *word = word_of(*quad);
        }
        if rest.is_empty() {
            continue;
        }
        if let Some(word) = words.next() {
            let mut quad = [0; QUAD];
            quad[..rest.len()].copy_from_slice(rest);
            *word = word_of(quad);
        }
    }
}

/// Reads the codes of samples of packets of single positions, one sample's channels behind another's. Up to
/// three codes behind the last one's are written, too.
pub(super) fn read_positions<C: CodeLanes>(
    channels: usize,
    packets: &[u32],
    codes: &mut [i8],
    samples: usize,
) {
    let quads = channels.div_ceil(QUAD);
    let packets = &packets[..quads * C::LANES];
    for sample in 0..samples {
        let codes = &mut codes[sample * channels..][..quads * QUAD];
        let words = packets[sample..].iter().step_by(C::LANES);
        // What is written behind a sample's codes is written once more, by the next one.
        for (quad, word) in codes.as_chunks_mut().0.iter_mut().zip(words) {
            *quad = quad_of(*word);
        }
    }
}

/// Reads the codes of one sample of a packet, rows x columns x channels.
pub(super) fn read_sample<C: CodeLanes>(
    channels: usize,
    packets: &[u32],
    codes: &mut [i8],
    sample: usize,
) {
    let mut words = packets[sample..].iter().step_by(C::LANES);
    for codes in codes.chunks_exact_mut(channels) {
        let (quads, rest) = codes.as_chunks_mut();
        for (quad, word) in quads.iter_mut().zip(&mut words) {
            *quad = quad_of(*word);
        }
        if rest.is_empty() {
            continue;
        }
        if let Some(word) = words.next() {
            rest.copy_from_slice(&quad_of(*word)[..rest.len()]);
        }
    }
}

#[inline(always)]
fn word_of(quad: [i8; QUAD]) -> u32 {
    u32::from_le_bytes(quad.map(|code| code as u8)) ^ BIASED_CODES
}

#[inline(always)]
fn quad_of(word: u32) -> [i8; QUAD] {
    (word ^ BIASED_CODES).to_le_bytes().map(|code| code as i8)
}

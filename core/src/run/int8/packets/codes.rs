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
    quads: usize,
    /// Positions whose codes a packet holds.
    pub(super) window: usize,
    /// Positions from a packet's first to the next one's.
    pub(super) spread: usize,
    /// The zero of padding.
    pub(super) padding: i8,
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
        }
    }

    /// Those that their only reader wants: with its padding, in windows or not.
    pub fn of_reader(quads: &QuadGeometry, zero: i8) -> Self {
        let conv = quads.conv();
        Self {
            channels: conv.channels,
            input: conv.input,
            output: quads.input,
            before: conv.padding,
            quads: quads.quads(),
            window: quads.window,
            spread: quads.spread,
            padding: zero,
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

    /// Four channels to a packet, sixteen positions at once.
    #[inline(always)]
    fn by_channels(&mut self) {
        let layout = self.layout;
        let map = layout.input[0] * layout.input[1];
        if layout.input != layout.output || layout.before != [0; 2] {
            self.pad();
        }
        let InputPackets {
            output,
            before,
            quads,
            ..
        } = layout;
        let words = quads * C::LANES;
        // From a row's last position to the next one's first, besides a position; less than none where columns are left out.
        let skip = output[1].wrapping_sub(layout.input[1]).wrapping_mul(words);
        let (mut width, mut seen_columns) = (layout.input[1], output[1]);
        if before[1] == 0 && width == seen_columns {
            // One long row.
            (width, seen_columns) = (map, map);
        }
        for quad in 0..quads {
            let present = QUAD.min(layout.channels - quad * QUAD);
            let mut column = before[1];
            let mut at = (before[0] * output[1] + before[1]) * words + quad * C::LANES;
            for first in (0..map).step_by(RUN) {
                let packets = self
                    .proof
                    .packets_of_channels(self.grid(quad, present, first));
                let all = &mut self.packets[..output[0] * output[1] * words];
                let mut rest = &packets.as_flattened()[..RUN.min(map - first)];
                while !rest.is_empty() {
                    // As far as their row goes.
                    let row = rest.len().min(before[1] + width - column);
                    let (own, behind) = rest.split_at(row);
                    let seen = row.min(seen_columns.saturating_sub(column));
                    if let (Some(all), true) = (all.get_mut(at..), seen > 0) {
                        for (packet, to) in own[..seen].iter().zip(all.chunks_mut(words)) {
                            packet.store(to);
                        }
                    }
                    rest = behind;
                    column += row;
                    at = at.wrapping_add(row.wrapping_mul(words));
                    if column == before[1] + width {
                        column = before[1];
                        at = at.wrapping_add(skip);
                    }
                }
            }
        }
    }

    /// The runs from a position on, of a quad's channels, some of which are there. Codes behind a map's end are the next
    /// map's, and go nowhere.
    #[inline(always)]
    fn grid(&self, quad: usize, present: usize, first: usize) -> CodeGrid<'_> {
        let layout = &self.layout;
        let map = layout.input[0] * layout.input[1];
        let begin = [0, 1, 2, 3].map(|channel: usize| {
            // What a channel that is not there has, nobody reads.
            RUN + (quad * QUAD + channel.min(present - 1)) * map + first
        });
        self.samples(begin, layout.channels * map)
    }

    /// The runs of all samples, of which the first one's begin so.
    #[inline(always)]
    fn samples(&self, begin: [usize; QUAD], step: usize) -> CodeGrid<'_> {
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
    fn pad(&mut self) {
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

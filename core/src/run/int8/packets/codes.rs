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
    output: [usize; 2],
    /// Rows and columns of padding before the input.
    before: [usize; 2],
    quads: usize,
    /// Positions whose codes a packet holds.
    window: usize,
    /// The zero of padding.
    padding: i8,
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
            padding: zero,
        }
    }

    /// A sample's codes of a channel, of those of all samples, if there are both.
    #[inline(always)]
    fn channel<'c>(&self, codes: &'c [i8], sample: usize, channel: usize) -> Option<&'c [i8]> {
        let map = self.input[0] * self.input[1];
        let own = codes.get((sample * self.channels + channel) * map..)?;
        (channel < self.channels).then_some(own.get(..map)?)
    }
}

/// Brings samples into packets.
pub struct WriteCodes<'a, C> {
    pub proof: C,
    pub layout: InputPackets,
    /// Those of each sample, channels x rows x columns, one sample behind another.
    pub codes: &'a [i8],
    /// rows x columns x quads packets
    pub packets: &'a mut [u32],
}

impl<C: CodeLanes> Kernel for WriteCodes<'_, C> {
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        match self.layout.window {
            1 if self.layout.output == [1, 1] => self.by_runs(),
            1 => self.by_channels(),
            _ => self.by_windows(),
        }
    }
}

/// Codes that are brought into packets at once. So many follow the last sample's, whatever they are.
pub(super) const RUN: usize = 16;

/// Codes of a row of each sample that windows are made of at once, and those that the last windows reach behind them.
const LINE: usize = 64;
const BEHIND: usize = 2 * QUAD;

impl<C: CodeLanes> WriteCodes<'_, C> {
    /// Channels of a single position, sixteen at once: they lie side by side already.
    #[inline(always)]
    fn by_runs(&mut self) {
        let InputPackets {
            channels, quads, ..
        } = self.layout;
        let packets = &mut self.packets[..quads * C::LANES];
        for (run, packets) in packets.chunks_mut(QUAD * C::LANES).enumerate() {
            let Some(grid) = CodeGrid::new(self.codes, [run * RUN; QUAD], channels, C::LANES)
            else {
                unreachable!("codes of samples end within the memory for them");
            };
            let mut runs = [grid.run(0, 0); 16];
            for (sample, run) in runs.iter_mut().enumerate().take(C::LANES) {
                *run = grid.run(0, sample);
            }
            // Behind the last channel are others' codes, which nobody reads.
            let four = self.proof.packets_of_runs(&runs);
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
        if layout.input != layout.output {
            self.pad();
        }
        for quad in 0..layout.quads {
            let present = QUAD.min(layout.channels - quad * QUAD);
            let mut place = layout.before;
            for first in (0..map).step_by(RUN) {
                let packets = match self.grid(quad, present, first) {
                    Some(grid) => self.proof.packets_of_channels(grid),
                    None => self.packets_at_end(quad, present, first),
                };
                // Places by turns: an iterator over all packets would have them in memory first.
                for run in 0..RUN.min(map - first) {
                    if place[0] < layout.output[0] && place[1] < layout.output[1] {
                        let position = place[0] * layout.output[1] + place[1];
                        let at = (position * layout.quads + quad) * C::LANES;
                        packets[run / QUAD][run % QUAD].store(&mut self.packets[at..]);
                    }
                    place[1] += 1;
                    if place[1] == layout.before[1] + layout.input[1] {
                        place = [place[0] + 1, layout.before[1]];
                    }
                }
            }
        }
    }

    /// Packets of codes behind which there are not so many others: zeros where there is none.
    #[inline(always)]
    fn packets_at_end(&self, quad: usize, present: usize, first: usize) -> [[C; QUAD]; QUAD] {
        let mut own = [[[0; RUN]; 16]; QUAD];
        for (channel, own) in own.iter_mut().enumerate().take(present) {
            for (sample, own) in own.iter_mut().enumerate() {
                let codes = self
                    .layout
                    .channel(self.codes, sample, quad * QUAD + channel);
                let codes = codes
                    .and_then(|codes| codes.get(first..))
                    .unwrap_or_default();
                let len = codes.len().min(RUN);
                own[..len].copy_from_slice(&codes[..len]);
            }
        }
        let runs = own.each_ref().map(|own| own.each_ref());
        self.proof.packets_of_channels(&runs)
    }

    /// The runs from a position on, of a quad's channels, some of which are there; `None` where not as many codes
    /// follow the last one. Those behind a map's end are the next map's, and go nowhere.
    #[inline(always)]
    fn grid(&self, quad: usize, present: usize, first: usize) -> Option<CodeGrid<'_>> {
        let layout = &self.layout;
        let map = layout.input[0] * layout.input[1];
        let begin = [0, 1, 2, 3].map(|channel: usize| {
            // What a channel that is not there has, nobody reads.
            (quad * QUAD + channel.min(present - 1)) * map + first
        });
        let step = layout.channels * map;
        CodeGrid::new(self.codes, begin, step, self.codes.len() / step)
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

    /// Each position with the next ones of its row in a packet.
    #[inline(always)]
    fn by_windows(&mut self) {
        let layout = self.layout;
        let [rows, columns] = layout.output;
        let positions = LINE / layout.channels;
        for row in 0..rows {
            for first in (0..columns).step_by(positions) {
                let mut lines = [[layout.padding; LINE + BEHIND]; 16];
                for (sample, line) in lines.iter_mut().enumerate() {
                    self.take_line(sample, row, first, line);
                }
                for phase in 0..layout.window {
                    for at in (0..LINE).step_by(RUN) {
                        let mut runs = [&[0; RUN]; 16];
                        for (run, line) in runs.iter_mut().zip(&lines) {
                            if let Some(own) = line[at + phase * layout.channels..].first_chunk() {
                                *run = own;
                            }
                        }
                        let begin = first + at / layout.channels + phase;
                        if begin >= columns {
                            continue;
                        }
                        let packets = self.proof.packets_of_runs(&runs);
                        for (next, packet) in packets.iter().enumerate() {
                            let column = begin + next * layout.window;
                            if column < columns {
                                let at = row * layout.output[1] + column;
                                packet.store(&mut self.packets[at * C::LANES..]);
                            }
                        }
                    }
                }
            }
        }
    }

    /// A sample's codes from a position of a padded row on, position by position those of its channels; what lies
    /// beyond the row is left as it is.
    #[inline(always)]
    fn take_line(&self, sample: usize, row: usize, first: usize, line: &mut [i8; LINE + BEHIND]) {
        let layout = &self.layout;
        let [height, width] = layout.input;
        // What lies before the input wraps around, far beyond its end.
        let row = row.wrapping_sub(layout.before[0]);
        if row >= height {
            return;
        }
        let left = layout.before[1].saturating_sub(first);
        let begin = first.saturating_sub(layout.before[1]).min(width);
        let own = row * width + begin..(row + 1) * width;
        let codes = |channel| Some(&layout.channel(self.codes, sample, channel)?[own.clone()]);
        let places = line.get_mut(left * layout.channels..).unwrap_or_default();
        match (layout.channels, codes(0), codes(1)) {
            (1, Some(codes), _) => {
                let len = codes.len().min(places.len());
                places[..len].copy_from_slice(&codes[..len]);
            }
            // Windows are of one or two channels.
            (_, Some(first), Some(second)) => {
                for (places, codes) in places
                    .as_chunks_mut()
                    .0
                    .iter_mut()
                    .zip(first.iter().zip(second))
                {
                    *places = [*codes.0, *codes.1];
                }
            }
            _ => {}
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

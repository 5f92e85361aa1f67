//! Codes of single samples into packets and back.

use crate::lanes::Kernel;
use crate::lanes::codes::{BIASED_CODES, CodeLanes, QUAD};
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

    /// Those in windows, with the padding that their reader wants.
    pub fn of_windows(quads: &QuadGeometry, zero: i8) -> Self {
        let conv = quads.conv();
        Self {
            channels: conv.channels,
            input: conv.input,
            output: quads.input,
            before: conv.padding,
            quads: 1,
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
            1 => self.by_channels(),
            _ => self.by_windows(),
        }
    }
}

/// Codes that are brought into packets at once.
const RUN: usize = 16;

/// Codes of a row of each sample that windows are made of at once, and those that the last windows reach behind them.
const LINE: usize = 64;
const BEHIND: usize = 2 * QUAD;

impl<C: CodeLanes> WriteCodes<'_, C> {
    /// Four channels to a packet, sixteen positions at once: all rows are a single one, of which nothing is padding.
    #[inline(always)]
    fn by_channels(&mut self) {
        let layout = self.layout;
        let (map, samples) = (layout.input[0] * layout.input[1], self.codes);
        for quad in 0..layout.quads {
            let mut channels = [[&[][..]; 16]; QUAD];
            for (place, channels) in channels.iter_mut().enumerate() {
                for (sample, codes) in channels.iter_mut().enumerate() {
                    *codes = layout
                        .channel(samples, sample, quad * QUAD + place)
                        .unwrap_or_default();
                }
            }
            for first in (0..map).step_by(RUN) {
                let mut runs = [[&[0; RUN]; 16]; QUAD];
                let mut rest = [[[0; RUN]; 16]; QUAD];
                if first + RUN > map {
                    copy_rest(&channels, first, &mut rest);
                    for (runs, rest) in runs.iter_mut().flatten().zip(rest.iter().flatten()) {
                        *runs = rest;
                    }
                } else {
                    for (run, codes) in runs.iter_mut().flatten().zip(channels.iter().flatten()) {
                        if let Some(own) = codes.get(first..).and_then(|codes| codes.first_chunk())
                        {
                            *run = own;
                        }
                    }
                }
                let packets = self.proof.packets_of_channels(&runs);
                let positions = (first..map).zip(packets.into_iter().flatten());
                for (position, packet) in positions {
                    packet.store(&mut self.packets[(position * layout.quads + quad) * C::LANES..]);
                }
            }
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
                        let columns = (begin..columns).step_by(layout.window).zip(packets);
                        for (column, packet) in columns {
                            let at = row * layout.output[1] + column;
                            packet.store(&mut self.packets[at * C::LANES..]);
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
        for channel in 0..layout.channels {
            let Some(codes) = layout.channel(self.codes, sample, channel) else {
                return;
            };
            let codes = &codes[row * width + begin..(row + 1) * width];
            let places = line
                .get_mut(left * layout.channels + channel..)
                .unwrap_or_default();
            if layout.channels == 1 {
                let len = codes.len().min(places.len());
                places[..len].copy_from_slice(&codes[..len]);
                continue;
            }
            for (place, code) in places.iter_mut().step_by(layout.channels).zip(codes) {
                *place = *code;
            }
        }
    }
}

/// The codes behind the last whole run, where there are any.
#[inline(always)]
fn copy_rest(channels: &[[&[i8]; 16]; QUAD], first: usize, rest: &mut [[[i8; RUN]; 16]; QUAD]) {
    for (codes, rest) in channels.iter().flatten().zip(rest.iter_mut().flatten()) {
        let codes = codes.get(first..).unwrap_or_default();
        rest[..codes.len()].copy_from_slice(codes);
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

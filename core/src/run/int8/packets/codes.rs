//! Codes of single samples into packets and back.

use crate::lanes::Kernel;
use crate::lanes::codes::{BIASED_CODES, CODE_BIAS, CodeLanes, QUAD};
use crate::ops::conv2d::QuadGeometry;

/// Positions that are brought into packets at once.
const RUN: usize = 8;

/// How an input's packets lie, and which codes each holds.
#[derive(Clone, Copy)]
pub(super) struct InputPackets {
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
    /// The zero of padding, as it lies in packets.
    padding: u8,
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
            padding: (i32::from(zero) + CODE_BIAS) as u8,
        }
    }

    fn elements(&self) -> usize {
        self.channels * self.input[0] * self.input[1]
    }
}

/// Brings samples into packets.
pub(super) struct WriteCodes<'a, C> {
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
    fn run(self) {
        let layout = self.layout;
        let [rows, columns] = match layout.window {
            // A single row holds all: none of it is padding.
            1 => [1, layout.output[0] * layout.output[1]],
            _ => layout.output,
        };
        // Channels whose codes a packet holds, and those of the next positions behind each.
        let channels = QUAD / layout.window;
        for row in 0..rows {
            for quad in 0..layout.quads {
                // Position by position, those of each channel.
                let mut turned = [[0; 16]; 2 * RUN * QUAD];
                self.take(row, 0, [quad, channels], &mut turned[RUN * channels..]);
                for column in (0..columns).step_by(RUN) {
                    turned.copy_within(RUN * channels..2 * RUN * channels, 0);
                    let behind = &mut turned[RUN * channels..];
                    self.take(row, column + RUN, [quad, channels], behind);
                    for p in 0..RUN.min(columns - column) {
                        let Some(rows) = turned[p * channels..].first_chunk() else {
                            break;
                        };
                        let at = ((row * columns + column + p) * layout.quads + quad) * C::LANES;
                        self.proof.interleave(rows).store(&mut self.packets[at..]);
                    }
                }
            }
        }
    }
}

impl<C: CodeLanes> WriteCodes<'_, C> {
    /// Takes the codes of all samples at some neighbouring positions, position by position those of a
    /// quad's channels.
    #[inline(always)]
    fn take(
        &self,
        row: usize,
        column: usize,
        [quad, channels]: [usize; 2],
        turned: &mut [[u8; 16]],
    ) {
        for channel in 0..channels {
            let columns = self.take_channel(row, column, quad * QUAD + channel);
            for (turned, column) in turned[channel..].iter_mut().step_by(channels).zip(columns) {
                *turned = column;
            }
        }
    }

    /// Those of one channel.
    #[inline(always)]
    fn take_channel(&self, row: usize, column: usize, channel: usize) -> [[u8; 16]; RUN] {
        let layout = &self.layout;
        let [height, width] = match layout.window {
            1 => [1, layout.input[0] * layout.input[1]],
            _ => layout.input,
        };
        // What lies before the input wraps around, far beyond its end.
        let row = row.wrapping_sub(layout.before[0]);
        let mut runs = [[layout.padding; RUN]; 16];
        if channel < layout.channels && row < height {
            let start = (channel * height + row) * width;
            let column = column.wrapping_sub(layout.before[1]);
            let samples = self.codes.chunks_exact(layout.elements());
            for (codes, run) in samples.zip(&mut runs) {
                take_run(&codes[start..][..width], column, run);
            }
        }
        C::turn(&runs)
    }
}

/// The codes from a column on, those before and behind the row left as they are.
#[inline(always)]
fn take_run(codes: &[i8], column: usize, run: &mut [u8; RUN]) {
    let whole = codes
        .get(column..)
        .and_then(|codes| codes.first_chunk::<RUN>());
    if let Some(codes) = whole {
        let codes = codes.map(|code| code as u8);
        *run = (u64::from_le_bytes(codes) ^ u64::from_le_bytes([BIASED_CODES as u8; RUN]))
            .to_le_bytes();
        return;
    }
    for (place, code) in run.iter_mut().enumerate() {
        if let Some(own) = codes.get(column.wrapping_add(place)) {
            *code = *own as u8 ^ BIASED_CODES as u8;
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

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
        let [rows, columns] = layout.output;
        // A single row holds all, where none of it is padding.
        let is_whole = layout.window == 1;
        let [rows, columns] = if is_whole {
            [1, rows * columns]
        } else {
            [rows, columns]
        };
        for row in 0..rows {
            for column in (0..columns).step_by(RUN) {
                for quad in 0..layout.quads {
                    let mut runs = [[[layout.padding; RUN]; 16]; QUAD];
                    for (place, runs) in runs.iter_mut().enumerate() {
                        self.take(row, column, quad * QUAD + place, runs);
                    }
                    let packets = self.proof.interleave(&runs);
                    let count = RUN.min(columns - column);
                    for (p, packet) in packets.iter().take(count).enumerate() {
                        let at = ((row * columns + column + p) * layout.quads + quad) * C::LANES;
                        packet.store(&mut self.packets[at..]);
                    }
                }
            }
        }
    }
}

impl<C: CodeLanes> WriteCodes<'_, C> {
    /// The codes of all samples that one place of neighbouring packets holds.
    #[inline(always)]
    fn take(&self, row: usize, column: usize, place: usize, runs: &mut [[u8; RUN]; 16]) {
        let layout = &self.layout;
        let (channel, offset) = match layout.window {
            1 => (place, 0),
            _ => (place % layout.channels, place / layout.channels),
        };
        let [height, width] = match layout.window {
            1 => [1, layout.input[0] * layout.input[1]],
            _ => layout.input,
        };
        // What lies before the input wraps around, far beyond its end.
        let row = row.wrapping_sub(layout.before[0]);
        if channel >= layout.channels || row >= height {
            return;
        }
        let start = (channel * height + row) * width;
        let column = (column + offset).wrapping_sub(layout.before[1]);
        let samples = self.codes.chunks_exact(layout.elements());
        for (codes, run) in samples.zip(runs) {
            let codes = &codes[start..][..width];
            let whole = codes
                .get(column..)
                .and_then(|codes| codes.first_chunk::<RUN>());
            if let Some(codes) = whole {
                *run = codes.map(biased);
                continue;
            }
            for (place, code) in run.iter_mut().enumerate() {
                if let Some(own) = codes.get(column.wrapping_add(place)) {
                    *code = biased(*own);
                }
            }
        }
    }
}

#[inline(always)]
fn biased(code: i8) -> u8 {
    code as u8 ^ BIASED_CODES as u8
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
        for (codes, word) in codes.chunks(QUAD).zip(&mut words) {
            let mut own = [0; QUAD];
            for (own, code) in own.iter_mut().zip(codes) {
                *own = *code as u8;
            }
            *word = u32::from_le_bytes(own) ^ BIASED_CODES;
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
        for (codes, word) in codes.chunks_mut(QUAD).zip(&mut words) {
            let own = (word ^ BIASED_CODES).to_le_bytes();
            for (code, own) in codes.iter_mut().zip(own) {
                *code = own as i8;
            }
        }
    }
}

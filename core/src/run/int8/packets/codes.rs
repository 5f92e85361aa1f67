//! Codes of single samples into packets and back.

use crate::lanes::codes::{BIASED_CODES, CODE_BIAS, CodeLanes, QUAD};
use crate::ops::conv2d::QuadGeometry;

/// Positions whose packets stay in the first cache while all samples write to them.
const BLOCK: usize = 64;

/// Writes the codes of samples, each rows x columns x channels, one behind another.
pub(super) fn write_codes<C: CodeLanes>(
    elements: usize,
    channels: usize,
    codes: &[i8],
    packets: &mut [u32],
) {
    let block = BLOCK * channels;
    for first in (0..elements).step_by(block) {
        for (sample, codes) in codes.chunks_exact(elements).enumerate() {
            let codes = &codes[first..elements.min(first + block)];
            let start = first / channels * channels.div_ceil(QUAD) * C::LANES;
            write_sample::<C>(channels, codes, &mut packets[start..], sample);
        }
    }
}

/// Writes the codes of one sample of a packet.
pub(super) fn write_sample<C: CodeLanes>(
    channels: usize,
    codes: &[i8],
    packets: &mut [u32],
    sample: usize,
) {
    let mut words = packets[sample..].iter_mut().step_by(C::LANES);
    for codes in codes.chunks_exact(channels) {
        for (codes, word) in codes.chunks(QUAD).zip(&mut words) {
            *word = quad(codes);
        }
    }
}

/// Reads the codes of samples, each rows x columns x channels, one behind another.
pub(super) fn read_codes<C: CodeLanes>(
    elements: usize,
    channels: usize,
    packets: &[u32],
    codes: &mut [i8],
) {
    for (sample, codes) in codes.chunks_exact_mut(elements).enumerate() {
        read_sample::<C>(channels, packets, codes, sample);
    }
}

/// Reads the codes of one sample of a packet.
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

/// Writes windows of an input of one or two channels, with the padding that its reader wants, as
/// [`QuadGeometry`] says.
pub(super) fn write_windows<C: CodeLanes>(
    g: &QuadGeometry,
    zero: i8,
    codes: &[i8],
    packets: &mut [u32],
) {
    let conv = g.conv();
    let [rows, columns] = conv.input;
    let width = columns * conv.channels;
    let row_packets = g.input[1] * C::LANES;
    for (row, packets) in packets.chunks_exact_mut(row_packets).enumerate() {
        for (sample, codes) in codes.chunks_exact(rows * width).enumerate() {
            let row = row.checked_sub(conv.padding[0]).filter(|row| *row < rows);
            let codes = row.map_or(&[][..], |row| &codes[row * width..][..width]);
            let mut row = Row {
                codes,
                channels: conv.channels,
                before: conv.padding[1],
                padding: (i32::from(zero) + CODE_BIAS) as u8,
                taken: 0,
            };
            let mut window = 0;
            for _ in 1..g.window {
                window = row.push(window);
            }
            for packet in packets.chunks_exact_mut(C::LANES) {
                window = row.push(window);
                packet[sample] = window;
            }
        }
    }
}

/// A row's codes, position by position, those of the padding among them.
struct Row<'a> {
    codes: &'a [i8],
    channels: usize,
    before: usize,
    padding: u8,
    taken: usize,
}

impl Row<'_> {
    /// Shifts the next position's codes into a window from above.
    #[inline(always)]
    fn push(&mut self, mut window: u32) -> u32 {
        let place = self
            .taken
            .wrapping_sub(self.before)
            .wrapping_mul(self.channels);
        self.taken += 1;
        for channel in 0..self.channels {
            let code = match self.codes.get(place.wrapping_add(channel)) {
                Some(code) => (i32::from(*code) + CODE_BIAS) as u8,
                None => self.padding,
            };
            window = window >> 8 | u32::from(code) << 24;
        }
        window
    }
}

/// Up to four codes as packets hold them.
#[inline(always)]
fn quad(codes: &[i8]) -> u32 {
    let mut own = [0; QUAD];
    for (own, code) in own.iter_mut().zip(codes) {
        *own = *code as u8;
    }
    u32::from_le_bytes(own) ^ BIASED_CODES
}

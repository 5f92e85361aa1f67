//! From bytes, whatever they are, to frames.

use super::CHECKSUM_LEN;
use crate::crc32::crc32;

/// Takes bytes one at a time and finds the frames among them.
///
/// Any bytes are fine: what is cut, too long for the `N` bytes of the buffer or has another
/// checksum is reported as damaged, once, and the next zero byte starts afresh.
#[derive(Clone, Debug)]
pub struct Decoder<const N: usize> {
    buffer: [u8; N],
    len: usize,
    /// Bytes to come before the next code.
    run: u8,
    /// Whether a zero belongs before the next run.
    zero: bool,
    /// Whether the frame has become longer than the buffer.
    overrun: bool,
    /// Whether the frame has begun.
    begun: bool,
}

/// A frame came, but not whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damaged;

impl<const N: usize> Decoder<N> {
    /// A decoder between frames.
    pub const fn new() -> Self {
        Self {
            buffer: [0; N],
            len: 0,
            run: 0,
            zero: false,
            overrun: false,
            begun: false,
        }
    }

    /// Takes the next byte; gives the payload of a frame that it ends.
    pub fn push(&mut self, byte: u8) -> Option<Result<&[u8], Damaged>> {
        if byte == 0 {
            return self.finish();
        }
        if self.run > 0 {
            self.run -= 1;
            self.keep(byte);
        } else {
            if self.zero {
                self.keep(0);
            }
            self.run = byte - 1;
            self.zero = byte != u8::MAX;
            self.begun = true;
        }
        None
    }

    fn keep(&mut self, byte: u8) {
        match self.buffer.get_mut(self.len) {
            Some(place) => {
                *place = byte;
                self.len += 1;
            }
            None => self.overrun = true,
        }
    }

    /// Ends a frame, if one has begun, and starts afresh.
    fn finish(&mut self) -> Option<Result<&[u8], Damaged>> {
        let (len, begun) = (self.len, self.begun);
        let whole = !self.overrun && self.run == 0;
        (self.len, self.run) = (0, 0);
        (self.zero, self.overrun, self.begun) = (false, false, false);
        if !begun {
            return None;
        }
        let Some((payload, checksum)) = self.buffer[..len].split_last_chunk::<CHECKSUM_LEN>()
        else {
            return Some(Err(Damaged));
        };
        let sound = whole && *checksum == crc32(payload).to_le_bytes();
        Some(if sound { Ok(payload) } else { Err(Damaged) })
    }
}

impl<const N: usize> Default for Decoder<N> {
    fn default() -> Self {
        Self::new()
    }
}

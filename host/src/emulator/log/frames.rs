//! A log's bytes cut into frames, and these unpacked: `defmt` packs them by reverse zero-compressing COBS, whose
//! last byte says how what stands before it is to be read, and puts a zero between them.

/// Bytes that came, of which whole frames are taken.
#[derive(Debug, Default)]
pub(super) struct FrameBytes {
    bytes: Vec<u8>,
}

/// A frame whose bytes are not those of one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct DamagedFrame;

/// More bytes than this without an end are no frame.
const LONGEST_FRAME: usize = 1 << 20;

impl FrameBytes {
    pub fn received(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next frame that is whole, unpacked.
    pub fn next_frame(&mut self) -> Option<Result<Vec<u8>, DamagedFrame>> {
        let start = self.bytes.iter().position(|byte| *byte != 0)?;
        let Some(len) = self.bytes[start..].iter().position(|byte| *byte == 0) else {
            if self.bytes.len() <= LONGEST_FRAME {
                return None;
            }
            self.bytes.clear();
            return Some(Err(DamagedFrame));
        };
        let frame = unpacked(&self.bytes[start..start + len]).ok_or(DamagedFrame);
        self.bytes.drain(..start + len + 1);
        Some(frame)
    }
}

/// The frame in `packed`, which has no zeros; read from its end.
fn unpacked(packed: &[u8]) -> Option<Vec<u8>> {
    let mut reversed = Vec::new();
    let mut bytes = packed.iter().rev().copied();
    while let Some(code) = bytes.next() {
        match code {
            0 => return None,
            // Seven bytes; a bit that is set stands for a zero.
            0x01..=0x7f => {
                for bit in (0..7).rev() {
                    let is_zero = code >> bit & 1 == 1;
                    reversed.push(if is_zero { 0 } else { bytes.next()? });
                }
            }
            // A zero, and so many that are none.
            0x80..=0xfe => {
                reversed.push(0);
                for _ in 0..(code & 0x7f) + 7 {
                    reversed.push(bytes.next()?);
                }
            }
            0xff => {
                for _ in 0..134 {
                    reversed.push(bytes.next()?);
                }
            }
        }
    }
    reversed.reverse();
    Some(reversed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_cut_at_zeros_and_unpacked() {
        let mut stream = FrameBytes::default();
        stream.received(&[0, 0, 9]);
        assert_eq!(stream.next_frame(), None, "its end has not come");
        // Of seven bytes the first is 9, and the others are zeros.
        stream.received(&[0x3f, 0, 0, 5, 0x80, 0]);
        assert_eq!(stream.next_frame(), Some(Ok(vec![0, 0, 0, 0, 0, 0, 9])));
        assert_eq!(
            stream.next_frame(),
            Some(Err(DamagedFrame)),
            "seven bytes are missing"
        );
        stream.received(&[1, 2, 3, 4, 5, 6, 7, 0x80, 0]);
        assert_eq!(stream.next_frame(), Some(Ok(vec![1, 2, 3, 4, 5, 6, 7, 0])));
        let long: Vec<u8> = (0..134).map(|byte| byte + 1).collect();
        stream.received(&[&long[..], &[0xff, 0]].concat());
        assert_eq!(stream.next_frame(), Some(Ok(long)));
        assert_eq!(stream.next_frame(), None);
    }

    #[test]
    fn what_never_ends_is_not_kept() {
        let mut stream = FrameBytes::default();
        stream.received(&vec![1; LONGEST_FRAME]);
        assert_eq!(stream.next_frame(), None);
        stream.received(&[1]);
        assert_eq!(stream.next_frame(), Some(Err(DamagedFrame)));
        assert!(stream.bytes.is_empty());
    }
}

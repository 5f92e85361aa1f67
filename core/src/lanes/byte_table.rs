//! A code for each byte, looked up for many bytes at a time where the processor can.

use super::vectors;

/// What each byte becomes.
#[derive(Clone, Debug)]
pub struct ByteTable {
    codes: [i8; 256],
    /// Whether the processor looks up 64 bytes at a time; nobody else may say so.
    is_wide: bool,
}

impl ByteTable {
    /// One with these codes, byte by byte. Asks the processor, which takes a while.
    pub fn new(codes: [i8; 256]) -> Self {
        let is_wide = vectors::has_wide_look_up();
        Self { codes, is_wide }
    }

    /// The code of a byte.
    #[inline]
    pub fn code(&self, byte: u8) -> i8 {
        self.codes[usize::from(byte)]
    }

    /// The code of each byte; of bytes and codes, those left over are left alone.
    pub fn look_up(&self, bytes: &[u8], codes: &mut [i8]) {
        let len = bytes.len().min(codes.len());
        self.look_up_rows(bytes, codes, [len, len]);
    }

    /// The codes of the first `len` bytes of each `step` of them: of one channel of many samples.
    pub fn look_up_rows(&self, bytes: &[u8], codes: &mut [i8], [step, len]: [usize; 2]) {
        let step = step.max(1);
        if self.look_up_wide(bytes, codes, [step, len]).is_some() {
            return;
        }
        for (bytes, codes) in bytes.chunks(step).zip(codes.chunks_mut(step)) {
            for (code, byte) in codes.iter_mut().zip(bytes).take(len) {
                *code = self.code(*byte);
            }
        }
    }

    /// Looks them up by vectors, if the processor can, and says how many.
    fn look_up_wide(
        &self,
        bytes: &[u8],
        codes: &mut [i8],
        step_and_len: [usize; 2],
    ) -> Option<usize> {
        if !self.is_wide {
            return None;
        }
        // SAFETY: the processor was asked for the instructions when the table was made.
        Some(unsafe { vectors::look_up_wide(&self.codes, bytes, codes, step_and_len) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_become_their_codes_however_many_there_are() {
        let mut codes = [0; 256];
        for (byte, code) in codes.iter_mut().enumerate() {
            *code = (byte * 157 + 31) as u8 as i8;
        }
        let wide = ByteTable::new(codes);
        let narrow = ByteTable {
            is_wide: false,
            ..wide.clone()
        };
        let mut bytes = [0; 300];
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = (at * 101) as u8;
        }
        for len in 0..bytes.len() {
            for table in [&wide, &narrow] {
                let mut found = [99; 300];
                table.look_up(&bytes[..len], &mut found);
                for (at, found) in found.into_iter().enumerate() {
                    let expected = if at < len {
                        codes[bytes[at] as usize]
                    } else {
                        99
                    };
                    assert_eq!(found, expected, "{at} of {len}");
                }
            }
        }
    }

    #[test]
    fn vectors_are_looked_up_at_once_where_the_processor_can() {
        let table = ByteTable::new([7; 256]);
        let (mut codes, all) = ([0; 150], [150, 150]);
        let done = table.look_up_wide(&[1; 150], &mut codes, all);
        assert_eq!(done, table.is_wide.then_some(150));
        let done = table.look_up_wide(&[1; 150], &mut codes, [100, 70]);
        assert_eq!(done, table.is_wide.then_some(120));
    }

    #[test]
    fn rows_are_looked_up_and_what_lies_between_is_left_alone() {
        let mut codes = [0; 256];
        for (byte, code) in codes.iter_mut().enumerate() {
            *code = (byte * 91 + 7) as u8 as i8;
        }
        let wide = ByteTable::new(codes);
        let narrow = ByteTable {
            is_wide: false,
            ..wide.clone()
        };
        let mut bytes = [0; 300];
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = (at * 101) as u8;
        }
        let steps = [
            [1, 1],
            [7, 3],
            [64, 64],
            [130, 65],
            [90, 70],
            [299, 5],
            [31, 50],
        ];
        // Rows of less than a register and more than half of one, the last of them whole or not.
        let halves = [[32, 32], [47, 40], [50, 33], [100, 63], [63, 63], [128, 44]];
        for [step, len] in steps.into_iter().chain(halves) {
            for table in [&wide, &narrow] {
                let mut found = [99; 300];
                table.look_up_rows(&bytes, &mut found, [step, len]);
                for (at, found) in found.into_iter().enumerate() {
                    let is_seen = at % step < len;
                    let expected = if is_seen {
                        codes[bytes[at] as usize]
                    } else {
                        99
                    };
                    assert_eq!(found, expected, "{at} of {step}, {len}");
                }
            }
        }
    }
}

//! Consistent overhead byte stuffing: no zero within a frame, at a byte for every 254.

/// Most bytes of data behind one code.
const RUN: usize = 254;

/// Bytes that stuffing adds to `len` bytes, at most.
pub(super) const fn overhead(len: usize) -> usize {
    1 + len / RUN
}

/// Stuffs `buffer[from..from + len]` into the start of the buffer and returns its length there.
///
/// `from` is at least [`overhead`] of `len`, so that writing never overtakes reading.
pub(super) fn stuff(buffer: &mut [u8], from: usize, len: usize) -> usize {
    let (mut code_at, mut to, mut code) = (0, 1, 1);
    for at in from..from + len {
        let byte = buffer[at];
        if byte != 0 {
            buffer[to] = byte;
            to += 1;
            code += 1;
        }
        if byte == 0 || code == RUN + 1 {
            buffer[code_at] = code as u8;
            (code_at, to, code) = (to, to + 1, 1);
        }
    }
    buffer[code_at] = code as u8;
    to
}

//! From a message to bytes.

use super::{CHECKSUM_LEN, Frame, cobs};
use crate::crc32::crc32;
use serde::Serialize;

/// Length of a buffer that is enough to encode, or to decode, messages of `payload` bytes.
pub const fn encoded_len(payload: usize) -> usize {
    let len = payload + CHECKSUM_LEN;
    // A little more than stuffing and the last zero take: `encode` leaves stuffing for all of the
    // buffer, not only for the message.
    len + 3 + len / 250
}

/// Encodes a message into `buffer`; `None` where it does not fit.
///
/// The buffer is long enough for a message of `n` bytes if it has [`encoded_len`]`(n)`.
pub fn encode<'b, T: Serialize>(message: &Frame<T>, buffer: &'b mut [u8]) -> Option<&'b [u8]> {
    let from = cobs::overhead(buffer.len());
    let room = buffer.len().checked_sub(from + CHECKSUM_LEN)?;
    let payload = postcard::to_slice(message, &mut buffer[from..from + room]).ok()?;
    let (len, checksum) = (payload.len(), crc32(payload));
    buffer[from + len..][..CHECKSUM_LEN].copy_from_slice(&checksum.to_le_bytes());
    let end = cobs::stuff(buffer, from, len + CHECKSUM_LEN);
    *buffer.get_mut(end)? = 0;
    Some(&buffer[..=end])
}

//! The messages.

use serde::{Deserialize, Serialize};

/// Version of these messages; the two sides must have the same.
pub const LINK_VERSION: u16 = 1;

/// A message with its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame<T> {
    /// The request's number, which its response repeats.
    pub sequence: u32,
    /// The message.
    pub body: T,
}

/// What a desktop asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Request<'a> {
    /// Who are you?
    Hello,
    /// The logits of an image of bytes in the order (channel, row, column).
    Infer(#[serde(borrow)] &'a [u8]),
    /// What memory did it take so far?
    Usage,
    /// Nothing more is to come.
    Finish,
}

/// What a device answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Response<'a> {
    /// To [`Request::Hello`].
    #[serde(borrow)]
    Device(Device<'a>),
    /// To [`Request::Infer`].
    Logits {
        /// What the inference took, in the device's unit.
        ticks: u32,
        /// The logits, little-endian f32.
        logits: &'a [u8],
    },
    /// To [`Request::Usage`].
    Usage(Usage),
    /// To [`Request::Finish`], before the device ends.
    Finished,
    /// To a frame that came damaged; under number 0, since its own is not known.
    Damaged,
    /// To a request that the device does not know or cannot do, such as an image of another size.
    Refused,
}

/// A device, and the model it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device<'a> {
    /// Its [`LINK_VERSION`].
    pub version: u16,
    /// Name of its board.
    pub board: &'a str,
    /// What its ticks are.
    pub tick_unit: &'a str,
    /// CRC-32 that ends its model file.
    pub model_crc: u32,
    /// Bytes of its model file.
    pub model_len: u32,
}

/// Memory that a device uses, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// The arena of inference, the input in it.
    pub arena: u32,
    /// Most of the stack that was ever in use.
    pub stack: u32,
    /// Most of the heap that was ever in use.
    pub heap: u32,
    /// Frames that came damaged.
    pub damaged: u32,
}

/// The message that a decoded frame holds; `None` where there is none, or something behind it.
pub fn parse<'a, T: Deserialize<'a>>(payload: &'a [u8]) -> Option<Frame<T>> {
    match postcard::take_from_bytes(payload) {
        Ok((frame, [])) => Some(frame),
        _ => None,
    }
}

//! What a desktop and a device say to each other, over any stream of bytes.
//!
//! A message is a postcard [`Frame`] of a [`Request`] or a [`Response`], and its CRC-32, little-
//! endian, together in one COBS frame that ends with a zero byte. The desktop asks and the device
//! answers, always with the number it was asked with. Whatever is lost, cut or damaged on the way
//! is asked again. Asking twice changes nothing on the device: it remembers the number of the last
//! sample it trained on and what it answered, and answers the same without training again.

mod cobs;
mod decoder;
mod encode;
mod message;
mod refusal;
mod training;

pub use decoder::{Damaged, Decoder};
pub use encode::{encode, encoded_len};
pub use message::{
    Device, Frame, LINK_VERSION, PARAMETERS_PER_FRAME, Request, Response, StorageState, Usage,
    parse,
};
pub use refusal::Refusal;
pub use training::{Example, Footprint, Start, Training};

/// Bytes of a message beside an image or logits, at most; or of a whole one without either.
pub const MESSAGE_OVERHEAD: usize = 160;

/// Bytes of the checksum behind a message.
const CHECKSUM_LEN: usize = 4;

#[cfg(test)]
mod tests;

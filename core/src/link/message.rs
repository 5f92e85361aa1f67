//! The messages.

use super::{Example, Footprint, Refusal, Training};
use serde::{Deserialize, Serialize};

/// Version of these messages; the two sides must have the same.
pub const LINK_VERSION: u16 = 3;

/// Most parameters in a frame.
pub const PARAMETERS_PER_FRAME: usize = 256;

/// A message with its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame<T> {
    /// The request's number, which its response repeats.
    pub sequence: u32,
    /// The message.
    pub body: T,
}

/// What a desktop asks.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Request<'a> {
    /// Who are you?
    Hello,
    /// The logits, or of a network of integers the codes, of an image of bytes in the order (channel,
    /// row, column).
    Infer(#[serde(borrow)] &'a [u8]),
    /// What memory did it take so far?
    Usage,
    /// Nothing more is to come.
    Finish,
    /// Begin training anew.
    Configure(Training),
    /// Train on one sample.
    Train(Example<'a>),
    /// Some of the trained parameters, counted among those that are trained.
    Parameters {
        /// The first one.
        first: u32,
        /// How many; [`PARAMETERS_PER_FRAME`] at most.
        count: u16,
    },
    /// Keep the trained parameters, so that they survive a loss of power.
    Store,
    /// The codes that a network of integers gives for these of its input, each a signed byte, in the order
    /// (row, column, channel).
    InferCodes(&'a [u8]),
    /// What is the state of the storage?
    Storage,
}

/// What a device answers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Response<'a> {
    /// To [`Request::Hello`].
    #[serde(borrow)]
    Device(Device<'a>),
    /// To [`Request::Infer`] of a network of floating-point numbers.
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
    /// To a request that the device does not know or cannot do. Nothing has changed.
    Refused(Refusal),
    /// To [`Request::Configure`].
    Configured(Footprint),
    /// To [`Request::Train`].
    Trained {
        /// What it took, in the device's unit, the update included where one was due.
        ticks: u32,
        /// The sample's loss before the step.
        loss: f32,
        /// Whether its class was found before the step.
        correct: bool,
    },
    /// To [`Request::Train`] where the loss is no finite number. Nothing has changed.
    Diverged,
    /// To [`Request::Parameters`]: little-endian f32.
    Parameters(&'a [u8]),
    /// To [`Request::Store`].
    Stored {
        /// Number of what is stored now, one more than what was stored before.
        number: u32,
    },
    /// To any request, once the stack has reached the end of what is kept for it. Other memory may
    /// have been written over, so that nothing the device holds can be believed; it does nothing
    /// more until it is started again.
    Overflowed {
        /// Bytes that are kept for the stack.
        available: u32,
    },
    /// To [`Request::Infer`] and [`Request::InferCodes`] of a network of integers.
    Codes {
        /// What the inference took, in the device's unit.
        ticks: u32,
        /// The codes of its output, each a signed byte, in the order (row, column, channel).
        codes: &'a [u8],
    },
    /// To [`Request::Storage`].
    Storage(StorageState),
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
    /// Number of the trained parameters that it stored last; 0 where there are none.
    pub stored: u32,
}

/// How a device's storage is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StorageState {
    /// Number of the newest set that is whole, whatever model's; 0 where there is none.
    pub number: u32,
    /// How often the saves up to that one have erased each page of the storage, at most.
    pub erases: u32,
    /// Whether the half beside that set is damaged, so that a later one may have been lost.
    pub is_damaged: bool,
}

/// Memory that a device uses, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// The arena of inference, the input in it, or all memory set aside for training.
    pub arena: u32,
    /// Most of the stack that was ever in use, which was less than there is of it.
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

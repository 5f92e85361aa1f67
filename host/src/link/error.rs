//! What stops a conversation with a device.

use kiln_core::link::{LINK_VERSION, Refusal};
use std::io;

/// What stops a conversation.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// The stream cannot be read or written.
    #[error("the connection to the device failed: {0}; start the device again")]
    LinkStream(#[from] io::Error),
    /// The other end is closed.
    #[error("the device ended the connection; start it again")]
    Closed,
    /// No answer came, however often it was asked.
    #[error("the device does not answer, asked {0} times; check cable, port and --baud")]
    Silent(usize),
    /// It takes no more bytes, however often it was asked.
    #[error(
        "the device takes no bytes, asked {0} times; start it again, and check that nothing else \
         holds its port"
    )]
    Deaf(usize),
    /// It speaks another version of the link.
    #[error(
        "the device speaks version {found} of the link, this Kiln version {LINK_VERSION}; \
         flash it with this Kiln's firmware"
    )]
    Version {
        /// The device's version.
        found: u16,
    },
    /// It does not do what it is asked.
    #[error("the device refuses {what}: {reason}")]
    Refused {
        /// What it was asked.
        what: &'static str,
        /// Why.
        reason: Refusal,
    },
    /// Its answer is one to another question.
    #[error("the device's answer to {0} makes no sense; flash it with this Kiln's firmware")]
    Confused(&'static str),
    /// Its loss or one of its parameters is no longer a finite number.
    #[error(
        "training diverged: the loss or a parameter is no longer a finite number; nothing was \
         stored, try a lower --lr"
    )]
    Diverged,
    /// Its stack was too short, and what lies behind it was written over.
    #[error(
        "the device's stack overflowed: it took all of the {available} bytes that are kept for it, \
         so nothing that the device gives can be believed; take a board with more RAM, or a network \
         that leaves the stack more"
    )]
    Overflowed {
        /// Bytes that are kept for the stack.
        available: u32,
    },
    /// An image is too large for a frame.
    #[error("an image of {0} bytes is too large for the link")]
    TooLarge(usize),
}

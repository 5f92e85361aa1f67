//! The serial port: bytes come, frames go.

use super::Failure;
use crate::board::Board;
use crate::model;
use embedded_io::{Read, Write};
use kiln_core::link::{Frame, MESSAGE_OVERHEAD, Response, encode, encoded_len};

/// Length of the largest frame that goes: logits, parameters, or the device's names.
const SENT: usize = encoded_len(size_of::<f32>() * most_values() + MESSAGE_OVERHEAD);

/// Most values in a frame that goes.
const fn most_values() -> usize {
    let parameters = if cfg!(feature = "training") {
        kiln_core::link::PARAMETERS_PER_FRAME
    } else {
        0
    };
    if model::CLASSES > parameters {
        model::CLASSES
    } else {
        parameters
    }
}

/// The board, and room for a frame.
pub struct Port {
    pub board: Board,
    sent: [u8; SENT],
}

impl Port {
    pub const fn new(board: Board) -> Self {
        Self {
            board,
            sent: [0; SENT],
        }
    }

    /// Waits for a byte.
    pub fn receive(&mut self) -> Result<u8, Failure> {
        let mut byte = [0];
        loop {
            match self.board.serial().read(&mut byte) {
                Ok(1) => return Ok(byte[0]),
                Ok(_) => {}
                Err(_) => return Err(Failure::Port),
            }
        }
    }

    /// Sends a response to the request of this number.
    pub fn send(&mut self, sequence: u32, body: Response<'_>) -> Result<(), Failure> {
        // Every response was counted when the buffer's length was: one that does not fit is a
        // defect.
        let bytes = encode(&Frame { sequence, body }, &mut self.sent).ok_or(Failure::Port)?;
        self.board
            .serial()
            .write_all(bytes)
            .map_err(|_| Failure::Port)
    }
}

//! The serial port: bytes come, frames go.

use super::Failure;
use crate::board::{self, Board};
use embedded_io::{Read, Write};
use kiln_core::link::{Frame, Response, encode};

/// The board, and room for a frame.
pub struct Port {
    pub board: Board,
    sent: &'static mut [u8],
}

impl Port {
    /// The port of a board, with room for the largest frame that goes.
    pub fn new(board: Board, sent: &'static mut [u8]) -> Self {
        Self { board, sent }
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

    /// Sends a response to the request of this number; where the stack has overflowed before a byte
    /// of it is sent, that is sent instead.
    pub fn send(&mut self, sequence: u32, body: Response<'_>) -> Result<(), Failure> {
        let len = self.encode(sequence, body)?;
        if board::stack_has_overflowed() {
            return self.send_overflow(sequence);
        }
        self.write(len)
    }

    /// Answers the request of this number with the stack's overflow.
    pub fn send_overflow(&mut self, sequence: u32) -> Result<(), Failure> {
        let available = board::stack_bytes() as u32;
        let len = self.encode(sequence, Response::Overflowed { available })?;
        self.write(len)
    }

    #[inline(never)]
    fn encode(&mut self, sequence: u32, body: Response<'_>) -> Result<usize, Failure> {
        // Every response was counted when the buffer's length was: one that does not fit is a
        // defect.
        let bytes = encode(&Frame { sequence, body }, self.sent).ok_or(Failure::Port)?;
        Ok(bytes.len())
    }

    fn write(&mut self, len: usize) -> Result<(), Failure> {
        let written = self.board.serial().write_all(&self.sent[..len]);
        written.map_err(|_| Failure::Port)
    }
}

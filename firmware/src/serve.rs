//! Does what a desktop asks over the serial port.

use crate::board::{self, Board};
use crate::{memory, model};
use alloc::boxed::Box;
use embedded_io::{Read, Write};
use kiln::link::{
    Damaged, Decoder, Device, Frame, LINK_VERSION, MESSAGE_OVERHEAD, Request, Response, Usage,
    encode, encoded_len, parse,
};
use kiln::{ModelError, Scaling, ScalingError, bytes_in_place, pack_pixels};

/// Why the link ended early.
#[derive(Clone, Copy, Debug)]
pub enum Failure {
    /// The model in flash is not as it was built.
    Model(ModelError),
    /// The scaling is impossible.
    Scaling(ScalingError),
    /// The serial port failed.
    Port,
}

/// Length of the largest frame that comes: an image.
const RECEIVED: usize = model::PIXELS + MESSAGE_OVERHEAD;
/// Length of the largest frame that goes: logits, or the device's names.
const SENT: usize = encoded_len(size_of::<f32>() * model::CLASSES + MESSAGE_OVERHEAD);

/// Bytes of the heap that the link takes.
pub const HEAP_BYTES: usize = size_of::<Decoder<RECEIVED>>();

/// What the device needs to answer.
struct Session {
    board: Board,
    parameters: &'static [f32],
    scaling: Scaling,
    arena: &'static mut [f32],
    damaged: u32,
    sent: [u8; SENT],
}

/// Answers requests until one says that it was the last.
///
/// # Errors
///
/// A model that is not as it was built, or a serial port that fails.
pub fn run(board: Board) -> Result<(), Failure> {
    let mut session = Session {
        board,
        parameters: model::parameters().map_err(Failure::Model)?,
        scaling: model::scaling().map_err(Failure::Scaling)?,
        arena: memory::take_arena(),
        damaged: 0,
        sent: [0; SENT],
    };
    // Taken once, and not from the stack, which inference needs.
    let mut decoder = Box::new(Decoder::<RECEIVED>::new());
    loop {
        let mut byte = [0];
        match session.board.serial().read(&mut byte) {
            Ok(1) => {}
            Ok(_) => continue,
            Err(_) => return Err(Failure::Port),
        }
        let finished = match decoder.push(byte[0]) {
            None => false,
            Some(Ok(payload)) => session.answer(payload)?,
            Some(Err(Damaged)) => {
                session.damaged = session.damaged.wrapping_add(1);
                session.send(0, Response::Damaged)?;
                false
            }
        };
        if finished {
            return Ok(());
        }
    }
}

impl Session {
    /// Answers one request; true if it was the last.
    fn answer(&mut self, payload: &[u8]) -> Result<bool, Failure> {
        let Some(Frame { sequence, body }) = parse::<Request<'_>>(payload) else {
            self.send(0, Response::Refused)?;
            return Ok(false);
        };
        match body {
            Request::Hello => self.send(sequence, Response::Device(device()))?,
            Request::Infer(image) if image.len() == model::PIXELS => self.infer(sequence, image)?,
            Request::Usage => {
                let usage = Usage {
                    arena: memory::ARENA_BYTES as u32,
                    stack: board::stack_high_water() as u32,
                    heap: board::heap_high_water() as u32,
                    damaged: self.damaged,
                };
                self.send(sequence, Response::Usage(usage))?;
            }
            Request::Finish => {
                self.send(sequence, Response::Finished)?;
                return Ok(true);
            }
            _ => self.send(sequence, Response::Refused)?,
        }
        Ok(false)
    }

    fn infer(&mut self, sequence: u32, image: &[u8]) -> Result<(), Failure> {
        let Self {
            board,
            parameters,
            scaling,
            arena,
            sent,
            ..
        } = self;
        let fill = |input: &mut [f32]| pack_pixels(scaling, &[image], input);
        let (logits, ticks) = board.time(|| model::PLAN.infer_within(parameters, arena, fill));
        let body = match logits {
            Ok(logits) => Response::Logits {
                ticks,
                logits: bytes_in_place(logits),
            },
            Err(_) => Response::Refused,
        };
        send(board, sent, Frame { sequence, body })
    }

    fn send(&mut self, sequence: u32, body: Response<'_>) -> Result<(), Failure> {
        send(&mut self.board, &mut self.sent, Frame { sequence, body })
    }
}

fn send(board: &mut Board, sent: &mut [u8], frame: Frame<Response<'_>>) -> Result<(), Failure> {
    // Every response was counted when the buffer's length was: one that does not fit is a defect.
    let bytes = encode(&frame, sent).ok_or(Failure::Port)?;
    board.serial().write_all(bytes).map_err(|_| Failure::Port)
}

fn device() -> Device<'static> {
    Device {
        version: LINK_VERSION,
        board: board::NAME,
        tick_unit: board::TICK_UNIT,
        model_crc: model::MODEL_CRC,
        model_len: model::MODEL_LEN as u32,
    }
}

impl Failure {
    /// Prints the failure in one line.
    pub fn report(self) {
        match self {
            Self::Model(_) => {
                defmt::println!("error: the model in flash is damaged; flash it again");
            }
            Self::Scaling(_) => {
                defmt::println!("error: model and program do not fit; build the firmware again");
            }
            Self::Port => defmt::println!("error: the serial port failed; start the board again"),
        }
    }
}

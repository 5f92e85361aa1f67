//! Serves the int8 model.

use super::port::Port;
use super::{Failure, ModelIdentity, Responder, ServedModel, Session, once};
use crate::board::Board;
use crate::int8_model;
use kiln_core::link::{Decoder, Frame, MESSAGE_OVERHEAD, Refusal, Request, Response, encoded_len};
use kiln_core::{ArrangedNetwork, bytes_of_codes};

/// Length of the largest frame that comes: an image.
const RECEIVED: usize = int8_model::PIXELS + MESSAGE_OVERHEAD;

/// Length of the largest frame that goes: codes, or the device's names.
const SENT: usize = encoded_len(int8_model::OUTPUTS + MESSAGE_OVERHEAD);

/// The network in flash.
struct Int8Server(ArrangedNetwork<'static>);

/// What it computes in.
struct Int8Responder(&'static mut [i8]);

/// Answers requests until one says that it was the last.
///
/// # Errors
///
/// A serial port that fails.
pub fn run(board: Board) -> Result<(), Failure> {
    let sent: &'static mut [u8; SENT] = once(cortex_m::singleton!(: [u8; SENT] = [0; SENT]));
    let port = Port::new(board, sent);
    let mut session = Session::new(port, Int8Server(int8_model::network()));
    let mut responder = Int8Responder(arena());
    session.converse(decoder(), &mut responder).map(|_| ())
}

#[inline(never)]
fn decoder() -> &'static mut Decoder<RECEIVED> {
    once(cortex_m::singleton!(: Decoder<RECEIVED> = Decoder::new()))
}

fn arena() -> &'static mut [i8] {
    match int8_model::arena() {
        Some(arena) => arena,
        None => panic!("the link was started before"),
    }
}

impl ServedModel for Int8Server {
    const IDENTITY: ModelIdentity = ModelIdentity {
        crc: int8_model::MODEL_CRC,
        len: int8_model::MODEL_LEN,
        pixels: int8_model::PIXELS,
        memory: int8_model::ARENA_BYTES,
    };
}

impl Responder<Int8Server> for Int8Responder {
    /// Answers an image by codes; what it takes is counted from the codes of the input on.
    fn answer(
        &mut self,
        session: &mut Session<Int8Server>,
        frame: Frame<Request<'_>>,
    ) -> Result<(), Failure> {
        let Frame { sequence, body } = frame;
        let arena = &mut *self.0;
        let input = int8_model::INFERENCE.input_codes();
        match body {
            Request::Infer(image) => int8_model::fill(image, &mut arena[input]),
            Request::InferCodes(codes) if codes.len() == input.len() => {
                for (code, byte) in arena[input].iter_mut().zip(codes) {
                    *code = *byte as i8;
                }
            }
            Request::InferCodes(_) => {
                let expected = input.len() as u32;
                return session.refuse(sequence, Refusal::Image { expected });
            }
            _ => return session.refuse(sequence, Refusal::Unknown),
        }
        let Session { port, model, .. } = session;
        let network = &model.0;
        let (codes, ticks) = port
            .board
            .time(|| int8_model::INFERENCE.infer_arranged(network, arena, |_| ()));
        let body = match codes {
            Ok(codes) => Response::Codes {
                ticks,
                codes: bytes_of_codes(codes),
            },
            Err(_) => Response::Refused(Refusal::Unknown),
        };
        port.send(sequence, body)
    }
}

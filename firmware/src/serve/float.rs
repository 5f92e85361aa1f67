//! Serves the model of floating-point numbers.

use super::port::Port;
use super::{End, Failure, ModelIdentity, Responder, ServedModel, Session, once};
use crate::board::{self, Board};
use crate::{memory, model};
use kiln_core::link::{Decoder, Frame, MESSAGE_OVERHEAD, Refusal, Request, Response, encoded_len};
#[cfg(feature = "training")]
use kiln_core::{Network, Program};
use kiln_core::{Scaling, bytes_in_place, pack_pixels};

/// Length of the largest frame that comes: an image.
const RECEIVED: usize = model::PIXELS + MESSAGE_OVERHEAD;

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

/// The model in flash.
struct FloatServer {
    parameters: &'static [f32],
    scaling: &'static Scaling,
    /// Where the program of a training that is asked for is made.
    #[cfg(feature = "training")]
    candidate: &'static mut Plan,
}

/// The program of what the desktop wants trained, made when it asks.
#[cfg(feature = "training")]
type Plan = Program<{ model::STEPS }>;

/// The parameters in flash, as the model came.
struct Untrained<'a>(&'a mut [f32]);

/// Answers requests until one says that it was the last.
///
/// # Errors
///
/// A model that is not as it was built, or a serial port that fails.
pub fn run(board: Board) -> Result<(), Failure> {
    let sent: &'static mut [u8; SENT] = once(board::singleton!(: [u8; SENT] = [0; SENT]));
    let port = Port::new(board, sent);
    let model = FloatServer {
        parameters: model::parameters().map_err(Failure::Model)?,
        scaling: scaling()?,
        #[cfg(feature = "training")]
        candidate: candidate(),
    };
    let mut session = Session::new(port, model);
    let decoder = decoder();
    let memory = memory::take();
    let arena = &mut memory.values[..model::ARENA_VALUES];
    let end = session.converse(decoder, &mut Untrained(arena))?;
    #[cfg(feature = "training")]
    let end = {
        let (mut memory, mut end) = (memory, end);
        let mut current = current();
        while let End::Training(sequence, training) = end {
            let room = (&mut memory, &mut current);
            end = super::training::run(&mut session, decoder, room, sequence, training)?;
        }
        end
    };
    match end {
        End::Finished | End::Training(..) => Ok(()),
    }
}

#[inline(never)]
fn scaling() -> Result<&'static Scaling, Failure> {
    let scaling = model::scaling().map_err(Failure::Scaling)?;
    Ok(once(board::singleton!(: Scaling = scaling)))
}

/// Where the program of a training lies while it lasts: not on the stack, since it grows with the
/// network. There is one.
#[cfg(feature = "training")]
#[inline(never)]
fn current() -> &'static mut Plan {
    once(board::singleton!(: Plan = Plan::EMPTY))
}

/// Where the program of a training that is asked for is made. There is one.
#[cfg(feature = "training")]
#[inline(never)]
fn candidate() -> &'static mut Plan {
    once(board::singleton!(: Plan = Plan::EMPTY))
}

#[inline(never)]
fn decoder() -> &'static mut Decoder<RECEIVED> {
    once(board::singleton!(: Decoder<RECEIVED> = Decoder::new()))
}

impl ServedModel for FloatServer {
    const IDENTITY: ModelIdentity = ModelIdentity {
        crc: model::MODEL_CRC,
        len: model::MODEL_LEN,
        pixels: model::PIXELS,
        memory: memory::BYTES,
    };
    #[cfg(feature = "training")]
    const STORE: crate::store::Store = crate::store::FLOAT;

    #[cfg(feature = "training")]
    fn stored(&mut self, board: &mut Board) -> u32 {
        crate::store::FLOAT.number(board, &model::TRAINING)
    }

    #[cfg(feature = "training")]
    fn check(
        &mut self,
        board: &mut Board,
        wanted: &kiln_core::link::Training,
    ) -> Result<(), Refusal> {
        super::training::check(self, board, wanted)
    }
}

#[cfg(feature = "training")]
impl super::training::LearningModel<{ model::STEPS }> for FloatServer {
    const LEARNER: &'static Network = &model::NETWORK;
    const ROOM: [usize; 2] = [memory::VALUES, memory::WINNERS];

    fn candidate(&mut self) -> &mut &'static mut Plan {
        &mut self.candidate
    }

    fn frozen(&self) -> &'static [f32] {
        self.parameters
    }

    fn extract(&self, program: &Plan, trained: &mut [f32]) -> Result<(), Refusal> {
        program
            .extract(self.parameters, trained)
            .map_err(|_| Refusal::Trainable)
    }

    fn fill(&mut self, image: &[u8], input: &mut [f32]) {
        pack_pixels(self.scaling, &[image], input);
    }
}

impl Responder<FloatServer> for Untrained<'_> {
    fn answer(
        &mut self,
        session: &mut Session<FloatServer>,
        frame: Frame<Request<'_>>,
    ) -> Result<(), Failure> {
        let Frame { sequence, body } = frame;
        let image = match body {
            Request::Infer(image) => image,
            Request::Train(_) | Request::Parameters { .. } | Request::Store
                if cfg!(feature = "training") =>
            {
                return session.refuse(sequence, Refusal::NotConfigured);
            }
            _ => return session.refuse(sequence, Refusal::Unknown),
        };
        let Session { port, model, .. } = session;
        let (parameters, scaling) = (model.parameters, model.scaling);
        let fill = |input: &mut [f32]| pack_pixels(scaling, &[image], input);
        let arena = &mut *self.0;
        let (logits, ticks) = port
            .board
            .time(|| model::INFERENCE.infer(parameters, arena, fill));
        let body = match logits {
            Ok(logits) => Response::Logits {
                ticks,
                logits: bytes_in_place(logits),
            },
            Err(_) => Response::Refused(Refusal::Unknown),
        };
        port.send(sequence, body)
    }
}

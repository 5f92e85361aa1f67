//! Serves the int8 model.

use super::port::Port;
use super::{End, Failure, ModelIdentity, Responder, ServedModel, Session, once};
use crate::board::{self, Board};
use crate::int8_model;
use kiln_core::link::{Decoder, Frame, MESSAGE_OVERHEAD, Refusal, Request, Response, encoded_len};
use kiln_core::{ArrangedNetwork, bytes_of_codes};

/// Length of the largest frame that comes: an image.
const RECEIVED: usize = int8_model::PIXELS + MESSAGE_OVERHEAD;

/// Length of the largest frame that goes: codes, the device's names, or what a training gives.
const SENT: usize = encoded_len(most_bytes() + MESSAGE_OVERHEAD);

/// Most bytes of numbers in a frame that goes.
const fn most_bytes() -> usize {
    let parameters = if cfg!(feature = "training") {
        size_of::<f32>() * kiln_core::link::PARAMETERS_PER_FRAME
    } else {
        0
    };
    // The logits of what has learned are f32.
    let outputs = if cfg!(feature = "training") {
        size_of::<f32>() * int8_model::OUTPUTS
    } else {
        int8_model::OUTPUTS
    };
    if outputs > parameters {
        outputs
    } else {
        parameters
    }
}

/// Bytes of all memory set aside for the network.
#[cfg(not(feature = "training"))]
const MEMORY_BYTES: usize = int8_model::ARENA_BYTES;
/// Bytes of all memory set aside for the network.
#[cfg(feature = "training")]
const MEMORY_BYTES: usize = size_of::<u32>() * int8_model::WORKING_WORDS
    + size_of::<f32>() * crate::int8_head::ROOM_VALUES
    + crate::int8_head::ROOM_WINNERS;

/// The network in flash, and what it computes in.
struct Int8Server {
    network: ArrangedNetwork<'static>,
    arena: &'static mut [i8],
    /// Where the program of a training that is asked for is made.
    #[cfg(feature = "training")]
    candidate: &'static mut learning::Plan,
}

/// Computes with integers alone.
struct Int8Responder;

/// Answers requests until one says that it was the last.
///
/// # Errors
///
/// A serial port that fails.
pub fn run(board: Board) -> Result<(), Failure> {
    let sent: &'static mut [u8; SENT] = once(board::singleton!(: [u8; SENT] = [0; SENT]));
    let port = Port::new(board, sent);
    let model = Int8Server {
        network: int8_model::network(),
        arena: working_memory(),
        #[cfg(feature = "training")]
        candidate: learning::candidate(),
    };
    let mut session = Session::new(port, model);
    let decoder = decoder();
    let end = session.converse(decoder, &mut Int8Responder)?;
    #[cfg(feature = "training")]
    let end = learning::go_on(&mut session, decoder, end)?;
    match end {
        End::Finished | End::Training(..) => Ok(()),
    }
}

#[inline(never)]
fn decoder() -> &'static mut Decoder<RECEIVED> {
    once(board::singleton!(: Decoder<RECEIVED> = Decoder::new()))
}

fn working_memory() -> &'static mut [i8] {
    match int8_model::working_memory() {
        Some(arena) => arena,
        None => panic!("the link was started before"),
    }
}

impl ServedModel for Int8Server {
    const IDENTITY: ModelIdentity = ModelIdentity {
        crc: int8_model::MODEL_CRC,
        len: int8_model::MODEL_LEN,
        pixels: int8_model::PIXELS,
        memory: MEMORY_BYTES,
    };
    #[cfg(feature = "training")]
    const STORE: crate::store::Store = crate::store::INT8_HEAD;

    #[cfg(feature = "training")]
    fn stored(&mut self, board: &mut Board) -> u32 {
        crate::store::INT8_HEAD.number(board, &crate::int8_head::TRAINING)
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

impl Responder<Int8Server> for Int8Responder {
    /// Answers an image by codes; what it takes is counted from the codes of the input on.
    fn answer(
        &mut self,
        session: &mut Session<Int8Server>,
        frame: Frame<Request<'_>>,
    ) -> Result<(), Failure> {
        let Frame { sequence, body } = frame;
        let arena = &mut session.model.arena[..int8_model::ARENA_BYTES];
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
        let arena = &mut model.arena[..int8_model::ARENA_BYTES];
        let network = &model.network;
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

/// What the last layers do that learn.
#[cfg(feature = "training")]
mod learning {
    use super::{Int8Server, RECEIVED};
    use crate::board;
    use crate::int8_head;
    use crate::serve::training::{self, LearningModel};
    use crate::serve::{End, Failure, Session, once};
    use kiln_core::link::{Decoder, Refusal};
    use kiln_core::{Network, Program};

    /// The program of what the desktop wants trained, made when it asks.
    pub type Plan = Program<{ int8_head::STEPS }>;

    /// Where the program of a training that is asked for is made. There is one.
    #[inline(never)]
    pub fn candidate() -> &'static mut Plan {
        once(board::singleton!(: Plan = Plan::EMPTY))
    }

    /// Where the program of a training lies while it lasts. There is one.
    #[inline(never)]
    fn current() -> &'static mut Plan {
        once(board::singleton!(: Plan = Plan::EMPTY))
    }

    /// Trains as often as the conversation ends with that.
    ///
    /// # Errors
    ///
    /// A serial port that fails.
    pub fn go_on(
        session: &mut Session<Int8Server>,
        decoder: &mut Decoder<RECEIVED>,
        mut end: End,
    ) -> Result<End, Failure> {
        let (mut memory, mut current) = (int8_head::memory(), current());
        while let End::Training(sequence, wanted) = end {
            let room = (&mut memory, &mut current);
            end = training::run(session, decoder, room, sequence, wanted)?;
        }
        Ok(end)
    }

    impl LearningModel<{ int8_head::STEPS }> for Int8Server {
        const LEARNER: &'static Network = &int8_head::NETWORK;
        const ROOM: [usize; 2] = [int8_head::ROOM_VALUES, int8_head::ROOM_WINNERS];

        fn candidate(&mut self) -> &mut &'static mut Plan {
            &mut self.candidate
        }

        /// Its weights in flash are integers.
        fn frozen(&self) -> &'static [f32] {
            &[]
        }

        fn extract(&self, _: &Plan, trained: &mut [f32]) -> Result<(), Refusal> {
            int8_head::dequantize(trained).map_err(|_| Refusal::Trainable)
        }

        fn fill(&mut self, image: &[u8], input: &mut [f32]) {
            int8_head::fill(self.arena, image, input);
        }
    }
}

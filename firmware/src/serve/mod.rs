//! Does what a desktop asks over the serial port.

mod port;
#[cfg(feature = "training")]
mod training;

use crate::board::{self, Board};
use crate::memory;
use crate::model;
use kiln_core::link::{
    Damaged, Decoder, Device, Frame, LINK_VERSION, MESSAGE_OVERHEAD, Refusal, Request, Response,
    Training, Usage, parse,
};
use kiln_core::{ModelError, Scaling, ScalingError, bytes_in_place, pack_pixels};
use port::Port;

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

/// What the device needs to answer, whatever its parameters are.
struct Session {
    port: Port,
    parameters: &'static [f32],
    scaling: &'static Scaling,
    damaged: u32,
    /// Where the program of a training that is asked for is made.
    #[cfg(feature = "training")]
    candidate: &'static mut training::Plan,
}

/// Parameters, and what can be done with them.
trait Responder {
    /// Answers what only these parameters can: an image to classify or to train on, or what they
    /// are.
    fn answer(&mut self, session: &mut Session, frame: Frame<Request<'_>>) -> Result<(), Failure>;
}

/// The parameters in flash, as the model came.
struct Untrained<'a>(&'a mut [f32]);

/// Why a conversation with one set of parameters ends.
enum End {
    /// Nothing more is asked.
    Finished,
    /// Training begins anew; the number of the request that asks for it.
    #[cfg_attr(not(feature = "training"), expect(dead_code))]
    Training(u32, Training),
}

/// Answers requests until one says that it was the last.
///
/// # Errors
///
/// A model that is not as it was built, or a serial port that fails.
pub fn run(board: Board) -> Result<(), Failure> {
    let mut session = Session {
        port: Port::new(board),
        parameters: model::parameters().map_err(Failure::Model)?,
        scaling: scaling()?,
        damaged: 0,
        #[cfg(feature = "training")]
        candidate: training::candidate(),
    };
    let decoder = decoder();
    let memory = memory::take();
    let arena = &mut memory.values[..model::ARENA_VALUES];
    let end = session.converse(decoder, &mut Untrained(arena))?;
    #[cfg(feature = "training")]
    let end = {
        let (mut memory, mut end) = (memory, end);
        let mut current = training::current();
        while let End::Training(sequence, training) = end {
            let room = (&mut memory, &mut current);
            end = training::run(&mut session, decoder, room, sequence, training)?;
        }
        end
    };
    match end {
        End::Finished | End::Training(..) => Ok(()),
    }
}

// What follows is made once and kept in statics, each in a function of its own, so that what it
// takes on the way does not stay on the stack, which inference and training need.

#[inline(never)]
fn scaling() -> Result<&'static Scaling, Failure> {
    let scaling = model::scaling().map_err(Failure::Scaling)?;
    Ok(once(cortex_m::singleton!(: Scaling = scaling)))
}

#[inline(never)]
fn decoder() -> &'static mut Decoder<RECEIVED> {
    once(cortex_m::singleton!(: Decoder<RECEIVED> = Decoder::new()))
}

/// What is made at the start only.
fn once<T>(made: Option<&'static mut T>) -> &'static mut T {
    match made {
        Some(made) => made,
        None => panic!("the link was started before"),
    }
}

impl Session {
    /// Answers requests until other parameters have to.
    fn converse(
        &mut self,
        decoder: &mut Decoder<RECEIVED>,
        responder: &mut impl Responder,
    ) -> Result<End, Failure> {
        loop {
            let end = match decoder.push(self.port.receive()?) {
                None => None,
                Some(Ok(payload)) => self.answer(payload, responder)?,
                Some(Err(Damaged)) => {
                    self.damaged = self.damaged.wrapping_add(1);
                    self.port.send(0, Response::Damaged)?;
                    None
                }
            };
            if let Some(end) = end {
                return Ok(end);
            }
        }
    }

    /// Answers one request, or says why the conversation ends with it.
    fn answer(
        &mut self,
        payload: &[u8],
        responder: &mut impl Responder,
    ) -> Result<Option<End>, Failure> {
        let Some(frame) = parse::<Request<'_>>(payload) else {
            self.port.send(0, Response::Refused(Refusal::Unknown))?;
            return Ok(None);
        };
        let sequence = frame.sequence;
        if board::stack_has_overflowed() {
            self.port.send_overflow(sequence)?;
            return Ok(None);
        }
        match frame.body {
            Request::Hello => {
                let device = self.device();
                self.port.send(sequence, Response::Device(device))?;
            }
            Request::Infer(image) if image.len() != model::PIXELS => {
                self.refuse(
                    sequence,
                    Refusal::Image {
                        expected: model::PIXELS as u32,
                    },
                )?;
            }
            Request::Usage => {
                let usage = self.usage();
                self.port.send(sequence, Response::Usage(usage))?;
            }
            Request::Finish => {
                self.port.send(sequence, Response::Finished)?;
                return Ok(Some(End::Finished));
            }
            #[cfg(feature = "training")]
            Request::Configure(wanted) => {
                match training::check(self.candidate, &mut self.port.board, &wanted) {
                    Ok(()) => return Ok(Some(End::Training(sequence, wanted))),
                    Err(refusal) => self.refuse(sequence, refusal)?,
                }
            }
            _ => responder.answer(self, frame)?,
        }
        Ok(None)
    }

    fn refuse(&mut self, sequence: u32, refusal: Refusal) -> Result<(), Failure> {
        self.port.send(sequence, Response::Refused(refusal))
    }

    fn device(&mut self) -> Device<'static> {
        Device {
            version: LINK_VERSION,
            board: board::NAME,
            tick_unit: board::TICK_UNIT,
            model_crc: model::MODEL_CRC,
            model_len: model::MODEL_LEN as u32,
            #[cfg(feature = "training")]
            stored: crate::store::number(&mut self.port.board, &model::TRAINING),
            #[cfg(not(feature = "training"))]
            stored: 0,
        }
    }

    fn usage(&self) -> Usage {
        Usage {
            arena: memory::BYTES as u32,
            // Where there is no number, the port says so instead.
            stack: board::stack_high_water().unwrap_or(board::stack_bytes()) as u32,
            heap: board::heap_high_water() as u32,
            damaged: self.damaged,
        }
    }
}

impl Responder for Untrained<'_> {
    fn answer(&mut self, session: &mut Session, frame: Frame<Request<'_>>) -> Result<(), Failure> {
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
        let Session {
            port,
            parameters,
            scaling,
            ..
        } = session;
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

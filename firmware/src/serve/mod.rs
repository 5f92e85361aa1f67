//! Does what a desktop asks over the serial port, with the model in flash: [`float`] or [`int8`].

pub mod float;
pub mod int8;
mod port;
#[cfg(feature = "training")]
mod training;

use crate::board::{self, Board};
use kiln_core::link::{
    Damaged, Decoder, Device, Frame, LINK_VERSION, Refusal, Request, Response, Training, Usage,
    parse,
};
use kiln_core::{ModelError, ScalingError};
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

/// The model that a device holds.
trait ServedModel {
    /// What tells it from others.
    const IDENTITY: ModelIdentity;
    /// Where what it learns is kept.
    #[cfg(feature = "training")]
    const STORE: crate::store::Store;

    /// Number of the trained parameters that were stored last; 0 where there are none.
    fn stored(&mut self, _: &mut Board) -> u32 {
        0
    }

    /// Whether it can be trained so.
    ///
    /// # Errors
    ///
    /// Why not.
    #[cfg(feature = "training")]
    fn check(&mut self, _: &mut Board, _: &Training) -> Result<(), Refusal> {
        Err(Refusal::Unknown)
    }
}

/// What is said of a model.
struct ModelIdentity {
    /// CRC-32 that ends its file.
    crc: u32,
    /// Bytes of its file.
    len: usize,
    /// Bytes of an image.
    pixels: usize,
    /// Bytes of memory set aside for it.
    memory: usize,
}

/// What the device needs to answer, whatever its parameters are.
struct Session<M> {
    port: Port,
    model: M,
    damaged: u32,
}

/// Parameters, and what can be done with them.
trait Responder<M> {
    /// Answers what only these parameters can: an image to classify or to train on, or what they
    /// are.
    fn answer(
        &mut self,
        session: &mut Session<M>,
        frame: Frame<Request<'_>>,
    ) -> Result<(), Failure>;
}

/// Why a conversation with one set of parameters ends.
enum End {
    /// Nothing more is asked.
    Finished,
    /// Training begins anew; the number of the request that asks for it.
    #[cfg_attr(not(feature = "training"), expect(dead_code))]
    Training(u32, Training),
}

// What is made once and kept in statics is made in functions of its own, so that what it takes on the
// way does not stay on the stack, which inference and training need.

/// What is made at the start only.
fn once<T>(made: Option<&'static mut T>) -> &'static mut T {
    match made {
        Some(made) => made,
        None => panic!("the link was started before"),
    }
}

impl<M: ServedModel> Session<M> {
    fn new(port: Port, model: M) -> Self {
        Self {
            port,
            model,
            damaged: 0,
        }
    }

    /// Answers requests until other parameters have to.
    // A part of its one caller, where what that holds lies on the stack once.
    #[inline(always)]
    fn converse<const N: usize>(
        &mut self,
        decoder: &mut Decoder<N>,
        responder: &mut impl Responder<M>,
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
    #[inline(always)]
    fn answer(
        &mut self,
        payload: &[u8],
        responder: &mut impl Responder<M>,
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
        let pixels = M::IDENTITY.pixels;
        match frame.body {
            Request::Hello => {
                let device = self.device();
                self.port.send(sequence, Response::Device(device))?;
            }
            Request::Infer(image) if image.len() != pixels => {
                let expected = pixels as u32;
                self.refuse(sequence, Refusal::Image { expected })?;
            }
            Request::Usage => {
                let usage = self.usage();
                self.port.send(sequence, Response::Usage(usage))?;
            }
            #[cfg(feature = "training")]
            Request::Storage => {
                let body = match M::STORE.state(&mut self.port.board) {
                    Ok(state) => Response::Storage(state),
                    Err(_) => Response::Refused(Refusal::Storage),
                };
                self.port.send(sequence, body)?;
            }
            Request::Finish => {
                self.port.send(sequence, Response::Finished)?;
                return Ok(Some(End::Finished));
            }
            #[cfg(feature = "training")]
            Request::Configure(wanted) => match self.model.check(&mut self.port.board, &wanted) {
                Ok(()) => return Ok(Some(End::Training(sequence, wanted))),
                Err(refusal) => self.refuse(sequence, refusal)?,
            },
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
            model_crc: M::IDENTITY.crc,
            model_len: M::IDENTITY.len as u32,
            stored: self.model.stored(&mut self.port.board),
        }
    }

    fn usage(&self) -> Usage {
        Usage {
            arena: M::IDENTITY.memory as u32,
            // Where there is no number, the port says so instead.
            stack: board::stack_high_water().unwrap_or(board::stack_bytes()) as u32,
            heap: board::heap_high_water() as u32,
            damaged: self.damaged,
        }
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

//! Trains on what the desktop sends.

use super::float::{FloatServer, RECEIVED};
use super::{End, Failure, Responder, Session, once};
use crate::board::Board;
use crate::first_parameters::initialise;
use crate::memory::{self, Memory};
use crate::{model, store};
use kiln_core::link::{
    Decoder, Example, Footprint, Frame, PARAMETERS_PER_FRAME, Refusal, Request, Response, Start,
    Training,
};
use kiln_core::{
    CompactError, CompactMode, CompactTrainer, GROUP, Outcome, Program, Purpose, Scaling, Sgd,
    bytes_in_place, pack_pixels,
};

/// The program of what the desktop wants, made when it asks.
pub(super) type Plan = Program<{ model::STEPS }>;

/// Parameters in training.
struct Learner<'a> {
    program: &'a Plan,
    trainer: CompactTrainer<'a, { model::STEPS }>,
    sgd: Sgd,
    /// Samples of a batch, at most.
    batch: u16,
    /// Samples of the batch under way.
    placed: u16,
    /// The last request that changed anything, and what was answered: asked again, it gets the same
    /// answer and changes nothing.
    last: Option<(u32, Response<'static>)>,
}

/// Where the program of a training lies while it lasts: not on the stack, since it grows with the
/// network. There is one.
#[inline(never)]
pub(super) fn current() -> &'static mut Plan {
    once(cortex_m::singleton!(: Plan = Plan::EMPTY))
}

/// Where the program of a training that is asked for is made. There is one.
#[inline(never)]
pub(super) fn candidate() -> &'static mut Plan {
    once(cortex_m::singleton!(: Plan = Plan::EMPTY))
}

/// Makes the program of a training and finds out whether the device can train so. Another training
/// may be under way, and goes on where not: its program lies elsewhere.
///
/// # Errors
///
/// Why it cannot.
#[inline(never)]
pub(super) fn check(
    program: &mut Plan,
    board: &mut Board,
    training: &Training,
) -> Result<(), Refusal> {
    let purpose = Purpose::Compact(mode(training)?);
    program
        .plan(&model::NETWORK, purpose)
        .map_err(|_| Refusal::Trainable)?;
    check_memory(program)?;
    program
        .check_optimizer(&training.sgd)
        .map_err(|_| Refusal::Optimizer)?;
    if matches!(training.start, Start::Stored) && store::number(board, program) == 0 {
        return Err(Refusal::NothingStored);
    }
    Ok(())
}

/// Trains until the desktop wants something else.
///
/// # Errors
///
/// A serial port that fails.
pub(super) fn run(
    session: &mut Session<FloatServer>,
    decoder: &mut Decoder<RECEIVED>,
    (memory, current): (&mut Memory, &mut &'static mut Plan),
    sequence: u32,
    training: Training,
) -> Result<End, Failure> {
    // The candidate was checked when the desktop asked; the next one is made where this one's
    // forerunner lay.
    core::mem::swap(&mut session.model.candidate, current);
    let program = &**current;
    let Ok(trainer) = CompactTrainer::new(program, memory.of(program, session.model.parameters))
    else {
        return Ok(End::Finished);
    };
    let mut learner = Learner {
        program,
        trainer,
        sgd: training.sgd,
        batch: training.batch,
        placed: 0,
        last: None,
    };
    let response = match learner.start(session, training.start) {
        Ok(()) => Response::Configured(footprint(program)),
        Err(refusal) => Response::Refused(refusal),
    };
    session.port.send(sequence, response)?;
    session.converse(decoder, &mut learner)
}

fn mode(training: &Training) -> Result<CompactMode, Refusal> {
    if training.batch == 0 || usize::from(training.batch) > GROUP {
        return Err(Refusal::Batch { most: GROUP as u16 });
    }
    let momentum = training.sgd.momentum != 0.0;
    Ok(if training.batch == 1 && !momentum {
        CompactMode::in_place(training.trainable)
    } else {
        CompactMode::mini_batch(training.trainable, momentum)
    })
}

/// Whether a program fits the memory that the build set aside.
fn check_memory(program: &Plan) -> Result<(), Refusal> {
    let values = (program.compact_bytes() - program.winner_bytes()) / size_of::<f32>();
    if values > memory::VALUES || program.winner_bytes() > memory::WINNERS {
        return Err(Refusal::Memory {
            needed: program.compact_bytes() as u32,
            available: memory::BYTES as u32,
        });
    }
    Ok(())
}

fn footprint(program: &Plan) -> Footprint {
    let bytes = |values: usize| (size_of::<f32>() * values) as u32;
    Footprint {
        parameters: bytes(program.trained_values()),
        gradient: bytes(program.gradient_values()),
        velocity: bytes(program.velocity_values()),
        arena: bytes(program.arena_packets()),
        winners: program.winner_bytes() as u32,
    }
}

impl Learner<'_> {
    /// Sets the first parameters.
    fn start(&mut self, session: &mut Session<FloatServer>, start: Start) -> Result<(), Refusal> {
        let trained = self.trainer.trained_mut();
        match start {
            Start::Seed(seed) => initialise(self.program, &model::NETWORK, trained, seed),
            Start::Stored => {
                store::load(&mut session.port.board, self.program, trained)
                    .map_err(|_| Refusal::NothingStored)?;
            }
            _ => {
                self.program
                    .extract(session.model.parameters, trained)
                    .map_err(|_| Refusal::Trainable)?;
            }
        }
        Ok(())
    }

    fn infer(
        &mut self,
        session: &mut Session<FloatServer>,
        sequence: u32,
        image: &[u8],
    ) -> Result<(), Failure> {
        let (port, scaling) = (&mut session.port, session.model.scaling);
        let trainer = &mut self.trainer;
        let (logits, ticks) = port
            .board
            .time(|| trainer.infer(|input| pack_pixels(scaling, &[image], input)));
        let logits = bytes_in_place(logits);
        port.send(sequence, Response::Logits { ticks, logits })
    }

    /// Trains on a sample and updates the parameters where it is the last of its batch.
    fn train(
        &mut self,
        session: &mut Session<FloatServer>,
        example: &Example<'_>,
    ) -> Response<'static> {
        let most = self.batch;
        if example.image.len() != model::PIXELS {
            let expected = model::PIXELS as u32;
            return Response::Refused(Refusal::Image { expected });
        }
        if usize::from(example.label) >= model::CLASSES {
            let classes = model::CLASSES as u16;
            return Response::Refused(Refusal::Label { classes });
        }
        let in_order = example.place == 0 || example.place == self.placed;
        if !in_order || example.batch > most || example.place >= example.batch {
            return Response::Refused(Refusal::Batch { most });
        }
        let sgd = Sgd {
            rate: example.rate,
            ..self.sgd
        };
        if self.program.check_optimizer(&sgd).is_err() {
            return Response::Refused(Refusal::Optimizer);
        }
        let (board, scaling) = (&mut session.port.board, session.model.scaling);
        let (outcome, ticks) = board.time(|| self.advance(example, &sgd, scaling));
        match outcome {
            Ok(outcome) => Response::Trained {
                ticks,
                loss: outcome.loss_sum as f32,
                correct: outcome.correct > 0,
            },
            Err(CompactError::NotFinite { .. }) => Response::Diverged,
            Err(_) => Response::Refused(Refusal::Batch { most }),
        }
    }

    fn advance(
        &mut self,
        example: &Example<'_>,
        sgd: &Sgd,
        scaling: &Scaling,
    ) -> Result<Outcome, CompactError> {
        let trainer = &mut self.trainer;
        let fill = |input: &mut [f32]| pack_pixels(scaling, &[example.image], input);
        if self.program.gradient_values() == 0 {
            return trainer.step(example.label, sgd, fill);
        }
        if example.place == 0 {
            trainer.begin_batch(example.batch.into())?;
        }
        let outcome = trainer.accumulate(example.label, fill)?;
        self.placed = example.place + 1;
        if self.placed == example.batch {
            trainer.finish_batch(sgd)?;
            self.placed = 0;
        }
        Ok(outcome)
    }

    /// Sends some of the trained parameters.
    fn parameters(
        &self,
        session: &mut Session<FloatServer>,
        sequence: u32,
        first: u32,
        count: u16,
    ) -> Result<(), Failure> {
        let trained = self.trainer.trained();
        let (first, count) = (first as usize, usize::from(count));
        let body = match trained.get(first..first.saturating_add(count)) {
            Some(_) if first == 0 && !self.trainer.all_finite() => Response::Diverged,
            Some(values) if count <= PARAMETERS_PER_FRAME => {
                Response::Parameters(bytes_in_place(values))
            }
            _ => Response::Refused(Refusal::Range {
                parameters: trained.len() as u32,
            }),
        };
        session.port.send(sequence, body)
    }

    fn store(&self, session: &mut Session<FloatServer>) -> Response<'static> {
        if !self.trainer.all_finite() {
            return Response::Diverged;
        }
        match store::save(
            &mut session.port.board,
            self.program,
            self.trainer.trained(),
        ) {
            Ok(number) => Response::Stored { number },
            Err(_) => Response::Refused(Refusal::Storage),
        }
    }
}

impl Responder<FloatServer> for Learner<'_> {
    fn answer(
        &mut self,
        session: &mut Session<FloatServer>,
        frame: Frame<Request<'_>>,
    ) -> Result<(), Failure> {
        let Frame { sequence, body } = frame;
        let response = match (body, self.last) {
            (Request::Train(_) | Request::Store, Some((last, response))) if last == sequence => {
                response
            }
            (Request::Train(example), _) => self.train(session, &example),
            (Request::Store, _) => self.store(session),
            (Request::Infer(image), _) => return self.infer(session, sequence, image),
            (Request::Parameters { first, count }, _) => {
                return self.parameters(session, sequence, first, count);
            }
            _ => Response::Refused(Refusal::Unknown),
        };
        self.last = Some((sequence, response));
        session.port.send(sequence, response)
    }
}

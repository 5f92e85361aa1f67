//! Trains on what the desktop sends.

use super::{End, Failure, RECEIVED, Responder, Session, once};
use crate::board::Board;
use crate::first_parameters::initialise;
use crate::memory::{self, Memory};
use crate::{model, store};
use kiln_core::link::{
    Decoder, Example, Footprint, Frame, PARAMETERS_PER_FRAME, Refusal, Request, Response, Start,
    Training,
};
use kiln_core::{
    CompactError, CompactMode, CompactPlan, CompactTrainer, CompactUpdate, GROUP, Outcome, Scaling,
    Sgd, bytes_in_place, pack_pixels,
};

/// The plan of what the desktop wants, made when it asks.
type Plan = CompactPlan<{ model::STEPS }>;

/// Parameters in training.
struct Learner<'a> {
    plan: &'a Plan,
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

/// Where the plan of a training lies while it lasts: not on the stack, since it grows with the
/// network. There is one.
pub(super) fn plan_memory() -> &'static mut Option<Plan> {
    once(cortex_m::singleton!(: Option<Plan> = None))
}

/// Whether the device can train so. Another training may be under way, and goes on where not: its
/// plan stays, and the one that is looked at here lies on the stack, no longer than this takes.
///
/// # Errors
///
/// Why it cannot.
#[inline(never)]
pub(super) fn check(board: &mut Board, training: &Training) -> Result<(), Refusal> {
    let made = Plan::try_of(&model::PLAN, mode(training)?);
    let Ok(plan) = &made else {
        return Err(Refusal::Trainable);
    };
    check_memory(plan)?;
    plan.check(&training.sgd).map_err(|_| Refusal::Optimizer)?;
    if matches!(training.start, Start::Stored) && store::number(board, plan) == 0 {
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
    session: &mut Session,
    decoder: &mut Decoder<RECEIVED>,
    (memory, plan): (&mut Memory, &mut Option<Plan>),
    sequence: u32,
    training: Training,
) -> Result<End, Failure> {
    // It was checked when the desktop asked.
    let Some(plan) = make(plan, &training) else {
        return Ok(End::Finished);
    };
    let Ok(trainer) = CompactTrainer::new(plan, memory.of(plan, session.parameters)) else {
        return Ok(End::Finished);
    };
    let mut learner = Learner {
        plan,
        trainer,
        sgd: training.sgd,
        batch: training.batch,
        placed: 0,
        last: None,
    };
    let response = match learner.start(session, training.start) {
        Ok(()) => Response::Configured(footprint(plan)),
        Err(refusal) => Response::Refused(refusal),
    };
    session.port.send(sequence, response)?;
    session.converse(decoder, &mut learner)
}

/// Makes the plan of a training in its place. While it is made, it lies on the stack.
#[inline(never)]
fn make<'p>(place: &'p mut Option<Plan>, training: &Training) -> Option<&'p Plan> {
    match Plan::try_of(&model::PLAN, mode(training).ok()?) {
        Ok(plan) => Some(place.insert(plan)),
        Err(_) => None,
    }
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

/// Whether a plan fits the memory that the build set aside.
fn check_memory(plan: &Plan) -> Result<(), Refusal> {
    let values = (plan.total_bytes() - plan.winner_bytes()) / size_of::<f32>();
    if values > memory::VALUES || plan.winner_bytes() > memory::WINNERS {
        return Err(Refusal::Memory {
            needed: plan.total_bytes() as u32,
            available: memory::BYTES as u32,
        });
    }
    Ok(())
}

fn footprint(plan: &Plan) -> Footprint {
    let bytes = |values: usize| (size_of::<f32>() * values) as u32;
    Footprint {
        parameters: bytes(plan.trained_values()),
        gradient: bytes(plan.gradient_values()),
        velocity: bytes(plan.velocity_values()),
        arena: bytes(plan.arena_values()),
        winners: plan.winner_bytes() as u32,
    }
}

impl Learner<'_> {
    /// Sets the first parameters.
    fn start(&mut self, session: &mut Session, start: Start) -> Result<(), Refusal> {
        let trained = self.trainer.trained_mut();
        match start {
            Start::Seed(seed) => initialise(self.plan, &model::NETWORK, trained, seed),
            Start::Stored => {
                store::load(&mut session.port.board, self.plan, trained)
                    .map_err(|_| Refusal::NothingStored)?;
            }
            _ => {
                self.plan
                    .extract(session.parameters, trained)
                    .map_err(|_| Refusal::Trainable)?;
            }
        }
        Ok(())
    }

    fn infer(&mut self, session: &mut Session, sequence: u32, image: &[u8]) -> Result<(), Failure> {
        let (port, scaling) = (&mut session.port, session.scaling);
        let trainer = &mut self.trainer;
        let (logits, ticks) = port
            .board
            .time(|| trainer.infer(|input| pack_pixels(scaling, &[image], input)));
        let logits = bytes_in_place(logits);
        port.send(sequence, Response::Logits { ticks, logits })
    }

    /// Trains on a sample and updates the parameters where it is the last of its batch.
    fn train(&mut self, session: &mut Session, example: &Example<'_>) -> Response<'static> {
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
        if self.plan.check(&sgd).is_err() {
            return Response::Refused(Refusal::Optimizer);
        }
        let (board, scaling) = (&mut session.port.board, session.scaling);
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
        if let CompactUpdate::InPlace = self.plan.mode().update {
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
        session: &mut Session,
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

    fn store(&self, session: &mut Session) -> Response<'static> {
        if !self.trainer.all_finite() {
            return Response::Diverged;
        }
        match store::save(&mut session.port.board, self.plan, self.trainer.trained()) {
            Ok(number) => Response::Stored { number },
            Err(_) => Response::Refused(Refusal::Storage),
        }
    }
}

impl Responder for Learner<'_> {
    fn answer(&mut self, session: &mut Session, frame: Frame<Request<'_>>) -> Result<(), Failure> {
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

//! Trains on what the desktop sends.

use super::{End, Failure, Responder, ServedModel, Session};
use crate::board::Board;
use crate::first_parameters::initialise;
use crate::memory::Memory;
use kiln_core::link::{
    Decoder, Example, Footprint, Frame, PARAMETERS_PER_FRAME, Refusal, Request, Response, Start,
    Training,
};
use kiln_core::{
    CompactError, CompactMode, CompactTrainer, GROUP, Network, Outcome, Program, Purpose, Sgd,
    bytes_in_place,
};

/// A served model of which all or some of the last layers learn, by a program of as many steps.
pub(super) trait LearningModel<const STEPS: usize>: ServedModel {
    /// The graph that learns, and that a training counts its layers in.
    const LEARNER: &'static Network;
    /// Values and bytes set aside for a training.
    const ROOM: [usize; 2];

    /// Where the program of a training that is asked for is made.
    fn candidate(&mut self) -> &mut &'static mut Program<STEPS>;

    /// The parameters of the graph in flash, for those that are not trained; empty where all have to be.
    fn frozen(&self) -> &'static [f32];

    /// Sets the trained parameters to those of the model in flash.
    ///
    /// # Errors
    ///
    /// A program of another graph.
    fn extract(&self, program: &Program<STEPS>, trained: &mut [f32]) -> Result<(), Refusal>;

    /// Makes the graph's input of an image.
    fn fill(&mut self, image: &[u8], input: &mut [f32]);
}

/// Parameters in training.
struct Learner<'a, const STEPS: usize> {
    program: &'a Program<STEPS>,
    trainer: CompactTrainer<'a, STEPS>,
    sgd: Sgd,
    /// Samples of a batch, at most.
    batch: u16,
    /// Samples of the batch under way.
    placed: u16,
    /// The last request that changed anything, and what was answered: asked again, it gets the same
    /// answer and changes nothing.
    last: Option<(u32, Response<'static>)>,
}

/// Makes the program of a training and finds out whether the device can train so. Another training
/// may be under way, and goes on where not: its program lies elsewhere.
///
/// # Errors
///
/// Why it cannot.
#[inline(never)]
pub(super) fn check<const STEPS: usize, M: LearningModel<STEPS>>(
    model: &mut M,
    board: &mut Board,
    training: &Training,
) -> Result<(), Refusal> {
    let purpose = Purpose::Compact(mode(training)?);
    let frozen = model.frozen().len();
    let program = &mut **model.candidate();
    program
        .plan(M::LEARNER, purpose)
        .map_err(|_| Refusal::Trainable)?;
    if program.frozen_values() > frozen {
        return Err(Refusal::Trainable);
    }
    check_memory(program, M::ROOM)?;
    program
        .check_optimizer(&training.sgd)
        .map_err(|_| Refusal::Optimizer)?;
    match training.start {
        Start::Stored => M::STORE.check(board, program),
        _ => Ok(()),
    }
}

/// Trains until the desktop wants something else.
///
/// # Errors
///
/// A serial port that fails.
pub(super) fn run<const STEPS: usize, const N: usize, M: LearningModel<STEPS>>(
    session: &mut Session<M>,
    decoder: &mut Decoder<N>,
    (memory, current): (&mut Memory, &mut &'static mut Program<STEPS>),
    sequence: u32,
    training: Training,
) -> Result<End, Failure> {
    // The candidate was checked when the desktop asked; the next one is made where this one's
    // forerunner lay.
    core::mem::swap(session.model.candidate(), current);
    let program = &**current;
    let Ok(trainer) = CompactTrainer::new(program, memory.of(program, session.model.frozen()))
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
fn check_memory<const STEPS: usize>(
    program: &Program<STEPS>,
    [values, winners]: [usize; 2],
) -> Result<(), Refusal> {
    let needed = (program.compact_bytes() - program.winner_bytes()) / size_of::<f32>();
    if needed > values || program.winner_bytes() > winners {
        return Err(Refusal::Memory {
            needed: program.compact_bytes() as u32,
            available: (size_of::<f32>() * values + winners) as u32,
        });
    }
    Ok(())
}

fn footprint<const STEPS: usize>(program: &Program<STEPS>) -> Footprint {
    let bytes = |values: usize| (size_of::<f32>() * values) as u32;
    Footprint {
        parameters: bytes(program.trained_values()),
        gradient: bytes(program.gradient_values()),
        velocity: bytes(program.velocity_values()),
        arena: bytes(program.arena_packets()),
        winners: program.winner_bytes() as u32,
    }
}

impl<const STEPS: usize> Learner<'_, STEPS> {
    /// Sets the first parameters.
    fn start<M: LearningModel<STEPS>>(
        &mut self,
        session: &mut Session<M>,
        start: Start,
    ) -> Result<(), Refusal> {
        let trained = self.trainer.trained_mut();
        match start {
            Start::Seed(seed) => initialise(self.program, M::LEARNER, trained, seed),
            Start::Stored => {
                M::STORE
                    .load(&mut session.port.board, self.program, trained)
                    .map_err(|_| Refusal::NothingStored)?;
            }
            _ => session.model.extract(self.program, trained)?,
        }
        Ok(())
    }

    fn infer<M: LearningModel<STEPS>>(
        &mut self,
        session: &mut Session<M>,
        sequence: u32,
        image: &[u8],
    ) -> Result<(), Failure> {
        let (port, model) = (&mut session.port, &mut session.model);
        let trainer = &mut self.trainer;
        let (logits, ticks) = port
            .board
            .time(|| trainer.infer(|input| model.fill(image, input)));
        let logits = bytes_in_place(logits);
        port.send(sequence, Response::Logits { ticks, logits })
    }

    /// Trains on a sample and updates the parameters where it is the last of its batch.
    fn train<M: LearningModel<STEPS>>(
        &mut self,
        session: &mut Session<M>,
        example: &Example<'_>,
    ) -> Response<'static> {
        let most = self.batch;
        if example.image.len() != M::IDENTITY.pixels {
            let expected = M::IDENTITY.pixels as u32;
            return Response::Refused(Refusal::Image { expected });
        }
        let classes = self.program.classes();
        if usize::from(example.label) >= classes {
            let classes = classes as u16;
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
        let (board, model) = (&mut session.port.board, &mut session.model);
        let (outcome, ticks) = board.time(|| self.advance(example, &sgd, model));
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
        model: &mut impl LearningModel<STEPS>,
    ) -> Result<Outcome, CompactError> {
        let trainer = &mut self.trainer;
        let fill = |input: &mut [f32]| model.fill(example.image, input);
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
    fn parameters<M>(
        &self,
        session: &mut Session<M>,
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

    fn store<M: LearningModel<STEPS>>(&self, session: &mut Session<M>) -> Response<'static> {
        if !self.trainer.all_finite() {
            return Response::Diverged;
        }
        let board = &mut session.port.board;
        match M::STORE.save(board, self.program, self.trainer.trained()) {
            Ok(number) => Response::Stored { number },
            Err(_) => Response::Refused(Refusal::Storage),
        }
    }
}

impl<const STEPS: usize, M: LearningModel<STEPS>> Responder<M> for Learner<'_, STEPS> {
    fn answer(
        &mut self,
        session: &mut Session<M>,
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

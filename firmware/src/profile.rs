//! Tells what inference and training in place take on the samples in flash, step by step.
//!
//! Each sample runs twice: as ever, which gives `whole`, and with somebody looking, who prints a line
//! for each piece of work and leaves the printing out of the count.

use crate::board::{self, Board};
use crate::{memory, model};
use kiln_core::{
    BufferError, ModelError, Observer, SamplesError, SamplesFile, Scaling, ScalingError, Work,
    pack_pixels,
};
#[cfg(feature = "training")]
use kiln_core::{CompactError, CompactTrainer};

/// Why nothing can be told.
#[derive(Clone, Copy, Debug)]
pub enum Failure {
    /// The model in flash is not as it was built.
    Model(ModelError),
    /// The samples in flash are not as they were built.
    Samples(SamplesError),
    /// The scaling is impossible.
    Scaling(ScalingError),
    /// A buffer does not fit the program.
    Buffer(BufferError),
    /// A step was refused; its loss may not be finite.
    #[cfg(feature = "training")]
    Step(CompactError),
    /// The stack was too short, and what lies behind it was written over.
    Overflowed,
}

/// Prints what each piece of work took, as soon as it is done.
pub(crate) struct Told<'a> {
    board: &'a mut Board,
    pass: defmt::Str,
    start: u32,
}

impl<'a> Told<'a> {
    pub fn new(board: &'a mut Board, pass: defmt::Str) -> Self {
        let start = board.start_ticks();
        Self { board, pass, start }
    }

    fn step(&self, work: defmt::Str, step: usize, ticks: u32) {
        defmt::println!(
            "profile {=istr} {=istr} {=usize} {=u32}",
            self.pass,
            work,
            step,
            ticks
        );
    }

    pub fn piece(&self, work: defmt::Str, ticks: u32) {
        defmt::println!("profile {=istr} {=istr} {=u32}", self.pass, work, ticks);
    }

    /// Leaves out of the count what was done since it began.
    pub fn restart(&mut self) {
        self.start = self.board.start_ticks();
    }
}

impl Observer for Told<'_> {
    fn done(&mut self, work: Work) {
        let ticks = self.board.ticks_since(self.start);
        match work {
            Work::Input => self.piece(defmt::intern!("input"), ticks),
            Work::Loss => self.piece(defmt::intern!("loss"), ticks),
            Work::Forward { step } => self.step(defmt::intern!("forward"), step, ticks),
            Work::Backward { step }
            | Work::InputGradient { step }
            | Work::ParameterGradient { step } => {
                self.step(defmt::intern!("backward"), step, ticks);
            }
        }
        self.restart();
    }
}

/// Runs all samples in flash and prints.
///
/// # Errors
///
/// A model or samples that are not as they were built, or a loss that is not finite.
pub fn run(mut board: Board) -> Result<(), Failure> {
    let parameters = model::parameters().map_err(Failure::Model)?;
    let samples = model::samples().map_err(Failure::Samples)?;
    let scaling = model::scaling().map_err(Failure::Scaling)?;
    let mut memory = memory::take();
    let arena = &mut memory.values[..model::ARENA_VALUES];
    infer(&mut board, parameters, arena, &samples, &scaling)?;
    train(&mut board, parameters, &mut memory, &samples, &scaling)?;
    match board::stack_has_overflowed() {
        true => Err(Failure::Overflowed),
        false => Ok(()),
    }
}

fn infer(
    board: &mut Board,
    parameters: &[f32],
    arena: &mut [f32],
    samples: &SamplesFile<'_>,
    scaling: &Scaling,
) -> Result<(), Failure> {
    for (_, image) in samples.samples() {
        let fill = |input: &mut [f32]| pack_pixels(scaling, &[image], input);
        let (done, ticks) = board.time(|| model::INFERENCE.infer(parameters, arena, fill).err());
        done.map_or(Ok(()), Err).map_err(Failure::Buffer)?;
        let mut told = Told::new(board, defmt::intern!("inference"));
        told.piece(defmt::intern!("whole"), ticks);
        told.restart();
        model::INFERENCE
            .infer_observed(parameters, arena, fill, &mut told)
            .map_err(Failure::Buffer)?;
    }
    Ok(())
}

#[cfg(not(feature = "training"))]
fn train(
    _: &mut Board,
    _: &[f32],
    _: &mut memory::Memory,
    _: &SamplesFile<'_>,
    _: &Scaling,
) -> Result<(), Failure> {
    Ok(())
}

#[cfg(feature = "training")]
fn train(
    board: &mut Board,
    parameters: &[f32],
    memory: &mut memory::Memory,
    samples: &SamplesFile<'_>,
    scaling: &Scaling,
) -> Result<(), Failure> {
    let program = &model::TRAINING;
    let sgd = crate::course::sgd(program);
    let mut trainer =
        CompactTrainer::new(program, memory.of(program, parameters)).map_err(Failure::Step)?;
    program
        .extract(parameters, trainer.trained_mut())
        .map_err(Failure::Step)?;
    for (label, image) in samples.samples() {
        let fill = |input: &mut [f32]| pack_pixels(scaling, &[image], input);
        let (outcome, ticks) = board.time(|| trainer.step(label, &sgd, fill));
        outcome.map_err(Failure::Step)?;
        let mut told = Told::new(board, defmt::intern!("training"));
        told.piece(defmt::intern!("whole"), ticks);
        told.restart();
        trainer
            .step_observed(label, &sgd, fill, &mut told)
            .map_err(Failure::Step)?;
    }
    Ok(())
}

impl Failure {
    /// Prints the failure in one line.
    pub fn report(self) {
        match self {
            Self::Model(_) => {
                defmt::println!("error: the model in flash is damaged; flash it again");
            }
            Self::Samples(_) => {
                defmt::println!("error: the samples in flash are damaged; flash them again");
            }
            #[cfg(feature = "training")]
            Self::Step(CompactError::NotFinite { .. }) => {
                defmt::println!("error: the loss is no finite number");
            }
            #[cfg(feature = "training")]
            Self::Step(_) => {
                defmt::println!("error: model and program do not fit; build the firmware again");
            }
            Self::Scaling(_) | Self::Buffer(_) => {
                defmt::println!("error: model and program do not fit; build the firmware again");
            }
            Self::Overflowed => defmt::println!(
                "error: the stack overflowed; nothing that was computed can be believed"
            ),
        }
    }
}

//! Trains on the samples in flash, stores what was learned, and reports what it took.

use crate::board::{self, Board};
use crate::course::{self, BATCH, EPOCHS, Sample};
use crate::first_parameters::initialise;
use crate::mean::mean;
use crate::memory::{self, Memory};
use crate::{model, store};
use kiln_core::{
    CompactError, CompactTrainer, Crc32, ModelError, Outcome, SamplesError, SamplesFile, Scaling,
    ScalingError, pack_pixels,
};
use storage::Found;

/// Why the samples could not be trained on.
#[derive(Clone, Copy, Debug)]
pub enum Failure {
    /// The model in flash is not as it was built.
    Model(ModelError),
    /// The samples in flash are not as they were built.
    Samples(SamplesError),
    /// The scaling is impossible.
    Scaling(ScalingError),
    /// A step was refused; its loss may not be finite.
    Step(CompactError),
    /// The parameters are no longer finite numbers.
    Diverged,
    /// The storage failed.
    Storage,
    /// The parameters are not those that the desktop computed at build time.
    Differs,
    /// The stack was too short, and what lies behind it was written over.
    Overflowed,
}

/// The trainer of the build's program.
type Trainer<'a> = CompactTrainer<'a, { model::STEPS }>;

/// Ticks of the steps.
struct Ticks {
    least: u32,
    sum: u64,
    most: u32,
    steps: u32,
}

/// Trains, stores and prints the report.
///
/// # Errors
///
/// A model or samples that are not as they were built, a run that diverges, a storage that fails,
/// or results that are not the desktop's.
pub fn run(board: &mut Board) -> Result<(), Failure> {
    defmt::println!("board      {=str}", board::NAME);
    let parameters = model::parameters().map_err(Failure::Model)?;
    let samples = model::samples().map_err(Failure::Samples)?;
    let scaling = model::scaling().map_err(Failure::Scaling)?;
    defmt::println!("network    {=istr}", model::description());
    let mut memory = memory::take();
    report_memory(&memory);
    let program = &model::TRAINING;
    let mut trainer =
        Trainer::new(program, memory.of(program, parameters)).map_err(Failure::Step)?;
    let stored = start(board, &mut trainer, parameters)?;
    let before = accuracy(&mut trainer, &samples, &scaling);
    defmt::println!(
        "before     {=usize} of {=usize} correct",
        before,
        samples.len()
    );
    let mut ticks = Ticks::new();
    for epoch in 1..=EPOCHS {
        let outcome = train(board, &mut trainer, &samples, &scaling, &mut ticks)?;
        defmt::println!(
            "epoch {=u32}    loss {=f32}, {=usize} of {=usize} correct while training",
            epoch,
            (outcome.loss_sum / outcome.samples.max(1) as f64) as f32,
            outcome.correct,
            outcome.samples
        );
    }
    if !trainer.all_finite() {
        return Err(Failure::Diverged);
    }
    let after = accuracy(&mut trainer, &samples, &scaling);
    defmt::println!(
        "after      {=usize} of {=usize} correct",
        after,
        samples.len()
    );
    ticks.report(course::batch(program));
    let equal = report_parameters(&trainer, stored);
    if board::stack_has_overflowed() {
        return Err(Failure::Overflowed);
    }
    let number = store::FLOAT
        .save(board, program, trainer.trained())
        .map_err(|_| Failure::Storage)?;
    defmt::println!("stored     number {=u32}", number);
    report_storage(board)?;
    defmt::println!(
        "heap       high-water {=usize} bytes",
        board::heap_high_water()
    );
    match board::stack_high_water() {
        Some(bytes) => defmt::println!("stack      high-water {=usize} bytes", bytes),
        None => return Err(Failure::Overflowed),
    }
    if equal { Ok(()) } else { Err(Failure::Differs) }
}

/// Sets the first parameters: the newest stored ones, or else those that the build chose. Gives
/// the number of what was stored, or 0.
fn start(board: &mut Board, trainer: &mut Trainer<'_>, parameters: &[f32]) -> Result<u32, Failure> {
    let program = &model::TRAINING;
    let found = store::FLOAT.found(board, program);
    if store::FLOAT
        .state(board)
        .is_ok_and(|state| state.is_damaged)
    {
        defmt::println!(
            "storage    damaged in one half: the other is taken, a later set is perhaps lost"
        );
    }
    if let Ok(number) = store::FLOAT.load(board, program, trainer.trained_mut()) {
        defmt::println!("start      from what is stored, number {=u32}", number);
        return Ok(number);
    }
    match found {
        Ok(Found::Nothing) => {}
        Ok(Found::Another(_)) => {
            defmt::println!("stored     by another network, or of other layers: not taken");
        }
        Ok(_) => defmt::println!("stored     damaged in both halves: not taken"),
        Err(_) => return Err(Failure::Storage),
    }
    match model::START_SEED {
        Some(seed) => {
            initialise(program, &model::NETWORK, trainer.trained_mut(), seed);
            defmt::println!("start      from seed {=u64}", seed);
        }
        None => {
            program
                .extract(parameters, trainer.trained_mut())
                .map_err(Failure::Step)?;
            defmt::println!("start      from the model in flash");
        }
    }
    Ok(0)
}

/// Says what the storage has gone through, where there is more to say than what was stored.
fn report_storage(board: &mut Board) -> Result<(), Failure> {
    let state = store::FLOAT.state(board).map_err(|_| Failure::Storage)?;
    if state.erases > 1 {
        defmt::println!("wear       {=u32} erases of a page", state.erases);
    }
    Ok(())
}

/// One pass over the samples.
fn train(
    board: &mut Board,
    trainer: &mut Trainer<'_>,
    samples: &SamplesFile<'_>,
    scaling: &Scaling,
    ticks: &mut Ticks,
) -> Result<Outcome, Failure> {
    let program = &model::TRAINING;
    let most = course::batch(program);
    let mut outcome = Outcome::default();
    let mut batch: [Sample<'_>; BATCH] = [(0, &[]); BATCH];
    let mut held = 0;
    for (index, sample) in samples.samples().enumerate() {
        batch[held] = sample;
        held += 1;
        if held == most || index + 1 == samples.len() {
            let (step, took) =
                board.time(|| course::step(program, trainer, scaling, &batch[..held]));
            outcome += step.map_err(Failure::Step)?;
            ticks.add(took);
            held = 0;
        }
    }
    Ok(outcome)
}

/// How many samples are classified as they are labelled.
fn accuracy(trainer: &mut Trainer<'_>, samples: &SamplesFile<'_>, scaling: &Scaling) -> usize {
    let mut correct = 0;
    for (label, image) in samples.samples() {
        let logits = trainer.infer(|input| pack_pixels(scaling, &[image], input));
        let class = kiln_core::reference::loss::highest_class(logits);
        correct += usize::from(class == usize::from(label));
    }
    correct
}

fn report_memory(memory: &Memory) {
    let program = &model::TRAINING;
    defmt::println!(
        "training   {=usize} of {=usize} parameters, {=usize} bytes: parameters {=usize}, \
         gradient {=usize}, velocity {=usize}, arena {=usize}, winners {=usize}",
        program.trained_values(),
        program.parameters(),
        size_of_val(memory.values) + memory.winners.len(),
        4 * program.trained_values(),
        4 * program.gradient_values(),
        4 * program.velocity_values(),
        4 * program.arena_packets(),
        program.winner_bytes()
    );
}

/// Whether the parameters are the desktop's, where it knows what they must be.
fn report_parameters(trainer: &Trainer<'_>, stored: u32) -> bool {
    let mut crc = Crc32::new();
    crc.update_values(trainer.trained());
    let equal = crc.value() == model::TRAINED_CRC;
    defmt::println!(
        "parameters CRC-32 {=u32:08x}, {=istr}",
        crc.value(),
        match (stored, equal) {
            (0, true) => defmt::intern!("equal to the desktop's to the bit"),
            (0, false) => defmt::intern!("not those of the desktop"),
            _ => defmt::intern!("from what was stored, which the desktop does not know"),
        }
    );
    stored > 0 || equal
}

impl Ticks {
    const fn new() -> Self {
        Self {
            least: u32::MAX,
            sum: 0,
            most: 0,
            steps: 0,
        }
    }

    fn add(&mut self, ticks: u32) {
        self.least = self.least.min(ticks);
        self.sum += u64::from(ticks);
        self.most = self.most.max(ticks);
        self.steps += 1;
    }

    fn report(&self, batch: usize) {
        defmt::println!(
            "step       {=u32} {=str} (least {=u32}, most {=u32}), batch {=usize}",
            mean(self.sum, self.steps),
            board::TICK_UNIT,
            self.least,
            self.most,
            batch
        );
    }
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
            Self::Step(CompactError::NotFinite { .. }) | Self::Diverged => defmt::println!(
                "error: training diverged: the loss is no finite number; nothing was stored"
            ),
            Self::Scaling(_) | Self::Step(_) => {
                defmt::println!("error: model and program do not fit; build the firmware again");
            }
            Self::Storage => {
                defmt::println!("error: the storage failed; what was stored before is still there");
            }
            Self::Differs => defmt::println!(
                "error: the parameters are not those that the desktop computed at build time"
            ),
            Self::Overflowed => defmt::println!(
                "error: the stack overflowed; nothing that was computed can be believed"
            ),
        }
    }
}

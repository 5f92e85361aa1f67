//! Classifies the samples in flash, and reports what it took.

use crate::board::{self, Board};
use crate::mean::mean;
use crate::{memory, model};
use kiln_core::{BufferError, Crc32, ModelError, SamplesError, Scaling, ScalingError, pack_pixels};

/// Samples between two lines of progress.
const PROGRESS: usize = 10;

/// Why the samples could not be classified.
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
    /// The logits are not those that the desktop computed at build time.
    Differs,
    /// The stack was too short, and what lies behind it was written over.
    Overflowed,
}

/// What the samples gave.
struct Tally {
    samples: usize,
    correct: usize,
    logits: Crc32,
    /// Least, summed and most ticks of an inference.
    least: u32,
    sum: u64,
    most: u32,
}

/// Classifies all samples in flash and prints the report.
///
/// # Errors
///
/// A model or samples that are not as they were built, or results that are not the desktop's.
pub fn run(board: &mut Board) -> Result<(), Failure> {
    defmt::println!("board      {=str}", board::NAME);
    let parameters = model::parameters().map_err(Failure::Model)?;
    let samples = model::samples().map_err(Failure::Samples)?;
    let scaling = model::scaling().map_err(Failure::Scaling)?;
    defmt::println!("network    {=istr}", model::description());
    let arena = &mut memory::take().values[..model::ARENA_VALUES];
    let heap_before = board::heap_high_water();
    let mut tally = Tally::new();
    for (label, image) in samples.samples() {
        tally.add(board, parameters, &scaling, arena, label, image)?;
        if tally.samples.is_multiple_of(PROGRESS) || tally.samples == samples.len() {
            let (done, all) = (tally.samples, samples.len());
            defmt::println!(
                "{=usize} of {=usize}: {=usize} correct",
                done,
                all,
                tally.correct
            );
        }
    }
    tally.report();
    report_memory(heap_before)?;
    if tally.logits.value() == model::EXPECTED_CRC {
        Ok(())
    } else {
        Err(Failure::Differs)
    }
}

impl Tally {
    const fn new() -> Self {
        Self {
            samples: 0,
            correct: 0,
            logits: Crc32::new(),
            least: u32::MAX,
            sum: 0,
            most: 0,
        }
    }

    /// Classifies one image.
    fn add(
        &mut self,
        board: &mut Board,
        parameters: &[f32],
        scaling: &Scaling,
        arena: &mut [f32],
        label: u16,
        image: &[u8],
    ) -> Result<(), Failure> {
        let fill = |input: &mut [f32]| pack_pixels(scaling, &[image], input);
        let (logits, ticks) = board.time(|| model::INFERENCE.infer(parameters, arena, fill));
        let logits = logits.map_err(Failure::Buffer)?;
        let class = kiln_core::reference::loss::highest_class(logits);
        self.samples += 1;
        self.correct += usize::from(class == usize::from(label));
        self.logits.update_values(logits);
        self.least = self.least.min(ticks);
        self.sum += u64::from(ticks);
        self.most = self.most.max(ticks);
        Ok(())
    }

    fn report(&self) {
        let (correct, samples) = (self.correct, self.samples);
        let hundredths = correct * 10_000 / samples.max(1);
        defmt::println!(
            "accuracy   {=usize} of {=usize}, {=usize}.{=usize}{=usize}%",
            correct,
            samples,
            hundredths / 100,
            hundredths / 10 % 10,
            hundredths % 10
        );
        let crc = self.logits.value();
        // Clippy sees the log's macros without their texts.
        #[allow(clippy::if_same_then_else)]
        if crc == model::EXPECTED_CRC {
            defmt::println!(
                "logits     CRC-32 {=u32:08x}, equal to the desktop's to the bit",
                crc
            );
        } else {
            defmt::println!(
                "logits     CRC-32 {=u32:08x}, not those of the desktop",
                crc
            );
        }
        defmt::println!(
            "inference  {=u32} {=str} (least {=u32}, most {=u32})",
            mean(self.sum, samples as u32),
            board::TICK_UNIT,
            self.least,
            self.most
        );
    }
}

fn report_memory(heap_before: usize) -> Result<(), Failure> {
    defmt::println!("arena      {=usize} bytes", 4 * model::ARENA_VALUES);
    defmt::println!(
        "heap       high-water {=usize} bytes before the first inference, {=usize} after the last",
        heap_before,
        board::heap_high_water()
    );
    match board::stack_high_water() {
        Some(bytes) => defmt::println!("stack      high-water {=usize} bytes", bytes),
        None => return Err(Failure::Overflowed),
    }
    Ok(())
}

impl Failure {
    /// Prints the failure in one line.
    pub fn report(self) {
        match self {
            Self::Model(ModelError::Checksum) => defmt::println!(
                "error: the model in flash is damaged (its checksum differs); flash it again"
            ),
            Self::Model(_) => {
                defmt::println!("error: the model in flash is damaged; flash it again");
            }
            Self::Samples(_) => {
                defmt::println!("error: the samples in flash are damaged; flash them again");
            }
            Self::Scaling(_) | Self::Buffer(_) => {
                defmt::println!("error: model and program do not fit; build the firmware again");
            }
            Self::Differs => defmt::println!(
                "error: the logits are not those that the desktop computed at build time"
            ),
            Self::Overflowed => defmt::println!(
                "error: the stack overflowed; nothing that was computed can be believed"
            ),
        }
    }
}

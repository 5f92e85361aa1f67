//! Classifies the samples in flash by the int8 model, and reports what it took.

use crate::board::{self, Board};
use crate::int8_model;
use crate::mean::mean;
use kiln_core::{BufferError, Crc32, SamplesError, codes_in_words};

/// Why the samples could not be classified.
#[derive(Clone, Copy, Debug)]
pub enum Failure {
    /// The samples in flash are not as they were built.
    Samples(SamplesError),
    /// The program and the network do not fit one another.
    Buffer(BufferError),
    /// The memory has been taken before.
    Memory,
    /// The codes are not those that the desktop computed at build time.
    Differs,
    /// The stack was too short, and what lies behind it was written over.
    Overflowed,
}

/// What the samples gave.
struct Tally {
    samples: usize,
    correct: usize,
    codes: Crc32,
    /// Least, summed and most ticks of an inference.
    least: u32,
    sum: u64,
    most: u32,
}

/// Classifies all samples in flash and prints the report.
///
/// # Errors
///
/// Samples that are not as they were built, or results that are not the desktop's.
pub fn run(board: &mut Board) -> Result<(), Failure> {
    defmt::println!("board      {=str}", board::NAME);
    defmt::println!("network    int8, {=istr}", int8_model::description());
    let samples = int8_model::samples().map_err(Failure::Samples)?;
    let memory =
        cortex_m::singleton!(: [u32; int8_model::ARENA_WORDS] = [0; int8_model::ARENA_WORDS]);
    let arena = codes_in_words(memory.ok_or(Failure::Memory)?);
    let mut tally = Tally {
        samples: 0,
        correct: 0,
        codes: Crc32::new(),
        least: u32::MAX,
        sum: 0,
        most: 0,
    };
    for (label, image) in samples.samples() {
        tally.add(board, arena, label, image)?;
    }
    tally.report();
    defmt::println!("arena      {=usize} bytes", 4 * int8_model::ARENA_WORDS);
    match board::stack_high_water() {
        Some(bytes) => defmt::println!("stack      high-water {=usize} bytes", bytes),
        None => return Err(Failure::Overflowed),
    }
    match tally.codes.value() == int8_model::EXPECTED_CRC {
        true => Ok(()),
        false => Err(Failure::Differs),
    }
}

impl Tally {
    /// Classifies one image; what it takes is counted from its codes on.
    fn add(
        &mut self,
        board: &mut Board,
        arena: &mut [i8],
        label: u16,
        image: &[u8],
    ) -> Result<(), Failure> {
        let network = int8_model::network();
        let input = int8_model::INFERENCE.input_codes();
        int8_model::fill(image, &mut arena[input]);
        let infer = || int8_model::INFERENCE.infer_arranged(&network, arena, |_| ());
        let (codes, ticks) = board.time(infer);
        let codes = codes.map_err(Failure::Buffer)?;
        // Of equal codes the first is meant, as on the desktop.
        let mut class = 0;
        for (index, code) in codes.iter().enumerate() {
            if *code > codes[class] {
                class = index;
            }
            self.codes.update(&code.to_le_bytes());
        }
        self.samples += 1;
        self.correct += usize::from(class == usize::from(label));
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
        let crc = self.codes.value();
        // Clippy sees the log's macros without their texts.
        #[allow(clippy::if_same_then_else)]
        if crc == int8_model::EXPECTED_CRC {
            defmt::println!("codes      CRC-32 {=u32:08x}, equal to the desktop's", crc);
        } else {
            defmt::println!(
                "codes      CRC-32 {=u32:08x}, not those of the desktop",
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

impl Failure {
    /// Prints the failure in one line.
    pub fn report(self) {
        match self {
            Self::Samples(_) => {
                defmt::println!("error: the samples in flash are damaged; flash them again");
            }
            Self::Buffer(_) | Self::Memory => {
                defmt::println!("error: model and program do not fit; build the firmware again");
            }
            Self::Differs => defmt::println!(
                "error: the codes are not those that the desktop computed at build time"
            ),
            Self::Overflowed => defmt::println!(
                "error: the stack overflowed; nothing that was computed can be believed"
            ),
        }
    }
}

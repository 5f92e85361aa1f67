//! Classifies the samples in flash, by logits or by codes, and reports what it took.

use crate::board::{self, Board};
use crate::mean::mean;
use kiln_core::{BufferError, Crc32, SamplesFile};

/// Samples between two lines of progress.
const PROGRESS: usize = 10;

/// A network in flash with what it computes in.
pub trait Classifier {
    /// What it gives for each class.
    type Value: ClassValue;

    /// The values of an image of bytes, in the order (channel, row, column), and the ticks they took.
    ///
    /// # Errors
    ///
    /// A buffer that does not fit the program.
    fn infer(
        &mut self,
        board: &mut Board,
        image: &[u8],
    ) -> Result<(&[Self::Value], u32), BufferError>;
}

/// What a network gives for a class: a logit or a code.
pub trait ClassValue: Sized {
    /// The class of the highest value, of equal ones the first.
    fn highest(values: &[Self]) -> usize;
    /// Adds values to a checksum.
    fn add_to(values: &[Self], checksum: &mut Crc32);
    /// Prints the checksum of all values, and whether it is the desktop's.
    fn report(checksum: u32, expected: u32);
}

/// Why the samples could not be classified.
#[derive(Clone, Copy, Debug)]
pub enum TallyFailure {
    /// A buffer does not fit the program.
    Buffer(BufferError),
    /// The values are not those that the desktop computed at build time.
    Differs,
    /// The stack was too short, and what lies behind it was written over.
    Overflowed,
}

/// What the samples gave.
struct Tally {
    samples: usize,
    correct: usize,
    values: Crc32,
    /// Least, summed and most ticks of an inference.
    least: u32,
    sum: u64,
    most: u32,
}

/// Classifies all samples by a network that works in `arena` bytes, and prints the report; `expected` is
/// the desktop's checksum of what it gives.
///
/// # Errors
///
/// Values that are not the desktop's, or a stack that was too short.
pub fn classify<C: Classifier>(
    board: &mut Board,
    samples: &SamplesFile<'_>,
    classifier: &mut C,
    arena: usize,
    expected: u32,
) -> Result<(), TallyFailure> {
    let heap_before = board::heap_high_water();
    let mut tally = Tally::new();
    for (label, image) in samples.samples() {
        let (values, ticks) = classifier
            .infer(board, image)
            .map_err(TallyFailure::Buffer)?;
        tally.add(values, label, ticks);
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
    let found = tally.values.value();
    tally.report_accuracy();
    C::Value::report(found, expected);
    tally.report_inference();
    report_memory(arena, heap_before)?;
    if found == expected {
        Ok(())
    } else {
        Err(TallyFailure::Differs)
    }
}

impl Tally {
    const fn new() -> Self {
        Self {
            samples: 0,
            correct: 0,
            values: Crc32::new(),
            least: u32::MAX,
            sum: 0,
            most: 0,
        }
    }

    fn add<V: ClassValue>(&mut self, values: &[V], label: u16, ticks: u32) {
        self.samples += 1;
        self.correct += usize::from(V::highest(values) == usize::from(label));
        V::add_to(values, &mut self.values);
        self.least = self.least.min(ticks);
        self.sum += u64::from(ticks);
        self.most = self.most.max(ticks);
    }

    fn report_accuracy(&self) {
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
    }

    fn report_inference(&self) {
        defmt::println!(
            "inference  {=u32} {=str} (least {=u32}, most {=u32})",
            mean(self.sum, self.samples as u32),
            board::TICK_UNIT,
            self.least,
            self.most
        );
    }
}

impl ClassValue for f32 {
    fn highest(values: &[Self]) -> usize {
        kiln_core::reference::loss::highest_class(values)
    }

    fn add_to(values: &[Self], checksum: &mut Crc32) {
        checksum.update_values(values);
    }

    // Clippy sees the log's macros without their texts.
    #[allow(clippy::if_same_then_else)]
    fn report(checksum: u32, expected: u32) {
        if checksum == expected {
            defmt::println!(
                "logits     CRC-32 {=u32:08x}, equal to the desktop's to the bit",
                checksum
            );
        } else {
            defmt::println!(
                "logits     CRC-32 {=u32:08x}, not those of the desktop",
                checksum
            );
        }
    }
}

impl ClassValue for i8 {
    fn highest(values: &[Self]) -> usize {
        let mut class = 0;
        for (index, code) in values.iter().enumerate() {
            if *code > values[class] {
                class = index;
            }
        }
        class
    }

    fn add_to(values: &[Self], checksum: &mut Crc32) {
        for code in values {
            checksum.update(&code.to_le_bytes());
        }
    }

    // Clippy sees the log's macros without their texts.
    #[allow(clippy::if_same_then_else)]
    fn report(checksum: u32, expected: u32) {
        if checksum == expected {
            defmt::println!(
                "codes      CRC-32 {=u32:08x}, equal to the desktop's",
                checksum
            );
        } else {
            defmt::println!(
                "codes      CRC-32 {=u32:08x}, not those of the desktop",
                checksum
            );
        }
    }
}

fn report_memory(arena: usize, heap_before: usize) -> Result<(), TallyFailure> {
    defmt::println!("arena      {=usize} bytes", arena);
    defmt::println!(
        "heap       high-water {=usize} bytes before the first inference, {=usize} after the last",
        heap_before,
        board::heap_high_water()
    );
    match board::stack_high_water() {
        Some(bytes) => defmt::println!("stack      high-water {=usize} bytes", bytes),
        None => return Err(TallyFailure::Overflowed),
    }
    Ok(())
}

impl TallyFailure {
    /// Prints the failure in one line.
    pub fn report(self) {
        match self {
            Self::Buffer(_) => {
                defmt::println!("error: model and program do not fit; build the firmware again");
            }
            Self::Differs => defmt::println!(
                "error: the outputs are not those that the desktop computed at build time"
            ),
            Self::Overflowed => defmt::println!(
                "error: the stack overflowed; nothing that was computed can be believed"
            ),
        }
    }
}

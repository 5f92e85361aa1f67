//! What trains a model that learns: in memory that begins with the parameters that do, behind which lie the
//! arena, the winners of pools, and the arena of the trunk where there is one.

use crate::interface::ForeignKernel;
use crate::runner::{self, Classified, ForeignParts, Runner};
use crate::status::Status;
use core::ops::Range;
use kiln_core::{
    ChosenKernels, CompactError, Sgd, StoredMemory, StoredModel, StoredTraining, bytes_in_words,
    codes_in_words, values_in_words,
};
use storage::{Identity, SetError};

/// What a model that learns does beside classifying.
pub struct ForeignLearning {
    /// Sets the parameters in the memory to those of the model.
    pub start: fn(&ForeignParts<'_>, &mut [u32]) -> Result<(), Status>,
    /// Learns a sample, and gives its loss.
    pub step: fn(&ForeignParts<'_>, &mut [u32], &Lesson<'_>) -> Result<f32, Status>,
}

/// What is to be learned.
pub struct Lesson<'a> {
    pub image: &'a [u8],
    pub label: u16,
    pub sgd: &'a Sgd,
}

/// Models of `f32` that learn.
pub const FLOAT: Runner = runner_of::<ScaledInput>(&LEARN_SCALED);
static LEARN_SCALED: ForeignLearning = learning_of::<ScaledInput>();

/// Models of integers whose last layers learn in `f32`.
pub const INT8: Runner = runner_of::<TrunkInput>(&LEARN_BEHIND_TRUNK);
static LEARN_BEHIND_TRUNK: ForeignLearning = learning_of::<TrunkInput>();

/// Writes what was learned into bytes.
pub fn save(parts: &ForeignParts<'_>, memory: &mut [u32], bytes: &mut [u8]) -> Result<(), Status> {
    let training = training(parts)?;
    let trained = trained(&training, memory)?;
    if !trained.iter().all(|value| value.is_finite()) {
        return Err(Status::NotFinite);
    }
    storage::write_set(identity(&training), trained, bytes).map_err(of_set)
}

/// Takes what was learned out of bytes.
pub fn load(parts: &ForeignParts<'_>, memory: &mut [u32], bytes: &[u8]) -> Result<(), Status> {
    let training = training(parts)?;
    let trained = trained(&training, memory)?;
    storage::read_set(identity(&training), bytes, trained).map_err(of_set)
}

/// Where the input of what learns comes from.
trait ForeignInput {
    /// What makes it, where that is a model of integers.
    fn trunk<'a>(training: &StoredTraining<'a>) -> Result<Option<StoredModel<'a>>, Status>;
    /// Writes it, in the memory of the trunk.
    fn write(
        parts: &ForeignParts<'_>,
        training: &StoredTraining<'_>,
        memory: &mut [u32],
        image: &[u8],
        input: &mut [f32],
    ) -> Result<(), Status>;
}

/// An image's bytes, scaled.
struct ScaledInput;

/// The numbers that the codes of a model of integers stand for.
struct TrunkInput;

impl ForeignInput for ScaledInput {
    fn trunk<'a>(_: &StoredTraining<'a>) -> Result<Option<StoredModel<'a>>, Status> {
        Ok(None)
    }

    fn write(
        _: &ForeignParts<'_>,
        training: &StoredTraining<'_>,
        _: &mut [u32],
        image: &[u8],
        input: &mut [f32],
    ) -> Result<(), Status> {
        if image.len() != input.len() {
            return Err(Status::ImageLength);
        }
        training.scale(image, input);
        Ok(())
    }
}

impl ForeignInput for TrunkInput {
    fn trunk<'a>(training: &StoredTraining<'a>) -> Result<Option<StoredModel<'a>>, Status> {
        Ok(training.trunk()?)
    }

    fn write(
        parts: &ForeignParts<'_>,
        training: &StoredTraining<'_>,
        memory: &mut [u32],
        image: &[u8],
        input: &mut [f32],
    ) -> Result<(), Status> {
        let trunk = training.trunk()?.ok_or(Status::Kernels)?;
        let first = 2 * training.step_count();
        let own = ForeignParts {
            words: training.trunk_words(),
            kernels: parts.kernels.get(first..).unwrap_or_default(),
            runner: parts.runner,
        };
        let found = runner::classify_int8(&own, memory, image)?;
        let codes = codes_in_words(memory).get(found.outputs);
        training.take(&trunk, codes.unwrap_or_default(), input);
        Ok(())
    }
}

const fn runner_of<S: ForeignInput>(learning: &'static ForeignLearning) -> Runner {
    Runner {
        open: open::<S>,
        classify: classify::<S>,
        output: runner::output_float,
        learning: Some(learning),
    }
}

const fn learning_of<S: ForeignInput>() -> ForeignLearning {
    ForeignLearning {
        start,
        step: step::<S>,
    }
}

/// Words of memory, once all of the model has been checked.
fn open<S: ForeignInput>(parts: &ForeignParts<'_>) -> Result<usize, Status> {
    let training = StoredModel::open(parts.words)?.training();
    let training = training.ok_or(Status::Kernels)?;
    let steps = training.step_count();
    let trunk = S::trunk(&training)?;
    let [trunk_steps, trunk_words] = match &trunk {
        None => [0, 0],
        Some(trunk) => [
            trunk.step_count(),
            trunk.arena_len().div_ceil(size_of::<u32>()),
        ],
    };
    let is_own = |(index, kernel): (usize, &Option<&ForeignKernel>)| match kernel {
        Some(ForeignKernel::Float(_)) => index < steps,
        Some(ForeignKernel::Gradient(_)) => (steps..2 * steps).contains(&index),
        Some(ForeignKernel::Int8(_)) => index >= 2 * steps,
        None => (steps..2 * steps).contains(&index),
    };
    let kernels = parts.kernels;
    if kernels.len() != 2 * steps + trunk_steps || !kernels.iter().enumerate().all(is_own) {
        return Err(Status::Kernels);
    }
    let winners = training.winner_bytes().div_ceil(size_of::<u32>());
    Ok(training.trained_len() + training.arena_len() + winners + trunk_words)
}

fn start(parts: &ForeignParts<'_>, memory: &mut [u32]) -> Result<(), Status> {
    let training = training(parts)?;
    let trained = trained(&training, memory)?;
    Ok(training.start(trained)?)
}

fn classify<S: ForeignInput>(
    parts: &ForeignParts<'_>,
    memory: &mut [u32],
    image: &[u8],
) -> Result<Classified, Status> {
    let outputs = run::<S>(parts, memory, image, None)?.outputs;
    let values = values_in_words(memory);
    let start = values.as_ptr();
    let logits = values.get(outputs).ok_or(Status::Damaged)?;
    Ok(runner::classified(start, logits))
}

fn step<S: ForeignInput>(
    parts: &ForeignParts<'_>,
    memory: &mut [u32],
    lesson: &Lesson<'_>,
) -> Result<f32, Status> {
    let taught = Some((lesson.label, lesson.sgd));
    Ok(run::<S>(parts, memory, lesson.image, taught)?.loss)
}

/// What came of a sample.
struct SampleRun {
    /// Of one that was learned.
    loss: f32,
    /// Where the outputs lie in the memory, of one that was not.
    outputs: Range<usize>,
}

/// Takes a sample through the model, and learns it where it is said how.
// The walk forward is in flash once for both.
#[inline(never)]
fn run<S: ForeignInput>(
    parts: &ForeignParts<'_>,
    memory: &mut [u32],
    image: &[u8],
    taught: Option<(u16, &Sgd)>,
) -> Result<SampleRun, Status> {
    let training = training(parts)?;
    let (own, trunk) = split(&training, memory)?;
    let first = training.trained_len();
    let fill = |input: &mut [f32]| S::write(parts, &training, trunk, image, input);
    let chosen = |step| kernels(parts, &training, step);
    Ok(match taught {
        Some((label, sgd)) => SampleRun {
            loss: training.step_by(chosen, own, label, sgd, fill)?,
            outputs: 0..0,
        },
        None => {
            let outputs = training.infer(chosen, own, fill)?;
            SampleRun {
                loss: 0.0,
                outputs: first + outputs.start..first + outputs.end,
            }
        }
    })
}

/// The kernels of a step.
fn kernels(
    parts: &ForeignParts<'_>,
    training: &StoredTraining<'_>,
    step: usize,
) -> Option<ChosenKernels> {
    let backward = parts.kernels.get(training.step_count() + step)?;
    match (parts.kernels.get(step)?, backward) {
        (Some(ForeignKernel::Float(forward)), Some(ForeignKernel::Gradient(backward))) => {
            Some(ChosenKernels {
                forward: *forward,
                backward: Some(*backward),
            })
        }
        (Some(ForeignKernel::Float(forward)), None) => Some(ChosenKernels {
            forward: *forward,
            backward: None,
        }),
        _ => None,
    }
}

fn training<'a>(parts: &ForeignParts<'a>) -> Result<StoredTraining<'a>, Status> {
    let training = StoredModel::reopen(parts.words)?.training();
    training.ok_or(Status::NotLearning)
}

/// The parameters that learn.
fn trained<'m>(
    training: &StoredTraining<'_>,
    memory: &'m mut [u32],
) -> Result<&'m mut [f32], Status> {
    let trained = memory.get_mut(..training.trained_len());
    Ok(values_in_words(trained.ok_or(Status::NotLearning)?))
}

/// The memory of the training, and that of the trunk.
fn split<'m>(
    training: &StoredTraining<'_>,
    memory: &'m mut [u32],
) -> Result<(StoredMemory<'m>, &'m mut [u32]), Status> {
    let winner_bytes = training.winner_bytes();
    let (trained, rest) = memory
        .split_at_mut_checked(training.trained_len())
        .ok_or(Status::Memory)?;
    let (arena, rest) = rest
        .split_at_mut_checked(training.arena_len())
        .ok_or(Status::Memory)?;
    let (winners, trunk) = rest
        .split_at_mut_checked(winner_bytes.div_ceil(size_of::<u32>()))
        .ok_or(Status::Memory)?;
    let own = StoredMemory {
        trained: values_in_words(trained),
        arena: values_in_words(arena),
        winners: &mut bytes_in_words(winners)[..winner_bytes],
    };
    Ok((own, trunk))
}

/// The same as that of Kiln's crate: whose parameters they are, and which.
fn identity(training: &StoredTraining<'_>) -> Identity {
    Identity {
        model: training.file_crc(),
        trained: training.places_crc(),
    }
}

fn of_set(error: SetError) -> Status {
    match error {
        SetError::Length { .. } => Status::SavedLength,
        SetError::Version(_) => Status::Version,
        SetError::Model { .. } | SetError::Trained { .. } => Status::SavedOfAnother,
        _ => Status::SavedDamaged,
    }
}

impl From<CompactError> for Status {
    fn from(error: CompactError) -> Self {
        match error {
            CompactError::Buffer(kiln_core::BufferError::Label { .. }) => Self::ClassIndex,
            CompactError::Buffer(error) => runner::of_buffer(error),
            CompactError::Option { .. } | CompactError::Momentum { .. } => Self::Rate,
            CompactError::NotFinite { .. } => Self::NotFinite,
            _ => Self::Damaged,
        }
    }
}

//! What runs models of one kind: a model names its own, so that the other is not linked.

use crate::interface::ForeignKernel;
use crate::learner::ForeignLearning;
use crate::status::Status;
use core::ops::Range;
use kiln_core::{BufferError, StoredModel, codes_in_words, values_in_words};

/// A model, its words and kernels in hand.
#[derive(Clone, Copy)]
pub struct ForeignParts<'a> {
    pub words: &'a [u32],
    /// Of each step; none where C has a null pointer.
    pub kernels: &'a [Option<&'a ForeignKernel>],
    pub runner: &'a Runner,
}

/// What came of an image.
#[derive(Clone, Debug, PartialEq)]
pub struct Classified {
    /// The class of the largest output, the first of several.
    pub class: usize,
    /// Where the outputs lie in the memory, in values of the model.
    pub outputs: Range<usize>,
}

/// Opens and runs the models of one kind.
pub struct Runner {
    /// Words of memory that a model needs, once all of it has been checked.
    pub open: fn(&ForeignParts<'_>) -> Result<usize, Status>,
    pub classify: Classify,
    pub output: CopyOutputs,
    /// How it learns, where it does.
    pub learning: Option<&'static ForeignLearning>,
}

/// Classifies an image in the memory.
pub type Classify = fn(&ForeignParts<'_>, &mut [u32], &[u8]) -> Result<Classified, Status>;
/// Writes the numbers of outputs that lie at a place in the memory.
pub type CopyOutputs =
    fn(&ForeignParts<'_>, &mut [u32], Range<usize>, &mut [f32]) -> Result<(), Status>;

/// Models of `f32`.
pub const FLOAT: Runner = Runner {
    open: open_float,
    classify: classify_float,
    output: output_float,
    learning: None,
};

/// Models of integers.
pub const INT8: Runner = Runner {
    open: open_int8,
    classify: classify_int8,
    output: output_int8,
    learning: None,
};

impl ForeignParts<'_> {
    /// Whether there is a kernel for each step, of the model's kind.
    fn has_kernels(
        &self,
        model: &StoredModel<'_>,
        is_own: impl Fn(&Option<&ForeignKernel>) -> bool,
    ) -> bool {
        self.kernels.len() == model.step_count() && self.kernels.iter().all(is_own)
    }

    /// Words of memory that the model needs, once all of it has been checked.
    pub fn open(&self) -> Result<usize, Status> {
        (self.runner.open)(self)
    }

    /// Whether all steps of the model fit together.
    pub fn check(&self) -> Result<(), Status> {
        self.open()?;
        Ok(StoredModel::reopen(self.words)?.check()?)
    }

    /// Runs the model in the memory, which is as long as it needs.
    pub fn classify(&self, memory: &mut [u32], image: &[u8]) -> Result<Classified, Status> {
        (self.runner.classify)(self, memory, image)
    }

    /// Writes the outputs' numbers, which lie at `place` in the memory.
    pub fn output(
        &self,
        memory: &mut [u32],
        place: Range<usize>,
        numbers: &mut [f32],
    ) -> Result<(), Status> {
        (self.runner.output)(self, memory, place, numbers)
    }
}

fn open_float(parts: &ForeignParts<'_>) -> Result<usize, Status> {
    let model = StoredModel::open(parts.words)?;
    if model.is_int8() {
        return Err(Status::Kernels);
    }
    let own = |kernel: &Option<&ForeignKernel>| matches!(kernel, Some(ForeignKernel::Float(_)));
    match parts.has_kernels(&model, own) {
        true => Ok(model.arena_len()),
        false => Err(Status::Kernels),
    }
}

fn classify_float(
    parts: &ForeignParts<'_>,
    memory: &mut [u32],
    image: &[u8],
) -> Result<Classified, Status> {
    let model = StoredModel::reopen(parts.words)?;
    let memory = values_in_words(memory);
    let start = memory.as_ptr();
    let kernel = |step: usize| match parts.kernels.get(step) {
        Some(Some(ForeignKernel::Float(kernel))) => Some(*kernel),
        _ => None,
    };
    let outputs = model.infer(kernel, memory, image).map_err(of_buffer)?;
    Ok(classified(start, outputs))
}

/// What came of an image whose outputs lie in the memory that starts at `start`.
// Inline, as `opened`: of two kinds of models that call it, one is linked.
#[inline(always)]
pub fn classified(start: *const f32, outputs: &[f32]) -> Classified {
    let largest =
        outputs.iter().enumerate().fold(
            0,
            |best, (class, value)| {
                if *value > outputs[best] { class } else { best }
            },
        );
    Classified {
        class: largest,
        outputs: place(start, outputs),
    }
}

pub fn output_float(
    _: &ForeignParts<'_>,
    memory: &mut [u32],
    place: Range<usize>,
    numbers: &mut [f32],
) -> Result<(), Status> {
    let outputs = values_in_words(memory).get(place);
    let outputs = outputs.filter(|outputs| outputs.len() == numbers.len());
    numbers.copy_from_slice(outputs.ok_or(Status::OutputLength)?);
    Ok(())
}

fn open_int8(parts: &ForeignParts<'_>) -> Result<usize, Status> {
    let model = StoredModel::open(parts.words)?;
    if !model.is_int8() {
        return Err(Status::Kernels);
    }
    let own = |kernel: &Option<&ForeignKernel>| matches!(kernel, Some(ForeignKernel::Int8(_)));
    match parts.has_kernels(&model, own) {
        true => Ok(model.arena_len().div_ceil(size_of::<u32>())),
        false => Err(Status::Kernels),
    }
}

/// Classifies by a model of integers, whose codes are its outputs.
// The one copy for models that classify and for trunks.
#[inline(never)]
pub fn classify_int8(
    parts: &ForeignParts<'_>,
    memory: &mut [u32],
    image: &[u8],
) -> Result<Classified, Status> {
    let model = StoredModel::reopen(parts.words)?;
    let arena = codes_in_words(memory).get_mut(..model.arena_len());
    let arena = arena.ok_or(Status::Memory)?;
    let start = arena.as_ptr_range().start;
    let kernel = |step: usize| match parts.kernels.get(step) {
        Some(Some(ForeignKernel::Int8(kernel))) => Some(kernel),
        _ => None,
    };
    let outputs = model.infer_int8(kernel, arena, image).map_err(of_buffer)?;
    let largest =
        outputs.iter().enumerate().fold(
            0,
            |best, (class, code)| {
                if *code > outputs[best] { class } else { best }
            },
        );
    Ok(Classified {
        class: largest,
        outputs: place(start, outputs),
    })
}

fn output_int8(
    parts: &ForeignParts<'_>,
    memory: &mut [u32],
    place: Range<usize>,
    numbers: &mut [f32],
) -> Result<(), Status> {
    let model = StoredModel::reopen(parts.words)?;
    let codes = codes_in_words(memory).get(place);
    let codes = codes.filter(|codes| codes.len() == numbers.len());
    let own = model.output_quantization().ok_or(Status::Damaged)?;
    for (number, code) in numbers.iter_mut().zip(codes.ok_or(Status::OutputLength)?) {
        *number = own.number(*code);
    }
    Ok(())
}

/// Where a part of the memory lies in it, which starts at `start`.
fn place<T>(start: *const T, part: &[T]) -> Range<usize> {
    let at = (part.as_ptr() as usize - start as usize) / size_of::<T>();
    at..at + part.len()
}

pub fn of_buffer(error: BufferError) -> Status {
    match error {
        BufferError::Length {
            buffer: "image", ..
        } => Status::ImageLength,
        BufferError::Length { .. } => Status::Memory,
        _ => Status::Damaged,
    }
}

//! What C sees. Every pointer is looked at before it is used, and every length compared, so that what is left
//! to the caller is what C cannot tell: that a pointer which is neither null nor misaligned points to what its
//! type says, and that nobody else uses that meanwhile.

use crate::learner;
use crate::pointers::{checked, exclusive, memory as memory_of, opened, parts, shared};
use crate::runner::{self, Runner};
use crate::status::Status;
use core::ffi::c_char;
use core::ptr;
use core::slice;
use kiln_core::{SingleGradientKernel, SingleInt8Kernel, SingleKernel};

/// Bytes to which memory for a model is aligned.
pub const KILN_ALIGNMENT: usize = 4;

/// The version of this library: its major, minor and patch number, a byte each.
pub const KILN_VERSION: u32 = 0x00_01_00;

/// What runs one kind of step.
pub enum ForeignKernel {
    /// On `f32`.
    Float(SingleKernel),
    /// On `f32`, backward.
    Gradient(SingleGradientKernel),
    /// On codes.
    Int8(SingleInt8Kernel),
}

/// A model as `kiln export --to c` writes it; nothing in it is for others to read.
#[repr(C)]
pub struct ForeignModel {
    /// The model.
    pub words: *const u32,
    /// How many words there are.
    pub word_count: usize,
    /// The kernel of each step; of a model that learns then that of each step backward, null where there is
    /// none, then those of its first layers in integers.
    pub kernels: *const Option<&'static ForeignKernel>,
    /// How many kernels there are.
    pub kernel_count: usize,
    /// What runs models of its kind.
    pub runner: *const Runner,
}

/// A model in its memory. Nothing in it is for others to read; it may be moved, but not copied.
#[repr(C)]
pub struct ForeignClassifier {
    /// The model; null until it is opened.
    pub model: *const ForeignModel,
    /// The memory.
    pub memory: *mut u32,
    /// Words of memory that are used.
    pub memory_words: usize,
    /// Where the outputs of the last image begin.
    pub first_output: usize,
    /// How many there are; 0 before any image.
    pub output_count: usize,
}

// SAFETY: no other symbol of a program that this library is meant for is called so.
#[unsafe(no_mangle)]
/// Runs models of `f32`, for the exported models alone.
pub static kiln_float: Runner = runner::FLOAT;

// SAFETY: as above.
#[unsafe(no_mangle)]
/// Runs models of integers, for the exported models alone.
pub static kiln_int8: Runner = runner::INT8;

// SAFETY: as above.
#[unsafe(no_mangle)]
/// Runs models of `f32` that learn, for the exported models alone.
pub static kiln_float_learning: Runner = learner::FLOAT;

// SAFETY: as above.
#[unsafe(no_mangle)]
/// Runs models of integers whose last layers learn, for the exported models alone.
pub static kiln_int8_learning: Runner = learner::INT8;

/// Opens a model in memory of `memory_bytes` bytes, at least MODEL_MEMORY_BYTES of the model's header,
/// aligned to KILN_ALIGNMENT. Looks at every bit of the model, so it takes a while. Model and memory
/// stay where they are for as long as the classifier is used. A model that learns begins with what it was
/// exported with.
///
/// # Safety
///
/// Pointers that are not null point to what their types say.
// SAFETY: no other symbol of a program that this library is meant for is called so.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kiln_init(
    classifier: *mut ForeignClassifier,
    model: *const ForeignModel,
    memory: *mut u32,
    memory_bytes: usize,
) -> Status {
    // SAFETY: as the caller promises.
    let opened = unsafe { open(classifier, model, memory, memory_bytes) };
    opened.err().unwrap_or(Status::Ok)
}

/// Checks a model that comes from outside, such as by an update over the air, before it is opened: that all
/// of it fits together. One that is part of the program needs no such check.
///
/// # Safety
///
/// As of `kiln_init`.
// SAFETY: as above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kiln_check(model: *const ForeignModel) -> Status {
    // SAFETY: as the caller promises.
    let checked = unsafe { parts(model) }.and_then(|parts| parts.check());
    checked.err().unwrap_or(Status::Ok)
}

/// Classifies an image: MODEL_IMAGE_BYTES bytes, channel by channel, row by row. Leaves the number of its
/// class, of MODEL_CLASSES, in `class_index`.
///
/// # Safety
///
/// As of `kiln_init`.
// SAFETY: as above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kiln_classify(
    classifier: *mut ForeignClassifier,
    image: *const u8,
    image_bytes: usize,
    class_index: *mut usize,
) -> Status {
    // SAFETY: as the caller promises.
    let classified = unsafe { classify(classifier, image, image_bytes, class_index) };
    classified.err().unwrap_or(Status::Ok)
}

/// Copies the outputs of the last image, MODEL_OUTPUTS numbers: a class's logit each, or for an int8 model the
/// number that the logit's code stands for.
///
/// # Safety
///
/// As of `kiln_init`.
// SAFETY: as above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kiln_outputs(
    classifier: *const ForeignClassifier,
    outputs: *mut f32,
    output_count: usize,
) -> Status {
    // SAFETY: as the caller promises.
    let copied = unsafe { copy_outputs(classifier, outputs, output_count) };
    copied.err().unwrap_or(Status::Ok)
}

/// What a status means, in English, in memory that is always there; null of a number that is none.
// SAFETY: as above.
#[unsafe(no_mangle)]
pub extern "C" fn kiln_error_text(status: i32) -> *const c_char {
    Status::of_number(status).map_or(ptr::null(), |status| status.text().as_ptr())
}

/// KILN_VERSION of the library that was linked.
// SAFETY: as above.
#[unsafe(no_mangle)]
pub extern "C" fn kiln_version() -> u32 {
    KILN_VERSION
}

unsafe fn open(
    classifier: *mut ForeignClassifier,
    model: *const ForeignModel,
    memory: *mut u32,
    memory_bytes: usize,
) -> Result<(), Status> {
    // SAFETY: as the caller promises; memory that is written to before it is read.
    let own = unsafe { exclusive(classifier) }?;
    own.model = ptr::null();
    own.output_count = 0;
    let words = memory_bytes / size_of::<u32>();
    // SAFETY: as the caller promises.
    let parts = unsafe { parts(model) }?;
    checked(memory)?;
    let needed = parts.open()?;
    if words < needed {
        return Err(Status::Memory);
    }
    if let Some(learning) = parts.runner.learning {
        // SAFETY: so much memory is the caller's for nothing else.
        let own = unsafe { slice::from_raw_parts_mut(memory, needed) };
        (learning.start)(&parts, own)?;
    }
    own.memory = memory;
    own.memory_words = needed;
    own.model = model;
    Ok(())
}

unsafe fn classify(
    classifier: *mut ForeignClassifier,
    image: *const u8,
    image_bytes: usize,
    class_index: *mut usize,
) -> Result<(), Status> {
    // SAFETY: as the caller promises.
    let own = unsafe { exclusive(classifier) }?;
    own.output_count = 0;
    // SAFETY: as the caller promises.
    let class_index = unsafe { exclusive(class_index) }?;
    // SAFETY: likewise; memory and model are as `open` found them.
    let (image, parts) = unsafe { (shared(image, image_bytes)?, opened(own)?) };
    // SAFETY: likewise.
    let memory = unsafe { memory_of(own) };
    let found = parts.classify(memory, image)?;
    *class_index = found.class;
    own.first_output = found.outputs.start;
    own.output_count = found.outputs.len();
    Ok(())
}

unsafe fn copy_outputs(
    classifier: *const ForeignClassifier,
    outputs: *mut f32,
    output_count: usize,
) -> Result<(), Status> {
    checked(classifier)?;
    checked(outputs)?;
    // SAFETY: as the caller promises.
    let own = unsafe { &*classifier };
    // SAFETY: as in `classify`.
    let parts = unsafe { opened(own)? };
    let place = own.first_output..own.first_output + own.output_count;
    match own.output_count {
        0 => return Err(Status::NoOutputs),
        count if count != output_count => return Err(Status::OutputLength),
        _ => {}
    }
    // SAFETY: as in `classify`; the caller's numbers, of which there are as many as are written.
    let (memory, outputs) = unsafe {
        (
            memory_of(own),
            slice::from_raw_parts_mut(outputs, output_count),
        )
    };
    parts.output(memory, place, outputs)
}

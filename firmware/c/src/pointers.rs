//! What C's pointers point to, once they have been looked at.

use crate::interface::{ForeignClassifier, ForeignModel};
use crate::runner::ForeignParts;
use crate::status::Status;
use core::slice;

/// The model of a classifier that has been opened.
///
/// # Safety
///
/// The classifier is as `kiln_init` has left it.
// Inline, so that whoever only classifies does not pay for those who learn.
#[inline(always)]
pub unsafe fn opened<'a>(classifier: &ForeignClassifier) -> Result<ForeignParts<'a>, Status> {
    match classifier.model.is_null() {
        true => Err(Status::NotReady),
        // SAFETY: the model is as `kiln_init` found it.
        false => unsafe { parts(classifier.model) },
    }
}

/// The memory of a classifier that has been opened.
///
/// # Safety
///
/// As of [`opened`], which has been called; and nobody else uses the memory meanwhile.
#[inline(always)]
pub unsafe fn memory<'a>(classifier: &ForeignClassifier) -> &'a mut [u32] {
    // SAFETY: the memory is as long as `kiln_init` has noted.
    unsafe { slice::from_raw_parts_mut(classifier.memory, classifier.memory_words) }
}

/// A model's parts.
///
/// # Safety
///
/// A pointer that is not null points to a model.
pub unsafe fn parts<'a>(model: *const ForeignModel) -> Result<ForeignParts<'a>, Status> {
    checked(model)?;
    // SAFETY: it is not null, is aligned, and points to a model, as the caller promises.
    let model = unsafe { &*model };
    checked(model.runner)?;
    // SAFETY: likewise.
    unsafe {
        Ok(ForeignParts {
            words: shared(model.words, model.word_count)?,
            kernels: match model.kernel_count {
                0 => &[],
                count => shared(model.kernels, count)?,
            },
            runner: &*model.runner,
        })
    }
}

/// What a pointer points to, for this call alone.
///
/// # Safety
///
/// One that is not null points to its type.
pub unsafe fn exclusive<'a, T>(pointer: *mut T) -> Result<&'a mut T, Status> {
    checked(pointer)?;
    // SAFETY: it is not null, is aligned, and points to its type, as the caller promises.
    Ok(unsafe { &mut *pointer })
}

/// The values that a pointer points to.
///
/// # Safety
///
/// One that is not null points to as many.
pub unsafe fn shared<'a, T>(pointer: *const T, count: usize) -> Result<&'a [T], Status> {
    checked(pointer)?;
    if count > isize::MAX as usize / size_of::<T>() {
        return Err(Status::ModelLength);
    }
    // SAFETY: it is not null, is aligned, and points to so many values, as the caller promises.
    Ok(unsafe { slice::from_raw_parts(pointer, count) })
}

/// Whether a pointer is neither null nor misaligned.
pub fn checked<T>(pointer: *const T) -> Result<(), Status> {
    if pointer.is_null() {
        return Err(Status::Null);
    }
    match pointer.is_aligned() {
        true => Ok(()),
        false => Err(Status::Misaligned),
    }
}

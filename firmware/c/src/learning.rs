//! What C sees of learning. As in [`interface`](crate::interface), every pointer is looked at first.

use crate::interface::ForeignClassifier;
use crate::learner::{self, Lesson};
use crate::pointers::{checked, exclusive, memory, opened, shared};
use crate::status::Status;
use core::slice;
use kiln_core::Sgd;

/// Learns an image of a class, of MODEL_CLASSES, in place: one step of gradient descent, which takes `rate`
/// times the gradient, and `weight_decay` times each parameter, 0 for none, off the parameters that learn.
/// Leaves the loss before the step in `loss`, where that is not null. kiln_classify goes by what was learned;
/// kiln_init forgets it. After an error nothing has been learned.
///
/// # Safety
///
/// As of `kiln_init`.
// SAFETY: no other symbol of a program that this library is meant for is called so.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kiln_train_step(
    classifier: *mut ForeignClassifier,
    image: *const u8,
    image_bytes: usize,
    class_index: usize,
    rate: f32,
    weight_decay: f32,
    loss: *mut f32,
) -> Status {
    let sgd = Sgd {
        weight_decay,
        ..Sgd::new(rate)
    };
    // SAFETY: as the caller promises.
    let learned = unsafe { train(classifier, image, image_bytes, class_index, &sgd, loss) };
    learned.err().unwrap_or(Status::Ok)
}

/// Writes what was learned into MODEL_SAVED_BYTES bytes, with a checksum and whose it is. It is the set that
/// Kiln's crate keeps in flash.
///
/// # Safety
///
/// As of `kiln_init`.
// SAFETY: as above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kiln_save(
    classifier: *const ForeignClassifier,
    bytes: *mut u8,
    byte_count: usize,
) -> Status {
    // SAFETY: as the caller promises.
    let saved = unsafe { save(classifier, bytes, byte_count) };
    saved.err().unwrap_or(Status::Ok)
}

/// Takes what kiln_save has written of the same model. After an error it is as it was.
///
/// # Safety
///
/// As of `kiln_init`.
// SAFETY: as above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kiln_load(
    classifier: *mut ForeignClassifier,
    bytes: *const u8,
    byte_count: usize,
) -> Status {
    // SAFETY: as the caller promises.
    let loaded = unsafe { load(classifier, bytes, byte_count) };
    loaded.err().unwrap_or(Status::Ok)
}

unsafe fn train(
    classifier: *mut ForeignClassifier,
    image: *const u8,
    image_bytes: usize,
    class_index: usize,
    sgd: &Sgd,
    loss: *mut f32,
) -> Result<(), Status> {
    // SAFETY: as the caller promises.
    let own = unsafe { exclusive(classifier) }?;
    own.output_count = 0;
    // SAFETY: likewise; no byte of an image is changed meanwhile.
    let (image, parts, memory) =
        unsafe { (shared(image, image_bytes)?, opened(own)?, memory(own)) };
    let learning = parts.runner.learning.ok_or(Status::NotLearning)?;
    if !loss.is_null() {
        checked(loss)?;
    }
    let label = u16::try_from(class_index).map_err(|_| Status::ClassIndex)?;
    let found = (learning.step)(&parts, memory, &Lesson { image, label, sgd })?;
    if !loss.is_null() {
        // SAFETY: it is aligned, and points to a number, as the caller promises.
        unsafe { *loss = found };
    }
    Ok(())
}

unsafe fn save(
    classifier: *const ForeignClassifier,
    bytes: *mut u8,
    byte_count: usize,
) -> Result<(), Status> {
    checked(classifier)?;
    checked(bytes)?;
    // SAFETY: as the caller promises; the bytes are written to before they are read.
    let (parts, memory, bytes) = unsafe {
        let most = byte_count.min(isize::MAX as usize);
        (
            opened(&*classifier)?,
            memory(&*classifier),
            slice::from_raw_parts_mut(bytes, most),
        )
    };
    learner::save(&parts, memory, bytes)
}

unsafe fn load(
    classifier: *mut ForeignClassifier,
    bytes: *const u8,
    byte_count: usize,
) -> Result<(), Status> {
    // SAFETY: as the caller promises.
    let own = unsafe { exclusive(classifier) }?;
    // SAFETY: likewise.
    let (bytes, parts, memory) = unsafe { (shared(bytes, byte_count)?, opened(own)?, memory(own)) };
    learner::load(&parts, memory, bytes)
}

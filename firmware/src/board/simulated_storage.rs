//! The storage of the MPS2 boards, which have no flash of their own: a simulated one, with the
//! rules of a real one, in memory that the program does not use and a reset leaves alone.

use crate::model::STORAGE_BYTES;
use boards::{PAGE_BYTES, WORD_BYTES};
use core::slice;
use storage::simulation::SimulatedFlash;

/// Flash with the pages and words of the nRF52840's.
pub type Storage = SimulatedFlash<&'static mut [u8], [u32; 0], WORD_BYTES, PAGE_BYTES>;

/// Words beside the storage that a reset leaves alone, too.
pub const NOTES: usize = 8;

/// Start of 16 MiB of memory that the linker does not know.
const START: usize = if cfg!(feature = "mps2-an500") {
    0x6000_0000
} else {
    0x2100_0000
};

/// The storage and the notes, as they were before a reset. The board calls this once, so that
/// there is one owner.
pub(super) fn start() -> (Storage, &'static mut [u32; NOTES]) {
    // SAFETY: the memory is there, the linker has placed nothing in it, all of its bytes are
    // values, and this is called once, so that nobody else refers to it.
    let memory = unsafe { slice::from_raw_parts_mut(START as *mut u8, STORAGE_BYTES) };
    // The emulator starts with zeros, where a chip that is new has ones.
    if memory.iter().all(|byte| *byte == 0) {
        memory.fill(0xFF);
    }
    // SAFETY: as above; it begins behind the storage, whole pages, and so is aligned.
    let notes = unsafe { &mut *((START + STORAGE_BYTES) as *mut [u32; NOTES]) };
    (SimulatedFlash::new(memory, []), notes)
}

//! Trained parameters in the board's storage, where they survive a loss of power.

use crate::board::{Board, Storage};
use crate::model;
use kiln_core::{Crc32, Program};
use storage::{CHUNK, Identity, SlotLayout, Slots};

/// Two slots for the largest set that the build set memory aside for.
const LAYOUT: SlotLayout = match SlotLayout::new(
    model::STORAGE_BYTES,
    <Storage as embedded_storage::nor_flash::NorFlash>::ERASE_SIZE,
    <Storage as embedded_storage::nor_flash::NorFlash>::WRITE_SIZE,
    size_of::<f32>() * model::TRAINING.trained_values(),
) {
    Ok(layout) => layout,
    Err(_) => panic!("the storage that the build laid out is too small"),
};

/// The storage failed, or what is in it is another's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unusable;

/// Number of the newest set that is whole, of these tensors of this model; 0 where there is none.
pub fn number<const STEPS: usize>(board: &mut Board, program: &Program<STEPS>) -> u32 {
    let newest = Slots::open(board.storage(), LAYOUT)
        .ok()
        .and_then(|slots| slots.newest());
    match newest {
        Some(stored) if stored.identity() == identity(program) => stored.sequence(),
        _ => 0,
    }
}

/// Copies the newest set into `trained`, and gives its number.
///
/// # Errors
///
/// If there is none of these tensors of this model.
pub fn load<const STEPS: usize>(
    board: &mut Board,
    program: &Program<STEPS>,
    trained: &mut [f32],
) -> Result<u32, Unusable> {
    let mut slots = Slots::open(board.storage(), LAYOUT).map_err(|_| Unusable)?;
    let newest = slots.newest().ok_or(Unusable)?;
    slots
        .load(&newest, identity(program), trained)
        .map_err(|_| Unusable)?;
    Ok(newest.sequence())
}

/// Stores a set, and gives its number.
///
/// # Errors
///
/// If the storage fails; what was stored before is still there.
pub fn save<const STEPS: usize>(
    board: &mut Board,
    program: &Program<STEPS>,
    trained: &[f32],
) -> Result<u32, Unusable> {
    let mut slots = Slots::open(board.storage(), LAYOUT).map_err(|_| Unusable)?;
    slots.save(identity(program), trained).map_err(|_| Unusable)
}

/// Erases and writes that a save takes.
pub fn operations<const STEPS: usize>(program: &Program<STEPS>) -> u32 {
    let bytes = size_of::<f32>() * program.trained_values();
    // The payload in chunks, and the header.
    LAYOUT.pages() + bytes.div_ceil(CHUNK) as u32 + 1
}

/// Whose parameters they are: this model's, and those at these places of it.
fn identity<const STEPS: usize>(program: &Program<STEPS>) -> Identity {
    let mut places = Crc32::new();
    for range in program.trained_ranges() {
        places.update(&(range.start as u32).to_le_bytes());
        places.update(&(range.end as u32).to_le_bytes());
    }
    Identity {
        model: model::MODEL_CRC,
        trained: places.value(),
    }
}

//! Trained parameters in the board's storage, where they survive a loss of power.

use crate::board::{Board, Storage};
use crate::{int8_head, int8_model, model};
use kiln_core::Program;
use kiln_core::link::{Refusal, StorageState};
use storage::{CHUNK, Found, Identity, SlotLayout, Slots};

/// Where the trained parameters of one model are kept.
pub struct Store {
    /// Two slots for the largest set that the build set memory aside for.
    layout: SlotLayout,
    /// CRC-32 that ends the model's file.
    model: u32,
}

/// Of the model of floating-point numbers.
pub const FLOAT: Store = Store::new(
    model::STORAGE_BYTES,
    model::TRAINING.trained_values(),
    model::MODEL_CRC,
);

/// Of the last layers of the int8 model.
pub const INT8_HEAD: Store = Store::new(
    int8_head::STORAGE_BYTES,
    int8_head::TRAINING.trained_values(),
    int8_model::MODEL_CRC,
);

/// The storage failed, or what is in it is another's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unusable;

impl Store {
    const fn new(bytes: usize, values: usize, model: u32) -> Self {
        let layout = SlotLayout::new(
            bytes,
            <Storage as embedded_storage::nor_flash::NorFlash>::ERASE_SIZE,
            <Storage as embedded_storage::nor_flash::NorFlash>::WRITE_SIZE,
            size_of::<f32>() * values,
        );
        match layout {
            Ok(layout) => Self { layout, model },
            Err(_) => panic!("the storage that the build laid out is too small"),
        }
    }

    /// Number of the newest set that is whole, of these tensors of this model; 0 where there is none.
    pub fn number<const STEPS: usize>(&self, board: &mut Board, program: &Program<STEPS>) -> u32 {
        match self.found(board, program) {
            Ok(Found::Whole(stored)) => stored.sequence(),
            _ => 0,
        }
    }

    /// What is stored, for these tensors of this model.
    ///
    /// # Errors
    ///
    /// If the storage fails.
    pub fn found<const STEPS: usize>(
        &self,
        board: &mut Board,
        program: &Program<STEPS>,
    ) -> Result<Found, Unusable> {
        let slots = Slots::open(board.storage(), self.layout).map_err(|_| Unusable)?;
        Ok(slots.found(self.identity(program)))
    }

    /// Whether there is a set of these tensors of this model.
    ///
    /// # Errors
    ///
    /// What is there instead.
    pub fn check<const STEPS: usize>(
        &self,
        board: &mut Board,
        program: &Program<STEPS>,
    ) -> Result<(), Refusal> {
        match self.found(board, program) {
            Ok(Found::Whole(_)) => Ok(()),
            Ok(Found::Nothing) => Err(Refusal::NothingStored),
            Ok(Found::Another(Identity { model, .. })) if model != self.model => {
                Err(Refusal::StoredModel { model })
            }
            Ok(Found::Another(_)) => Err(Refusal::StoredLayers),
            Ok(Found::Damaged | Found::Version(_)) => Err(Refusal::StoredDamaged),
            Err(Unusable) => Err(Refusal::Storage),
        }
    }

    /// How the storage is, whosever sets it holds.
    ///
    /// # Errors
    ///
    /// If the storage fails.
    pub fn state(&self, board: &mut Board) -> Result<StorageState, Unusable> {
        let slots = Slots::open(board.storage(), self.layout).map_err(|_| Unusable)?;
        let newest = slots.newest();
        Ok(StorageState {
            number: newest.map_or(0, |stored| stored.sequence()),
            erases: newest.map_or(0, |stored| stored.erases()),
            is_damaged: slots.is_beside_damage(),
        })
    }

    /// Copies the newest set into `trained`, and gives its number.
    ///
    /// # Errors
    ///
    /// If there is none of these tensors of this model.
    pub fn load<const STEPS: usize>(
        &self,
        board: &mut Board,
        program: &Program<STEPS>,
        trained: &mut [f32],
    ) -> Result<u32, Unusable> {
        let mut slots = Slots::open(board.storage(), self.layout).map_err(|_| Unusable)?;
        let newest = slots.newest().ok_or(Unusable)?;
        slots
            .load(&newest, self.identity(program), trained)
            .map_err(|_| Unusable)?;
        Ok(newest.sequence())
    }

    /// Stores a set, and gives its number.
    ///
    /// # Errors
    ///
    /// If the storage fails; what was stored before is still there.
    pub fn save<const STEPS: usize>(
        &self,
        board: &mut Board,
        program: &Program<STEPS>,
        trained: &[f32],
    ) -> Result<u32, Unusable> {
        let mut slots = Slots::open(board.storage(), self.layout).map_err(|_| Unusable)?;
        let identity = self.identity(program);
        slots.save(identity, trained).map_err(|_| Unusable)
    }

    /// Erases and writes that a save takes.
    pub fn operations<const STEPS: usize>(&self, program: &Program<STEPS>) -> u32 {
        let bytes = size_of::<f32>() * program.trained_values();
        // The payload in chunks, and the header.
        self.layout.pages() + bytes.div_ceil(CHUNK) as u32 + 1
    }

    /// Whose parameters they are: this model's, and those at these places of it.
    fn identity<const STEPS: usize>(&self, program: &Program<STEPS>) -> Identity {
        Identity {
            model: self.model,
            trained: program.trained_crc(),
        }
    }
}

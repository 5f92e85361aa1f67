//! What has been learned, in flash, safe against a loss of power.

use crate::learning::TrainedPart;
use crate::{DeviceError, ModelTrainer};
use core::fmt;
use embedded_storage::nor_flash::NorFlash;
use storage::{Found, Identity, LayoutError, LoadError, OpenError, SaveError, SlotLayout, Slots};

/// Why nothing was saved or loaded. `E` is the flash's own error. What was saved before is still there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeepError<E> {
    /// The flash does not hold two sets, or its pages and words do not fit one another.
    Layout(LayoutError),
    /// The flash cannot be read.
    Open(OpenError<E>),
    /// Nothing has been saved yet.
    Nothing,
    /// What has been saved is damaged in both halves of the flash, or of a format that this build does not read.
    Damaged,
    /// What has been saved is another model's, or of other layers; or the flash failed.
    Load(LoadError<E>),
    /// The flash failed.
    Save(SaveError<E>),
    /// The parameters are not all finite numbers: they are not worth saving.
    NotFinite,
    /// The parameters of the model cannot be had.
    Model(DeviceError),
}

impl<P: TrainedPart<STEPS>, const STEPS: usize> ModelTrainer<P, STEPS> {
    /// Saves what has been learned, beside what was saved before, and gives its number. The flash is this
    /// one's alone, from its first byte to its last, and holds two sets: a driver of a whole chip has to
    /// be narrowed to the part meant for this.
    ///
    /// # Errors
    ///
    /// Parameters that are not finite, a flash that is too small, or that fails.
    pub fn save<F: NorFlash>(&mut self, flash: F) -> Result<u32, KeepError<F::Error>> {
        if !self.all_finite() {
            return Err(KeepError::NotFinite);
        }
        let layout = layout::<P, F, STEPS>(&flash)?;
        let trained = self.trained_mut().map_err(KeepError::Model)?;
        let mut slots = Slots::open(flash, layout).map_err(KeepError::Open)?;
        slots
            .save(identity::<P, STEPS>(), trained)
            .map_err(KeepError::Save)
    }

    /// Takes what was saved last, and gives its number. After an error it is as it was, unless the flash
    /// failed: then reset it.
    ///
    /// # Errors
    ///
    /// Nothing that was saved, of this model and these layers, or a flash that fails.
    pub fn load<F: NorFlash>(&mut self, flash: F) -> Result<u32, KeepError<F::Error>> {
        let layout = layout::<P, F, STEPS>(&flash)?;
        let trained = self.trained_mut().map_err(KeepError::Model)?;
        let mut slots = Slots::open(flash, layout).map_err(KeepError::Open)?;
        let identity = identity::<P, STEPS>();
        let newest = slots.newest().ok_or(match slots.found(identity) {
            Found::Nothing => KeepError::Nothing,
            _ => KeepError::Damaged,
        })?;
        slots
            .load(&newest, identity, trained)
            .map_err(KeepError::Load)?;
        Ok(newest.sequence())
    }
}

/// Two slots in all of the flash.
fn layout<P: TrainedPart<STEPS>, F: NorFlash, const STEPS: usize>(
    flash: &F,
) -> Result<SlotLayout, KeepError<F::Error>> {
    let bytes = size_of::<f32>() * P::training().program().trained_values();
    SlotLayout::new(flash.capacity(), F::ERASE_SIZE, F::WRITE_SIZE, bytes)
        .map_err(KeepError::Layout)
}

/// Whose parameters they are: this model's, and those at these places of it. The same as those of Kiln's
/// own firmware.
fn identity<P: TrainedPart<STEPS>, const STEPS: usize>() -> Identity {
    Identity {
        model: P::FILE_CRC,
        trained: P::training().program().trained_crc(),
    }
}

impl<E: fmt::Debug> fmt::Display for KeepError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Layout(error) => error.fmt(f),
            Self::Open(error) => error.fmt(f),
            Self::Nothing => f.write_str("nothing has been saved yet"),
            Self::Damaged => f.write_str(
                "what was saved is damaged in both halves of the flash, or of another format; train again",
            ),
            Self::Load(error) => error.fmt(f),
            Self::Save(error) => error.fmt(f),
            Self::NotFinite => f.write_str(
                "what was learned holds numbers that are not finite; reset the trainer, or load what \
                 was saved before",
            ),
            Self::Model(error) => error.fmt(f),
        }
    }
}

impl<E: fmt::Debug> core::error::Error for KeepError<E> {}

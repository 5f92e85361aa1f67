//! Why a device refuses.

use core::fmt;
use serde::{Deserialize, Serialize};

/// Why a device does not do what it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Refusal {
    /// It does not know the request, or this firmware cannot do it.
    Unknown,
    /// The image has another size than the model takes.
    Image {
        /// Bytes that it should have.
        expected: u32,
    },
    /// The label is not one of the model's classes.
    Label {
        /// Number of the classes.
        classes: u16,
    },
    /// What is to be trained is not there, or nothing.
    Trainable,
    /// The batch is empty, too large, or not in its order.
    Batch {
        /// Most samples of a batch.
        most: u16,
    },
    /// The learning rate, momentum or weight decay is out of its bounds.
    Optimizer,
    /// The training does not fit the memory set aside for it.
    Memory {
        /// Bytes that it takes.
        needed: u32,
        /// Bytes there are.
        available: u32,
    },
    /// Training was not configured, or the device was started again since.
    NotConfigured,
    /// There are not as many parameters, or too many for a frame.
    Range {
        /// Number of the trained parameters.
        parameters: u32,
    },
    /// Nothing is stored that fits.
    NothingStored,
    /// The storage failed.
    Storage,
    /// What is stored is another model's.
    StoredModel {
        /// CRC-32 that ends its file.
        model: u32,
    },
    /// What is stored is of this model, but of other layers.
    StoredLayers,
    /// What is stored is damaged in both halves of the storage, or of a format that the firmware does not read.
    StoredDamaged,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("its firmware cannot do this; flash it with this Kiln's"),
            Self::Image { expected } => write!(f, "an image has {expected} bytes"),
            Self::Label { classes } => write!(f, "labels are below {classes}"),
            Self::Trainable => {
                f.write_str("the network has no such layer to train; kiln summary shows its layers")
            }
            Self::Batch { most } => write!(f, "a batch has 1 to {most} samples, in their order"),
            Self::Optimizer => f.write_str(
                "the learning rate must be above 0, momentum at least 0 and below 1, weight decay \
                 at least 0, and all finite",
            ),
            Self::Memory { needed, available } => write!(
                f,
                "this training takes {needed} bytes, {} more than the {available} that the \
                 firmware set aside; train fewer layers, or build the firmware for this training",
                needed.saturating_sub(*available)
            ),
            Self::NotConfigured => f.write_str("it was started again meanwhile; begin anew"),
            Self::Range { parameters } => write!(f, "it trains {parameters} parameters"),
            Self::NothingStored => f.write_str("it has stored nothing yet"),
            Self::Storage => f.write_str("its flash cannot be erased or written"),
            Self::StoredModel { model } => write!(
                f,
                "what it has stored is another model's (CRC-32 {model:08x}); train without --stored, \
                 and --store anew"
            ),
            Self::StoredLayers => f.write_str(
                "what it has stored is of other layers; train the same layers, or without --stored",
            ),
            Self::StoredDamaged => f.write_str(
                "what it has stored is damaged in both halves of its storage, or of another format; \
                 train without --stored, and --store anew",
            ),
        }
    }
}

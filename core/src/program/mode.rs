//! What a program is for.

use super::Trainable;
use crate::LaneWidth;
use crate::int8::Int8Rule;
use serde::{Deserialize, Serialize};

/// What a program is for: what runs, and what has to be kept, follows from it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Purpose {
    /// The forward pass alone.
    Inference,
    /// The forward pass of one sample, its channels side by side in packets of a width.
    ChannelsLast(LaneWidth),
    /// The forward pass of one sample in integers, its channels side by side. Lengths are counted in
    /// bytes, and every buffer is a multiple of four long.
    Int8(Int8Rule),
    /// Training groups of [`GROUP`](crate::GROUP) samples, many side by side, by a loss.
    Group(Loss),
    /// Training one sample at a time in the least memory, by softmax cross-entropy.
    Compact(CompactMode),
}

impl Purpose {
    pub(crate) const fn is_group(&self) -> bool {
        matches!(self, Self::Group(_))
    }

    pub(crate) const fn trains(&self) -> bool {
        !matches!(
            self,
            Self::Inference | Self::ChannelsLast(_) | Self::Int8(_)
        )
    }
}

/// What training makes small.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Loss {
    /// Softmax cross-entropy against the samples' labels.
    CrossEntropy {
        /// Share of the label that is spread over all classes, as PyTorch's `label_smoothing`.
        smoothing: f32,
    },
    /// Mean over the outputs of the squared distance to the input: an autoencoder's.
    MeanSquaredError,
}

impl Loss {
    /// Softmax cross-entropy without smoothing.
    pub const CROSS_ENTROPY: Self = Self::CrossEntropy { smoothing: 0.0 };
}

/// What is trained one sample at a time, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompactMode {
    /// Which tensors are trained.
    pub trainable: Trainable,
    /// When they are updated.
    pub update: CompactUpdate,
}

/// When parameters are updated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CompactUpdate {
    /// After every sample, as its gradient is made: plain gradient descent in batches of one.
    /// There is no gradient buffer.
    InPlace,
    /// After a batch of up to [`GROUP`](crate::GROUP) samples, whose gradients are added up.
    MiniBatch {
        /// Whether a velocity is kept, for momentum.
        momentum: bool,
    },
}

impl CompactMode {
    /// Updates after every sample.
    pub const fn in_place(trainable: Trainable) -> Self {
        let update = CompactUpdate::InPlace;
        Self { trainable, update }
    }

    /// Updates after a batch, with or without momentum.
    pub const fn mini_batch(trainable: Trainable, momentum: bool) -> Self {
        let update = CompactUpdate::MiniBatch { momentum };
        Self { trainable, update }
    }
}

//! What the messages of training hold.

use crate::{Sgd, Trainable};
use serde::{Deserialize, Serialize};

/// How a device is to train.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Training {
    /// What is trained; all else stays as it is in flash.
    pub trainable: Trainable,
    /// What the trained parameters are at first.
    pub start: Start,
    /// Samples a step, 1 to [`GROUP`](crate::GROUP). With 1 and no momentum every update is
    /// applied as its gradient is made.
    pub batch: u16,
    /// The optimizer; its rate comes with every sample.
    pub sgd: Sgd,
}

/// First values of the trained parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Start {
    /// Those of the model in flash.
    Model,
    /// [`he_uniform`](crate::he_uniform)'s, drawn by Xoshiro128++ seeded with this number.
    Seed(u64),
    /// Those that the device stored last.
    Stored,
}

/// A labelled image to train on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Example<'a> {
    /// Bytes in the order (channel, row, column).
    pub image: &'a [u8],
    /// Its class.
    pub label: u16,
    /// Its place in the batch, counted from 0. The last one's gradient completes the step.
    pub place: u16,
    /// Samples of the batch: those configured, or fewer at the end of an epoch.
    pub batch: u16,
    /// Learning rate of the step.
    pub rate: f32,
}

/// Memory that a training takes, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Footprint {
    /// Trained parameters.
    pub parameters: u32,
    /// Their gradient.
    pub gradient: u32,
    /// The optimizer's velocity.
    pub velocity: u32,
    /// Activations, gradients of activations and scratch.
    pub arena: u32,
    /// The pools' winners.
    pub winners: u32,
}

impl Footprint {
    /// Bytes in all.
    pub const fn total(&self) -> u32 {
        self.parameters + self.gradient + self.velocity + self.arena + self.winners
    }
}

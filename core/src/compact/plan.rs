//! What compact training needs, before anything is computed.

use super::layout::{self, Buffer};
use super::{CompactError, Trainable, TrainableError};
use crate::plan::Region;
use crate::{MAX_LAYERS, Plan, Sgd, Shape, Step};
use core::ops::Range;
use serde::{Deserialize, Serialize};

/// What is trained, and how.
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

/// Where everything of a network lies while it is trained one sample at a time.
///
/// Parameters that are not trained stay where they are, in flash for example. Those that are lie in
/// RAM, one tensor behind another in parameter order. A plan has room for `STEPS` steps, as the
/// [`Plan`] it is made from.
///
/// ```
/// use kiln_core::{CompactMode, CompactPlan, Network, Plan, Trainable};
/// const NETWORK: Network = Network::input(1, 8, 8).conv2d(4, 3).relu().max_pool2d(2).linear(2);
/// const HEAD: CompactPlan =
///     CompactPlan::of(&Plan::of(&NETWORK), CompactMode::in_place(Trainable::from_layer(3)));
/// assert_eq!(HEAD.trained_values(), 4 * 3 * 3 * 2 + 2);
/// assert_eq!(HEAD.arena_values(), 64 + 4 * 3 * 3); // the first convolution's input and output
/// ```
#[derive(Clone, Debug)]
pub struct CompactPlan<const STEPS: usize = MAX_LAYERS> {
    pub(super) mode: CompactMode,
    pub(super) shape: Shape,
    pub(super) steps: [CompactStep; STEPS],
    pub(super) len: usize,
    pub(super) parameters: usize,
    pub(super) trained: usize,
    pub(super) winner_bytes: usize,
    pub(super) arena: usize,
    pub(super) input: Buffer,
    /// First step of which anything is trained: backward goes no further.
    pub(super) first_trained: usize,
}

/// A step, and where its tensors lie.
#[derive(Clone, Copy, Debug)]
pub(super) struct CompactStep {
    pub step: Step,
    /// Its output, the gradient of it, and the scratch of its backward pass, in the arena.
    pub output: Buffer,
    pub gradient: Buffer,
    pub scratch: Buffer,
    pub winners: Region,
    /// Its weights and its biases among the trained values; empty where they are frozen.
    pub trained: [Region; 2],
}

impl CompactStep {
    /// Its weights and its biases among all parameters.
    pub const fn tensors(&self) -> [Region; 2] {
        let Region { at, len } = self.step.parameters;
        let weights = self.step.weights();
        [
            Region { at, len: weights },
            Region {
                at: at + weights,
                len: len - weights,
            },
        ]
    }
}

impl<const STEPS: usize> CompactPlan<STEPS> {
    /// The plan of training a network in a mode; in a `const`, a layer that is not there fails the
    /// build.
    ///
    /// # Panics
    ///
    /// Where [`CompactPlan::try_of`] gives an error.
    pub const fn of(plan: &Plan<STEPS>, mode: CompactMode) -> Self {
        match Self::try_of(plan, mode) {
            Ok(plan) => plan,
            Err(error) => panic!("{}", error.reason()),
        }
    }

    /// The plan of training a network in a mode.
    ///
    /// # Errors
    ///
    /// A layer that the network does not have or that has nothing to train, or none that is
    /// trained.
    pub const fn try_of(plan: &Plan<STEPS>, mode: CompactMode) -> Result<Self, TrainableError> {
        match mode.trainable.check(plan.steps()) {
            Ok(()) => Ok(layout::lay_out(plan, mode)),
            Err(error) => Err(error),
        }
    }

    /// What is trained, and how.
    pub const fn mode(&self) -> CompactMode {
        self.mode
    }

    /// Shape of one input sample.
    pub const fn input_shape(&self) -> Shape {
        self.shape
    }

    /// Number of values the network gives for a sample.
    pub const fn classes(&self) -> usize {
        self.steps[self.len - 1].step.output.elements()
    }

    /// Number of all parameters, trained or not.
    pub const fn parameters(&self) -> usize {
        self.parameters
    }

    /// Number of parameters that are trained and so must lie in RAM.
    pub const fn trained_values(&self) -> usize {
        self.trained
    }

    /// Length of the slice that frozen parameters are read from: all parameters of the network,
    /// or 0 where none is frozen.
    pub const fn frozen_values(&self) -> usize {
        if self.trained == self.parameters {
            0
        } else {
            self.parameters
        }
    }

    /// Values of the gradient buffer: none for updates in place.
    pub const fn gradient_values(&self) -> usize {
        match self.mode.update {
            CompactUpdate::InPlace => 0,
            CompactUpdate::MiniBatch { .. } => self.trained,
        }
    }

    /// Values of the velocity: none without momentum.
    pub const fn velocity_values(&self) -> usize {
        match self.mode.update {
            CompactUpdate::MiniBatch { momentum: true } => self.trained,
            _ => 0,
        }
    }

    /// Values of working memory, the input among them; enough for inference too.
    pub const fn arena_values(&self) -> usize {
        self.arena
    }

    /// Bytes for which value of its window won.
    pub const fn winner_bytes(&self) -> usize {
        self.winner_bytes
    }

    /// Bytes of RAM in all: trained parameters, gradient, velocity, arena and winners.
    pub const fn total_bytes(&self) -> usize {
        let values = self.trained + self.gradient_values() + self.velocity_values() + self.arena;
        values * size_of::<f32>() + self.winner_bytes
    }

    /// Checks that the plan can serve an optimizer.
    ///
    /// # Errors
    ///
    /// A learning rate that is not above 0, a momentum that is not at least 0 and below 1, a weight
    /// decay below 0, any of them not finite, or a momentum without a velocity.
    pub fn check(&self, sgd: &Sgd) -> Result<(), CompactError> {
        let refused = |option, value| Err(CompactError::Option { option, value });
        if !(sgd.rate.is_finite() && sgd.rate > 0.0) {
            return refused("learning rate", sgd.rate);
        }
        if !(0.0..1.0).contains(&sgd.momentum) {
            return refused("momentum", sgd.momentum);
        }
        if !(sgd.weight_decay.is_finite() && sgd.weight_decay >= 0.0) {
            return refused("weight decay", sgd.weight_decay);
        }
        if sgd.momentum != 0.0 && self.velocity_values() == 0 {
            let momentum = sgd.momentum;
            return Err(CompactError::Momentum { momentum });
        }
        Ok(())
    }

    /// Where the trained tensors lie among all parameters, in order; they lie one behind another
    /// among the trained values.
    pub fn trained_ranges(&self) -> impl Iterator<Item = Range<usize>> + '_ {
        self.tensors()
            .filter(|(_, trained)| trained.len > 0)
            .map(|(all, _)| all.range())
    }

    /// Copies the trained tensors out of all parameters, such as a model file's.
    ///
    /// # Errors
    ///
    /// A slice of another length than the plan says.
    pub fn extract(&self, parameters: &[f32], trained: &mut [f32]) -> Result<(), CompactError> {
        self.check_tensors(parameters, trained)?;
        let mut at = 0;
        for range in self.trained_ranges() {
            trained[at..at + range.len()].copy_from_slice(&parameters[range.clone()]);
            at += range.len();
        }
        Ok(())
    }

    /// Copies the trained tensors to their places among all parameters.
    ///
    /// # Errors
    ///
    /// A slice of another length than the plan says.
    pub fn insert(&self, trained: &[f32], parameters: &mut [f32]) -> Result<(), CompactError> {
        self.check_tensors(parameters, trained)?;
        let mut at = 0;
        for range in self.trained_ranges() {
            parameters[range.clone()].copy_from_slice(&trained[at..at + range.len()]);
            at += range.len();
        }
        Ok(())
    }

    /// Every tensor's place among all parameters, and among the trained ones.
    pub(super) fn tensors(&self) -> impl Iterator<Item = (Region, Region)> + '_ {
        let tensors = self.steps().iter();
        let tensors = tensors.flat_map(|step| step.tensors().into_iter().zip(step.trained));
        tensors.filter(|(all, _)| all.len > 0)
    }

    pub(super) const fn steps(&self) -> &[CompactStep] {
        self.steps.split_at(self.len).0
    }

    fn check_tensors(&self, parameters: &[f32], trained: &[f32]) -> Result<(), CompactError> {
        crate::buffers::check("parameters", parameters.len(), self.parameters)?;
        crate::buffers::check("trained parameters", trained.len(), self.trained)?;
        Ok(())
    }
}

//! Which tensors of a network are trained.

use crate::Step;
use core::fmt;
use serde::{Deserialize, Serialize};

/// Layers a mask has room for: those of the largest network.
const LAYERS: usize = crate::MAX_LAYERS;

/// Which weights and biases of a network are trained; the others are frozen.
///
/// Plain data, which fits any network until a plan is made of both. Layers are counted from 0, all
/// of them, so that in `conv2d, relu, linear` the linear layer is layer 2.
///
/// ```
/// use kiln_core::Trainable;
/// const HEAD: Trainable = Trainable::from_layer(6);
/// const BIASES: Trainable = Trainable::ALL.biases_only();
/// const SOME: Trainable = Trainable::NONE.layer(0).biases(3);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trainable {
    /// A bit for each layer whose weights are trained.
    weights: u64,
    /// A bit for each layer whose biases are trained.
    biases: u64,
    /// A bit for each layer named on its own: each must have parameters.
    named: u64,
    /// The highest layer named: it must exist.
    highest: u16,
}

impl Trainable {
    /// Every layer.
    pub const ALL: Self = Self {
        weights: u64::MAX,
        biases: u64::MAX,
        named: 0,
        highest: 0,
    };

    /// No layer; to be followed by [`Trainable::layer`] or [`Trainable::biases`].
    pub const NONE: Self = Self {
        weights: 0,
        biases: 0,
        ..Self::ALL
    };

    /// A layer and all behind it.
    pub const fn from_layer(layer: usize) -> Self {
        let bits = if layer < LAYERS { u64::MAX << layer } else { 0 };
        let all = Self {
            weights: bits,
            biases: bits,
            ..Self::ALL
        };
        all.reaching(layer)
    }

    /// The same, but of each layer only the biases.
    pub const fn biases_only(mut self) -> Self {
        self.weights = 0;
        self
    }

    /// The same and one more layer, weights and biases.
    pub const fn layer(mut self, layer: usize) -> Self {
        self.weights |= bit(layer);
        self.biases |= bit(layer);
        self.naming(layer)
    }

    /// The same and the biases of one more layer.
    pub const fn biases(mut self, layer: usize) -> Self {
        self.biases |= bit(layer);
        self.naming(layer)
    }

    /// The same without one layer.
    pub const fn freeze(mut self, layer: usize) -> Self {
        self.weights &= !bit(layer);
        self.biases &= !bit(layer);
        self.naming(layer)
    }

    /// Whether a layer's weights are trained, and whether its biases are.
    pub(super) const fn of_layer(&self, layer: usize) -> [bool; 2] {
        let bit = bit(layer);
        [self.weights & bit != 0, self.biases & bit != 0]
    }

    /// Checks that the layers named exist and have parameters, and that any is trained.
    pub(super) const fn check(&self, steps: &[Step]) -> Result<(), TrainableError> {
        let last = &steps[steps.len() - 1];
        let layers = last.layer + last.layers;
        if self.highest as usize >= layers {
            return Err(TrainableError::NoSuchLayer {
                layer: self.highest as usize,
                layers,
            });
        }
        let (mut with_parameters, mut index) = (0, 0);
        while index < steps.len() {
            if steps[index].parameters.len > 0 {
                with_parameters |= bit(steps[index].layer);
            }
            index += 1;
        }
        let without = self.named & !with_parameters;
        if without != 0 {
            return Err(TrainableError::NoParameters {
                layer: without.trailing_zeros() as usize,
            });
        }
        if (self.weights | self.biases) & with_parameters == 0 {
            return Err(TrainableError::Nothing {
                last: last_layer(with_parameters),
            });
        }
        Ok(())
    }

    const fn naming(mut self, layer: usize) -> Self {
        self.named |= bit(layer);
        self.reaching(layer)
    }

    const fn reaching(mut self, layer: usize) -> Self {
        let layer = if layer < u16::MAX as usize {
            layer as u16
        } else {
            u16::MAX
        };
        if layer > self.highest {
            self.highest = layer;
        }
        self
    }
}

/// The bit of a layer; none for one that no network has.
const fn bit(layer: usize) -> u64 {
    if layer < LAYERS { 1 << layer } else { 0 }
}

/// The highest layer of a mask.
const fn last_layer(mask: u64) -> Option<usize> {
    match mask.checked_ilog2() {
        Some(layer) => Some(layer as usize),
        None => None,
    }
}

/// Why a network cannot be trained so. Layers are counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TrainableError {
    /// A layer that the network does not have.
    NoSuchLayer {
        /// The layer named.
        layer: usize,
        /// Number of layers the network has.
        layers: usize,
    },
    /// A layer, named on its own, that has nothing to train.
    NoParameters {
        /// The layer named.
        layer: usize,
    },
    /// No layer that has parameters is among those to be trained.
    Nothing {
        /// The network's last layer with parameters, if it has any.
        last: Option<usize>,
    },
}

impl TrainableError {
    /// The error in the words a failed build shows, which cannot hold a number.
    pub(super) const fn reason(&self) -> &'static str {
        match self {
            Self::NoSuchLayer { .. } => {
                "a layer to be trained or frozen is not among the network's; count from 0"
            }
            Self::NoParameters { .. } => "a layer to be trained or frozen has no parameters",
            Self::Nothing { .. } => "none of the layers to be trained has parameters",
        }
    }
}

impl fmt::Display for TrainableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::NoSuchLayer { layer, layers } => write!(
                f,
                "there is no layer {layer} to train: the network's {layers} layers are counted \
                 from 0 to {}",
                layers - 1
            ),
            Self::NoParameters { layer } => write!(
                f,
                "layer {layer} has no parameters to train or freeze; name a convolution or a \
                 linear layer, counted from 0"
            ),
            Self::Nothing { last: Some(last) } => write!(
                f,
                "no layer to be trained has parameters; the last that has is layer {last}, counted \
                 from 0"
            ),
            Self::Nothing { last: None } => {
                write!(f, "no layer of the network has parameters to train")
            }
        }
    }
}

impl core::error::Error for TrainableError {}

//! Which tensors of a network are trained.

use crate::{MAX_NODES, Network, Shape};
use core::fmt;
use serde::{Deserialize, Serialize};

/// Which weights and biases of a network are trained; the others are frozen.
///
/// Plain data, which fits any network until a program is made of both. Layers are counted from 1,
/// all of them, so that in `conv2d, relu, linear` the linear layer is layer 3.
///
/// ```
/// use kiln_core::Trainable;
/// const HEAD: Trainable = Trainable::from_layer(7);
/// const BIASES: Trainable = Trainable::ALL.biases_only();
/// const SOME: Trainable = Trainable::NONE.layer(1).biases(4);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trainable {
    /// The layers whose weights are trained.
    weights: LayerSet,
    /// The layers whose biases are trained.
    biases: LayerSet,
    /// The layers named on their own: each must have parameters.
    named: LayerSet,
    /// The highest layer named: it must exist.
    highest: u16,
    /// Whether layer 0, which is none, was named.
    zero: bool,
}

/// A bit for each layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "LayerSetRecord", into = "LayerSetRecord")]
struct LayerSet([u64; MAX_NODES.div_ceil(64)]);

/// The same as bytes, of which the sets that are common take few: a link's frames are short.
#[derive(Serialize, Deserialize)]
enum LayerSetRecord {
    None,
    /// A layer and all behind it.
    From(u8),
    /// Any other set.
    Bits([u64; MAX_NODES.div_ceil(64)]),
}

impl From<LayerSetRecord> for LayerSet {
    fn from(record: LayerSetRecord) -> Self {
        match record {
            LayerSetRecord::None => Self::NONE,
            LayerSetRecord::From(layer) => Self::ALL.without_below(layer.into()),
            LayerSetRecord::Bits(bits) => Self(bits),
        }
    }
}

impl From<LayerSet> for LayerSetRecord {
    fn from(set: LayerSet) -> Self {
        let first = (1..=MAX_NODES).find(|layer| set.has(*layer));
        match first {
            None if set == LayerSet::NONE => Self::None,
            Some(first) if set == LayerSet::ALL.without_below(first) => Self::From(first as u8),
            _ => Self::Bits(set.0),
        }
    }
}

impl Trainable {
    /// Every layer.
    pub const ALL: Self = Self {
        weights: LayerSet::ALL,
        biases: LayerSet::ALL,
        named: LayerSet::NONE,
        highest: 0,
        zero: false,
    };

    /// No layer; to be followed by [`Trainable::layer`] or [`Trainable::biases`].
    pub const NONE: Self = Self {
        weights: LayerSet::NONE,
        biases: LayerSet::NONE,
        ..Self::ALL
    };

    /// A layer and all behind it.
    pub const fn from_layer(layer: usize) -> Self {
        let layers = LayerSet::ALL.without_below(layer);
        let all = Self {
            weights: layers,
            biases: layers,
            ..Self::ALL
        };
        all.reaching(layer)
    }

    /// The same, but of each layer only the biases.
    pub const fn biases_only(mut self) -> Self {
        self.weights = LayerSet::NONE;
        self
    }

    /// The same and one more layer, weights and biases.
    pub const fn layer(mut self, layer: usize) -> Self {
        self.weights = self.weights.with(layer, true);
        self.biases = self.biases.with(layer, true);
        self.naming(layer)
    }

    /// The same and the biases of one more layer.
    pub const fn biases(mut self, layer: usize) -> Self {
        self.biases = self.biases.with(layer, true);
        self.naming(layer)
    }

    /// The same without one layer.
    pub const fn freeze(mut self, layer: usize) -> Self {
        self.weights = self.weights.with(layer, false);
        self.biases = self.biases.with(layer, false);
        self.naming(layer)
    }

    /// Whether a layer's weights are trained, and whether its biases are.
    pub(crate) const fn of_layer(&self, layer: usize) -> [bool; 2] {
        [self.weights.has(layer), self.biases.has(layer)]
    }

    /// Checks that the layers named exist and have parameters, and that any is trained.
    pub(super) const fn check(
        &self,
        network: &Network,
        shapes: &[Shape; MAX_NODES + 1],
    ) -> Result<(), TrainableError> {
        let layers = network.layers().len();
        if self.zero || self.highest as usize > layers {
            return Err(TrainableError::NoSuchLayer {
                layer: self.highest as usize,
                layers,
            });
        }
        let (mut last, mut is_any, mut layer) = (None, false, 1);
        while layer <= layers {
            let input = shapes[network.inputs()[layer - 1][0].number()];
            let (weights, biases) = network.layers()[layer - 1].parameters(input);
            if weights + biases > 0 {
                last = Some(layer);
                let chosen = self.of_layer(layer);
                is_any |= chosen[0] || chosen[1] && biases > 0;
            } else if self.named.has(layer) {
                return Err(TrainableError::NoParameters { layer });
            }
            layer += 1;
        }
        if is_any {
            Ok(())
        } else {
            Err(TrainableError::Nothing { last })
        }
    }

    const fn naming(mut self, layer: usize) -> Self {
        self.named = self.named.with(layer, true);
        self.reaching(layer)
    }

    const fn reaching(mut self, layer: usize) -> Self {
        self.zero |= layer == 0;
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

impl LayerSet {
    const ALL: Self = Self([u64::MAX; _]);
    const NONE: Self = Self([0; _]);

    const fn has(&self, layer: usize) -> bool {
        let (word, bit) = place(layer);
        word < self.0.len() && self.0[word] & bit != 0
    }

    /// The same with or without a layer; as it is for one that no network has.
    const fn with(mut self, layer: usize, is_in: bool) -> Self {
        let (word, bit) = place(layer);
        if word < self.0.len() {
            self.0[word] = if is_in {
                self.0[word] | bit
            } else {
                self.0[word] & !bit
            };
        }
        self
    }

    const fn without_below(mut self, layer: usize) -> Self {
        let mut below = 1;
        while below < layer && below <= MAX_NODES {
            self = self.with(below, false);
            below += 1;
        }
        self
    }
}

/// The word and the bit of a layer, counted from 1; a word that is not there for layer 0.
const fn place(layer: usize) -> (usize, u64) {
    let index = layer.wrapping_sub(1);
    (index / 64, 1 << (index % 64))
}

/// Why a network cannot be trained so. Layers are counted from 1.
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
    pub(crate) const fn reason(&self) -> &'static str {
        match self {
            Self::NoSuchLayer { .. } => {
                "a layer to be trained or frozen is not among the network's; count from 1"
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
                 from 1 to {layers}"
            ),
            Self::NoParameters { layer } => write!(
                f,
                "layer {layer} has no parameters to train or freeze; name a convolution or a \
                 linear layer, counted from 1"
            ),
            Self::Nothing { last: Some(last) } => write!(
                f,
                "no layer to be trained has parameters; the last that has is layer {last}, counted \
                 from 1"
            ),
            Self::Nothing { last: None } => {
                write!(f, "no layer of the network has parameters to train")
            }
        }
    }
}

impl core::error::Error for TrainableError {}

//! What of a network is trained.

use crate::Network;
use core::fmt;
use serde::{Deserialize, Serialize};

/// Which tensors of a network are trained (placeholder until merged).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trainable {
    weights: u64,
    biases: u64,
}

/// Nothing to train.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrainableError;

impl fmt::Display for TrainableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no layer to train")
    }
}
impl core::error::Error for TrainableError {}
impl fmt::Display for Trainable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}:{:x}", self.weights, self.biases)
    }
}

#[allow(missing_docs, clippy::missing_errors_doc)]
impl Trainable {
    pub const ALL: Self = Self {
        weights: u64::MAX,
        biases: u64::MAX,
    };
    pub const fn from_layer(layer: usize) -> Self {
        let mask = if layer < 64 { u64::MAX << layer } else { 0 };
        Self {
            weights: mask,
            biases: mask,
        }
    }
    pub const fn biases_only(self) -> Self {
        Self {
            weights: 0,
            biases: self.biases,
        }
    }
    pub const fn weights(&self, layer: usize) -> bool {
        layer < 64 && self.weights >> layer & 1 == 1
    }
    pub const fn biases(&self, layer: usize) -> bool {
        layer < 64 && self.biases >> layer & 1 == 1
    }
    pub fn check(&self, network: &Network) -> Result<(), TrainableError> {
        if self.count(network) == 0 {
            Err(TrainableError)
        } else {
            Ok(())
        }
    }
    pub fn count(&self, network: &Network) -> usize {
        let mut n = 0;
        self.each(network, |_, len| n += len);
        n
    }
    fn each(&self, network: &Network, mut f: impl FnMut(usize, usize)) {
        let mut input = network.input_shape();
        let mut at = 0;
        for (index, layer) in network.layers().iter().enumerate() {
            let (w, b) = layer.parameters(input);
            input = network.output_shape(index);
            if self.weights(index) {
                f(at, w as usize);
            }
            if self.biases(index) {
                f(at + w as usize, b as usize);
            }
            at += (w + b) as usize;
        }
    }
    pub fn scatter(
        &self,
        network: &Network,
        own: &[f32],
        all: &mut [f32],
    ) -> Result<(), TrainableError> {
        let mut taken = 0;
        self.each(network, |at, len| {
            all[at..at + len].copy_from_slice(&own[taken..taken + len]);
            taken += len;
        });
        Ok(())
    }
}

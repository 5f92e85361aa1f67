//! Folding: a trained network without its batch normalisations and dropouts, as devices run it.
//!
//! With its running statistics a batch normalisation is a scale and a shift a channel (Ioffe and
//! Szegedy 2015, "Batch normalization"). Behind a convolution or a linear layer that nothing else
//! reads, these become part of its weights and biases; so they do before a linear layer, or a
//! convolution without padding, that alone reads the normalised value. Elsewhere (behind an addition,
//! before a padded convolution, whose border would need biases of its own) they stay, as a layer
//! [`ScaleShift`](Layer::ScaleShift).

mod fate;
mod source;

use crate::{BatchNorm, Layer, MAX_NODES, Network};
use core::fmt;
use fate::{Fate, fate, rebuild};
use source::Source;

/// What becomes of a network when it is folded.
///
/// ```
/// use kiln_core::{Conv2d, Folding, Layer, Network};
/// const TRAINED: Network = Network::input(1, 8, 8)
///     .layer(Layer::Conv2d(Conv2d::new(4, 3).without_bias()))
///     .batch_norm().relu().linear(2);
/// const FOLDED: Network = Folding::of(&TRAINED).network();
/// assert!(FOLDED == Network::input(1, 8, 8).conv2d(4, 3).relu().linear(2));
/// ```
#[derive(Clone, Debug)]
pub struct Folding {
    network: Network,
    fates: [Fate; MAX_NODES],
}

/// Parameters or statistics of the wrong length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FoldError {
    /// Which slice.
    pub buffer: &'static str,
    /// Length the network says.
    pub expected: usize,
    /// Length it has.
    pub found: usize,
}

impl Folding {
    /// How a network is folded.
    ///
    /// # Panics
    ///
    /// Where [`Network::check`] finds a fault; in a `const`, that fails the build.
    pub const fn of(network: &Network) -> Self {
        Self::with(network, true)
    }

    /// The same without merging anything: every batch normalisation becomes a scale and a shift
    /// where it stands. What it gives is the trained network's value by its running statistics, which
    /// shows how far merging moves it.
    ///
    /// ```
    /// use kiln_core::{Folding, Layer, Network};
    /// const TRAINED: Network = Network::input(1, 8, 8).conv2d(4, 3).batch_norm().linear(2);
    /// const SHOWN: Network = Folding::unmerged(&TRAINED).network();
    /// assert!(SHOWN == Network::input(1, 8, 8).conv2d(4, 3).layer(Layer::ScaleShift).linear(2));
    /// ```
    ///
    /// # Panics
    ///
    /// As [`Folding::of`].
    pub const fn unmerged(network: &Network) -> Self {
        Self::with(network, false)
    }

    const fn with(network: &Network, merges: bool) -> Self {
        network.assert_sound();
        let mut fates = [Fate::Kept; MAX_NODES];
        let mut index = 0;
        while index < network.layers().len() {
            fates[index] = match network.layers()[index] {
                Layer::Dropout(_) => Fate::Removed,
                Layer::BatchNorm(_) if merges => fate(network, index),
                Layer::BatchNorm(_) => Fate::Scale,
                _ => Fate::Kept,
            };
            index += 1;
        }
        Self {
            network: rebuild(network, &fates),
            fates,
        }
    }

    /// The folded network.
    pub const fn network(self) -> Network {
        self.network
    }

    /// The number in the folded network, counted from 1, of the layer that the trained network's layer at
    /// `index` becomes or becomes part of; of one that goes away, that of the next that stays.
    pub const fn number(&self, index: usize) -> usize {
        let index = match self.fates[index] {
            Fate::IntoProducer(node) => node as usize,
            _ => index,
        };
        let (mut number, mut before) = (1, 0);
        while before < index {
            if matches!(self.fates[before], Fate::Kept | Fate::Scale) {
                number += 1;
            }
            before += 1;
        }
        number
    }

    /// Fills `folded`, as long as the folded network's parameters, with what the trained network's
    /// parameters and running statistics come to. Computed in `f64`, rounded once.
    ///
    /// # Errors
    ///
    /// A slice of another length than the networks say.
    pub fn fold(
        &self,
        trained: &Network,
        parameters: &[f32],
        statistics: &[f32],
        folded: &mut [f32],
    ) -> Result<(), FoldError> {
        for (buffer, expected, found) in [
            ("parameters", trained.parameters(), parameters.len()),
            ("statistics", trained.statistics(), statistics.len()),
            ("folded parameters", self.network.parameters(), folded.len()),
        ] {
            if expected != found {
                return Err(FoldError {
                    buffer,
                    expected,
                    found,
                });
            }
        }
        let source = Source {
            network: trained,
            shapes: trained.shapes(),
            parameters,
            statistics,
        };
        let mut rest = folded;
        for index in 0..trained.layers().len() {
            rest = self.fold_node(&source, index, rest);
        }
        Ok(())
    }

    /// Writes what becomes of the node's parameters to the start of `folded`; gives what is behind.
    fn fold_node<'f>(
        &self,
        source: &Source<'_>,
        index: usize,
        folded: &'f mut [f32],
    ) -> &'f mut [f32] {
        let (weights, biases) = source.tensors(index);
        match (self.fates[index], source.network.layers()[index]) {
            (Fate::Scale, Layer::BatchNorm(norm)) => {
                let (own, rest) = folded.split_at_mut(weights.len() + biases.len());
                let (scales, shifts) = own.split_at_mut(weights.len());
                for (channel, (scale, shift)) in scales.iter_mut().zip(shifts).enumerate() {
                    let line = source.line(index, norm, channel);
                    (*scale, *shift) = (line[0] as f32, line[1] as f32);
                }
                rest
            }
            (Fate::Kept, Layer::Conv2d(_) | Layer::Linear(_)) => {
                self.fold_weights(source, index, folded)
            }
            (Fate::Kept, _) => {
                let (own, rest) = folded.split_at_mut(weights.len() + biases.len());
                own[..weights.len()].copy_from_slice(weights);
                own[weights.len()..].copy_from_slice(biases);
                rest
            }
            _ => folded,
        }
    }

    /// A convolution or a linear layer with the batch normalisations that become part of it.
    fn fold_weights<'f>(
        &self,
        source: &Source<'_>,
        index: usize,
        folded: &'f mut [f32],
    ) -> &'f mut [f32] {
        let before = self.norm_that(source, Fate::IntoReader(index as u8));
        let behind = self.norm_that(source, Fate::IntoProducer(index as u8));
        let (weights, biases) = source.tensors(index);
        let outputs = source.shapes[index + 1].channels as usize;
        let has_bias = !biases.is_empty() || before.is_some() || behind.is_some();
        let (own, rest) = folded.split_at_mut(weights.len() + usize::from(has_bias) * outputs);
        let (own_weights, own_biases) = own.split_at_mut(weights.len());
        let taps = weights.len() / outputs;
        for output in 0..outputs {
            let mut bias = biases.get(output).map_or(0.0, |bias| f64::from(*bias));
            let [scale, shift] = match behind {
                Some((node, norm)) => source.line(node, norm, output),
                // Of all numbers -0 alone leaves every sum as it is, a bias of -0 too.
                None => [1.0, -0.0],
            };
            for tap in output * taps..(output + 1) * taps {
                let mut weight = f64::from(weights[tap]);
                if let Some((node, norm)) = before {
                    let channel = source.input_channel(index, tap);
                    let [scale, shift] = source.line(node, norm, channel);
                    bias += weight * shift;
                    weight *= scale;
                }
                own_weights[tap] = (weight * scale) as f32;
            }
            if let Some(own) = own_biases.get_mut(output) {
                *own = (bias * scale + shift) as f32;
            }
        }
        rest
    }

    /// The batch normalisation with this fate.
    fn norm_that(&self, source: &Source<'_>, fate: Fate) -> Option<(usize, BatchNorm)> {
        let node = self.fates.iter().position(|other| *other == fate)?;
        match source.network.layers()[node] {
            Layer::BatchNorm(norm) => Some((node, norm)),
            _ => None,
        }
    }
}

impl fmt::Display for FoldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            buffer,
            expected,
            found,
        } = self;
        write!(
            f,
            "{buffer} has {found} values; the network says {expected}"
        )
    }
}

impl core::error::Error for FoldError {}

#[cfg(test)]
mod tests;

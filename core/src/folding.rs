//! Folding: a trained network without its batch normalisations and dropouts, as devices run it.
//!
//! With its running statistics a batch normalisation is a scale and a shift a channel (Ioffe and
//! Szegedy 2015, "Batch normalization"). Behind a convolution or a linear layer that nothing else
//! reads, these become part of its weights and biases; so they do before a linear layer, or a
//! convolution without padding, that alone reads the normalised value. Elsewhere (behind an addition,
//! before a padded convolution, whose border would need biases of its own) they stay, as a layer
//! [`ScaleShift`](Layer::ScaleShift).

use crate::{BatchNorm, Layer, MAX_NODES, Network, Shape, Value};
use core::fmt;

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

/// What becomes of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// It stays as it is.
    Kept,
    /// It does nothing outside of training.
    Removed,
    /// A batch normalisation that becomes part of the layer, by index, whose value it reads.
    IntoProducer(u8),
    /// A batch normalisation that becomes part of the layer, by index, that reads its value.
    IntoReader(u8),
    /// A batch normalisation that becomes a scale and a shift.
    Scale,
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

/// A trained network with its values.
struct Source<'a> {
    network: &'a Network,
    shapes: [Shape; MAX_NODES + 1],
    parameters: &'a [f32],
    statistics: &'a [f32],
}

impl<'a> Source<'a> {
    fn input_shape(&self, index: usize) -> Shape {
        self.shapes[self.network.inputs()[index][0].number()]
    }

    /// Number of weights and biases of a node.
    fn lengths(&self, index: usize) -> (usize, usize) {
        let layer = self.network.layers()[index];
        let (weights, biases) = layer.parameters(self.input_shape(index));
        (weights as usize, biases as usize)
    }

    /// Weights and biases of a node.
    fn tensors(&self, index: usize) -> (&'a [f32], &'a [f32]) {
        let before = (0..index).map(|node| self.lengths(node));
        let start = before.map(|(weights, biases)| weights + biases).sum();
        let (weights, biases) = self.lengths(index);
        self.parameters[start..][..weights + biases].split_at(weights)
    }

    /// The scale and the shift that a batch normalisation comes to for a channel.
    fn line(&self, index: usize, norm: BatchNorm, channel: usize) -> [f64; 2] {
        let norms =
            (0..index).filter(|node| matches!(self.network.layers()[*node], Layer::BatchNorm(_)));
        let start: usize = norms
            .map(|node| 2 * self.shapes[node + 1].channels as usize)
            .sum();
        let channels = self.shapes[index + 1].channels as usize;
        let own = &self.statistics[start..][..2 * channels];
        let [mean, variance] = [own[channel], own[channels + channel]].map(f64::from);
        let (weights, biases) = self.tensors(index);
        let [weight, bias] = [weights[channel], biases[channel]].map(f64::from);
        let scale = weight / libm::sqrt(variance + f64::from(norm.epsilon));
        [scale, bias - mean * scale]
    }

    /// The channel of its input that a weight of a convolution or linear layer is multiplied with.
    fn input_channel(&self, index: usize, tap: usize) -> usize {
        let input = self.input_shape(index);
        match self.network.layers()[index] {
            Layer::Conv2d(conv) => {
                let kernel = usize::from(conv.kernel[0]) * usize::from(conv.kernel[1]);
                let groups = usize::from(conv.groups);
                let channels = input.channels as usize / groups;
                let filters = usize::from(conv.filters) / groups;
                let (filter, tap) = (tap / (channels * kernel), tap % (channels * kernel));
                filter / filters * channels + tap / kernel
            }
            _ => tap % input.elements() / input.map_elements(),
        }
    }
}

/// What becomes of the batch normalisation at `index`.
const fn fate(network: &Network, index: usize) -> Fate {
    let producer = through_dropouts(network, network.inputs()[index][0]);
    if producer.number() > 0 && reads_alone(network, producer, index) {
        let layer = &network.layers()[producer.number() - 1];
        if matches!(layer, Layer::Conv2d(_) | Layer::Linear(_)) {
            return Fate::IntoProducer((producer.number() - 1) as u8);
        }
    }
    let mut reader = index + 1;
    while reader < network.layers().len() {
        let takes = match network.layers()[reader] {
            Layer::Conv2d(conv) => {
                let [rows, columns] = conv.padding.total();
                rows == 0 && columns == 0
            }
            Layer::Linear(_) => true,
            _ => false,
        };
        let reads = through_dropouts(network, network.inputs()[reader][0]).number() == index + 1;
        if takes && reads && reads_alone(network, Value::of_node(index + 1), reader) {
            return Fate::IntoReader(reader as u8);
        }
        reader += 1;
    }
    Fate::Scale
}

/// The value that a value is outside of training.
const fn through_dropouts(network: &Network, value: Value) -> Value {
    let mut value = value;
    while value.number() > 0 {
        match network.layers()[value.number() - 1] {
            Layer::Dropout(_) => value = network.inputs()[value.number() - 1][0],
            _ => break,
        }
    }
    value
}

/// Whether, outside of training, node `reader` is the only one that reads a value, which is not the
/// network's output.
const fn reads_alone(network: &Network, value: Value, reader: usize) -> bool {
    let last = Value::of_node(network.layers().len());
    if through_dropouts(network, last).number() == value.number() {
        return false;
    }
    let mut index = 0;
    while index < network.layers().len() {
        let [first, second] = network.inputs()[index];
        let reads = through_dropouts(network, first).number() == value.number()
            || through_dropouts(network, second).number() == value.number();
        let is_dropout = matches!(network.layers()[index], Layer::Dropout(_));
        if reads && !is_dropout && index != reader {
            return false;
        }
        index += 1;
    }
    true
}

/// The network of what is kept.
const fn rebuild(network: &Network, fates: &[Fate; MAX_NODES]) -> Network {
    let shape = network.input_shape();
    let mut folded = Network::input(shape.channels, shape.height, shape.width);
    // By the number of a value: the value that it becomes.
    let mut values = [Value::INPUT; MAX_NODES + 1];
    let mut index = 0;
    while index < network.layers().len() {
        let [first, second] = network.inputs()[index];
        let inputs = [values[first.number()], values[second.number()]];
        values[index + 1] = inputs[0];
        let layer = match (fates[index], network.layers()[index]) {
            (Fate::Scale, _) => Some(Layer::ScaleShift),
            (Fate::Kept, Layer::Conv2d(mut conv)) => {
                conv.bias |= takes_norm(fates, index);
                Some(Layer::Conv2d(conv))
            }
            (Fate::Kept, Layer::Linear(mut linear)) => {
                linear.bias |= takes_norm(fates, index);
                Some(Layer::Linear(linear))
            }
            (Fate::Kept, layer) => Some(layer),
            _ => None,
        };
        if let Some(layer) = layer {
            folded = folded.node(layer, inputs);
            values[index + 1] = folded.last();
        }
        index += 1;
    }
    folded
}

/// Whether a batch normalisation becomes part of node `index`.
const fn takes_norm(fates: &[Fate; MAX_NODES], index: usize) -> bool {
    let mut node = 0;
    while node < MAX_NODES {
        match fates[node] {
            Fate::IntoProducer(into) | Fate::IntoReader(into) if into as usize == index => {
                return true;
            }
            _ => {}
        }
        node += 1;
    }
    false
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

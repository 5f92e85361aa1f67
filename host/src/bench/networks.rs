//! The networks that are measured: a fixed set, or those of files.

use crate::data::{ImageShape, Samples};
use crate::memory_limit::{self, MemoryError};
use crate::seeds::{Stream, source};
use crate::{defaults, network_file};
use anyhow::{Context, Result};
use kiln_core::{
    Folding, Loss, Network, Program, Purpose, Scaling, ScalingError, Step, first_statistics,
    he_uniform,
};
use std::path::Path;

/// A network with its first parameters, from a seed: what it has learned makes no difference to what
/// it takes.
#[derive(Clone, Debug)]
pub struct BenchNetwork {
    name: String,
    network: Network,
    folded: Network,
    loss: Loss,
    scaling: Scaling,
    parameters: Vec<f32>,
    folded_parameters: Vec<f32>,
}

/// The examples of the fixed set, by their files' names.
const EXAMPLES: [(&str, &str); 11] = [
    ("plain3", include_str!("../../examples/shapes/plain3.toml")),
    ("pad3", include_str!("../../examples/shapes/pad3.toml")),
    ("k5", include_str!("../../examples/shapes/k5.toml")),
    ("stride", include_str!("../../examples/shapes/stride.toml")),
    ("dsconv", include_str!("../../examples/shapes/dsconv.toml")),
    ("point", include_str!("../../examples/shapes/point.toml")),
    ("colour100", include_str!("../../examples/colour100.toml")),
    ("resnet8", include_str!("../../examples/resnet8.toml")),
    (
        "mobilenet_v1_025",
        include_str!("../../examples/mobilenet_v1_025.toml"),
    ),
    ("ds_cnn", include_str!("../../examples/ds_cnn.toml")),
    (
        "autoencoder",
        include_str!("../../examples/autoencoder.toml"),
    ),
];

/// Most bytes of samples that are made of one network's.
const SAMPLE_BYTES: usize = 32 << 20;

impl BenchNetwork {
    /// The fixed set: the two networks of the published comparisons, and the examples.
    ///
    /// # Errors
    ///
    /// None, as the tests have it.
    pub fn fixed() -> Result<Vec<Self>> {
        let shape = |channels, size| ImageShape {
            channels,
            height: size,
            width: size,
        };
        let published = [
            ("MNIST", defaults::network(shape(1, 28), 10)),
            ("RGB", defaults::network(shape(3, 32), 100)),
        ];
        let examples = EXAMPLES.into_iter().map(|(name, text)| {
            let network = network_file::parse(text).context(name)?;
            Self::of(name, network)
        });
        let published = published.map(|(name, network)| Self::of(name, network));
        published.into_iter().chain(examples).collect()
    }

    /// The network of a TOML file, called as the file is.
    ///
    /// # Errors
    ///
    /// What is wrong with the file or the network, with the file's name.
    pub fn read(path: &Path) -> Result<Self> {
        let name = path.display().to_string();
        let network = network_file::read(path).with_context(|| name.clone())?;
        Self::of(&name, network).context(name)
    }

    /// A network, which is sound. One that gives as many values as it takes is an autoencoder.
    ///
    /// # Errors
    ///
    /// If it cannot be trained.
    pub fn of(name: &str, network: Network) -> Result<Self> {
        let shape = network.input_shape();
        let loss = match network.classes() == shape.elements() {
            true => Loss::MeanSquaredError,
            false => Loss::CROSS_ENTROPY,
        };
        let _trains: Program = Program::try_of(&network, Purpose::Group(loss))?;
        let own = network.parameters();
        let mut parameters = memory_limit::filled(own, 0.0, "parameters")?;
        he_uniform(&network, &mut parameters, source(1, Stream::Init))?;
        let mut statistics = vec![0.0; network.statistics()];
        first_statistics(&network, &mut statistics)?;
        let folding = Folding::of(&network);
        let folded = folding.clone().network();
        let own = folded.parameters();
        let mut folded_parameters =
            memory_limit::filled(own, 0.0, "parameters without normalisations")?;
        folding.fold(&network, &parameters, &statistics, &mut folded_parameters)?;
        Ok(Self {
            name: name.into(),
            scaling: scaling(shape.channels as usize)?,
            network,
            folded,
            loss,
            parameters,
            folded_parameters,
        })
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The network as it is trained.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// The network as it is evaluated.
    pub fn folded(&self) -> &Network {
        &self.folded
    }

    /// What it is trained by.
    pub fn loss(&self) -> Loss {
        self.loss
    }

    /// Pixels' scaling to 0 to 1.
    pub fn scaling(&self) -> &Scaling {
        &self.scaling
    }

    /// Parameters of the network as it is trained.
    pub fn parameters(&self) -> &[f32] {
        &self.parameters
    }

    /// Parameters of the network as it is evaluated.
    pub fn folded_parameters(&self) -> &[f32] {
        &self.folded_parameters
    }

    /// Random samples, `batches` times `batch`, or fewer batches of a network with large ones.
    ///
    /// # Errors
    ///
    /// If there is no memory for them.
    pub fn samples(&self, batch: usize, batches: usize) -> Result<Samples, MemoryError> {
        random_samples(&self.network, batch, batches)
    }

    /// Multiply-accumulates of the inference of a sample.
    pub fn inference_macs(&self) -> u64 {
        self.folded.cost().macs
    }

    /// Multiply-accumulates of a training step, a sample: forward, for the gradient of the
    /// parameters, and for that of the input where anything before it is trained.
    pub fn training_macs(&self) -> u64 {
        training_macs(&self.network)
    }
}

/// As [`BenchNetwork::samples`].
pub fn random_samples(
    network: &Network,
    batch: usize,
    batches: usize,
) -> Result<Samples, MemoryError> {
    let shape: ImageShape = network.input_shape().into();
    let most = SAMPLE_BYTES / (batch * shape.size()).max(1);
    let count = batch * batches.min(most).max(1);
    let classes = network.classes();
    let mut draw = source(1, Stream::Order);
    let bytes = count.saturating_mul(shape.size());
    let mut pixels = memory_limit::filled(bytes, 0, "its samples")?;
    pixels.fill_with(|| draw() as u8);
    let labels = (0..count).map(|index| (index % classes.min(1 << 16)) as u16);
    Ok(Samples::of_bytes(pixels, labels.collect(), shape))
}

/// As [`BenchNetwork::training_macs`].
pub fn training_macs(network: &Network) -> u64 {
    let propagated = propagates(network);
    let nodes = propagated.iter().enumerate();
    nodes
        .map(|(index, propagates)| (2 + u64::from(*propagates)) * network.layer_cost(index).macs)
        .sum()
}

/// Whether each node hands a gradient on to what it reads: anything there is trained.
pub fn propagates(network: &Network) -> Vec<bool> {
    let mut trained = vec![false];
    let mut propagates = Vec::new();
    for (index, (layer, inputs)) in network.layers().iter().zip(network.inputs()).enumerate() {
        let mut read = network_file::values_read(layer, inputs).iter();
        let before = read.any(|value| trained[value.number()]);
        propagates.push(before);
        trained.push(before || network.layer_cost(index).parameters > 0);
    }
    propagates
}

/// Nodes that run as one: their numbers from 1, and what they do.
pub fn covered(network: &Network, step: &Step) -> (Vec<usize>, String) {
    let nodes = step.node..step.node + step.nodes;
    let names: Vec<String> = network.layers()[nodes.clone()]
        .iter()
        .map(ToString::to_string)
        .collect();
    (nodes.map(|node| node + 1).collect(), names.join(" > "))
}

/// Multiply-accumulates of a step's forward pass.
pub fn step_macs(network: &Network, step: &Step) -> u64 {
    let nodes = step.node..step.node + step.nodes;
    nodes.map(|node| network.layer_cost(node).macs).sum()
}

fn scaling(channels: usize) -> Result<Scaling, ScalingError> {
    Scaling::uniform(channels, 1.0 / 255.0, 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn macs(name: &str) -> [u64; 2] {
        let fixed = BenchNetwork::fixed().unwrap();
        let found = fixed.iter().find(|network| network.name() == name).unwrap();
        [found.inference_macs(), found.training_macs()]
    }

    #[test]
    fn the_fixed_set_is_sound_and_costs_what_is_published() {
        assert_eq!(macs("MNIST"), [240_544, 672_960]);
        assert_eq!(macs("RGB"), [475_616, 1_232_448]);
        assert_eq!(macs("pad3")[0], 1_031_744);
        assert_eq!(macs("ds_cnn")[0], 2_656_768);
        let fixed = BenchNetwork::fixed().unwrap();
        let reconstructing = fixed
            .iter()
            .filter(|network| network.loss() == Loss::MeanSquaredError);
        let names: Vec<&str> = reconstructing.map(BenchNetwork::name).collect();
        assert_eq!(names, ["autoencoder"]);
    }

    #[test]
    fn only_what_has_something_trained_before_it_hands_on_a_gradient() {
        let network = Network::input(1, 8, 8).max_pool2d(2).conv2d(2, 3).relu();
        let network = network.linear(3);
        assert_eq!(propagates(&network), [false, false, true, true]);
        let convolution = 2 * 9 * 4;
        let linear = 8 * 3;
        assert_eq!(training_macs(&network), 2 * convolution + 3 * linear);
    }

    #[test]
    fn samples_are_whole_batches_of_known_classes() {
        let network = Network::input(1, 3, 3).linear(4);
        let network = BenchNetwork::of("small", network).unwrap();
        let samples = network.samples(3, 2).unwrap();
        assert_eq!((samples.len(), samples.labels[5]), (6, 1));
    }
}

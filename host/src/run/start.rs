//! What a run starts from where it does not start anew: a trained model.

use super::config::RunConfig;
use super::folder::CONFIG;
use crate::classes::{match_classes, named_classes};
use crate::data::{Dataset, same_name};
use crate::model::{AnyModel, ModelFacts};
use crate::output::first_names;
use crate::settings::LossSetting;
use crate::weights::{self, ModelBytes};
use anyhow::{Context, Result, bail, ensure};
use kiln_core::{
    Folding, Layer, ModelFile, ModelTask, Network, NetworkCut, Scaling, Trainable, he_uniform,
};
use serde::{Deserialize, Serialize};
use std::convert::Infallible;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// The first layer that is trained, as people call it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum FirstLayer {
    /// Its number, from 1, as `kiln summary` counts.
    Number(usize),
    /// The name that it has in the run's `config.toml`.
    Name(String),
}

/// A model of floating-point numbers whose weights a run starts from.
#[derive(Clone, Debug)]
pub struct StartModel {
    path: PathBuf,
    bytes: ModelBytes,
    /// Number of the first layer that is trained, from 1.
    first_layer: usize,
}

/// A start model, brought to the classes of a dataset.
#[derive(Clone, Debug)]
pub struct StartWeights {
    /// The network that is trained on.
    pub network: Network,
    /// What its input is of the samples: as the weights were trained.
    pub scaling: Scaling,
    /// Its parameters before the first step.
    pub parameters: Vec<f32>,
    /// Where they are from and what becomes of them, for people to read.
    pub description: String,
}

impl StartModel {
    /// Reads a model file, which has to have the layer.
    ///
    /// # Errors
    ///
    /// What is wrong with it, that it is one of integers, or that no layer from that one on can be trained.
    pub fn read(path: &Path, first: Option<&FirstLayer>) -> Result<Self> {
        let name = || path.display().to_string();
        let bytes = ModelBytes::read(path).with_context(name)?;
        if let AnyModel::Int8(_) = AnyModel::open(&bytes).with_context(name)? {
            bail!(
                "{}: the weights of an int8 model are integers, which cannot be trained on; train the model it \
                 was made of and quantise it again, or let its last layers learn by kiln device train",
                name()
            );
        }
        let model = bytes.open().with_context(name)?;
        let first_layer = match first {
            None => 1,
            Some(FirstLayer::Number(number)) => *number,
            Some(FirstLayer::Name(asked)) => named_layer(path, model.network(), asked)?,
        };
        check_layer(model.network(), first_layer).with_context(name)?;
        Ok(Self {
            path: path.into(),
            bytes,
            first_layer,
        })
    }

    /// Number of the first layer that is trained, from 1.
    pub fn first_layer(&self) -> usize {
        self.first_layer
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// SHA-256 of its parameters.
    ///
    /// # Errors
    ///
    /// If the bytes are no sound model, which [`StartModel::read`] has found out.
    pub fn sha256(&self) -> Result<String> {
        Ok(weights::sha256(self.open()?.parameters()))
    }

    /// Its network.
    ///
    /// # Errors
    ///
    /// As [`StartModel::sha256`].
    pub fn network(&self) -> Result<Network> {
        Ok(self.open()?.network().clone())
    }

    /// The loss it was trained by.
    ///
    /// # Errors
    ///
    /// As [`StartModel::sha256`], or if `asked` is another one.
    pub fn loss(&self, asked: Option<LossSetting>) -> Result<LossSetting> {
        let task = self.open()?.task();
        let own = LossSetting::of(task);
        let kind = match task {
            ModelTask::Classification => "a classifier",
            ModelTask::Reconstruction => "an autoencoder",
        };
        ensure!(
            asked.is_none_or(|asked| asked == own),
            "{}: it is {kind}, which is trained by --loss {own}; leave out --loss",
            self.path.display()
        );
        Ok(own)
    }

    /// Gives the labels of the dataset the numbers that its classes have in the model, where they are the same.
    ///
    /// # Errors
    ///
    /// None that [`StartModel::read`] leaves.
    pub fn match_classes(&self, dataset: &mut Dataset) -> Result<()> {
        let model = self.open()?;
        match has_same_classes(&model, &dataset.classes) {
            true => match_classes(&model, dataset),
            false => Ok(()),
        }
    }

    /// The weights for a dataset: the model's own, but for a last layer that is made anew where the dataset has
    /// other classes; its weights are drawn from `source`.
    ///
    /// # Errors
    ///
    /// If the network's last layer cannot take another number of outputs.
    pub fn weights(
        &self,
        dataset: &Dataset,
        loss: LossSetting,
        source: impl FnMut() -> u32,
    ) -> Result<StartWeights> {
        let model = self.open()?;
        let is_same = !loss.tells_classes() || has_same_classes(&model, &dataset.classes);
        let own = model.network();
        let (network, parameters) = match is_same {
            true => (own.clone(), model.parameters().to_vec()),
            false => self.made_anew(&model, dataset, source)?,
        };
        Ok(StartWeights {
            description: self.description(&model, dataset, loss, is_same),
            network,
            scaling: model.scaling().clone(),
            parameters,
        })
    }

    fn made_anew(
        &self,
        model: &ModelFile<'_>,
        dataset: &Dataset,
        source: impl FnMut() -> u32,
    ) -> Result<(Network, Vec<f32>)> {
        let name = || self.path.display().to_string();
        let own = model.network();
        let last = NetworkCut::last_layer(own);
        let network = with_outputs(own, last, dataset.classes.len()).with_context(name)?;
        let mut parameters = vec![0.0; network.parameters()];
        he_uniform(&network, &mut parameters, source)?;
        let kept = parameters_before(own, last);
        parameters[..kept].copy_from_slice(&model.parameters()[..kept]);
        Ok((network, parameters))
    }

    fn description(
        &self,
        model: &ModelFile<'_>,
        dataset: &Dataset,
        loss: LossSetting,
        is_same: bool,
    ) -> String {
        let network = model.network();
        let classes = match (is_same, loss.tells_classes()) {
            (_, false) => String::new(),
            (true, _) => ", for the same classes".into(),
            (false, _) => {
                let last = NetworkCut::last_layer(network);
                format!(
                    "; the last layer ({last} {}) is made anew, for {} instead of {}",
                    network.layers()[last - 1].name(),
                    named_classes(dataset.classes.len(), &dataset.classes),
                    named_classes(network.classes(), &model.names())
                )
            }
        };
        let frozen = match self.first_layer {
            1 => String::new(),
            first => format!(
                "; trained from layer {first} ({}) on, those before stay as they are",
                network.layers()[first - 1].name()
            ),
        };
        format!("of {}{classes}{frozen}", self.path.display())
    }

    fn open(&self) -> Result<ModelFile<'_>> {
        let name = || self.path.display().to_string();
        self.bytes.open().with_context(name)
    }
}

/// What of a network is trained, from a layer on.
pub fn trained_from(layer: usize) -> Trainable {
    match layer {
        0 | 1 => Trainable::ALL,
        layer => Trainable::from_layer(layer),
    }
}

/// Whether a model tells apart the very classes of some data; one without names, whether as many.
fn has_same_classes(model: &ModelFile<'_>, classes: &[String]) -> bool {
    let names = model.names();
    let is_known = |class: &String| names.iter().any(|name| same_name(name, class));
    model.network().classes() == classes.len() && (names.is_empty() || classes.iter().all(is_known))
}

/// The network with other outputs of its last layer that has parameters.
fn with_outputs(network: &Network, last: usize, classes: usize) -> Result<Network> {
    let kind = network.layers().get(last - 1).map_or("", Layer::name);
    let refused = || {
        format!(
            "its last layer with parameters ({last} {kind}) cannot be made anew for {classes} classes; give a \
             model that ends in a linear layer"
        )
    };
    let outputs = u16::try_from(classes).ok().with_context(refused)?;
    let shape = network.input_shape();
    let mut changed = Network::input(shape.channels, shape.height, shape.width);
    for (index, (layer, inputs)) in network.layers().iter().zip(network.inputs()).enumerate() {
        let mut layer = *layer;
        match &mut layer {
            Layer::Linear(linear) if index + 1 == last => linear.outputs = outputs,
            Layer::Conv2d(conv) if index + 1 == last => conv.filters = outputs,
            _ => {}
        }
        changed = changed.node(layer, *inputs);
    }
    changed.check().ok().with_context(refused)?;
    ensure!(changed.classes() == classes, refused());
    Ok(changed)
}

/// How many parameters the layers before `layer` have, counted from 1.
fn parameters_before(network: &Network, layer: usize) -> usize {
    let before = 0..layer - 1;
    let counts = before.map(|index| network.layer_cost(index).parameters as usize);
    counts.sum()
}

/// Refuses to train from a layer that is not there or that nothing can be trained from.
fn check_layer(network: &Network, first: usize) -> Result<()> {
    let layers = network.layers().len();
    ensure!(
        first > 0,
        "train-from is 0; layers are counted from 1, as kiln summary shows them"
    );
    ensure!(
        first <= layers,
        "train-from is {first}, but the network has {layers} layers; kiln summary shows them"
    );
    let last = NetworkCut::last_layer(network);
    ensure!(
        first <= last,
        "train-from is {first}, but no layer from number {first} on has parameters to train; the last that has is \
         {last}"
    );
    Ok(())
}

/// The number of the layer with this name in the config of the run that the model is of.
fn named_layer(path: &Path, network: &Network, asked: &str) -> Result<usize> {
    let config = RunConfig::read(&path.with_file_name(CONFIG));
    let tables = config.ok().and_then(|config| config.model);
    let trained = tables.and_then(|tables| Some((tables.network(None).ok()?, tables.names())));
    let (numbers, names): (Vec<usize>, Vec<String>) = match trained {
        Some((trained, names)) => {
            let folding = Folding::of(&trained);
            let is_own = folding.clone().network() == *network;
            let named = names.into_iter().enumerate();
            named
                .filter(|_| is_own)
                .filter_map(|(index, name)| Some((folding.number(index), name?)))
                .unzip()
        }
        None => Default::default(),
    };
    if let Some(place) = names.iter().position(|name| name == asked) {
        return Ok(numbers[place]);
    }
    let known = match names.is_empty() {
        true => "its layers have no names".into(),
        false => format!("there are {}", first_names(&names)),
    };
    bail!(
        "{}: train-from is {asked:?}, but no layer is named so ({known}); give a number, as kiln summary shows \
         them",
        path.display()
    )
}

impl FromStr for FirstLayer {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text.parse() {
            Ok(number) => Self::Number(number),
            Err(_) => Self::Name(text.into()),
        })
    }
}

impl fmt::Display for FirstLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

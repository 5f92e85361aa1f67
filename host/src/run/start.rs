//! What a run starts from where it does not start anew: a trained model.

mod layers;

use crate::classes::{match_classes, named_classes};
use crate::data::{Dataset, same_name};
use crate::model::{AnyModel, ModelFacts};
use crate::settings::LossSetting;
use crate::weights::{self, ModelBytes};
use anyhow::{Context, Result, bail, ensure};
use kiln_core::{ModelFile, ModelTask, Network, NetworkCut, Scaling, Trainable, he_uniform};
use layers::{check_layer, named_layer, parameters_before, with_outputs};
use serde::{Deserialize, Serialize};
use std::convert::Infallible;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// The first layer that is trained, as people call it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum StartLayer {
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
    pub fn read(path: &Path, first: Option<&StartLayer>) -> Result<Self> {
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
            Some(StartLayer::Number(number)) => *number,
            Some(StartLayer::Name(asked)) => named_layer(path, model.network(), asked)?,
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

impl FromStr for StartLayer {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text.parse() {
            Ok(number) => Self::Number(number),
            Err(_) => Self::Name(text.into()),
        })
    }
}

impl fmt::Display for StartLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

//! What a model file holds besides network and parameters, as a text for other formats' headers.

use crate::network_file::NetworkTables;
use kiln_core::{Int8ModelFile, ModelFile, ModelTask, Network, Scaling};
use serde::{Deserialize, Serialize};

/// Most bytes of its text, which takes some 25 times as much memory while it is read.
const MAX_BYTES: usize = 2 << 20;
/// The name it has in a file's header.
pub const KEY: &str = "kiln";

/// All of a model file but its parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metadata {
    /// The network, as in a TOML file.
    pub network: NetworkTables,
    /// What pixels are multiplied by, channel by channel.
    ///
    /// Texts, since a JSON number goes through f64 and need not come back to the same f32.
    scale: Vec<String>,
    /// What is then added.
    shift: Vec<String>,
    /// Name of each class; none where the model has no names.
    pub classes: Vec<String>,
    /// What the trainer noted.
    pub notes: String,
    /// What the output means.
    #[serde(default, skip_serializing_if = "is_classification")]
    pub task: ModelTask,
}

/// The task of a file that says nothing of it.
fn is_classification(task: &ModelTask) -> bool {
    *task == ModelTask::Classification
}

impl Metadata {
    /// The metadata of a model.
    pub fn of(model: &ModelFile<'_>) -> Self {
        Self {
            classes: model.class_names().map(String::from).collect(),
            notes: model.notes().into(),
            task: model.task(),
            ..Self::new(model.network(), model.scaling())
        }
    }

    /// The metadata of a model of integers.
    pub fn of_integers(model: &Int8ModelFile<'_>) -> Self {
        Self {
            classes: model.class_names().map(String::from).collect(),
            notes: model.notes().into(),
            task: model.task(),
            ..Self::new(model.network(), model.scaling())
        }
    }

    fn new(network: &Network, scaling: &Scaling) -> Self {
        let texts = |values: &[f32]| values.iter().map(f32::to_string).collect();
        Self {
            network: network.into(),
            scale: texts(scaling.scale()),
            shift: texts(scaling.shift()),
            classes: Vec::new(),
            notes: String::new(),
            task: ModelTask::Classification,
        }
    }

    /// The metadata in a text; `None` where it is not such a text, or longer than any of Kiln's.
    pub fn parse(text: &str) -> Option<Self> {
        let is_plausible = text.len() <= MAX_BYTES;
        is_plausible.then(|| serde_json::from_str(text).ok())?
    }

    /// The text that is parsed to the same metadata.
    ///
    /// # Errors
    ///
    /// None that is known: there are only texts and numbers in it.
    pub fn to_text(&self) -> serde_json::Result<String> {
        serde_json::to_string(self)
    }

    /// Scale and shift of each channel; `None` where they are no numbers.
    pub fn scaling(&self) -> Option<(Vec<f32>, Vec<f32>)> {
        let values = |texts: &[String]| {
            let values = texts.iter().map(|text| text.parse().ok());
            values.collect::<Option<Vec<f32>>>()
        };
        Some((values(&self.scale)?, values(&self.shift)?))
    }
}

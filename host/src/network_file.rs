//! Networks as people write them: TOML files.
//!
//! ```
//! let text = r#"
//! input = { channels = 1, height = 28, width = 28 }
//!
//! [[layers]]
//! type = "conv2d"
//! filters = 8
//! kernel = 3            # or [rows, columns]; so are stride and padding
//!
//! [[layers]]
//! type = "relu"
//!
//! [[layers]]
//! type = "max_pool2d"
//! window = 2            # stride: as the window
//!
//! [[layers]]
//! type = "linear"
//! outputs = 10
//! "#;
//! let network = host::network_file::parse(text)?;
//! assert_eq!(network.classes(), 10);
//! # Ok::<(), host::network_file::NetworkFileError>(())
//! ```

mod graph;
mod layer;

pub use graph::{GraphError, quoted_layer, value_name, values_read};
pub use layer::{LayerError, LayerTable, Outputs};

use crate::file_kind::{FilePurpose, WrongFile};
use crate::plain_file;
use kiln_core::{Network, NetworkError, Shape};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// A network as the tables of a TOML file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkTables {
    /// Shape of one sample.
    pub input: InputTable,
    /// Number of classes where no dataset says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub classes: Option<u16>,
    /// The layers in order.
    #[serde(default)]
    pub layers: Vec<LayerTable>,
}

/// Shape of one sample as a TOML table.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputTable {
    /// 1 for grey, 3 for colour.
    pub channels: u32,
    /// Rows.
    pub height: u32,
    /// Columns.
    pub width: u32,
}

/// Why a text is not a network.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NetworkFileError {
    /// The file cannot be read.
    #[error("cannot read it: {cause}")]
    Unreadable {
        /// What the operating system said.
        cause: std::io::Error,
    },
    /// The file is of another kind.
    #[error("{0}")]
    WrongFile(WrongFile),
    /// The file is no text.
    #[error("no text, but a network is a TOML file, and a trained one is the model.kiln of a run")]
    NoText,
    /// The text is a sweep's.
    #[error("this is a sweep, not a network; run it with kiln sweep")]
    Sweep,
    /// The text is a run's configuration.
    #[error(
        "this is the configuration of a run, not a network; run it again with kiln train --config"
    )]
    RunConfig,
    /// The text is not TOML, or has keys or values a network does not have.
    #[error(transparent)]
    Syntax(#[from] SyntaxError),
    /// A layer has the wrong options.
    #[error(transparent)]
    Layer(#[from] LayerError),
    /// A layer's name, or what it reads, does not fit.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// The layers do not fit one another.
    #[error("{}", graph::in_words(.error, .name.as_deref()))]
    Network {
        /// What is wrong.
        error: NetworkError,
        /// The name of the layer, where it has one.
        name: Option<String>,
    },
}

/// A place in a TOML text that does not say what it should.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct SyntaxError {
    /// Number of the line, from 1.
    pub line: usize,
    /// What is wrong there.
    pub message: String,
}

impl SyntaxError {
    /// The parser's error in `text`, without its drawing of the place.
    pub fn new(text: &str, error: &toml::de::Error) -> Self {
        let start = error.span().map_or(0, |span| span.start);
        let before = text.get(..start).unwrap_or(text);
        Self {
            line: before.matches('\n').count() + 1,
            message: error.message().replace('\n', ", "),
        }
    }
}

/// Reads the network of a TOML file.
///
/// # Errors
///
/// Why the file does not describe a sound network, without the file's name.
pub fn read(path: &Path) -> Result<Network, NetworkFileError> {
    read_tables(path)?.network(None)
}

/// Reads the tables of a TOML file; whether they make a network is not looked at.
///
/// # Errors
///
/// Why the file does not hold the tables of a network, without the file's name.
pub fn read_tables(path: &Path) -> Result<NetworkTables, NetworkFileError> {
    if let Some(wrong) = FilePurpose::Network.wrong(path) {
        return Err(NetworkFileError::WrongFile(wrong));
    }
    let text = plain_file::read_toml(path).map_err(|cause| match cause.kind() {
        std::io::ErrorKind::InvalidData => NetworkFileError::NoText,
        _ => NetworkFileError::Unreadable { cause },
    })?;
    parse_tables(&text)
}

/// The network that a TOML text describes, checked.
///
/// # Errors
///
/// Why the text does not describe a sound network.
pub fn parse(text: &str) -> Result<Network, NetworkFileError> {
    parse_tables(text)?.network(None)
}

fn parse_tables(text: &str) -> Result<NetworkTables, NetworkFileError> {
    toml::from_str(text)
        .map_err(|error| other_file(text).unwrap_or_else(|| SyntaxError::new(text, &error).into()))
}

/// What else a text is that is no network, by its keys.
fn other_file(text: &str) -> Option<NetworkFileError> {
    let keys: toml::Table = toml::from_str(text).ok()?;
    let has = |names: &[&str]| names.iter().any(|name| keys.contains_key(*name));
    if has(&["grid", "random", "budget", "board"]) {
        return Some(NetworkFileError::Sweep);
    }
    has(&["dataset", "training", "record"]).then_some(NetworkFileError::RunConfig)
}

impl NetworkTables {
    /// The network these tables describe, checked; `classes` is the number of classes of the data,
    /// where there is any.
    ///
    /// # Errors
    ///
    /// The first layer that has wrong options or does not fit.
    pub fn network(&self, classes: Option<usize>) -> Result<Network, NetworkFileError> {
        let InputTable {
            channels,
            height,
            width,
        } = self.input;
        let classes = classes.and_then(|count| u16::try_from(count).ok());
        let mut network = Network::input(channels, height, width);
        let inputs = graph::inputs(&self.layers)?;
        for (index, (table, inputs)) in self.layers.iter().zip(inputs).enumerate() {
            let layer = table.layer(index + 1, classes.or(self.classes))?;
            network = network.node(layer, inputs);
        }
        network
            .check()
            .map_err(|error| graph::named(error, &self.layers))?;
        Ok(network)
    }

    /// Whether the number of its outputs follows from the data.
    pub fn takes_classes(&self) -> bool {
        let outputs = self.layers.iter().map(|table| table.outputs);
        outputs
            .flatten()
            .any(|outputs| matches!(outputs, Outputs::Data(_)))
    }

    /// The name of each layer that has one.
    pub fn names(&self) -> Vec<Option<String>> {
        let layers = self.layers.iter();
        layers.map(|layer| layer.name.clone()).collect()
    }

    /// The tables of `network`, which these make with the classes of some data: with their names,
    /// and no longer asking how many classes there are.
    #[must_use]
    pub fn resolved(&self, network: &Network) -> Self {
        let mut resolved = Self::from(network);
        for (own, table) in resolved.layers.iter_mut().zip(&self.layers) {
            own.name.clone_from(&table.name);
            own.inputs.clone_from(&table.inputs);
        }
        resolved
    }

    /// Shape of one sample.
    pub fn input_shape(&self) -> Shape {
        let InputTable {
            channels,
            height,
            width,
        } = self.input;
        Shape::new(channels, height, width)
    }
}

impl From<&Network> for NetworkTables {
    fn from(network: &Network) -> Self {
        let shape = network.input_shape();
        Self {
            input: InputTable {
                channels: shape.channels,
                height: shape.height,
                width: shape.width,
            },
            classes: None,
            layers: graph::tables(network),
        }
    }
}

#[cfg(test)]
mod tests;

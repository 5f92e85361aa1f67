//! A model file of either kind: of floating-point numbers or of integers.

use crate::data::CodeOrder;
use crate::weights::{self, ModelBytes};
use kiln_core::{
    Int8ModelFile, Int8Rule, ModelError, ModelFile, ModelTask, Network, Scaling, bytes_in_place,
};
use sha2::{Digest, Sha256};

/// A model, opened in place.
#[derive(Clone, Debug)]
pub enum AnyModel<'a> {
    /// Its parameters are f32.
    Float(ModelFile<'a>),
    /// It computes in integers.
    Int8(Int8ModelFile<'a>),
}

/// What a dataset has to fit of a model.
pub trait ModelFacts {
    /// Its graph.
    fn network(&self) -> &Network;
    /// The names of its classes, none where it has no names.
    fn names(&self) -> Vec<&str>;
    /// How the codes of its input lie in a dataset of codes; none where it takes no codes.
    fn codes(&self) -> Option<CodeOrder> {
        None
    }
}

impl<'a> AnyModel<'a> {
    /// Opens whichever it is.
    ///
    /// # Errors
    ///
    /// If the bytes are no sound model file.
    pub fn open(bytes: &'a ModelBytes) -> Result<Self, ModelError> {
        let bytes = bytes.as_slice();
        match Int8ModelFile::is_int8(bytes)? {
            true => Int8ModelFile::open(bytes).map(Self::Int8),
            false => ModelFile::open(bytes).map(Self::Float),
        }
    }

    /// What its output means.
    pub fn task(&self) -> ModelTask {
        match self {
            Self::Float(model) => model.task(),
            Self::Int8(model) => model.task(),
        }
    }

    /// How samples become its input.
    pub fn scaling(&self) -> &Scaling {
        match self {
            Self::Float(model) => model.scaling(),
            Self::Int8(model) => model.scaling(),
        }
    }

    /// What it computes with: `f32` or `int8`.
    pub fn element(&self) -> &'static str {
        match self {
            Self::Float(_) => "f32",
            Self::Int8(_) => "int8",
        }
    }

    /// The names of the classes, or their numbers where it has no names.
    pub fn class_names(&self) -> Vec<String> {
        let names: Vec<String> = self.names().into_iter().map(String::from).collect();
        match names.is_empty() {
            true => (0..self.network().classes())
                .map(|class| class.to_string())
                .collect(),
            false => names,
        }
    }

    /// SHA-256 of what it was trained to: parameters, or all integers.
    pub fn sha256(&self) -> String {
        match self {
            Self::Float(model) => weights::sha256(model.parameters()),
            Self::Int8(model) => int8_sha256(model),
        }
    }
}

/// Of scales, then zeros and limits, then constants, then weights, little-endian.
fn int8_sha256(model: &Int8ModelFile<'_>) -> String {
    let quantized = model.quantized();
    let mut hash = Sha256::new();
    let values = quantized.values();
    let scales: Vec<f32> = values.iter().map(|value| value.scale).collect();
    hash.update(bytes_in_place(&scales));
    let codes = values
        .iter()
        .flat_map(|value| [value.zero, value.low, value.high]);
    hash.update(codes.map(|code| code as u8).collect::<Vec<u8>>());
    let constants = quantized.constants().iter();
    hash.update(
        constants
            .flat_map(|value| value.to_le_bytes())
            .collect::<Vec<u8>>(),
    );
    let weights = quantized.weights().iter();
    hash.update(weights.map(|weight| *weight as u8).collect::<Vec<u8>>());
    hex::encode(hash.finalize())
}

impl ModelFacts for AnyModel<'_> {
    fn network(&self) -> &Network {
        match self {
            Self::Float(model) => model.network(),
            Self::Int8(model) => model.network(),
        }
    }

    fn names(&self) -> Vec<&str> {
        match self {
            Self::Float(model) => model.names(),
            Self::Int8(model) => model.class_names().collect(),
        }
    }

    fn codes(&self) -> Option<CodeOrder> {
        match self {
            Self::Float(_) => None,
            // As in the files that it comes from.
            Self::Int8(model) => Some(match model.quantized().rule() {
                Int8Rule::Once => CodeOrder::ChannelsFirst,
                Int8Rule::TensorFlowLite => CodeOrder::ChannelsLast,
            }),
        }
    }
}

impl ModelFacts for ModelFile<'_> {
    fn network(&self) -> &Network {
        self.network()
    }

    fn names(&self) -> Vec<&str> {
        self.class_names().collect()
    }
}

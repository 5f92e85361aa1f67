//! What can be wrong with a safetensors file.

use crate::network_file::NetworkFileError;
use kiln_core::FoldError;
use safetensors::SafeTensorError;

/// Why a safetensors file cannot be imported, or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SafetensorsError {
    /// The bytes are no safetensors file, or parts of it are missing.
    #[error("not a sound safetensors file: {0}")]
    File(#[from] SafeTensorError),
    /// The metadata cannot be written as text.
    #[error("the metadata cannot be written: {0}")]
    Metadata(#[from] serde_json::Error),
    /// Nothing tells which layers there are.
    #[error(
        "a safetensors file has no network, only tensors; write the layers as a TOML file and give \
         it as --model FILE.toml"
    )]
    NoNetwork,
    /// The network in the file's header is not sound.
    #[error("the network in its header: {0}; give one as --model FILE.toml")]
    Network(#[from] NetworkFileError),
    /// Numbers of another kind.
    #[error(
        "tensor {tensor:?} holds {found}, but only F32 is read; save it as \
         {{name: tensor.float() for name, tensor in model.state_dict().items()}}"
    )]
    Kind {
        /// Name of the tensor.
        tensor: String,
        /// The kind it holds.
        found: String,
    },
    /// A tensor of a BatchNorm where the network has none.
    #[error(
        "tensor {tensor:?} is of a BatchNorm, and the network has no layer batch_norm for it; give \
         it one, with the BatchNorm's epsilon, or import what torch.onnx.export makes of the network"
    )]
    BatchNorm {
        /// Name of the tensor.
        tensor: String,
    },
    /// A bias of a layer that has none.
    #[error(
        "tensor {tensor:?} is a bias, but layer {number} ({kind}) is said to have none; take out its \
         bias = false"
    )]
    Bias {
        /// Name of the tensor.
        tensor: String,
        /// Number of the layer, from 1.
        number: usize,
        /// The layer's type.
        kind: &'static str,
    },
    /// Values of another number than the network's.
    #[error("folding failed: {0}")]
    Folding(#[from] FoldError),
    /// A batch normalisation that comes to no numbers.
    #[error(
        "a batch normalisation has a variance below zero, or one so small that folding it gives no \
         finite numbers; train it again"
    )]
    Folded,
    /// A tensor of another kind of module.
    #[error("tensor {tensor:?} ends neither in .weight nor in .bias; no layer of Kiln's has it")]
    Foreign {
        /// Name of the tensor.
        tensor: String,
    },
    /// A bias without a weight.
    #[error("tensor {tensor:?} has no weight beside it; no layer of Kiln's has a bias alone")]
    Alone {
        /// Name of the tensor.
        tensor: String,
    },
    /// A tensor with another shape than its layer's.
    #[error(
        "tensor {tensor:?} is {found}, but layer {number} ({kind}) needs {expected}; make the \
         network fit the file"
    )]
    Shape {
        /// Name of the tensor.
        tensor: String,
        /// Its extents.
        found: String,
        /// Number of the layer, from 1.
        number: usize,
        /// The layer's type.
        kind: &'static str,
        /// The layer's extents.
        expected: String,
    },
    /// No tensor for a layer.
    #[error(
        "layer {number} ({kind}) needs a weight of {expected}, and no tensor that is left has this \
         shape; left is {left}; make the network fit the file"
    )]
    Missing {
        /// Number of the layer, from 1.
        number: usize,
        /// The layer's type.
        kind: &'static str,
        /// Extents of its weight.
        expected: String,
        /// What belongs to no layer.
        left: String,
    },
    /// Tensors without a layer.
    #[error("the network has no layer for {left}; make it fit the file")]
    Left {
        /// The tensors with their extents.
        left: String,
    },
    /// Several tensors fit a layer, and their names tell no order.
    #[error(
        "{tensors} are all {shape}, and their names tell no order; give the names of all layers \
         with parameters in order, as --names conv1,conv2,fc"
    )]
    Ambiguous {
        /// The tensors' names.
        tensors: String,
        /// Their extents.
        shape: String,
    },
    /// Another number of names than layers.
    #[error("--names has {found}, but the network has {expected} layers with parameters: {layers}")]
    Names {
        /// Names given.
        found: usize,
        /// Layers with parameters.
        expected: usize,
        /// These layers.
        layers: String,
    },
    /// A name that is not in the file.
    #[error("--names has {name:?}, but the file has no {name}.weight; it has {available}")]
    UnknownName {
        /// The name.
        name: String,
        /// The names there are.
        available: String,
    },
    /// A number that is none, or infinite.
    #[error("tensor {tensor:?} has a value that is not a finite number; train it again")]
    NotFinite {
        /// Name of the tensor.
        tensor: String,
    },
}

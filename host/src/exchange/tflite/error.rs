//! What can be wrong with a TFLite file, or what of it Kiln has no layer for.

use super::flat_table::TfliteDamage;
use kiln_core::{Int8Error, LayerFault, NetworkError};

/// Why a TFLite file cannot be imported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TfliteError {
    /// The bytes do not say that they are a TFLite file.
    #[error("not a TFLite file: it does not have TFL3 at its start")]
    Identifier,
    /// A part of the file lies outside of it.
    #[error("not a sound TFLite file: {0}")]
    Damaged(#[from] TfliteDamage),
    /// Another version of the schema.
    #[error("it is of version {found} of TFLite's files; import reads version 3")]
    Version {
        /// The version in the file.
        found: u32,
    },
    /// No graph, input or output, or several.
    #[error("it has {found} {what}; only a network with one can be imported")]
    Several {
        /// `graphs`, `inputs` or `outputs`.
        what: &'static str,
        /// How many there are.
        found: usize,
    },
    /// An input that no network has.
    #[error("its input {name:?}: {fault}")]
    Input {
        /// Name of the tensor.
        name: String,
        /// What is wrong with it.
        fault: TfliteFault,
    },
    /// An operator that cannot be imported.
    #[error("operator {number} ({operator}): {fault}")]
    Operator {
        /// Number of the operator in the order in which they run, from 0, as TensorFlow's tools count.
        number: usize,
        /// Its name in the schema.
        operator: String,
        /// What is wrong with it.
        fault: TfliteFault,
    },
    /// An output that no operator gives, or a padding's.
    #[error("its output {name:?} is not what a layer computes; convert the network again")]
    Output {
        /// Name of the tensor.
        name: String,
    },
    /// Nothing between input and output that Kiln has a layer for.
    #[error("it has no layers")]
    NoLayers,
    /// Layers that do not make a network.
    #[error("{0}")]
    Network(NetworkError),
    /// Integers that do not make one.
    #[error("{0}")]
    Integers(Int8Error),
}

/// What is wrong with an operator, or a tensor of its.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TfliteFault {
    /// A part of it lies outside of the file.
    #[error("{0}")]
    Damaged(#[from] TfliteDamage),
    /// No layer for its operator.
    #[error("Kiln has no layer for it; take it out, or train the network without it")]
    Operator,
    /// A tensor with elements of another type.
    #[error(
        "tensor {tensor:?} holds {found}, but {expected} is needed; convert the network with full \
         integer quantisation to int8"
    )]
    Element {
        /// Name of the tensor.
        tensor: String,
        /// Name of its type.
        found: String,
        /// The type needed.
        expected: &'static str,
    },
    /// A tensor whose quantisation is none that is known.
    #[error("tensor {tensor:?} has {found}, but {expected} is needed")]
    Quantization {
        /// Name of the tensor.
        tensor: String,
        /// What is there.
        found: String,
        /// What would do.
        expected: String,
    },
    /// A tensor of another shape.
    #[error("tensor {tensor:?} is {found}, but {expected} is needed")]
    Shape {
        /// Name of the tensor.
        tensor: String,
        /// Its extents.
        found: String,
        /// What fits.
        expected: String,
    },
    /// A constant that is none, is packed, or has other bytes than its shape says.
    #[error(
        "tensor {tensor:?} must be a constant with {expected} bytes in the file, but has {found}"
    )]
    Constant {
        /// Name of the tensor.
        tensor: String,
        /// Bytes there are, 0 of a value that is computed or lies elsewhere.
        found: usize,
        /// Bytes of its shape.
        expected: usize,
    },
    /// A tensor that is packed in a way of its own.
    #[error("tensor {tensor:?} is sparse; convert the network without sparsity")]
    Sparse {
        /// Name of the tensor.
        tensor: String,
    },
    /// It reads or gives another number of tensors.
    #[error("it has {found} {what}, but {expected} fit it")]
    Count {
        /// `inputs` or `outputs`.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many are needed.
        expected: &'static str,
    },
    /// It reads what no operator before it gives.
    #[error("it reads tensor {tensor:?}, which no operator before it gives")]
    Missing {
        /// Name of the tensor.
        tensor: String,
    },
    /// It gives what another one gives.
    #[error("it gives tensor {tensor:?}, which is given already")]
    GivenTwice {
        /// Name of the tensor.
        tensor: String,
    },
    /// An option with a value that no layer has.
    #[error("its {name} is {found}, but only {expected} can be imported")]
    Option {
        /// The option's name.
        name: &'static str,
        /// Its value.
        found: String,
        /// What can be imported.
        expected: &'static str,
    },
    /// A row where maps are needed.
    #[error("it gets values of {found}, but needs maps: 1 x rows x columns x channels")]
    Row {
        /// Their extents.
        found: String,
    },
    /// A padding that no convolution takes over.
    #[error("a PAD adds zeros around its input, which only a convolution can take over")]
    Zeros,
    /// It makes codes of another scale of its input's.
    #[error(
        "it turns codes into those of another scale or zero by itself, for which Kiln has no layer"
    )]
    Rescaled,
    /// A scale of sums that is out of range.
    #[error("the scale of channel {channel} between its input and its output is out of range")]
    Scale {
        /// The output channel, from 0.
        channel: usize,
    },
    /// A bias that exceeds 32 bits with what the input's zero adds.
    #[error("the bias of channel {channel} exceeds 32 bits together with its input's zero")]
    Bias {
        /// The output channel, from 0.
        channel: usize,
    },
    /// A reshape that is none of Kiln's.
    #[error("it makes {to} of {from}; only maps that become one row can be imported")]
    Reshape {
        /// Extents that it gets.
        from: String,
        /// Extents that it gives.
        to: String,
    },
    /// It comes behind what has to be the last.
    #[error("it comes behind a {last}, which must be the last")]
    BehindLast {
        /// The operator before it.
        last: &'static str,
    },
    /// The layer does not fit what comes in.
    #[error("{0}")]
    Layer(LayerFault),
    /// The network has too many layers already.
    #[error("the network has more than {} layers", kiln_core::MAX_NODES)]
    TooManyLayers,
}

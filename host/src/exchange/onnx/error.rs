//! What can be wrong with an ONNX file, or what of it Kiln has no layer for.

mod tensor;

pub use tensor::TensorFault;

use kiln_core::{FoldError, LayerFault, NetworkError};

/// Why an ONNX file cannot be imported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OnnxError {
    /// The bytes are no ONNX file.
    #[error("not a sound ONNX file: it is cut short or damaged")]
    Damaged,
    /// The file is larger than any that is read.
    #[error(
        "it has more than {} bytes, too many for import from ONNX; save the parameters as \
         safetensors instead",
        super::MAX_BYTES
    )]
    TooLarge,
    /// More parts or numbers than a network has.
    #[error(
        "it has more than {} nodes, tensors and names, or more than {} numbers, too many for import from \
         ONNX; export a smaller network",
        super::parts::MAX_PARTS,
        super::array::MAX_NUMBERS
    )]
    TooManyParts,
    /// An old version of the operators, or none.
    #[error("its operators are of opset {found}; import reads 7 and later, so export it again")]
    Opset {
        /// The version in the file; 0 where it names none.
        found: i64,
    },
    /// No input or output, or several.
    #[error(
        "it has {found} {what} ({names}); only a network with one can be imported, so export one that \
         computes the classes of an image and nothing else"
    )]
    Several {
        /// `inputs` or `outputs`.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// The first of their names.
        names: String,
    },
    /// An input that is no batch of images.
    #[error(
        "its input {name:?} is {found}; it must be images of a fixed size, N x C x H x W, or N x H x W x C \
         as TensorFlow has them, or rows of values, N x F; export it with an example of that shape"
    )]
    Input {
        /// Name of the input.
        name: String,
        /// What it is instead.
        found: String,
    },
    /// A node that cannot be imported.
    #[error("{node}: {fault}")]
    Node {
        /// The node's name and operator.
        node: String,
        /// What is wrong with it.
        fault: Fault,
    },
    /// A value that nothing gives, or a Pad's.
    #[error("its output {name:?} is not what a layer computes; export it again")]
    Output {
        /// Name of the output.
        name: String,
    },
    /// A tensor whose values are in another file that cannot be used.
    #[error("tensor {tensor:?} {fault}")]
    Tensor {
        /// Name of the tensor.
        tensor: String,
        /// What is wrong with it.
        fault: TensorFault,
    },
    /// Two values of one name.
    #[error("it has two values named {name:?}; the file is damaged, so export it again")]
    GivenTwice {
        /// The name.
        name: String,
    },
    /// More layers than a network has, with batch normalisations not folded yet.
    #[error(
        "the network has more than {} layers, batch normalisations counted; export it with them \
         folded, or make it smaller",
        kiln_core::MAX_NODES
    )]
    TooManyLayers,
    /// Layers that do not make a network.
    #[error("{0}")]
    Network(NetworkError),
    /// Parameters that are not as many as the network's.
    #[error("folding failed: {0}")]
    Folding(FoldError),
    /// Integers that do not make a network.
    #[error("{0}")]
    Integers(kiln_core::Int8Error),
    /// An output that is no codes.
    #[error(
        "its output {name:?} is computed in floating point; quantise its last operator, too, with a \
         QuantizeLinear behind it"
    )]
    OutputNumbers {
        /// Name of the output.
        name: String,
    },
    /// Nothing between input and output that Kiln has a layer for.
    #[error("it has no layers")]
    NoLayers,
    /// Parameters that are no finite numbers, or become so in folding.
    #[error("layer {number} has a parameter that is not a finite number; train it again")]
    NotFinite {
        /// Number of the layer, from 1.
        number: usize,
    },
}

/// What is wrong with a node.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// No layer for its operator.
    #[error("Kiln has no layer for it; take it out, or train the network without it")]
    Operator,
    /// It reads what no node gives.
    #[error("it reads {found:?}, which nothing in the file gives; export it again")]
    Missing {
        /// Name of the value.
        found: String,
    },
    /// It reads itself, by way of others.
    #[error("it reads what is computed from its own value; export the network without loops")]
    Circle,
    /// It reads another number of values that depend on the image than its layer does.
    #[error("it reads {found} values that depend on the image; only Add reads two, all others one")]
    Inputs {
        /// How many it reads.
        found: usize,
    },
    /// It computes a constant in a way that import does not.
    #[error(
        "it computes a constant that import cannot compute; simplify the file, with onnxsim for \
         example, or export it with constants folded"
    )]
    ConstantsOnly,
    /// Zeros around its input that cannot become padding.
    #[error(
        "a Pad adds zeros around its input; only a convolution or an average pool that counts \
         padding can take these over, so give the padding to such a layer"
    )]
    Zeros,
    /// An attribute with a value that no layer has.
    #[error("its {name} is {found}, but only {expected} can be imported")]
    Attribute {
        /// The attribute's name.
        name: &'static str,
        /// Its value.
        found: String,
        /// What can be imported.
        expected: String,
    },
    /// An attribute that the operator does not have.
    #[error("it has the attribute {name:?}, which import does not know")]
    Unknown {
        /// The attribute's name.
        name: String,
    },
    /// An input that must be a constant is missing or computed.
    #[error("its input {number} must be a constant")]
    NotConstant {
        /// Number of the input, from 1.
        number: usize,
    },
    /// A tensor that cannot be read, or has the wrong shape.
    #[error("tensor {tensor:?} {fault}")]
    Tensor {
        /// Name of the tensor.
        tensor: String,
        /// What is wrong with it.
        fault: TensorFault,
    },
    /// The layer does not fit what comes in.
    #[error("{0}")]
    Layer(LayerFault),
    /// The network has too many layers already.
    #[error("the network has more than {} layers", kiln_core::MAX_NODES)]
    TooManyLayers,
    /// Nothing that it could be folded into.
    #[error(
        "it scales each value of flattened maps by itself, which can be folded only into a linear \
         layer that alone reads it"
    )]
    Fold,
    /// Maps where a row is needed.
    #[error("it gets maps of {found}; a Flatten must come before it")]
    Maps {
        /// Their shape.
        found: String,
    },
    /// A row where maps are needed.
    #[error("it gets a row of {found} values, but needs maps")]
    Row {
        /// Number of values.
        found: usize,
    },
    /// Axes in an order that no layer reads.
    #[error(
        "its input lies as {found}; a layer reads N x channels x rows x columns, or a row for each \
         image, so transpose or flatten it before"
    )]
    Lies {
        /// The axes.
        found: String,
    },
    /// A reshape that divides an axis, or mixes images.
    #[error(
        "it reshapes {from} to [{target}]; only axes as a whole can be joined or parted, and each \
         image stays by itself"
    )]
    Reshape {
        /// The axes that there are.
        from: String,
        /// The extents asked for.
        target: String,
    },
    /// Numbers where codes are needed.
    #[error("its input {number} must be codes that a QuantizeLinear or an int8 operator gives")]
    Codes {
        /// Number of the input, from 1.
        number: usize,
    },
    /// Numbers of which no codes were made.
    #[error(
        "its input {number} is not what a DequantizeLinear gives, so there are no integers for it; \
         quantise every operator of the network, as quantize_static does by default"
    )]
    Numbers {
        /// Number of the input, from 1.
        number: usize,
    },
    /// Weights that are no codes.
    #[error(
        "its input {number} must be constant codes behind a DequantizeLinear; quantise weights, too"
    )]
    PlainWeights {
        /// Number of the input, from 1.
        number: usize,
    },
    /// Weights that are further from their zero than eight bits reach.
    #[error(
        "its weights are from {least} to {greatest} away from their zero, but -128 to 127 fit; \
         quantise weights symmetrically (WeightSymmetric, the default for int8)"
    )]
    Weights {
        /// The least.
        least: i64,
        /// The greatest.
        greatest: i64,
    },
    /// A scale that is none.
    #[error("a scale of its is {scale}, or its zero no code; a scale is finite and above 0")]
    CodesScale {
        /// The scale.
        scale: f32,
    },
    /// Codes that are read by another scale than they were made with.
    #[error(
        "it reads codes by another scale or zero than they were made with; quantise the network again"
    )]
    Rescaled,
    /// A constant factor within the network.
    #[error(
        "it multiplies by a constant, for which there are no integers here; fold it into the layer \
         before it, as the optimisation before quantisation does (quant_pre_process)"
    )]
    Multiplies,
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
    /// Sigmoids of several outputs.
    #[error(
        "it gives {found} outputs a probability each; classes of Kiln's exclude each other, so train the \
         network with a softmax (cross-entropy), or with one output for two classes"
    )]
    Sigmoids {
        /// How many outputs there are.
        found: usize,
    },
    /// A layer behind the softmax.
    #[error("it comes behind a softmax, which must be the last")]
    BehindSoftmax,
}

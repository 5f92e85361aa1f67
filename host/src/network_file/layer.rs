//! One layer as a TOML table.

mod values;

pub use values::{Extent, Outputs, Sides};

use kiln_core::{BatchNorm, Conv2d, Dropout, Layer, Linear, Padding, Pool2d};
use serde::{Deserialize, Serialize};

/// A layer's type and options.
///
/// One flat table for all types rather than one for each: the parser then knows the line of every
/// key it does not know.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LayerTable {
    /// `conv2d`, `relu`, `max_pool2d`, `linear` or any other of the known types.
    #[serde(rename = "type")]
    pub kind: String,
    /// A name by which later layers can read its value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The names of what it reads, or `input`; without them, the layer before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inputs: Option<Vec<String>>,
    /// Output channels of a convolution.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filters: Option<u16>,
    /// Extent of a convolution's kernel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kernel: Option<Extent>,
    /// Extent of a pool's window.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<Extent>,
    /// Distance between neighbouring outputs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stride: Option<Extent>,
    /// Rows and columns imagined around the input.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub padding: Option<Sides>,
    /// Distance between neighbouring taps of a convolution's kernel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dilation: Option<Extent>,
    /// Groups of a convolution.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub groups: Option<u16>,
    /// Whether a convolution or linear layer has biases.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bias: Option<bool>,
    /// Whether a pool keeps windows that reach over the edge.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ceil_mode: Option<bool>,
    /// Whether an average counts padding.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count_include_pad: Option<bool>,
    /// Share of a batch in the running statistics of a batch normalisation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub momentum: Option<f32>,
    /// What a batch normalisation adds to variances.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epsilon: Option<f32>,
    /// Probability with which a dropout drops a value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probability: Option<f32>,
    /// Outputs of a linear layer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outputs: Option<Outputs>,
}

/// A layer table with a wrong type or wrong options.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LayerError {
    /// The type is not one of the known ones.
    #[error("layer {number}: no layer type {kind:?}; there are {}", KINDS.map(|(kind, _)| kind).join(", "))]
    UnknownType {
        /// Number of the layer, from 1.
        number: usize,
        /// The type given.
        kind: String,
    },
    /// A required option is missing.
    #[error("layer {number} ({kind}): the option `{option}` is missing")]
    Missing {
        /// Number of the layer, from 1.
        number: usize,
        /// The layer's type.
        kind: String,
        /// The option's name.
        option: &'static str,
    },
    /// The number of outputs follows from the data, and there is none.
    #[error(
        "layer {number} (linear): outputs = \"classes\" takes their number from a dataset, and there is \
         none here; set `classes` at the top of the file to the number"
    )]
    NoClasses {
        /// Number of the layer, from 1.
        number: usize,
    },
    /// An option that belongs to other types.
    #[error("layer {number} ({kind}): it has no option `{option}`; remove that line")]
    Foreign {
        /// Number of the layer, from 1.
        number: usize,
        /// The layer's type.
        kind: String,
        /// The option's name.
        option: &'static str,
    },
}

/// The types and the options each of them takes.
const KINDS: [(&str, &[&str]); 11] = [
    (
        "conv2d",
        &[
            "filters", "kernel", "stride", "padding", "dilation", "groups", "bias",
        ],
    ),
    ("relu", &[]),
    ("relu6", &[]),
    ("max_pool2d", &["window", "stride", "padding", "ceil_mode"]),
    (
        "avg_pool2d",
        &[
            "window",
            "stride",
            "padding",
            "ceil_mode",
            "count_include_pad",
        ],
    ),
    ("global_avg_pool2d", &[]),
    ("linear", &["outputs", "bias"]),
    ("add", &[]),
    ("batch_norm", &["momentum", "epsilon"]),
    ("scale_shift", &[]),
    ("dropout", &["probability"]),
];

impl LayerTable {
    /// The layer this table describes, as number `number` of its network, which tells `classes`
    /// apart.
    pub(super) fn layer(&self, number: usize, classes: Option<u16>) -> Result<Layer, LayerError> {
        self.check_options(number)?;
        Ok(match self.kind.as_str() {
            "conv2d" => Layer::Conv2d(self.conv2d(number)?),
            "relu" => Layer::Relu,
            "relu6" => Layer::Relu6,
            "max_pool2d" => Layer::MaxPool2d(self.pool2d(number)?),
            "avg_pool2d" => Layer::AvgPool2d(self.pool2d(number)?),
            "global_avg_pool2d" => Layer::GlobalAvgPool2d,
            "linear" => Layer::Linear(Linear {
                outputs: match self.required(number, "outputs", self.outputs)? {
                    Outputs::Count(count) => count,
                    Outputs::Data(_) => classes.ok_or(LayerError::NoClasses { number })?,
                },
                bias: self.bias.unwrap_or(true),
            }),
            "add" => Layer::Add,
            "batch_norm" => Layer::BatchNorm(BatchNorm {
                momentum: self.momentum.unwrap_or(BatchNorm::DEFAULT.momentum),
                epsilon: self.epsilon.unwrap_or(BatchNorm::DEFAULT.epsilon),
            }),
            "scale_shift" => Layer::ScaleShift,
            "dropout" => Layer::Dropout(Dropout {
                probability: self.required(number, "probability", self.probability)?,
            }),
            _ => return Err(self.unknown(number)),
        })
    }

    fn conv2d(&self, number: usize) -> Result<Conv2d, LayerError> {
        Ok(Conv2d {
            filters: self.required(number, "filters", self.filters)?,
            kernel: self.required(number, "kernel", self.kernel)?.pair(),
            stride: self.stride.map_or([1, 1], Extent::pair),
            padding: self.padding.map_or(Padding::NONE, Sides::padding),
            dilation: self.dilation.map_or([1, 1], Extent::pair),
            groups: self.groups.unwrap_or(1),
            bias: self.bias.unwrap_or(true),
        })
    }

    fn pool2d(&self, number: usize) -> Result<Pool2d, LayerError> {
        let window = self.required(number, "window", self.window)?.pair();
        Ok(Pool2d {
            window,
            stride: self.stride.map_or(window, Extent::pair),
            padding: self.padding.map_or(Padding::NONE, Sides::padding),
            ceil_mode: self.ceil_mode.unwrap_or(false),
            count_include_pad: self.count_include_pad.unwrap_or(true),
        })
    }

    fn required<T>(
        &self,
        number: usize,
        option: &'static str,
        value: Option<T>,
    ) -> Result<T, LayerError> {
        let kind = || self.kind.clone();
        value.ok_or_else(|| LayerError::Missing {
            number,
            kind: kind(),
            option,
        })
    }

    fn check_options(&self, number: usize) -> Result<(), LayerError> {
        let given = [
            ("filters", self.filters.is_some()),
            ("kernel", self.kernel.is_some()),
            ("window", self.window.is_some()),
            ("stride", self.stride.is_some()),
            ("padding", self.padding.is_some()),
            ("dilation", self.dilation.is_some()),
            ("groups", self.groups.is_some()),
            ("bias", self.bias.is_some()),
            ("ceil_mode", self.ceil_mode.is_some()),
            ("count_include_pad", self.count_include_pad.is_some()),
            ("momentum", self.momentum.is_some()),
            ("epsilon", self.epsilon.is_some()),
            ("probability", self.probability.is_some()),
            ("outputs", self.outputs.is_some()),
        ];
        let known = KINDS.iter().find(|(kind, _)| *kind == self.kind);
        let (_, own) = known.ok_or_else(|| self.unknown(number))?;
        let foreign = given
            .iter()
            .find(|(option, given)| *given && !own.contains(option));
        match foreign {
            Some((option, _)) => Err(LayerError::Foreign {
                number,
                kind: self.kind.clone(),
                option,
            }),
            None => Ok(()),
        }
    }

    fn unknown(&self, number: usize) -> LayerError {
        let kind = self.kind.clone();
        LayerError::UnknownType { number, kind }
    }
}

impl From<&Layer> for LayerTable {
    fn from(layer: &Layer) -> Self {
        let mut table = Self {
            kind: layer.name().into(),
            ..Self::default()
        };
        // Options that are as they are without being said are not said, but for those that files
        // of earlier versions held.
        match layer {
            Layer::Conv2d(conv) => {
                table.filters = Some(conv.filters);
                table.kernel = Some(conv.kernel.into());
                table.stride = Some(conv.stride.into());
                table.padding = Some(conv.padding.into());
                table.dilation = (conv.dilation != [1, 1]).then(|| conv.dilation.into());
                table.groups = Some(conv.groups);
                table.bias = (!conv.bias).then_some(false);
            }
            Layer::MaxPool2d(pool) | Layer::AvgPool2d(pool) => {
                table.window = Some(pool.window.into());
                table.stride = Some(pool.stride.into());
                table.padding = (pool.padding != Padding::NONE).then(|| pool.padding.into());
                table.ceil_mode = pool.ceil_mode.then_some(true);
                table.count_include_pad = (!pool.count_include_pad).then_some(false);
            }
            Layer::Linear(linear) => {
                table.outputs = Some(Outputs::Count(linear.outputs));
                table.bias = (!linear.bias).then_some(false);
            }
            Layer::BatchNorm(norm) => {
                table.momentum = Some(norm.momentum);
                table.epsilon = Some(norm.epsilon);
            }
            Layer::Dropout(dropout) => table.probability = Some(dropout.probability),
            // A type that is new to core shows up in the round-trip test of this module.
            _ => {}
        }
        table
    }
}

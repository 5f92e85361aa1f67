//! One layer as a TOML table.

use kiln_core::{Conv2d, Layer, Linear, Pool2d};
use serde::{Deserialize, Serialize};

/// A layer's type and options.
///
/// One flat table for all types rather than one for each: the parser then knows the line of every
/// key it does not know.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LayerTable {
    /// `conv2d`, `relu`, `max_pool2d`, `avg_pool2d`, `global_avg_pool2d` or `linear`.
    #[serde(rename = "type")]
    pub kind: String,
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
    /// Zeros around a convolution's input.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub padding: Option<Extent>,
    /// Groups of a convolution.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub groups: Option<u16>,
    /// Outputs of a linear layer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outputs: Option<u16>,
}

/// Rows and columns; one number stands for both.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "expected a whole number from 0 to 65535, or two as [rows, columns]"
)]
pub enum Extent {
    /// As many rows as columns.
    Square(u16),
    /// `[rows, columns]`.
    Pair([u16; 2]),
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
const KINDS: [(&str, &[&str]); 6] = [
    (
        "conv2d",
        &["filters", "kernel", "stride", "padding", "groups"],
    ),
    ("relu", &[]),
    ("max_pool2d", &["window", "stride"]),
    ("avg_pool2d", &["window", "stride"]),
    ("global_avg_pool2d", &[]),
    ("linear", &["outputs"]),
];

impl LayerTable {
    /// The layer this table describes, as number `number` of its network.
    pub(super) fn layer(&self, number: usize) -> Result<Layer, LayerError> {
        self.check_options(number)?;
        match self.kind.as_str() {
            "conv2d" => Ok(Layer::Conv2d(self.conv2d(number)?)),
            "relu" => Ok(Layer::Relu),
            "max_pool2d" => Ok(Layer::MaxPool2d(self.pool2d(number)?)),
            "avg_pool2d" => Ok(Layer::AvgPool2d(self.pool2d(number)?)),
            "global_avg_pool2d" => Ok(Layer::GlobalAvgPool2d),
            "linear" => Ok(Layer::Linear(Linear {
                outputs: self.required(number, "outputs", self.outputs)?,
            })),
            _ => Err(self.unknown(number)),
        }
    }

    fn conv2d(&self, number: usize) -> Result<Conv2d, LayerError> {
        Ok(Conv2d {
            filters: self.required(number, "filters", self.filters)?,
            kernel: self.required(number, "kernel", self.kernel)?.pair(),
            stride: self.stride.map_or([1, 1], Extent::pair),
            padding: self.padding.map_or([0, 0], Extent::pair),
            groups: self.groups.unwrap_or(1),
        })
    }

    fn pool2d(&self, number: usize) -> Result<Pool2d, LayerError> {
        let window = self.required(number, "window", self.window)?.pair();
        Ok(Pool2d {
            window,
            stride: self.stride.map_or(window, Extent::pair),
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
            ("groups", self.groups.is_some()),
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
        match layer {
            Layer::Conv2d(conv) => {
                table.filters = Some(conv.filters);
                table.kernel = Some(conv.kernel.into());
                table.stride = Some(conv.stride.into());
                table.padding = Some(conv.padding.into());
                table.groups = Some(conv.groups);
            }
            Layer::MaxPool2d(pool) | Layer::AvgPool2d(pool) => {
                table.window = Some(pool.window.into());
                table.stride = Some(pool.stride.into());
            }
            Layer::Linear(linear) => table.outputs = Some(linear.outputs),
            // A type that is new to core shows up in the round-trip test of this module.
            _ => {}
        }
        table
    }
}

impl Extent {
    fn pair(self) -> [u16; 2] {
        match self {
            Self::Square(both) => [both, both],
            Self::Pair(pair) => pair,
        }
    }
}

impl From<[u16; 2]> for Extent {
    fn from(pair: [u16; 2]) -> Self {
        match pair {
            [rows, columns] if rows == columns => Self::Square(rows),
            pair => Self::Pair(pair),
        }
    }
}

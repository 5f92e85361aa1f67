//! What may be known of a value of a graph of codes.

use crate::exchange::onnx::error::Fault;
use crate::exchange::onnx::held::Held;
use crate::exchange::{Affine, output_shape};
use kiln_core::{Layer, Quantization, Shape, Value};

/// Codes in the network.
#[derive(Clone, Copy, Debug)]
pub struct HeldCodes {
    /// Shape, zeros around, and whether they are a row.
    pub held: Held,
    /// Their place in the network.
    pub value: Value,
    /// What they stand for, and all that they may be in the file.
    pub quantization: Quantization,
}

/// Numbers between codes and codes: a layer whose output's scale is not known yet.
#[derive(Clone, Debug)]
pub struct OpenLayer {
    pub source: LayerSource,
    /// Shape of what it gives, and whether that is a row.
    pub held: Held,
    /// Layers behind it that pass its scale on.
    pub behind: Vec<Layer>,
}

/// What the numbers of an open layer are.
#[derive(Clone, Debug)]
pub enum LayerSource {
    /// Those that codes stand for.
    Codes(HeldCodes),
    /// Sums of products.
    Sums(Box<OpenSums>),
    /// Those of two codes.
    Pair([HeldCodes; 2]),
    /// The mean of so many.
    Mean {
        layer: Layer,
        input: HeldCodes,
        count: u64,
    },
}

/// Sums of products of codes and weights.
#[derive(Clone, Debug)]
pub struct OpenSums {
    pub layer: Layer,
    pub input: HeldCodes,
    /// In core's order.
    pub weights: Vec<i8>,
    /// What a weight's code is multiplied by, for each output.
    pub scales: Vec<f32>,
    /// As numbers, for each output.
    pub biases: Vec<f64>,
}

/// A value that depends on the image.
#[derive(Clone, Debug)]
pub enum Known {
    /// The graph's input of numbers, and what was done to it.
    Input {
        held: Held,
        affine: Affine,
    },
    /// The graph's input of codes; what they stand for who reads them says.
    InputCodes {
        held: Held,
    },
    Codes(HeldCodes),
    Open(OpenLayer),
}

impl Known {
    pub fn held(&self) -> &Held {
        match self {
            Self::Input { held, .. } | Self::InputCodes { held } => held,
            Self::Codes(codes) => &codes.held,
            Self::Open(open) => &open.held,
        }
    }

    pub fn held_mut(&mut self) -> &mut Held {
        match self {
            Self::Input { held, .. } | Self::InputCodes { held } => held,
            Self::Codes(codes) => &mut codes.held,
            Self::Open(open) => &mut open.held,
        }
    }
}

impl HeldCodes {
    /// Whether another value's codes stand for the same numbers.
    pub fn has_scale_of(&self, other: &Quantization) -> bool {
        self.quantization.scale == other.scale && self.quantization.zero == other.zero
    }

    /// The numbers that they stand for.
    pub fn opened(self) -> Known {
        Known::Open(OpenLayer {
            source: LayerSource::Codes(self),
            held: self.held,
            behind: Vec::new(),
        })
    }
}

/// All codes of a scale and a zero.
pub fn all_codes(own: Quantization) -> Quantization {
    Quantization {
        low: i8::MIN,
        high: i8::MAX,
        ..own
    }
}

/// The shape behind a layer.
pub fn behind(layer: Layer, input: Shape) -> Result<Shape, Fault> {
    output_shape(layer, [input; 2]).map_err(Fault::Layer)
}

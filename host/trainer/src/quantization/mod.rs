//! From a trained network of floating-point numbers to one of integers.
//!
//! The samples of a calibration show which numbers each value holds (`ranges`); a method chooses
//! from these what its codes stand for; weights get a scale for each output channel (`tables`). Of
//! several methods the one is taken whose output comes nearest to the network's own (`effect`).
//! `tuning` trains it on with the numbers that its codes stand for.
//! `conversion` makes one model file of another, and `footprint` says what it takes of a device.

mod conversion;
mod effect;
mod error;
mod evaluation;
mod footprint;
mod head;
mod histogram;
mod ranges;
mod rewrite;
mod tables;
mod tuning;

pub use conversion::{
    CALIBRATION_SAMPLES, Conversion, ConversionError, ScoredSamples, calibration,
};
pub use effect::{Fidelity, StepFidelity};
pub use error::QuantizeError;
pub use evaluation::{Int8Evaluation, QuantizationScore, TuningEffect};
pub use footprint::{FootprintError, Int8Footprint, PlannedFootprint, biases_of};
pub use head::{LearningHead, LearningHeadError};
pub use ranges::RangeMethod;
pub use tuning::{Tuning, TuningEpoch, TuningError};

use crate::data::Samples;
use kiln_core::{Int8Error, Int8Rule, Network, Quantization, QuantizedNetwork, Scaling};
use ranges::Calibration;
use tables::BuiltTables;

/// A network of integers with all its tables.
#[derive(Clone, Debug)]
pub struct QuantizedTables {
    /// The graph; scales and shifts have become depthwise convolutions.
    pub network: Network,
    /// How it rounds.
    pub rule: Int8Rule,
    /// What the codes of each value stand for.
    pub values: Vec<Quantization>,
    /// All weights.
    pub weights: Vec<i8>,
    /// All constants.
    pub constants: Vec<i32>,
}

impl QuantizedTables {
    /// The network as core computes it.
    ///
    /// # Errors
    ///
    /// Tables that do not fit one another.
    pub fn quantized(&self) -> Result<QuantizedNetwork<'_>, Int8Error> {
        let (weights, constants) = (&self.weights, &self.constants);
        QuantizedNetwork::new(&self.network, self.rule, &self.values, weights, constants)
    }
}

/// A trained network, folded.
#[derive(Clone, Copy, Debug)]
pub struct FloatModel<'a> {
    /// The graph, without batch normalisations.
    pub network: &'a Network,
    /// Its parameters.
    pub parameters: &'a [f32],
    /// How samples become its input.
    pub scaling: &'a Scaling,
}

/// A network of integers, and how it came to be.
#[derive(Clone, Debug)]
pub struct Quantized {
    /// What the codes of each value of the program of floating-point numbers stand for.
    codes: Vec<Quantization>,
    /// The parameters that the tables stand for.
    parameters: Vec<f32>,
    /// The network.
    pub tables: QuantizedTables,
    /// How the ranges of its values were chosen.
    pub method: RangeMethod,
    /// How near each step comes to the network it was made from, on the samples of the calibration.
    pub fidelity: Fidelity,
}

/// Quantises a network by what samples show: by each method in turn, of which the one is taken whose
/// output is nearest.
///
/// # Errors
///
/// No samples, parameters or values that are not finite, or a layer that has no integers.
pub fn quantize(model: &FloatModel<'_>, samples: &Samples) -> Result<Quantized, QuantizeError> {
    let network = rewrite::without_scales(model.network)?;
    let model = FloatModel {
        network: &network,
        ..*model
    };
    let calibration = Calibration::of(&model, samples)?;
    best_tables(&model, &calibration, samples)
}

/// The tables of the method whose output is nearest.
fn best_tables(
    model: &FloatModel<'_>,
    calibration: &Calibration,
    samples: &Samples,
) -> Result<Quantized, QuantizeError> {
    let mut best: Option<Quantized> = None;
    for method in RangeMethod::ALL {
        let codes = calibration.quantizations(method);
        let BuiltTables { tables, parameters } = tables::build(model, &codes, Some(calibration))?;
        let fidelity = Fidelity::of(model, &tables, samples)?;
        let is_better = |best: &Quantized| fidelity.output() > best.fidelity.output();
        if best.as_ref().is_none_or(is_better) {
            best = Some(Quantized {
                codes,
                parameters,
                tables,
                method,
                fidelity,
            });
        }
    }
    best.ok_or(QuantizeError::NoSamples)
}

impl Quantized {
    /// The same network with other parameters, which were trained for its ranges: nothing is taken
    /// from their biases.
    ///
    /// # Errors
    ///
    /// As [`quantize`].
    pub fn with_parameters(
        &self,
        parameters: &[f32],
        scaling: &Scaling,
        samples: &Samples,
    ) -> Result<Self, QuantizeError> {
        let model = FloatModel {
            network: &self.tables.network,
            parameters,
            scaling,
        };
        let BuiltTables { tables, parameters } = tables::build(&model, &self.codes, None)?;
        Ok(Self {
            parameters,
            fidelity: Fidelity::of(&model, &tables, samples)?,
            tables,
            ..self.clone()
        })
    }
}

#[cfg(test)]
mod tests;

//! The last layers of a model of integers, as they learn: in floating-point numbers, behind the others.

use super::ranges::Calibration;
use super::{FloatModel, QuantizeError, QuantizedTables, best_tables};
use crate::data::{ImageShape, Samples, Values};
use crate::engine::{EngineError, Int8Engine};
use crate::weights::ModelBytes;
use kiln_core::{
    CutError, Int8Error, Int8ModelFile, Int8ModelParts, Int8Rule, Layer, ModelError, ModelParts,
    ModelTask, NetworkCut, Scaling, ScalingError,
};

/// A model of integers that was cut in front of its last layers.
pub struct LearningHead<'a> {
    model: &'a Int8ModelFile<'a>,
    cut: NetworkCut,
}

/// Why last layers cannot learn, or cannot become integers again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LearningHeadError {
    /// The network cannot be cut there.
    #[error(transparent)]
    Cut(#[from] CutError),
    /// TensorFlow Lite's roundings are made for linear layers alone.
    #[error(
        "layer {node} ({layer}): of a model from TensorFlow Lite only linear layers become integers \
         again; train from a later layer, or leave out --out"
    )]
    Rule {
        /// Its number, counted from 1.
        node: usize,
        /// Its name.
        layer: &'static str,
    },
    /// The layers cannot be quantised.
    #[error(transparent)]
    Quantize(#[from] QuantizeError),
    /// The integers do not fit one another.
    #[error(transparent)]
    Integers(#[from] Int8Error),
    /// No model file can hold it.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The head's input has no scaling.
    #[error(transparent)]
    Scaling(#[from] ScalingError),
    /// The samples do not fit, or there are no threads.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl<'a> LearningHead<'a> {
    /// Cuts a model in front of the first layer from `layer` on, counted from 1, that has parameters.
    ///
    /// # Errors
    ///
    /// Where no cut goes.
    pub fn of(model: &'a Int8ModelFile<'a>, layer: usize) -> Result<Self, LearningHeadError> {
        let cut = NetworkCut::before(model.network(), layer)?;
        Ok(Self { model, cut })
    }

    /// Number of the first layer that learns, counted from 1 in the whole network.
    pub fn first_layer(&self) -> usize {
        self.cut.trunk.layers().len() + 1
    }

    /// The layers that learn as a model of their own, with the parameters that their integers stand for,
    /// untrained. It takes what the trunk gives as it is.
    ///
    /// # Errors
    ///
    /// Names that no model file can hold.
    pub fn model(&self) -> Result<ModelBytes, LearningHeadError> {
        let quantized = self.model.quantized();
        let head = self.cut.head_of(&quantized);
        let mut parameters = vec![0.0; self.cut.head.parameters()];
        head.dequantize(&mut parameters)
            .map_err(EngineError::from)?;
        let names: Vec<&str> = self.model.class_names().collect();
        Ok(ModelBytes::encode(&ModelParts {
            network: &self.cut.head,
            task: ModelTask::Classification,
            scaling: &self.scaling()?,
            class_names: &names,
            notes: self.model.notes(),
            parameters: &parameters,
        })?)
    }

    /// Samples as the layers that learn get them: the numbers that the trunk's codes stand for.
    ///
    /// # Errors
    ///
    /// Samples of another shape than the model takes.
    pub fn features(
        &self,
        samples: &Samples,
        threads: usize,
    ) -> Result<Samples, LearningHeadError> {
        let whole = self.model.quantized();
        let trunk = self.cut.trunk_of(&whole);
        let task = self.model.task();
        let mut engine = Int8Engine::of(trunk, self.model.scaling(), task, threads, None)?;
        let all: Vec<u32> = (0..samples.len() as u32).collect();
        Ok(Samples {
            values: Values::Floats(engine.outputs(samples, &all)?),
            labels: samples.labels.clone(),
            shape: ImageShape::from(self.cut.head.input_shape()),
            coded: false,
        })
    }

    /// Whether what was learned can become integers again.
    ///
    /// # Errors
    ///
    /// The first layer that cannot.
    pub fn check_integers(&self) -> Result<(), LearningHeadError> {
        if self.model.quantized().rule() == Int8Rule::Once {
            return Ok(());
        }
        let layers = self.cut.head.layers();
        let rounds_once =
            |layer: &Layer| matches!(layer, Layer::Linear(_) | Layer::Relu | Layer::Relu6);
        match layers.iter().position(|layer| !rounds_once(layer)) {
            None => Ok(()),
            Some(index) => Err(LearningHeadError::Rule {
                node: self.first_layer() + index,
                layer: layers[index].name(),
            }),
        }
    }

    /// The whole model with these parameters of the layers that learned, as integers again: their ranges
    /// are those of `features`, which [`LearningHead::features`] made.
    ///
    /// # Errors
    ///
    /// As [`LearningHead::check_integers`], and parameters that are not finite.
    pub fn quantized(
        &self,
        parameters: &[f32],
        features: &Samples,
        notes: &str,
    ) -> Result<ModelBytes, LearningHeadError> {
        self.check_integers()?;
        let whole = self.model.quantized();
        let trunk = self.cut.trunk_of(&whole);
        let between = trunk.values()[trunk.values().len() - 1];
        let head = FloatModel {
            network: &self.cut.head,
            parameters,
            scaling: &self.scaling()?,
        };
        let calibration = Calibration::of(&head, features)?.reading(between);
        let own = best_tables(&head, &calibration, features)?.tables;
        let tables = QuantizedTables {
            network: whole.network().clone(),
            rule: whole.rule(),
            values: [trunk.values(), &own.values[1..]].concat(),
            weights: [trunk.weights(), &own.weights].concat(),
            constants: [trunk.constants(), &own.constants].concat(),
        };
        let names: Vec<&str> = self.model.class_names().collect();
        Ok(ModelBytes::encode_int8(&Int8ModelParts {
            quantized: &tables.quantized()?,
            task: self.model.task(),
            scaling: self.model.scaling(),
            class_names: &names,
            notes,
        })?)
    }

    /// The numbers are taken as they are.
    fn scaling(&self) -> Result<Scaling, ScalingError> {
        Scaling::uniform(self.cut.head.input_shape().channels as usize, 1.0, 0.0)
    }
}

#[cfg(test)]
mod tests;

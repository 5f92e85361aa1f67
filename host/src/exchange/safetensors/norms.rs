//! Batch normalisations of a network that was trained elsewhere: their statistics, and their folding.

use super::{LayerTensors, Names, SafetensorsError, Tensors, copy, shaped};
use kiln_core::{Folding, Layer, Network};

/// A network with what it learned.
pub(super) struct TrainedTensors {
    pub network: Network,
    pub parameters: Vec<f32>,
    pub statistics: Vec<f32>,
}

/// The running means and variances of the network's batch normalisations, each beside the weight
/// that was found for it; tensors that belong to none are refused.
pub(super) fn statistics(
    network: &Network,
    layers: &[LayerTensors],
    found: &[Names],
    tensors: &Tensors<'_>,
) -> Result<Vec<f32>, SafetensorsError> {
    let mut statistics = vec![0.0; network.statistics()];
    let mut taken = Vec::new();
    for (layer, names) in layers.iter().zip(found) {
        let Some(range) = &layer.statistics else {
            continue;
        };
        let (means, variances) = statistics[range.clone()].split_at_mut(range.len() / 2);
        let stem = names.weight.strip_suffix("weight").unwrap_or_default();
        for (part, out) in [("running_mean", means), ("running_var", variances)] {
            let name = format!("{stem}{part}");
            let tensor = shaped(layer, &name, &layer.weight, tensors)?;
            copy(&name, tensor, out)?;
            taken.push(name);
        }
    }
    match tensors.keys().find(|name| !taken.contains(name)) {
        Some(tensor) => Err(SafetensorsError::BatchNorm {
            tensor: tensor.clone(),
        }),
        None => Ok(statistics),
    }
}

impl TrainedTensors {
    /// The network as it is evaluated, with its parameters.
    pub fn folded(
        self,
        remarks: &mut Vec<String>,
    ) -> Result<(Network, Vec<f32>), SafetensorsError> {
        let count = |network: &Network, is: fn(&Layer) -> bool| {
            network.layers().iter().filter(|layer| is(layer)).count()
        };
        let is_norm = |layer: &Layer| matches!(layer, Layer::BatchNorm(_));
        let is_dropout = |layer: &Layer| matches!(layer, Layer::Dropout(_));
        let is_scale = |layer: &Layer| matches!(layer, Layer::ScaleShift);
        let norms = count(&self.network, is_norm);
        if norms == 0 && count(&self.network, is_dropout) == 0 {
            return Ok((self.network, self.parameters));
        }
        let folding = Folding::of(&self.network);
        let network = folding.clone().network();
        let mut parameters = vec![0.0; network.parameters()];
        folding.fold(
            &self.network,
            &self.parameters,
            &self.statistics,
            &mut parameters,
        )?;
        if parameters.iter().any(|value| !value.is_finite()) {
            return Err(SafetensorsError::Folded);
        }
        let left = count(&network, is_scale) - count(&self.network, is_scale);
        if norms > 0 {
            remarks.push(format!(
                "folded {} of {norms} batch normalisations into the layers beside them; the others \
                 stay, as scale_shift",
                norms - left
            ));
        }
        Ok((network, parameters))
    }
}

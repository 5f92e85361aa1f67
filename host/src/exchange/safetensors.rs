//! safetensors files: a model's parameters by PyTorch's names, and back.
//!
//! A file has no order that means anything, and no network: `matching` finds out which tensor
//! belongs to which layer.

mod error;
mod matching;
mod norms;

pub use error::SafetensorsError;

use super::{FileEnds, Imported, KEY, LayerTensors, Metadata, extents, layer_tensors};
use kiln_core::{ModelFile, Network};
use matching::Names;
use norms::TrainedTensors;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use std::collections::BTreeMap;
use std::ops::Range;

/// The tensors of a file by name.
type Tensors<'a> = BTreeMap<String, TensorView<'a>>;

/// A model as a safetensors file, its tensors named as in the `state_dict` of its
/// [`module_code`](super::module_code).
///
/// # Errors
///
/// If the parts are too long for the format.
pub fn write(model: &ModelFile<'_>) -> Result<Vec<u8>, SafetensorsError> {
    let bytes: Vec<u8> = model
        .parameters()
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect();
    let part = |range: &Range<usize>| &bytes[4 * range.start..4 * range.end];
    let view = |shape, range| TensorView::new(Dtype::F32, shape, part(range));
    let mut tensors = Vec::new();
    for layer in &layer_tensors(model.network()) {
        let weight = view(layer.weight.clone(), &layer.weights)?;
        tensors.push((format!("{}.weight", layer.prefix), weight));
        if layer.outputs > 0 {
            let bias = view(vec![layer.outputs], &layer.biases)?;
            tensors.push((format!("{}.bias", layer.prefix), bias));
        }
    }
    let metadata = Metadata::of(model).to_text()?;
    // One entry only: the order of several would change from one run to the next.
    let header = [(KEY.to_owned(), metadata)].into_iter().collect();
    Ok(safetensors::serialize(tensors, Some(header))?)
}

/// The network and parameters of a safetensors file.
///
/// `network` may be left out where Kiln wrote the file. `names` gives what is before `.weight` and
/// `.bias` in the tensors' names, a text for each layer that has parameters; without them the
/// tensors are found by the names of a `Sequential`, or else by their shapes. Batch normalisations
/// are folded.
///
/// # Errors
///
/// What is wrong with the file, or which tensors do not fit which layer.
pub fn read(
    bytes: &[u8],
    network: Option<Network>,
    names: Option<&[String]>,
) -> Result<Imported, SafetensorsError> {
    let (_, header) = SafeTensors::read_metadata(bytes)?;
    let file = SafeTensors::deserialize(bytes)?;
    let text = header.metadata().as_ref().and_then(|all| all.get(KEY));
    let metadata = text.and_then(|text| Metadata::parse(text));
    let network = match (network, &metadata) {
        (Some(network), _) => network,
        (None, Some(metadata)) => metadata.network.network(None)?,
        (None, None) => return Err(SafetensorsError::NoNetwork),
    };
    let mut tensors: Tensors<'_> = file.tensors().into_iter().collect();
    if network.has_batch_norm() {
        // How many batches it saw says nothing of what it learned.
        tensors.retain(|name, _| !name.ends_with(".num_batches_tracked"));
    }
    let statistics: Tensors<'_> = match network.has_batch_norm() {
        true => tensors
            .extract_if(.., |name, _| is_statistic(name))
            .collect(),
        false => Tensors::new(),
    };
    check_kinds(tensors.iter().chain(&statistics), network.has_batch_norm())?;
    let layers = layer_tensors(&network);
    let found = matching::find(&layers, &tensors, names)?;
    // Before memory is taken for them: the network is whatever its text says.
    for (layer, names) in layers.iter().zip(&found) {
        parts(layer, names, &tensors)?;
    }
    let mut parameters = vec![0.0; network.parameters()];
    let mut remarks = Vec::new();
    for (layer, names) in layers.iter().zip(&found) {
        for (name, tensor, range) in parts(layer, names, &tensors)? {
            copy(name, tensor, &mut parameters[range.clone()])?;
        }
        if names.prefix != layer.prefix || names.bias.is_none() && layer.outputs > 0 {
            remarks.push(remark(layer, names));
        }
    }
    let trained = TrainedTensors {
        statistics: norms::statistics(&network, &layers, &found, &statistics)?,
        network,
        parameters,
    };
    let (network, parameters) = trained.folded(&mut remarks)?;
    Ok(Imported {
        ends: FileEnds::default(),
        network,
        parameters,
        input: None,
        metadata,
        remarks,
    })
}

fn remark(layer: &LayerTensors, names: &Names) -> String {
    let bias = match names.bias {
        Some(_) => "",
        None if layer.outputs == 0 => "",
        None => ", without a bias: zeros",
    };
    format!(
        "layer {} ({}) is {}{bias}",
        layer.number,
        layer.kind,
        names.weight.escape_debug()
    )
}

/// A tensor's name, the tensor, and its place among the parameters.
type Part<'p> = (&'p String, &'p TensorView<'p>, &'p Range<usize>);

/// The tensors of a layer, which have to have its extents.
fn parts<'p>(
    layer: &'p LayerTensors,
    names: &'p Names,
    tensors: &'p Tensors<'_>,
) -> Result<Vec<Part<'p>>, SafetensorsError> {
    if let Some(bias) = names.bias.as_ref().filter(|_| layer.outputs == 0) {
        return Err(SafetensorsError::Bias {
            tensor: bias.clone(),
            number: layer.number,
            kind: layer.kind,
        });
    }
    let bias = names.bias.iter();
    let bias = bias.map(|bias| (bias, vec![layer.outputs], &layer.biases));
    let weight = (&names.weight, layer.weight.clone(), &layer.weights);
    let parts = std::iter::once(weight).chain(bias);
    parts
        .map(|(name, shape, range)| {
            let tensor = shaped(layer, name, &shape, tensors)?;
            Ok((name, tensor, range))
        })
        .collect()
}

/// The tensor of this name, which has to have these extents.
fn shaped<'p, 'a>(
    layer: &LayerTensors,
    name: &str,
    shape: &[usize],
    tensors: &'p Tensors<'a>,
) -> Result<&'p TensorView<'a>, SafetensorsError> {
    let found = tensors.get(name);
    let tensor = found.filter(|tensor| tensor.shape() == shape);
    tensor.ok_or_else(|| SafetensorsError::Shape {
        tensor: name.into(),
        found: found.map_or("nothing".into(), |it| extents(it.shape())),
        number: layer.number,
        kind: layer.kind,
        expected: extents(shape),
    })
}

/// Copies a tensor's values, which have to be finite.
fn copy(name: &str, tensor: &TensorView<'_>, out: &mut [f32]) -> Result<(), SafetensorsError> {
    let (values, _) = tensor.data().as_chunks::<4>();
    for (out, bytes) in out.iter_mut().zip(values) {
        *out = f32::from_le_bytes(*bytes);
    }
    match out.iter().all(|value| value.is_finite()) {
        true => Ok(()),
        false => Err(SafetensorsError::NotFinite {
            tensor: name.into(),
        }),
    }
}

/// Whether a tensor is of what a batch normalisation counted.
fn is_statistic(name: &str) -> bool {
    name.ends_with(".running_mean") || name.ends_with(".running_var")
}

/// Whether all tensors hold what a layer can take.
fn check_kinds<'t, 'a: 't>(
    tensors: impl Iterator<Item = (&'t String, &'t TensorView<'a>)>,
    has_norms: bool,
) -> Result<(), SafetensorsError> {
    for (name, tensor) in tensors {
        let tensor_name = || name.clone();
        if !has_norms && (is_statistic(name) || name.ends_with(".num_batches_tracked")) {
            return Err(SafetensorsError::BatchNorm {
                tensor: tensor_name(),
            });
        }
        if tensor.dtype() != Dtype::F32 {
            return Err(SafetensorsError::Kind {
                tensor: tensor_name(),
                found: format!("{:?}", tensor.dtype()),
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;

//! The tensors of a file to compare with.

use crate::data::{ImageShape, Samples, Values};
use crate::exchange::FileEnds;
use crate::model::{AnyModel, ModelFacts};
use anyhow::{Context, Result, bail, ensure};
use safetensors::Dtype;
use safetensors::tensor::TensorView;

/// A tensor's numbers.
pub fn floats(tensor: &TensorView<'_>) -> Result<Vec<f64>> {
    let data = tensor.data();
    Ok(match tensor.dtype() {
        Dtype::F32 => numbers(data, |bytes| f32::from_le_bytes(bytes).into()),
        Dtype::F64 => numbers(data, f64::from_le_bytes),
        Dtype::I8 => numbers(data, |[byte]| f64::from(byte as i8)),
        Dtype::U8 => numbers(data, |[byte]| f64::from(byte)),
        other => bail!("it holds {other:?}; F32, or F64, are needed"),
    })
}

fn numbers<const SIZE: usize>(data: &[u8], of: impl Fn([u8; SIZE]) -> f64) -> Vec<f64> {
    let (values, _) = data.as_chunks();
    values.iter().map(|bytes| of(*bytes)).collect()
}

/// The samples of a tensor, channels x rows x columns.
pub fn samples(tensor: &TensorView<'_>, model: &AnyModel<'_>, ends: FileEnds) -> Result<Samples> {
    let shape = ImageShape::from(model.network().input_shape());
    let values = floats(tensor).context("tensor input")?;
    let (first, last) = (
        [shape.channels, shape.height, shape.width],
        [shape.height, shape.width, shape.channels],
    );
    let (&count, extents) = tensor.shape().split_first().unwrap_or((&0, &[]));
    let is_last = extents == last && (ends.is_channels_last || extents != first);
    let is_row = extents == [shape.size()] || shape.channels == 1 && extents == &last[..2];
    ensure!(
        count > 0 && (is_last || extents == first || is_row),
        "tensor input has the shape {:?}, but N x {shape} are needed, or channels last",
        tensor.shape()
    );
    let map = shape.height * shape.width;
    let place = |index: usize| {
        let (channel, place) = (index / map, index % map);
        place * shape.channels + channel
    };
    let ordered: Vec<f32> = values
        .chunks_exact(shape.size())
        .flat_map(|sample| {
            let at = move |index| sample[if is_last { place(index) } else { index }];
            (0..shape.size()).map(move |index| at(index) as f32)
        })
        .collect();
    ensure!(
        ordered.iter().all(|value| value.is_finite()),
        "tensor input has a value that is not a finite number"
    );
    let labels = vec![0; count];
    if tensor.dtype() == Dtype::U8 {
        let pixels = ordered.iter().map(|value| *value as u8).collect();
        return Ok(Samples::of_bytes(pixels, labels, shape));
    }
    Ok(Samples {
        values: Values::Floats(ordered),
        labels,
        shape,
        coded: tensor.dtype() == Dtype::I8 && matches!(model, AnyModel::Int8(_)),
    })
}

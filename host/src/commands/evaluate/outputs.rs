//! What was scored, for scripts: images, labels and logits in one file.

use crate::data::{Samples, Values};
use crate::whole_file;
use anyhow::Result;
use safetensors::Dtype;
use safetensors::tensor::TensorView;
use std::borrow::Cow;
use std::path::Path;

/// Writes samples and their logits, samples x classes, as a safetensors file.
///
/// # Errors
///
/// If the file cannot be written.
pub fn write(path: &Path, samples: &Samples, logits: &[f32]) -> Result<()> {
    let count = samples.len();
    let shape = samples.shape;
    let images = vec![count, shape.channels, shape.height, shape.width];
    let labels: Vec<u8> = samples
        .labels
        .iter()
        .flat_map(|&label| u32::from(label).to_le_bytes())
        .collect();
    let values: Vec<u8> = logits
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect();
    let (kind, pixels) = match &samples.values {
        Values::Bytes(pixels) => (Dtype::U8, Cow::from(pixels)),
        Values::Floats(floats) => {
            let bytes = floats.iter().flat_map(|value| value.to_le_bytes());
            (Dtype::F32, Cow::from(bytes.collect::<Vec<_>>()))
        }
    };
    let rows = vec![count, logits.len().checked_div(count).unwrap_or(0)];
    let tensors = [
        ("labels", TensorView::new(Dtype::U32, vec![count], &labels)?),
        ("logits", TensorView::new(Dtype::F32, rows, &values)?),
        ("pixels", TensorView::new(kind, images, &pixels)?),
    ];
    whole_file::write(path, &safetensors::serialize(tensors, None)?)?;
    Ok(())
}

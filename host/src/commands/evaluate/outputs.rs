//! What was scored, for scripts: images, labels, and logits or errors in one file.

use crate::data::{Samples, Values};
use crate::engine::Int8Scores;
use crate::whole_file;
use anyhow::Result;
use kiln_core::ModelTask;
use safetensors::Dtype;
use safetensors::tensor::TensorView;
use std::borrow::Cow;
use std::path::Path;

/// Writes samples and what they were given, as a safetensors file: `logits`, samples x classes, or of
/// an autoencoder `errors`, one each; of a network of integers also `codes`, those of its outputs.
///
/// # Errors
///
/// If the file cannot be written.
pub fn write(path: &Path, samples: &Samples, task: ModelTask, left: &Int8Scores) -> Result<()> {
    let scores = &left.scores;
    let count = samples.len();
    let shape = samples.shape;
    let images = vec![count, shape.channels, shape.height, shape.width];
    let labels: Vec<u8> = samples
        .labels
        .iter()
        .flat_map(|&label| u32::from(label).to_le_bytes())
        .collect();
    let values: Vec<u8> = scores
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
    let (name, rows) = match task {
        ModelTask::Classification => {
            let classes = scores.len().checked_div(count).unwrap_or(0);
            ("logits", vec![count, classes])
        }
        ModelTask::Reconstruction => ("errors", vec![count]),
    };
    let codes: Vec<u8> = left.codes.iter().map(|code| *code as u8).collect();
    let mut tensors = vec![
        ("labels", TensorView::new(Dtype::U32, vec![count], &labels)?),
        (name, TensorView::new(Dtype::F32, rows, &values)?),
        ("pixels", TensorView::new(kind, images, &pixels)?),
    ];
    if !codes.is_empty() {
        let rows = vec![count, codes.len() / count.max(1)];
        tensors.push(("codes", TensorView::new(Dtype::I8, rows, &codes)?));
    }
    whole_file::write(path, &safetensors::serialize(tensors, None)?)?;
    Ok(())
}

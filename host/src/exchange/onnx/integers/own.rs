//! Files that Kiln wrote: the very network they were written of.
//!
//! A graph's scales are nearly those of the network. A note beside it has the integers; where the graph
//! that these are written as is the file's graph, nobody has changed it, and they are taken.

use super::layers::channels_last;
use crate::exchange::integers::{INTEGERS_KEY, ImportedInt8, IntegersNote};
use crate::exchange::onnx::message::{Graph, Model};
use crate::exchange::onnx::write::graph_of_integers;
use crate::exchange::{Affine, Metadata};
use crate::quantization::QuantizedTables;
use kiln_core::{Layer, Network, Scaling};
use prost::Message;

/// The network of an untouched file of Kiln's own; nothing of any other.
pub fn read(model: &Model, metadata: Option<&Metadata>) -> Option<ImportedInt8> {
    let metadata = metadata?;
    let note = model
        .metadata
        .iter()
        .find(|entry| entry.key == INTEGERS_KEY)?;
    let note = IntegersNote::parse(&note.value)?;
    let network = note.network.clone();
    network.check().ok()?;
    let tables = QuantizedTables {
        weights: weights(&network, &model.graph)?,
        rule: note.rule,
        values: note.values(),
        constants: note.constants,
        network,
    };
    let (scale, shift) = metadata.scaling()?;
    let channels = tables.network.input_shape().channels as usize;
    let scaling = Scaling::for_channels(channels, &scale, &shift).ok()?;
    let (graph, _) = graph_of_integers(&tables.quantized().ok()?, &scaling).ok()?;
    let is_same = graph.encode_to_vec() == model.graph.encode_to_vec();
    is_same.then(|| ImportedInt8 {
        tables,
        left_out: None,
        takes_numbers: true,
        input: Some(Affine {
            scale: (0..channels)
                .map(|at| scale[at % scale.len()].into())
                .collect(),
            shift: (0..channels)
                .map(|at| shift[at % shift.len()].into())
                .collect(),
        }),
        metadata: Some(metadata.clone()),
        remarks: Vec::new(),
    })
}

/// The weights of all layers, in core's order.
fn weights(network: &Network, graph: &Graph) -> Option<Vec<i8>> {
    let mut all = Vec::new();
    for (index, layer) in network.layers().iter().enumerate() {
        if !matches!(layer, Layer::Conv2d(_) | Layer::Linear(_)) {
            continue;
        }
        let name = format!("{}.weight", index + 1);
        let tensor = graph.tensors.iter().find(|tensor| tensor.name == name)?;
        let raw = tensor.raw.as_ref()?;
        let codes: Vec<i8> = raw.iter().map(|byte| *byte as i8).collect();
        let &[filters, channels, ..] = tensor.dims.as_slice() else {
            return None;
        };
        let [filters, channels] = [
            usize::try_from(filters).ok()?,
            usize::try_from(channels).ok()?,
        ];
        all.extend(channels_last(&codes, filters, channels));
    }
    Some(all)
}

//! The layers of a network, as it is trained and as it is evaluated.

use super::SummaryReport;
use crate::network_file::{value_name, values_read};
use crate::output::{TABLE_STYLE, grouped};
use comfy_table::{CellAlignment, Table};
use kiln_core::{Layer, Network, Shape, Value};
use serde::Serialize;

/// A layer of the result.
#[derive(Debug, Serialize)]
pub(super) struct LayerReport {
    /// Counted from 1.
    pub number: usize,
    #[serde(rename = "type")]
    pub kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// Numbers of the layers whose values it reads; 0 is the network's input.
    inputs: Vec<usize>,
    /// These in words, where they are not the layer before it alone.
    #[serde(skip)]
    pub reads: String,
    /// Channels, height and width.
    pub output: [u32; 3],
    parameters: u64,
    pub macs: u64,
    flops: u64,
}

/// The network without batch normalisations and dropouts.
#[derive(Debug, Serialize)]
pub(super) struct FoldedReport {
    pub layers: Vec<LayerReport>,
    pub parameters: u64,
    pub macs: u64,
    flops: u64,
    pub parameter_bytes: usize,
}

impl FoldedReport {
    pub fn of(network: &Network) -> Self {
        let cost = network.cost();
        Self {
            layers: reports(network, &[]),
            parameters: cost.parameters,
            macs: cost.macs,
            flops: cost.flops(),
            parameter_bytes: size_of::<f32>() * network.parameters(),
        }
    }
}

/// Every layer of a network, whose names may be fewer.
pub(super) fn reports(network: &Network, names: &[Option<String>]) -> Vec<LayerReport> {
    let layers = network.layers().iter().zip(network.inputs()).enumerate();
    let report = |(index, (layer, inputs)): (usize, (&Layer, &[Value; 2]))| {
        let cost = network.layer_cost(index);
        let read = values_read(layer, inputs);
        let is_chained = matches!(read, [value] if value.number() == index);
        let reads = read.iter().map(|value| value_name(names, *value));
        LayerReport {
            number: index + 1,
            kind: layer.name(),
            name: names.get(index).cloned().flatten(),
            reads: match is_chained {
                true => String::new(),
                false => reads.collect::<Vec<_>>().join(", "),
            },
            inputs: read.iter().map(|input| input.number()).collect(),
            output: extents(network.output_shape(index)),
            parameters: cost.parameters,
            macs: cost.macs,
            flops: cost.flops(),
        }
    };
    layers.map(report).collect()
}

/// Channels, height and width.
pub(super) fn extents(shape: Shape) -> [u32; 3] {
    [shape.channels, shape.height, shape.width]
}

/// A row for each layer, and the sums; a column for names, and for what is read, only where a layer
/// has a name, or reads something else than the layer before it.
pub(super) fn table(report: &SummaryReport) -> Table {
    let layers = &report.layers;
    let has_reads = layers.iter().any(|layer| !layer.reads.is_empty());
    let has_names = layers.iter().any(|layer| layer.name.is_some());
    let texts = |name: &str, reads: &str| {
        let name = has_names.then(|| name.to_string());
        name.into_iter().chain(has_reads.then(|| reads.to_string()))
    };
    let row = |number: String, kind: &str, name: &str, reads: &str, figures: [String; 4]| {
        let head = [number, kind.into()].into_iter();
        head.chain(texts(name, reads))
            .chain(figures)
            .collect::<Vec<_>>()
    };
    let mut table = Table::new();
    table.load_style(TABLE_STYLE);
    let heads = ["output", "parameters", "MACs", "FLOPs"].map(String::from);
    table.set_header(row(String::new(), "layer", "name", "reads", heads));
    for layer in layers {
        let [channels, height, width] = layer.output;
        let figures = [
            format!("{channels}x{height}x{width}"),
            grouped(layer.parameters),
            grouped(layer.macs),
            grouped(layer.flops),
        ];
        let name = layer.name.as_deref().unwrap_or_default();
        table.add_row(row(
            layer.number.to_string(),
            layer.kind,
            name,
            &layer.reads,
            figures,
        ));
    }
    let folded = report.folded.as_ref();
    let folded = folded.map(|sum| ("folded", [sum.parameters, sum.macs, sum.flops]));
    let all = ("all", [report.parameters, report.macs, report.flops]);
    for (name, [parameters, macs, flops]) in [all].into_iter().chain(folded) {
        let sums = [parameters, macs, flops].map(grouped);
        let [parameters, macs, flops] = sums;
        let figures = [String::new(), parameters, macs, flops];
        table.add_row(row(String::new(), name, "", "", figures));
    }
    let first = 2 + usize::from(has_names) + usize::from(has_reads);
    for column in [0].into_iter().chain(first..first + 4) {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

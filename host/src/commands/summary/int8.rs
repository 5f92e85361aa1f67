//! What a network of integers holds and costs.

use super::fit::describe_needs;
use super::layers::{self, LayerReport};
use crate::boards::{self, BOARDS, Board, Need};
use crate::output::{Output, TABLE_STYLE, grouped};
use crate::quantization::{Int8Footprint, biases_of};
use anyhow::Result;
use comfy_table::{CellAlignment, Table};
use kiln_core::{Int8ModelFile, Int8Rule, TensorElement};
use serde::Serialize;
use std::io;

/// The result as JSON.
#[derive(Debug, Serialize)]
struct Int8SummaryReport {
    file: String,
    element: &'static str,
    /// Whose rounding it has.
    rounding: &'static str,
    /// Channels, height and width.
    input: [u32; 3],
    layers: Vec<Int8LayerReport>,
    parameters: u64,
    macs: u64,
    flops: u64,
    /// The board whose processor the flash is counted for.
    arranged_for: &'static str,
    /// What it takes of a device, in bytes.
    bytes: Int8Footprint,
    class_names: Vec<String>,
    notes: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    board: Option<Int8Fit>,
}

/// A layer of the result.
#[derive(Debug, Serialize)]
struct Int8LayerReport {
    #[serde(flatten)]
    layer: LayerReport,
    /// Bytes of weights, of biases, and of what brings sums to codes.
    weight_bytes: usize,
    bias_bytes: usize,
    requantization_bytes: usize,
}

/// What a network of integers needs of a board, beside what the board has, in bytes.
#[derive(Debug, Serialize)]
struct Int8Fit {
    name: &'static str,
    /// Flash for the network.
    flash: Need,
    /// RAM for inference, the input in it.
    inference: Need,
}

/// Tells of a model, and how it fits a board where one is named.
///
/// # Errors
///
/// A network that no device can run, or an output that cannot be written.
pub(super) fn run(
    output: Output,
    file: String,
    model: &Int8ModelFile<'_>,
    board: Option<Board>,
) -> Result<()> {
    let report = report(file, model, board)?;
    super::describe_head(output, report.input, &report.class_names, &report.notes)?;
    if model.quantized().rule() == Int8Rule::TensorFlowLite {
        output.item("rounding", "as TensorFlow Lite's reference kernels have it")?;
    }
    output.line(table(&report))?;
    describe_memory(output, &report)?;
    if let Some(Int8Fit {
        name,
        flash,
        inference,
    }) = report.board
    {
        describe_needs(output, name, [("network", flash), ("inference", inference)])?;
    }
    output.object(&report)?;
    Ok(())
}

fn report(
    file: String,
    model: &Int8ModelFile<'_>,
    board: Option<Board>,
) -> Result<Int8SummaryReport> {
    let quantized = model.quantized();
    let network = model.network();
    let cost = network.cost();
    let known = board.and_then(|board| boards::parse(board.name).ok());
    let processor = known.unwrap_or(BOARDS[0]);
    let target = boards::int8_target(&processor);
    let bytes = Int8Footprint::of(&quantized, model.scaling(), target)?;
    let layers = layers::reports(network, &[]).into_iter();
    let layers = layers.zip(network.layers()).zip(quantized.nodes());
    Ok(Int8SummaryReport {
        file,
        element: "int8",
        rounding: match quantized.rule() {
            Int8Rule::Once => "once",
            Int8Rule::TensorFlowLite => "tensorflow_lite",
        },
        input: layers::extents(network.input_shape()),
        layers: layers
            .map(|((report, layer), (weights, constants))| {
                let biases = biases_of(layer);
                Int8LayerReport {
                    layer: report,
                    weight_bytes: weights.len(),
                    bias_bytes: TensorElement::I32.bytes() * biases,
                    requantization_bytes: TensorElement::I32.bytes() * (constants.len() - biases),
                }
            })
            .collect(),
        parameters: cost.parameters,
        macs: cost.macs,
        flops: cost.flops(),
        arranged_for: processor.name,
        bytes,
        class_names: model.class_names().map(String::from).collect(),
        notes: model.notes().into(),
        board: board.map(|board| Int8Fit {
            name: board.name,
            flash: Need::of_int8_flash(&board, bytes.flash),
            inference: Need::of_ram(&board, bytes.arena),
        }),
    })
}

/// A row for each layer, and the sums.
fn table(report: &Int8SummaryReport) -> Table {
    let has_reads = report.layers.iter().any(|own| !own.layer.reads.is_empty());
    let row = |head: [&str; 3], figures: [String; 5]| {
        let [number, kind, reads] = head.map(String::from);
        let reads = has_reads.then_some(reads);
        let head = [number, kind].into_iter().chain(reads);
        head.chain(figures).collect::<Vec<_>>()
    };
    let mut table = Table::new();
    table.load_style(TABLE_STYLE);
    let heads = ["output", "weights", "biases", "requantisation", "MACs"];
    table.set_header(row(["", "layer", "reads"], heads.map(String::from)));
    let bytes = |number: usize| grouped(number as u64);
    for own in &report.layers {
        let [channels, height, width] = own.layer.output;
        let figures = [
            format!("{channels}x{height}x{width}"),
            bytes(own.weight_bytes),
            bytes(own.bias_bytes),
            bytes(own.requantization_bytes),
            grouped(own.layer.macs),
        ];
        let number = own.layer.number.to_string();
        table.add_row(row([&number, own.layer.kind, &own.layer.reads], figures));
    }
    let Int8Footprint {
        weights,
        biases,
        requantization,
        ..
    } = report.bytes;
    let [weights, biases, requantization] = [weights, biases, requantization].map(bytes);
    let sums = [
        String::new(),
        weights,
        biases,
        requantization,
        grouped(report.macs),
    ];
    table.add_row(row(["", "all", ""], sums));
    for (index, column) in table.column_iter_mut().enumerate() {
        if index == 0 || index >= 2 + usize::from(has_reads) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// Says what the network needs where one sample is computed at a time.
fn describe_memory(output: Output, report: &Int8SummaryReport) -> io::Result<()> {
    let Int8Footprint {
        values,
        input,
        flash,
        arena,
        ..
    } = report.bytes;
    let [codes, flash, arena] = [values + input, flash, arena].map(|bytes| grouped(bytes as u64));
    output.item(
        "flash",
        format_args!(
            "{flash} bytes as the processor of {} reads them, {codes} of them for what codes \
             stand for",
            report.arranged_for
        ),
    )?;
    output.item(
        "inference",
        format_args!("{arena} bytes of working memory, the input in it"),
    )
}

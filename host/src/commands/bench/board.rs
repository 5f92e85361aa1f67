//! Networks on a board, in tables.

use super::numbers;
use crate::bench::board::{
    BoardInference, BoardLayer, BoardNetwork, BoardTraining, profile, profile_int8,
};
use crate::bench::{BenchModel, BenchNetwork};
use crate::boards::Board;
use crate::firmware::FirmwareSources;
use crate::output::{Output, TABLE_STYLE, grouped};
use anyhow::{Context, Result};
use comfy_table::{CellAlignment, Table};
use serde::Serialize;

/// The result as JSON.
#[derive(Debug, Serialize)]
struct BoardReport {
    board: &'static str,
    processor: &'static str,
    networks: Vec<BoardNetwork>,
}

/// Measures one network after another, and tells; with each one's layers where these are asked for.
///
/// # Errors
///
/// No firmware folder, compiler or emulator, a network that no device can run, or an output that
/// cannot be written.
pub fn run(
    output: Output,
    (board, sources): (Board, &FirmwareSources),
    (networks, models): (&[BenchNetwork], &[BenchModel]),
    layers: bool,
) -> Result<()> {
    output.item(
        "board",
        format_args!("{} ({})", board.name, board.processor),
    )?;
    let mut reports = Vec::new();
    for network in networks {
        let result =
            profile((board, sources), network).with_context(|| network.name().to_string())?;
        let report = BoardNetwork::of(network, &result);
        if layers {
            describe_layers(output, &report)?;
        }
        reports.push(report);
    }
    for model in models {
        let report =
            profile_int8((board, sources), model).with_context(|| model.name().to_string())?;
        if layers {
            describe_layers(output, &report)?;
        }
        reports.push(report);
    }
    output.line(table(&reports))?;
    output.object(&BoardReport {
        board: board.name,
        processor: board.processor,
        networks: reports,
    })?;
    Ok(())
}

fn describe_layers(output: Output, report: &BoardNetwork) -> Result<()> {
    let BoardNetwork {
        network,
        inference,
        training,
        ..
    } = report;
    let tables = [
        inference.as_ref().map(inference_table),
        training.as_ref().map(training_table),
    ];
    for table in tables.into_iter().flatten() {
        output.item("network", network)?;
        output.line(table)?;
        output.line("")?;
    }
    Ok(())
}

fn table(reports: &[BoardNetwork]) -> Table {
    let mut table = empty(
        &[
            "network",
            "inference",
            "per MAC",
            "bytes",
            "training step",
            "per MAC",
            "bytes",
            "",
        ],
        &[0, 7],
    );
    for report in reports {
        let inference = report.inference.as_ref();
        let training = report.training.as_ref();
        let mut row = vec![report.network.clone()];
        row.extend(cells(
            inference.map(|own| (own.instructions, own.per_mac, own.ram)),
        ));
        row.extend(cells(
            training.map(|own| (own.instructions, own.per_mac, own.ram)),
        ));
        row.push(report.note.clone().unwrap_or_default());
        table.add_row(row);
    }
    table
}

fn cells(pass: Option<(u64, Option<f64>, usize)>) -> [String; 3] {
    match pass {
        None => Default::default(),
        Some((instructions, per_mac, bytes)) => [
            grouped(instructions),
            per_mac_text(per_mac),
            grouped(bytes as u64),
        ],
    }
}

fn per_mac_text(per_mac: Option<f64>) -> String {
    per_mac.map_or_else(String::new, |ratio| format!("{ratio:.2}"))
}

fn inference_table(pass: &BoardInference) -> Table {
    let heads = ["", "inference", "MACs", "instructions", "per MAC"];
    let mut table = empty(&heads, &[1]);
    for layer in &pass.layers {
        let mut row = head(layer);
        row.extend(figures(layer));
        table.add_row(row);
    }
    let packing = match pass.int8 {
        true => "pixels to codes, before",
        false => "packing",
    };
    for (name, instructions) in [(packing, pass.packing), ("all", pass.instructions)] {
        table.add_row(["", name, "", &grouped(instructions)]);
    }
    table
}

fn training_table(pass: &BoardTraining) -> Table {
    let heads = [
        "",
        "training step",
        "MACs",
        "forward",
        "per MAC",
        "backward",
        "per MAC",
    ];
    let mut table = empty(&heads, &[1]);
    for layer in &pass.layers {
        let mut row = head(&layer.forward);
        row.extend(figures(&layer.forward));
        row.extend(figures(&layer.backward));
        table.add_row(row);
    }
    let rest = [
        ("packing", pass.packing),
        ("loss", pass.loss),
        ("all", pass.instructions),
    ];
    for (name, instructions) in rest {
        table.add_row(["", name, "", &grouped(instructions)]);
    }
    table
}

fn head(layer: &BoardLayer) -> Vec<String> {
    vec![
        numbers(&layer.layers),
        layer.name.clone(),
        grouped(layer.macs),
    ]
}

fn figures(layer: &BoardLayer) -> [String; 2] {
    [grouped(layer.instructions), per_mac_text(layer.per_mac)]
}

/// A table with these columns, all but some of them aligned to the right.
fn empty(heads: &[&str], left: &[usize]) -> Table {
    let mut table = Table::new();
    table.load_style(TABLE_STYLE);
    table.set_header(heads);
    for (index, column) in table.column_iter_mut().enumerate() {
        if !left.contains(&index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

//! The layers of networks in tables.

use super::{numbers, percent};
use crate::bench::BenchNetwork;
use crate::bench::layers::{LayerSpeed, LayersReport, PassReport, StepReport, measure};
use crate::output::{Output, TABLE_STYLE, counted, grouped};
use anyhow::{Context, Result};
use comfy_table::{CellAlignment, Table};
use kiln_core::{Arithmetic, LaneWidth};
use serde::Serialize;
use std::time::Duration;

/// The result as JSON.
#[derive(Debug, Serialize)]
struct LayerReports {
    networks: Vec<LayersReport>,
}

/// Measures one network after another at each width, and tells.
///
/// # Errors
///
/// A batch that a network cannot be trained on, or an output that cannot be written.
pub fn run(
    output: Output,
    networks: &[BenchNetwork],
    (lanes, arithmetic): (&[LaneWidth], Arithmetic),
    batch: usize,
    time: Duration,
) -> Result<()> {
    let share = time / (networks.len() * lanes.len()).max(1) as u32;
    let mut reports = Vec::new();
    for network in networks {
        for lanes in lanes {
            let report = measure(network, (*lanes, arithmetic), batch, share)
                .with_context(|| network.name().to_string())?;
            describe(output, &report)?;
            reports.push(report);
        }
    }
    output.object(&LayerReports { networks: reports })?;
    Ok(())
}

fn describe(output: Output, report: &LayersReport) -> Result<()> {
    let lanes = counted(report.lanes, "lane", "lanes");
    output.item(
        "network",
        format_args!("{}, {lanes}, batch {}", report.network, report.batch),
    )?;
    output.item(
        "limit",
        format_args!(
            "{:.1} GMAC/s, {:.1} of the width, 1 thread",
            report.limit, report.width_limit
        ),
    )?;
    output.line(training_table(&report.training))?;
    output.line("")?;
    output.line(inference_table(&report.inference))?;
    output.line("")?;
    Ok(())
}

/// Columns of a piece of work: what it takes, and of what share of the limit.
fn cells(speed: &LayerSpeed) -> [String; 2] {
    [
        micro(speed.microseconds),
        speed.fraction.map(percent).unwrap_or_default(),
    ]
}

fn micro(microseconds: f64) -> String {
    format!("{microseconds:.3}")
}

fn training_table(pass: &PassReport) -> Table {
    let mut table = empty(&[
        "",
        "training",
        "MACs",
        "forward us",
        "of limit",
        "input gradient us",
        "of limit",
        "parameters us",
        "of limit",
        "update us",
        "all us",
        "share",
    ]);
    for step in &pass.steps {
        let mut row = head(step);
        row.extend(cells(&step.forward));
        row.extend(cells(&step.input_gradient));
        row.extend(cells(&step.parameter_gradient));
        row.push(micro(step.update.microseconds));
        row.extend([micro(step.microseconds()), percent(step.share)]);
        table.add_row(row);
    }
    rest(&mut table, pass, 10);
    table
}

fn inference_table(pass: &PassReport) -> Table {
    let mut table = empty(&["", "inference", "MACs", "us", "of limit", "share"]);
    for step in &pass.steps {
        let mut row = head(step);
        row.extend(cells(&step.forward));
        row.push(percent(step.share));
        table.add_row(row);
    }
    rest(&mut table, pass, 3);
    table
}

fn empty(heads: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(TABLE_STYLE);
    table.set_header(heads);
    for (index, column) in table.column_iter_mut().enumerate() {
        if index != 1 {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

fn head(step: &StepReport) -> Vec<String> {
    vec![numbers(&step.layers), step.name.clone(), grouped(step.macs)]
}

/// What is no layer's, and the sums; the microseconds in column `column`, the shares in the last.
fn rest(table: &mut Table, pass: &PassReport, column: usize) {
    let columns = table.column_count();
    let rows = [
        ("packing", pass.packing, Some(pass.packing / pass.sum)),
        ("loss", pass.loss, Some(pass.loss / pass.sum)),
        ("all", pass.sum, None),
        ("not looked into", pass.whole, None),
    ];
    for (name, microseconds, share) in rows {
        let mut row = vec![String::new(); columns];
        row[1] = name.into();
        row[column] = micro(microseconds);
        row[columns - 1] = share.map(percent).unwrap_or_default();
        table.add_row(row);
    }
}

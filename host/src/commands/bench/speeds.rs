//! Whole networks in a table.

use super::percent;
use crate::bench::{BenchModel, BenchNetwork, BenchPlan, Measurement, Speed, SpeedReport, measure};
use crate::output::{Output, TABLE_STYLE, counted};
use anyhow::Result;
use comfy_table::{CellAlignment, Table};

/// Measures and tells.
///
/// # Errors
///
/// Threads that cannot be started, a batch that a network cannot be trained on, or an output that
/// cannot be written.
pub fn run(
    output: Output,
    (networks, models): (&[BenchNetwork], &[BenchModel]),
    plan: &BenchPlan,
) -> Result<()> {
    let report = measure(networks, models, plan)?;
    for limit in &report.limits {
        let threads = counted(limit.threads, "thread", "threads");
        output.item(
            "limit",
            format_args!(
                "{:.1} GMAC/s of {} multiplies and adds, {threads}",
                limit.gmacs, report.arithmetic
            ),
        )?;
    }
    output.line(table(&report))?;
    output.object(&report)?;
    Ok(())
}

fn table(report: &SpeedReport) -> Table {
    let mut table = Table::new();
    table.load_style(TABLE_STYLE);
    let passes = ["train us", "infer us", "single us"];
    let heads = passes.map(|pass| [pass, "of limit", "of width"]);
    let heads = ["network", "", "threads", "lanes"]
        .into_iter()
        .chain(heads.into_iter().flatten());
    table.set_header(heads);
    for result in &report.results {
        table.add_row(row(result));
    }
    for column in table.column_iter_mut().skip(2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn row(result: &Measurement) -> Vec<String> {
    let mut row = vec![
        result.network.clone(),
        result.element.into(),
        result.threads.to_string(),
        result.lanes.to_string(),
    ];
    let speeds = [Some(result.inference), Some(result.inference_single)];
    for speed in [result.training].into_iter().chain(speeds) {
        let microseconds = speed.map(|own| format!("{:.2}", own.microseconds));
        row.push(microseconds.unwrap_or_default());
        let shares = speed.map_or([None; 2], |own: Speed| {
            [own.fraction, own.fraction_of_width]
        });
        row.extend(shares.map(|share| share.map(percent).unwrap_or_default()));
    }
    row
}

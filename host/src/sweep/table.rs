//! The results as a table for people, and as CSV.

use super::result::{Row, RunCost};
use crate::output::{TABLE_STYLE, grouped, printable_cell};
use crate::run::folder::REPORT;
use comfy_table::{CellAlignment, Table};
use maud::{Markup, html};
use std::ops::Range;

/// The name of the file of [`csv()`].
pub const CSV: &str = "sweep.csv";

const COLUMNS: [&str; 12] = [
    "outcome",
    "note",
    "validation_accuracy",
    "validation_loss",
    "test_accuracy",
    "test_loss",
    "parameters",
    "bytes",
    "macs",
    "ram_bytes",
    "fits",
    "missing",
];

/// The table; `board` is the name of the board that networks should fit.
pub fn table(varying: &[String], board: Option<&str>, rows: &[Row]) -> Table {
    let head = head(varying, board, rows);
    let numbers = numbers(varying, board, &head);
    let mut table = Table::new();
    table.load_style(TABLE_STYLE);
    table.set_header(head);
    for row in rows {
        table.add_row(cells(row, is_tested(rows), board.is_some()));
    }
    for column in numbers {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// The same as a table of a page, with links to the reports of runs.
pub(super) fn markup(varying: &[String], board: Option<&str>, rows: &[Row]) -> Markup {
    let head = head(varying, board, rows);
    let numbers = numbers(varying, board, &head);
    let class = |column: usize| match numbers.contains(&column) {
        true => "number",
        false => "",
    };
    html! {
        div class="scroll" { table {
            thead { tr { @for (column, name) in head.iter().enumerate() {
                th class=(class(column)) { (name) }
            } } }
            tbody { @for row in rows { tr {
                @let cells = cells(row, is_tested(rows), board.is_some());
                td {
                    @if row.outcome == "trained" {
                        a href=(format!("./{}/{REPORT}", row.run)) { (cells[0]) }
                    } @else { (cells[0]) }
                }
                @for (column, cell) in cells.iter().enumerate().skip(1) {
                    td class=(class(column)) { (cell) }
                }
            } } }
        } }
    }
}

/// The results with every digit, a line for each run.
///
/// # Errors
///
/// None that writing to memory has.
pub fn csv(varying: &[String], rows: &[Row]) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let fronts = ["pareto_bytes", "pareto_macs"];
    let names = varying.iter().map(String::as_str);
    writer.write_record(
        ["run"]
            .into_iter()
            .chain(names)
            .chain(COLUMNS)
            .chain(fronts)
            .map(|name| printable_cell(name).into_owned()),
    )?;
    for row in rows {
        let fields = record(row);
        let fields = fields
            .iter()
            .map(|field| printable_cell(field).into_owned());
        writer.write_record(fields)?;
    }
    writer
        .into_inner()
        .map_err(|error| error.into_error().into())
}

fn head<'a>(varying: &'a [String], board: Option<&'a str>, rows: &[Row]) -> Vec<&'a str> {
    let mut head = vec!["run"];
    head.extend(varying.iter().map(String::as_str));
    head.push("validation");
    head.extend(is_tested(rows).then_some("test"));
    head.extend(["parameters", "bytes", "MACs", "RAM", "front"]);
    head.extend(board);
    head
}

/// The columns of numbers: those between what varies and the words at the end.
fn numbers(varying: &[String], board: Option<&str>, head: &[&str]) -> Range<usize> {
    1 + varying.len()..head.len() - 1 - usize::from(board.is_some())
}

fn is_tested(rows: &[Row]) -> bool {
    rows.iter().any(|row| row.test_accuracy.is_some())
}

fn record(row: &Row) -> Vec<String> {
    let exact = |number: Option<f64>| number.map_or_else(String::new, |number| number.to_string());
    let cost = |of: fn(&RunCost) -> String| row.cost.as_ref().map_or_else(String::new, of);
    let mut fields = vec![row.run.clone()];
    fields.extend(row.values.iter().map(|(_, value)| value.to_string()));
    fields.extend([
        row.outcome.into(),
        row.note.clone(),
        exact(row.validation_accuracy),
        exact(row.validation_loss),
        exact(row.test_accuracy),
        exact(row.test_loss),
        cost(|cost| cost.parameters.to_string()),
        cost(|cost| cost.bytes.to_string()),
        cost(|cost| cost.macs.to_string()),
        cost(|cost| cost.ram_bytes.to_string()),
        cost(|cost| cost.fits.map_or_else(String::new, |fits| fits.to_string())),
        cost(|cost| cost.missing.clone()),
        row.pareto_bytes.to_string(),
        row.pareto_macs.to_string(),
    ]);
    fields
}

fn cells(row: &Row, tested: bool, board: bool) -> Vec<String> {
    let percent = |accuracy: Option<f64>| match accuracy {
        Some(accuracy) => format!("{:.2}%", 100.0 * accuracy),
        None => "-".into(),
    };
    let number = |of: fn(&RunCost) -> u64| {
        let number = row.cost.as_ref().map(of);
        number.map_or_else(|| "-".into(), grouped)
    };
    let mut cells = vec![row.number().to_owned()];
    cells.extend(row.values.iter().map(|(_, value)| value.to_string()));
    // What was not trained says why where the accuracy would be.
    cells.push(match row.outcome {
        "trained" => percent(row.validation_accuracy),
        _ => row.note.clone(),
    });
    cells.extend(tested.then(|| percent(row.test_accuracy)));
    cells.extend([
        number(|cost| cost.parameters),
        number(|cost| cost.bytes as u64),
        number(|cost| cost.macs),
        number(|cost| cost.ram_bytes as u64),
        fronts(row).into(),
    ]);
    if board {
        cells.push(match &row.cost {
            Some(RunCost {
                fits: Some(true), ..
            }) => "fits".into(),
            Some(cost) => cost.missing.clone(),
            None => "-".into(),
        });
    }
    cells
}

/// By what measures no other run beats it.
fn fronts(row: &Row) -> &'static str {
    match (row.pareto_bytes, row.pareto_macs) {
        (true, true) => "bytes, MACs",
        (true, false) => "bytes",
        (false, true) => "MACs",
        (false, false) => "",
    }
}

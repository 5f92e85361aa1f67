//! What images show, for people to read.

use super::{Candidate, Prediction, TOP};
use crate::output::{TABLE_STYLE, printable};
use comfy_table::{CellAlignment, Table};

/// Heads of the columns.
const RANKS: [&str; TOP] = ["1st", "2nd", "3rd", "4th", "5th"];

/// A line for each image, and of each class its name and its probability.
pub(super) fn of(predictions: &[Prediction]) -> Table {
    if predictions
        .iter()
        .any(|prediction| prediction.error.is_some())
    {
        return errors(predictions);
    }
    let mut table = Table::new();
    table.load_style(TABLE_STYLE);
    let shown = predictions.first().map_or(0, |first| first.top.len());
    let heads = RANKS.iter().take(shown).flat_map(|rank| [*rank, ""]);
    table.set_header(["image"].into_iter().chain(heads));
    for prediction in predictions {
        let first = prediction.top.first();
        let mark = |candidate: &Candidate| {
            let is_first = first.is_some_and(|first| first.label == candidate.label);
            match is_first && prediction.unsure == Some(true) {
                true => " ?",
                false => "",
            }
        };
        let cells = prediction.top.iter().flat_map(|candidate| {
            let percent = format!("{:.2}%{}", 100.0 * candidate.probability, mark(candidate));
            [printable(&candidate.class).into_owned(), percent]
        });
        table.add_row(
            [printable(&prediction.image).into_owned()]
                .into_iter()
                .chain(cells),
        );
    }
    for rank in 0..shown {
        if let Some(column) = table.column_mut(2 * rank + 2) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// A line for each sample with its error.
fn errors(predictions: &[Prediction]) -> Table {
    let mut table = Table::new();
    table.load_style(TABLE_STYLE);
    table.set_header(["sample", "error"]);
    for prediction in predictions {
        let error = prediction.error.map(|error| format!("{error:.6}"));
        table.add_row([
            printable(&prediction.image).into_owned(),
            error.unwrap_or_default(),
        ]);
    }
    if let Some(column) = table.column_mut(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

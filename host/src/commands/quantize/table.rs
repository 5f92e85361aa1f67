//! How far each layer's outputs are from what they were.

use crate::output::TABLE_STYLE;
use crate::quantization::StepFidelity;
use comfy_table::{CellAlignment, Table};
use kiln_core::{Layer, Network};

/// A row for each step.
pub(super) fn of(steps: &[StepFidelity], network: &Network) -> Table {
    let mut table = Table::new();
    table.load_style(TABLE_STYLE);
    table.set_header(["layers", "", "signal to noise"]);
    for step in steps {
        let numbers = match step.first == step.last {
            true => step.first.to_string(),
            false => format!("{}-{}", step.first, step.last),
        };
        let layers = &network.layers()[step.first - 1..step.last];
        let names: Vec<&str> = layers.iter().map(Layer::name).collect();
        let decibels = format!("{:.1} dB", step.decibels);
        table.add_row([numbers, names.join(" + "), decibels]);
    }
    for column in [0, 2] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

//! What each way of training on a device takes.

use crate::boards;
use crate::output::{TABLE_STYLE, grouped};
use comfy_table::{CellAlignment, Table};
use kiln_core::{Network, Program, Purpose, TrainingMemory};
use serde::Serialize;

/// What a way of training on a device takes, in bytes, as the plan has it.
#[derive(Debug, Serialize)]
pub(super) struct ModeReport {
    pub name: &'static str,
    /// What `KILN_TRAIN` has to say to the firmware's build.
    kiln_train: String,
    /// RAM for the parameters that are trained.
    parameters: usize,
    gradient: usize,
    velocity: usize,
    arena: usize,
    winners: usize,
    /// RAM in all.
    pub total: usize,
    /// Flash for two sets of trained parameters, one of which is whole at any time.
    pub storage: usize,
}

/// Every way for a network; none where it has no parameters.
pub(super) fn modes(network: &Network) -> Vec<ModeReport> {
    let has_parameters = |layer: &usize| network.layer_cost(*layer).parameters > 0;
    let last = (0..network.layers().len()).rfind(has_parameters);
    let all = TrainingMemory::default();
    let batch = TrainingMemory { batch: true, ..all };
    let modes = [
        ("whole network, in place", all),
        ("whole network, in batches", batch),
        (
            "whole network, with momentum",
            TrainingMemory {
                momentum: true,
                ..batch
            },
        ),
        (
            "last layer, in place",
            TrainingMemory {
                from: last.map_or(1, |layer| layer + 1),
                ..all
            },
        ),
        (
            "biases only, in place",
            TrainingMemory {
                biases_only: true,
                ..all
            },
        ),
    ];
    let mode = |(name, memory): (_, TrainingMemory)| {
        let program = Program::try_of(network, Purpose::Compact(memory.mode())).ok()?;
        Some(ModeReport::of(name, memory, &program))
    };
    modes.into_iter().filter_map(mode).collect()
}

/// The ways in a table, with a board's verdicts where there is one.
pub(super) fn table(modes: &[ModeReport], board: Option<(&str, Vec<String>)>) -> Table {
    let mut table = Table::new();
    table.load_style(TABLE_STYLE);
    let mut header = vec![
        "training on a device",
        "parameters",
        "gradient",
        "velocity",
        "arena",
        "winners",
        "RAM in all",
        "storage",
    ];
    header.extend(board.iter().map(|(name, _)| *name));
    table.set_header(header);
    for (index, mode) in modes.iter().enumerate() {
        let bytes = [
            mode.parameters,
            mode.gradient,
            mode.velocity,
            mode.arena,
            mode.winners,
            mode.total,
            mode.storage,
        ];
        let mut row = vec![mode.name.to_string()];
        row.extend(bytes.map(|bytes| grouped(bytes as u64)));
        row.extend(board.iter().map(|(_, verdicts)| verdicts[index].clone()));
        table.add_row(row);
    }
    for column in table.column_iter_mut().skip(1).take(7) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

impl ModeReport {
    fn of(name: &'static str, memory: TrainingMemory, program: &Program) -> Self {
        let bytes = |values| size_of::<f32>() * values;
        Self {
            name,
            kiln_train: memory.to_string(),
            parameters: bytes(program.trained_values()),
            gradient: bytes(program.gradient_values()),
            velocity: bytes(program.velocity_values()),
            arena: bytes(program.arena_packets()),
            winners: program.winner_bytes(),
            total: program.compact_bytes(),
            storage: boards::storage_bytes(program.trained_values()),
        }
    }
}

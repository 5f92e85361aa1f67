//! Whether a network fits a board.

use super::Report;
use crate::boards::Board;
use crate::output::{Output, grouped};
use serde::Serialize;
use std::io;

/// What a network needs of a board, beside what the board has, in bytes.
#[derive(Debug, Serialize)]
pub(super) struct Fit {
    name: &'static str,
    /// Flash for the parameters.
    flash: Need,
    /// RAM for inference, the input in it.
    inference: Need,
    /// RAM for training: working memory, parameters, gradient and velocity.
    training: Need,
}

#[derive(Clone, Copy, Debug, Serialize)]
struct Need {
    needed: usize,
    available: usize,
    fits: bool,
}

impl Fit {
    pub fn of(report: &Report, board: Board) -> Self {
        let need = |needed, available| Need {
            needed,
            available,
            fits: needed <= available,
        };
        let training = report.training_bytes + 3 * report.parameter_bytes;
        Self {
            name: board.name,
            flash: need(report.parameter_bytes, board.flash),
            inference: need(report.arena_bytes, board.ram),
            training: need(training, board.ram),
        }
    }

    pub fn describe(&self, output: Output) -> io::Result<()> {
        output.item("board", self.name)?;
        for (what, need, memory) in [
            ("parameters", self.flash, "flash"),
            ("inference", self.inference, "RAM"),
            ("training", self.training, "RAM"),
        ] {
            let [needed, available] =
                [need.needed, need.available].map(|bytes| grouped(bytes as u64));
            let verdict = if need.fits {
                "fits".into()
            } else {
                let over = (need.needed - need.available) as u64;
                format!("does not fit, {} bytes too many", grouped(over))
            };
            output.item(
                "",
                format_args!("{what:<11}{needed} of {available} bytes of {memory}: {verdict}"),
            )?;
        }
        Ok(())
    }
}

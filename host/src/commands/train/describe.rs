//! What is said of a run before its first step.

use crate::boards::{BOARDS, Board};
use crate::data::{Dataset, Samples};
use crate::output::{Output, counted, grouped};
use crate::run::{ClassCounts, Setup};
use crate::sweep::result::RunCost;
use anyhow::Result;
use kiln_core::Network;

/// Says what a run is trained on and how.
///
/// # Errors
///
/// If the output cannot be written.
pub(super) fn describe_run(output: Output, setup: &Setup<'_>, dataset: &Dataset) -> Result<()> {
    let [train, validation] = setup.split.map(|count| grouped(count as u64));
    let test = dataset.test.as_ref().map_or(0, Samples::len);
    let test = if test > 0 {
        format!(", {} to test", grouped(test as u64))
    } else {
        String::new()
    };
    output.item(
        "split",
        format_args!("{train} to train, {validation} to validate{test}"),
    )?;
    if let Some(start) = &setup.start {
        output.item("weights", start)?;
    }
    let settings = &setup.settings;
    if settings.loss.tells_classes() {
        let counts = ClassCounts::of(dataset, setup.trainer.validation());
        output.item("classes", counts.listed())?;
        if !setup.class_weights.is_empty() {
            output.item("balanced", counts.weights_listed(&setup.class_weights))?;
        }
        counts
            .notes()
            .into_iter()
            .try_for_each(|note| output.item("note", note))?;
    }
    output.item(
        "training",
        format_args!(
            "{} of {}, batch {}, lr {}, momentum {}, weight decay {}, schedule {}, {}{}seed {}",
            counted(settings.epochs as usize, "epoch", "epochs"),
            counted(setup.trainer.steps_per_epoch() as usize, "step", "steps"),
            settings.batch,
            settings.lr,
            settings.momentum,
            settings.weight_decay,
            settings.schedule,
            settings.unusual(),
            settings.augmented(),
            settings.seed
        ),
    )?;
    if setup.dropped {
        output.item(
            "note",
            "the last batch of each epoch would be a single sample, of which a batch normalisation \
             has no variance; it is left out",
        )?;
    }
    let threads = counted(setup.threads, "thread", "threads");
    let lanes = counted(setup.lanes.lanes(), "lane", "lanes");
    output.item(
        "machine",
        format_args!("{threads}, {lanes} ({})", setup.lanes.name()),
    )?;
    Ok(())
}

/// That no board would hold the network, where that is so.
pub(super) fn no_board(network: &Network) -> Option<String> {
    let costs = |board: &Board| {
        let float = RunCost::of(network, Some(*board));
        let int8 = RunCost::of_int8(network, Some(*board)).ok();
        [Some(float), int8].into_iter().flatten()
    };
    let fits = |board: &Board| costs(board).any(|cost| cost.fits == Some(true));
    if BOARDS.iter().any(fits) {
        return None;
    }
    let largest = BOARDS.iter().max_by_key(|board| (board.ram, board.flash))?;
    let least = costs(largest).last()?;
    Some(format!(
        "no board that Kiln knows would hold this network, not in 8-bit integers either: {} has {}; smaller \
         images (--size), fewer filters or an earlier pool take less",
        largest.name, least.missing
    ))
}

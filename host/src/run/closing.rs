//! What is said when a run is done: how well it did, what to do next.

use super::folder::predict_command;
use super::report::EpochReport;
use crate::output::{Output, grouped};
use crate::report::RunEvaluation;
use crate::report::ScoredPart;
use std::io;
use std::path::Path;

/// A mean loss above this part of what guessing has tells of a network that learned nothing.
const GUESSING: f64 = 0.97;

/// Tells the score on samples not trained on, and warns of a network that learned nothing.
///
/// # Errors
///
/// If the output cannot be written.
pub fn describe_result(
    output: Output,
    evaluation: &RunEvaluation,
    epochs: &[EpochReport],
    classes: usize,
    lr: f64,
) -> io::Result<()> {
    if let Some(evaluated) = &evaluation.evaluated {
        let (label, best) = match evaluated.part {
            ScoredPart::Test => ("test", String::new()),
            ScoredPart::Validation => ("validated", best(epochs)),
        };
        output.item(
            label,
            format_args!(
                "{:.2}% of {} samples, loss {:.4}{best}",
                100.0 * evaluated.score.accuracy,
                grouped(evaluated.samples as u64),
                evaluated.score.loss
            ),
        )?;
    }
    let trained = epochs.last().and_then(EpochReport::train);
    if trained.is_some_and(|score| guesses(score.loss, classes)) {
        output.item(
            "note",
            format_args!(
                "the training loss is still that of guessing among {classes} classes: the network \
                 has learned next to nothing; try a lower --lr than {lr}, or more --epochs"
            ),
        )?;
    }
    Ok(())
}

/// Tells how to use the model.
///
/// # Errors
///
/// If the output cannot be written.
pub fn describe_next(output: Output, folder: &Path) -> io::Result<()> {
    output.item("next", predict_command(folder))
}

/// Where the validation samples did better after an earlier epoch, behind a comma.
fn best(epochs: &[EpochReport]) -> String {
    let accuracy = |epoch: &EpochReport| epoch.validation().map(|score| score.accuracy);
    let best = epochs.iter().rev().max_by(|one, other| {
        accuracy(one)
            .partial_cmp(&accuracy(other))
            .unwrap_or_else(|| 1.cmp(&1))
    });
    match (best, epochs.last()) {
        (Some(best), Some(last)) if accuracy(best) > accuracy(last) => format!(
            "; the most was {:.2}%, after epoch {}",
            100.0 * accuracy(best).unwrap_or_default(),
            best.epoch
        ),
        _ => String::new(),
    }
}

fn guesses(loss: f64, classes: usize) -> bool {
    loss > GUESSING * (classes as f64).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loss_near_that_of_equal_probabilities_is_guessing() {
        assert!(guesses(1.0979, 3));
        assert!(guesses(46.65, 3));
        assert!(!guesses(0.9, 3));
        assert!(!guesses(3.9, 100));
    }
}

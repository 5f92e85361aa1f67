//! What is said when a run is done: how well it did, what to do next.

use super::folder::predict_command;
use super::report::EpochReport;
use crate::output::{Output, grouped};
use crate::report::{Evaluated, RunEvaluation, ScoredPart};
use crate::roc::AnomalyDetection;
use crate::settings::Hyperparameters;
use std::io;
use std::path::Path;

/// Fewer samples say little: one more or less that is right moves the accuracy by more than 3%.
const FEW: usize = 30;
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
    settings: &Hyperparameters,
) -> io::Result<()> {
    if let Some(kept) = kept(evaluation.kept_epoch, epochs) {
        output.item("kept", kept)?;
    }
    if let Some(evaluated) = &evaluation.evaluated {
        let label = match evaluated.part {
            ScoredPart::Test => "test",
            ScoredPart::Validation => "validated",
        };
        let most = match (evaluated.part, evaluation.kept_epoch) {
            (ScoredPart::Validation, None) => best(epochs),
            _ => String::new(),
        };
        output.item(label, score(evaluated, &most))?;
        if let Some(balanced) = evaluated.balanced_accuracy() {
            output.item("balanced", balanced_in_words(balanced))?;
        }
        if let Some(anomaly) = &evaluated.anomaly {
            describe_anomaly(output, anomaly)?;
        }
    }
    // The training loss of an epoch is a mean from its first step on: a first epoch's says little.
    let judged = epochs.last().and_then(|last| match last.validation() {
        Some(score) => Some(("validation", score)),
        None => Some(("training", last.train()?)).filter(|_| epochs.len() > 1),
    });
    let guesses = |loss| settings.loss.tells_classes() && guesses(loss, classes);
    if let Some((which, _)) = judged.filter(|(_, score)| guesses(score.loss)) {
        output.item(
            "note",
            format_args!(
                "the {which} loss is still that of guessing among {classes} classes: the network \
                 has learned next to nothing; try a lower --lr than {}, or more --epochs",
                settings.lr
            ),
        )?;
    }
    Ok(())
}

/// Tells how well an error tells a class from the others.
///
/// # Errors
///
/// If the output cannot be written.
pub fn describe_anomaly(output: Output, anomaly: &AnomalyDetection) -> io::Result<()> {
    let AnomalyDetection { class, area } = anomaly;
    output.item(
        "anomaly",
        format_args!("{class} by its error: {area:.4} under the ROC curve"),
    )
}

/// The balanced accuracy, in words.
pub fn balanced_in_words(accuracy: f64) -> String {
    format!(
        "{:.2}%, the mean of the shares found of each class",
        100.0 * accuracy
    )
}

/// What is to be said behind a number of samples that an accuracy is of: that they are few, where they are.
pub fn few_in_words(samples: usize) -> &'static str {
    match samples < FEW {
        true => ", few to judge by",
        false => "",
    }
}

/// Tells how to use the model.
///
/// # Errors
///
/// If the output cannot be written.
pub fn describe_next(output: Output, folder: &Path) -> io::Result<()> {
    output.item("next", predict_command(folder))
}

/// How the network did, in words.
fn score(evaluated: &Evaluated, most: &str) -> String {
    let samples = grouped(evaluated.samples as u64);
    let loss = evaluated.score.loss;
    match evaluated.score.accuracy {
        Some(accuracy) => {
            let few = match few_in_words(evaluated.samples) {
                "" => String::new(),
                few => format!(
                    " ({} correct{few})",
                    (accuracy * evaluated.samples as f64).round()
                ),
            };
            format!(
                "{:.2}% of {samples} samples{few}, loss {loss:.4}{most}",
                100.0 * accuracy
            )
        }
        None => format!("mean squared error {loss:.6} over {samples} samples"),
    }
}

/// Which epoch's weights were kept, where that was to be found out.
fn kept(kept_epoch: Option<u32>, epochs: &[EpochReport]) -> Option<String> {
    let kept = epochs
        .iter()
        .find(|epoch| Some(epoch.epoch) == kept_epoch)?;
    let score = kept.validation()?;
    let reached = match score.accuracy {
        Some(accuracy) => format!("{:.2}%", 100.0 * accuracy),
        None => format!("an error of {:.6}", score.loss),
    };
    let (epoch, of) = (kept.epoch, epochs.len());
    Some(format!(
        "the weights of epoch {epoch} of {of}, the best by validation: {reached}"
    ))
}

/// Where the validation samples did better after an earlier epoch, behind a semicolon.
fn best(epochs: &[EpochReport]) -> String {
    let accuracy = |epoch: &EpochReport| epoch.validation().and_then(|score| score.accuracy);
    let best = epochs.iter().rev().max_by(|one, other| {
        accuracy(one)
            .partial_cmp(&accuracy(other))
            .unwrap_or_else(|| 1.cmp(&1))
    });
    match (best, epochs.last()) {
        (Some(best), Some(last)) if accuracy(best) > accuracy(last) => format!(
            "; the most was {:.2}%, after epoch {}, which --keep best keeps",
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

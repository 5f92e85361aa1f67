//! What was found out with the final weights, as `evaluation.json` keeps it.

use super::{Mistake, RunParts};
use crate::confusion::Confusion;
use crate::data::{Dataset, Samples};
use crate::engine::EngineError;
use crate::memory_limit;
use crate::quantization::Int8Evaluation;
use crate::roc::AnomalyDetection;
use crate::run::ClassCounts;
use crate::training::{DatasetTrainer, MeanScore};
use crate::weights;
use kiln_core::reference::loss::{highest_class, softmax};
use serde::{Deserialize, Serialize};

/// What was found out with the final weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunEvaluation {
    /// Name of the dataset.
    pub dataset: String,
    /// Where the samples came from, for people to read.
    pub source: String,
    /// Channels, rows and columns of an image.
    pub shape: [usize; 3],
    /// Whether the samples can be shown as pictures; in runs of earlier versions they can.
    #[serde(default = "yes", skip_serializing_if = "Clone::clone")]
    pub pictures: bool,
    /// How many samples there were.
    pub samples: Samplings,
    /// SHA-256 of the parameters, as [`weights::sha256`] has it.
    pub weights_sha256: String,
    /// Which files are of the same run; filled in when they are made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parts: Option<RunParts>,
    /// Least probability of the first class of all but 5% of the samples held out that were named rightly: below, it
    /// says little. Nothing where there were too few.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sure_from: Option<f32>,
    /// Of each class, how many samples there were to train, to validate and to test on; runs of earlier versions
    /// and of autoencoders have none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub class_counts: Vec<[usize; 3]>,
    /// How the network did; nothing where there were no samples but those it was trained on.
    pub evaluated: Option<Evaluated>,
    /// Number of the epoch whose weights were kept because it did best on the samples held out, from 1; nothing
    /// where they are the last one's by the run's settings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept_epoch: Option<u32>,
    /// What quantising came to, where the run was to do it and its network could be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub int8: Option<Int8Evaluation>,
}

/// Numbers of samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Samplings {
    /// Trained on.
    pub train: usize,
    /// Held out from the training samples.
    pub validation: usize,
    /// In the dataset's own test set.
    pub test: usize,
}

/// How the network did on samples it was not trained on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluated {
    /// Which samples.
    pub part: ScoredPart,
    /// How many.
    pub samples: usize,
    /// Mean loss and accuracy on them.
    pub score: MeanScore,
    /// True class, predicted class, and how often; pairs that never were are left out, and so are
    /// all of an autoencoder.
    pub confusion: Vec<(usize, usize, u64)>,
    /// The worst mistakes, the worst first.
    pub mistakes: Vec<Mistake>,
    /// How well an autoencoder's error tells a class from the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anomaly: Option<AnomalyDetection>,
}

/// What the final weights gave for samples they were not trained on.
#[derive(Clone, Debug)]
pub struct EvaluationScores<'a> {
    /// The samples that those evaluated are among.
    pub samples: &'a Samples,
    /// Which of them were evaluated.
    pub indices: Vec<u32>,
    /// As [`DatasetTrainer::evaluate`] has them.
    pub scores: Vec<f32>,
}

/// Samples that a network is not trained on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ScoredPart {
    /// The dataset's own test set.
    Test,
    /// What was held out from the training samples.
    Validation,
}

impl ScoredPart {
    /// Its name, as in `test accuracy`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Test => "test",
            Self::Validation => "validation",
        }
    }
}

impl Evaluated {
    /// The mean of the classes' recalls, where a class has so many more samples than another that the accuracy
    /// says little of that.
    pub fn balanced_accuracy(&self) -> Option<f64> {
        let cells = self.confusion.iter();
        let classes = cells.map(|cell| cell.0.max(cell.1) + 1).max()?;
        let confusion = Confusion::from_counts(classes, self.confusion.iter().copied());
        confusion
            .balanced_accuracy()
            .filter(|_| confusion.is_unbalanced())
    }
}

impl RunEvaluation {
    /// Evaluates on the dataset's test set, or else on the samples held out; gives the scores, too.
    ///
    /// # Errors
    ///
    /// If the samples do not fit the network.
    pub fn of<'a>(
        trainer: &mut DatasetTrainer<'_>,
        dataset: &'a Dataset,
    ) -> Result<(Self, EvaluationScores<'a>), EngineError> {
        let test = dataset.test.as_ref().filter(|test| !test.is_empty());
        let validation = trainer.validation().to_vec();
        let all: Vec<u32> = (0..test.map_or(0, Samples::len) as u32).collect();
        let [train_files, test_files] = &dataset.files;
        let (part, samples, indices, files) = match test {
            Some(test) => (ScoredPart::Test, test, all, test_files),
            None => (
                ScoredPart::Validation,
                &dataset.train,
                validation.clone(),
                train_files,
            ),
        };
        let values = indices.len() * trainer.scores_per_sample();
        let mut scores = memory_limit::filled(values, 0.0, "an output of each sample")
            .map_err(EngineError::from)?;
        let outcome = trainer.evaluate(samples, &indices, &mut scores)?;
        let loss = trainer.loss();
        let evaluated = MeanScore::of(&outcome, loss).map(|score| {
            let mut evaluated = Evaluated {
                part,
                samples: outcome.samples,
                score,
                confusion: Vec::new(),
                mistakes: Vec::new(),
                anomaly: None,
            };
            if loss.tells_classes() {
                let classes = dataset.classes.len();
                evaluated.confusion = confusion(samples, &indices, &scores, classes);
                evaluated.mistakes = Mistake::worst(samples, files, &indices, &scores);
            } else {
                evaluated.anomaly = AnomalyDetection::of(dataset, samples, &indices, &scores);
            }
            evaluated
        });
        let sure_from = match (loss.tells_classes(), part) {
            (false, _) => None,
            (true, ScoredPart::Validation) => sure_from(samples, &indices, &scores),
            (true, ScoredPart::Test) => {
                let mut scores = vec![0.0; validation.len() * trainer.scores_per_sample()];
                trainer.evaluate(&dataset.train, &validation, &mut scores)?;
                sure_from(&dataset.train, &validation, &scores)
            }
        };
        let shape = dataset.train.shape;
        let evaluation = Self {
            dataset: dataset.name.clone(),
            source: dataset.source.clone(),
            shape: [shape.channels, shape.height, shape.width],
            pictures: dataset.train.pictures().is_some(),
            samples: Samplings {
                train: dataset.train.len() - validation.len(),
                validation: validation.len(),
                test: test.map_or(0, Samples::len),
            },
            weights_sha256: weights::sha256(&trainer.folded_parameters()?),
            parts: None,
            sure_from,
            class_counts: match loss.tells_classes() {
                true => ClassCounts::of(dataset, &validation).counts().to_vec(),
                false => Vec::new(),
            },
            evaluated,
            kept_epoch: trainer.best().map(|best| best.epoch),
            int8: None,
        };
        let scores = EvaluationScores {
            samples,
            indices,
            scores,
        };
        Ok((evaluation, scores))
    }

    /// The score on the dataset's own test set, if there was one.
    pub fn test(&self) -> Option<MeanScore> {
        let evaluated = self.evaluated.as_ref()?;
        (evaluated.part == ScoredPart::Test).then_some(evaluated.score)
    }
}

/// The probability of the first class that all but 5% of the samples that were named rightly reach.
fn sure_from(samples: &Samples, indices: &[u32], logits: &[f32]) -> Option<f32> {
    let row = logits.len().checked_div(indices.len())?;
    let right = indices.iter().zip(logits.chunks_exact(row));
    let right = right.filter(|(index, logits)| {
        highest_class(logits) == usize::from(samples.labels[**index as usize])
    });
    let mut reached: Vec<f32> = right
        .map(|(_, logits)| {
            let mut probabilities = logits.to_vec();
            softmax(&mut probabilities);
            probabilities.into_iter().fold(0.0, f32::max)
        })
        .collect();
    reached.sort_by(f32::total_cmp);
    let below = reached.len() / 20;
    reached.get(below).copied().filter(|_| below > 0)
}

fn yes() -> bool {
    true
}

fn confusion(
    samples: &Samples,
    indices: &[u32],
    logits: &[f32],
    classes: usize,
) -> Vec<(usize, usize, u64)> {
    let labels = indices.iter().map(|index| samples.labels[*index as usize]);
    let labels: Vec<u16> = labels.collect();
    Confusion::of(&labels, logits, classes).counts().collect()
}

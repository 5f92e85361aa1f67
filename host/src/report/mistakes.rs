//! The samples a network was most wrong about.

use super::picture;
use crate::data::Samples;
use kiln::reference::loss::{highest_class, softmax};
use serde::{Deserialize, Serialize};

/// A sample taken for another class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mistake {
    /// Its index among the dataset's training samples, or its test samples.
    pub sample: u32,
    /// The class it is of.
    pub truth: usize,
    /// The class it was taken for.
    pub predicted: usize,
    /// The most probable classes, and the true one, each with its probability.
    pub probabilities: Vec<(usize, f32)>,
    /// The picture as PNG in base 64.
    pub picture: String,
}

/// Mistakes that are kept.
const MOST: usize = 24;
/// Classes told of each.
const CLASSES: usize = 3;

impl Mistake {
    /// The wrong ones among the samples at `indices`, those first whose true class was given the
    /// lowest probability. `logits` is indices x classes.
    pub(super) fn worst(samples: &Samples, indices: &[u32], logits: &[f32]) -> Vec<Self> {
        let classes = logits.len() / indices.len().max(1);
        let rows = indices.iter().zip(logits.chunks_exact(classes.max(1)));
        let mut wrong: Vec<(f32, u32, &[f32])> = rows
            .filter_map(|(&index, logits)| {
                let truth = usize::from(samples.labels[index as usize]);
                let wrong = highest_class(logits) != truth;
                wrong.then(|| (loss(logits, truth), index, logits))
            })
            .collect();
        wrong.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let worst = wrong.into_iter().take(MOST);
        worst
            .filter_map(|(_, index, logits)| Self::of(samples, index, logits))
            .collect()
    }

    fn of(samples: &Samples, index: u32, logits: &[f32]) -> Option<Self> {
        let truth = usize::from(samples.labels[index as usize]);
        let mut probabilities = logits.to_vec();
        softmax(&mut probabilities);
        let mut classes: Vec<usize> = (0..logits.len()).collect();
        classes.sort_by(|&one, &other| logits[other].total_cmp(&logits[one]));
        let rank = classes.iter().position(|class| *class == truth)?;
        classes.truncate(CLASSES);
        if rank >= CLASSES {
            classes.push(truth);
        }
        let shape = samples.shape;
        let shape = [shape.channels, shape.height, shape.width];
        Some(Self {
            sample: index,
            truth,
            predicted: highest_class(logits),
            probabilities: classes
                .into_iter()
                .map(|class| (class, probabilities[class]))
                .collect(),
            picture: picture::png(samples.image(index as usize), shape)?,
        })
    }
}

/// Cross entropy; tells mistakes apart whose true class has a probability that rounds to 0.
fn loss(logits: &[f32], truth: usize) -> f32 {
    let mut exponentials = logits.to_vec();
    let sum = softmax(&mut exponentials);
    logits[highest_class(logits)] - logits[truth] + sum.ln()
}

//! The samples a network was most wrong about.

use super::picture;
use crate::data::Samples;
use kiln_core::reference::loss::{highest_class, softmax};
use serde::{Deserialize, Serialize};

/// A sample taken for another class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mistake {
    /// Its index among the dataset's training samples, or its test samples.
    pub sample: u32,
    /// Its file's path from the dataset's folder, where it has one of its own; runs of earlier
    /// versions do not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The class it is of.
    pub truth: usize,
    /// The class it was taken for.
    pub predicted: usize,
    /// The most probable classes, and the true one, each with its probability.
    pub probabilities: Vec<(usize, f32)>,
    /// The picture as PNG in base 64; nothing where samples are no images.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture: Option<String>,
}

/// Mistakes that are kept.
const MOST: usize = 24;
/// Classes told of each.
const CLASSES: usize = 3;

impl Mistake {
    /// The wrong ones among the samples at `indices`, those first whose true class was given the
    /// lowest probability. `files` are those of the samples, if they have any; `logits` is indices x
    /// classes.
    pub(super) fn worst(
        samples: &Samples,
        files: &[String],
        indices: &[u32],
        logits: &[f32],
    ) -> Vec<Self> {
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
            .filter_map(|(_, index, logits)| Self::of(samples, files, index, logits))
            .collect()
    }

    fn of(samples: &Samples, files: &[String], index: u32, logits: &[f32]) -> Option<Self> {
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
        let images = samples.pictures();
        Some(Self {
            sample: index,
            file: files.get(index as usize).cloned(),
            truth,
            predicted: highest_class(logits),
            probabilities: classes
                .into_iter()
                .map(|class| (class, probabilities[class]))
                .collect(),
            picture: images.and_then(|images| picture::png(images.image(index as usize), shape)),
        })
    }
}

/// Cross entropy; tells mistakes apart whose true class has a probability that rounds to 0.
fn loss(logits: &[f32], truth: usize) -> f32 {
    let mut exponentials = logits.to_vec();
    let sum = softmax(&mut exponentials);
    logits[highest_class(logits)] - logits[truth] + sum.ln()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{ImageShape, Values};

    /// Samples of class 0 with one pixel, their index.
    fn samples(count: usize) -> Samples {
        let shape = ImageShape {
            channels: 1,
            height: 1,
            width: 1,
        };
        Samples::of_bytes((0..count as u8).collect(), vec![0; count], shape)
    }

    #[test]
    fn the_worst_come_first_and_what_is_right_is_left_out() {
        let logits = [
            [0.0, 1.0, 0.0, 0.0, 0.0],
            [5.0, 1.0, 0.0, 0.0, 0.0],
            // Of probability 0 both, but one is farther off.
            [0.0, 0.0, 300.0, 250.0, 200.0],
            [0.0, 0.0, 0.0, 0.0, 500.0],
        ];
        let files: Vec<String> = (0..9).map(|index| format!("a/{index}.png")).collect();
        let found = Mistake::worst(&samples(9), &files, &[8, 7, 6, 5], logits.as_flattened());
        let named = found.iter().map(|mistake| mistake.file.as_deref());
        assert!(named.eq([Some("a/5.png"), Some("a/6.png"), Some("a/8.png")]));
        let told: Vec<_> = found
            .iter()
            .map(|mistake| (mistake.sample, mistake.predicted))
            .collect();
        assert_eq!(told, [(5, 4), (6, 2), (8, 1)]);
        let classes = |mistake: &Mistake| -> Vec<usize> {
            let told = mistake.probabilities.iter();
            told.map(|told| told.0).collect()
        };
        assert_eq!(classes(&found[1]), [2, 3, 4, 0], "the true class is added");
        assert_eq!(classes(&found[2]), [1, 0, 2]);
        let most = found[2].probabilities[0].1;
        assert!((most - 0.4046).abs() < 1e-4, "{most}");
        assert_eq!(found[2].picture, picture::png(&[8], [1, 1, 1]));
    }

    #[test]
    fn samples_that_are_no_images_have_no_pictures() {
        let floats = Samples {
            values: Values::Floats(vec![0.5]),
            ..samples(1)
        };
        let mut channels = Samples::of_bytes(vec![1, 2], vec![0], samples(1).shape);
        channels.shape.channels = 2;
        for samples in [floats, channels] {
            let found = Mistake::worst(&samples, &[], &[0], &[0.0, 1.0]);
            assert_eq!((found.len(), &found[0].picture), (1, &None));
        }
    }

    #[test]
    fn only_so_many_are_kept() {
        let indices: Vec<u32> = (0..100).collect();
        let logits = [0.0, 1.0].repeat(100);
        let found = Mistake::worst(&samples(100), &[], &indices, &logits);
        assert_eq!(found.len(), MOST);
        assert_eq!(found[0].sample, 0, "of equals the first");
        assert_eq!(found[0].file, None);
        assert!(Mistake::worst(&samples(1), &[], &[], &[]).is_empty());
    }
}

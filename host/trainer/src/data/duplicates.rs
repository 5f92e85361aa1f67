//! Samples that are there more than once.

use std::collections::HashMap;

use super::{Dataset, Samples, Values};
use crate::output::counted;

/// Files that a notice names.
const NAMED: usize = 2;

/// What is known of samples with the same values.
#[derive(Default)]
struct Twins {
    /// The first of them, by set (0: to train on, 1: to test on) and place.
    first: (usize, usize),
    /// How many there are to train on, set aside to validate on, and to test on.
    counts: [usize; 3],
    labels: Vec<u16>,
}

impl Dataset {
    /// What a user should know of samples that are exactly the same, one sentence each: that there are some,
    /// that some are both trained and validated or tested on, that some have two labels. `is_split` says that
    /// samples are held out of those to train on. Says nothing of floats.
    pub fn duplicates(&self, is_split: bool) -> Vec<String> {
        let parts = [Some(&self.train), self.test.as_ref()];
        let mut twins: HashMap<&[u8], Twins> = HashMap::new();
        for (part, samples) in parts.into_iter().enumerate() {
            for (place, (pixels, label)) in samples.into_iter().flat_map(images).enumerate() {
                let own = twins.entry(pixels).or_insert_with(|| Twins {
                    first: (part, place),
                    ..Twins::default()
                });
                let is_set_aside = part == 0 && place >= self.train.len() - self.set_aside;
                own.counts[if is_set_aside { 1 } else { 2 * part }] += 1;
                if !own.labels.contains(&label) {
                    own.labels.push(label);
                }
            }
        }
        let again: usize = twins
            .values()
            .map(|own| own.counts[0].saturating_sub(1))
            .sum();
        let kept = match is_split && self.set_aside == 0 {
            true => "; duplicates are kept on one side of the split",
            false => "",
        };
        let within = (again > 0)
            .then(|| counted(again, "sample to train on is", "samples to train on are"))
            .map(|again| format!("{again} there once more{kept}"));
        let both = |own: &&Twins| own.counts[0] > 0;
        let across = [(1, "validate"), (2, "test")].map(|(part, verb)| {
            let count: usize = twins
                .values()
                .filter(both)
                .map(|own| own.counts[part])
                .sum();
            let [one, several] =
                ["sample", "samples"].map(|samples| format!("{samples} to {verb} on"));
            let [one, several] = [one + " is", several + " are"];
            (count > 0).then(|| {
                let own = counted(count, &one, &several);
                format!("{own} among those to train on")
            })
        });
        let mut two: Vec<&Twins> = twins.values().filter(|own| own.labels.len() > 1).collect();
        two.sort_by_key(|own| own.first);
        let labels = (self.labelled && !two.is_empty()).then(|| self.two_labels(&two));
        let all = within.into_iter().chain(across.into_iter().flatten());
        all.chain(labels).collect()
    }

    fn two_labels(&self, twins: &[&Twins]) -> String {
        let name = |own: &&Twins| {
            let (part, place) = own.first;
            let class = |label: &u16| {
                self.classes
                    .get(usize::from(*label))
                    .map_or("", String::as_str)
            };
            let classes: Vec<&str> = own.labels.iter().map(class).collect();
            let file = self.files[part].get(place);
            let file = file.map_or(String::new(), |file| format!("{file}: "));
            format!("{file}{}", classes.join(" and "))
        };
        let named: Vec<String> = twins.iter().take(NAMED).map(name).collect();
        let more = if twins.len() > NAMED { "; …" } else { "" };
        let (count, have) = match twins.len() {
            1 => ("1 sample".into(), "has"),
            count => (format!("{count} samples"), "have"),
        };
        format!("{count} {have} two labels ({}{more})", named.join("; "))
    }
}

impl Samples {
    /// For each sample the index of the first that is exactly the same; nothing where all differ, or are floats.
    pub fn first_twins(&self) -> Option<Vec<u32>> {
        let mut first = HashMap::new();
        let indices: Vec<u32> = (0..)
            .zip(images(self))
            .map(|(index, (pixels, _))| *first.entry(pixels).or_insert(index))
            .collect();
        let has_twins = first.len() < indices.len();
        has_twins.then_some(indices)
    }
}

/// The bytes and the label of each sample.
fn images(samples: &Samples) -> impl Iterator<Item = (&[u8], u16)> {
    let pixels: &[u8] = match &samples.values {
        Values::Bytes(pixels) => pixels,
        Values::Floats(_) => &[],
    };
    let size = samples.shape.size().max(1);
    pixels
        .chunks_exact(size)
        .zip(samples.labels.iter().copied())
}

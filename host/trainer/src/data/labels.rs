//! A dataset brought to the classes of a model, and to the parts that it is judged by.

use std::sync::OnceLock;

use unicode_normalization::UnicodeNormalization;

use super::Dataset;

impl Dataset {
    /// The dataset as what judges a model takes it: the samples that it sets aside to validate on are no longer
    /// among those to train on, and are the test set where it has no other.
    pub fn without_set_aside(mut self) -> Self {
        let first = (self.train.len() - self.set_aside) as u32;
        if self.set_aside > 0 {
            let all: Vec<u32> = (0..self.train.len() as u32).collect();
            let (train, own) = all.split_at(first as usize);
            let own_files = self.files[0].split_off(first as usize);
            if self.test.is_none() {
                self.test = Some(self.train.chosen(own));
                self.files[1] = own_files;
            }
            self.train = self.train.chosen(train);
            self.set_aside = 0;
            self.sha256 = OnceLock::new();
        }
        self
    }

    /// Gives the classes other names and every label the number at its old one's place in `labels`.
    pub fn relabel(&mut self, classes: Vec<String>, labels: &[u16]) {
        for samples in [Some(&mut self.train), self.test.as_mut()]
            .into_iter()
            .flatten()
        {
            for label in &mut samples.labels {
                *label = labels.get(usize::from(*label)).copied().unwrap_or(*label);
            }
        }
        self.classes = classes;
        self.sha256 = OnceLock::new();
    }
}

/// Whether two names are the same to a reader: after Unicode's normalisation (NFC), since some systems write
/// accents as characters of their own.
pub fn same_name(one: &str, other: &str) -> bool {
    one == other || one.nfc().eq(other.nfc())
}

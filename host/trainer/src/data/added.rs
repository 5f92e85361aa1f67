//! Samples to validate or to test on that are elsewhere than those to train on.

use std::sync::OnceLock;

use super::{Dataset, DatasetPart, Samples, Values, same_name};
use crate::output::first_names;

/// Why a dataset cannot be a part of another; every message is one line.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AddedPartError {
    /// The dataset has such samples itself.
    #[error(
        "{dataset} has samples of its own to {verb} on; leave out {flag} {name}, or give the folder to train on alone",
        verb = part.verb(), flag = part.flag()
    )]
    Twice {
        /// The dataset that is trained on.
        dataset: String,
        /// The other one.
        name: String,
        /// What it was to be.
        part: DatasetPart,
    },
    /// The samples are divided into parts.
    #[error("{flag} {name}: it is divided into parts itself; give the folder of one of them", flag = part.flag())]
    Divided {
        /// The other dataset.
        name: String,
        /// What it was to be.
        part: DatasetPart,
    },
    /// The samples are of another shape or kind.
    #[error(
        "{flag} {name}: its samples are {found}, those to train on {wanted}; give samples of the same shape and kind",
        flag = part.flag()
    )]
    Samples {
        /// The other dataset.
        name: String,
        /// What it was to be.
        part: DatasetPart,
        /// Shape and kind of its samples.
        found: String,
        /// Shape and kind of those to train on.
        wanted: String,
    },
    /// Nothing tells what the samples show.
    #[error("{flag} {name}: it has no labels to compare with; add a tensor \"labels\"", flag = part.flag())]
    Unlabelled {
        /// The other dataset.
        name: String,
        /// What it was to be.
        part: DatasetPart,
    },
    /// Classes that nothing is trained on.
    #[error(
        "{flag} {name}: it has classes that {dataset} has not: {}; rename its folders, or add samples of them to train on",
        first_names(classes), flag = part.flag()
    )]
    Classes {
        /// The dataset that is trained on.
        dataset: String,
        /// The other one.
        name: String,
        /// What it was to be.
        part: DatasetPart,
        /// The names of those classes.
        classes: Vec<String>,
    },
}

impl DatasetPart {
    fn verb(self) -> &'static str {
        match self {
            Self::Validation => "validate",
            Self::Test => "test",
        }
    }

    fn flag(self) -> &'static str {
        match self {
            Self::Validation => "--validation-data",
            Self::Test => "--test-data",
        }
    }
}

impl Dataset {
    /// Whether the dataset has samples of its own for this part.
    ///
    /// # Errors
    ///
    /// If it has, where `name` was to be that part.
    pub fn check_lacks(&self, part: DatasetPart, name: &str) -> Result<(), AddedPartError> {
        let has = match part {
            DatasetPart::Validation => self.set_aside > 0,
            DatasetPart::Test => self.test.is_some(),
        };
        match has {
            true => Err(AddedPartError::Twice {
                dataset: self.name.clone(),
                name: name.into(),
                part,
            }),
            false => Ok(()),
        }
    }

    /// Takes the samples of `other`, which a user calls `name`, to validate or to test on. Its classes are
    /// matched by their names; with `adds_classes` those that are not known yet are added.
    ///
    /// # Errors
    ///
    /// What of it does not fit.
    pub fn add_part(
        &mut self,
        part: DatasetPart,
        name: &str,
        mut other: Self,
        adds_classes: bool,
    ) -> Result<(), AddedPartError> {
        self.check_lacks(part, name)?;
        let owned = || String::from(name);
        // Files of a test set alone are no division.
        if other.train.is_empty()
            && let Some(test) = other.test.take()
        {
            other.train = test;
            other.files.swap(0, 1);
        }
        if other.test.is_some() || other.set_aside > 0 {
            return Err(AddedPartError::Divided {
                name: owned(),
                part,
            });
        }
        let [found, wanted] = [&other.train, &self.train].map(kind);
        if found != wanted {
            return Err(AddedPartError::Samples {
                name: owned(),
                part,
                found,
                wanted,
            });
        }
        if self.labelled && !other.labelled && !adds_classes {
            return Err(AddedPartError::Unlabelled {
                name: owned(),
                part,
            });
        }
        let labels = self.labels_of(part, name, &other.classes, adds_classes)?;
        other.relabel(self.classes.clone(), &labels);
        let files = std::mem::take(&mut other.files[0]);
        let files = files.into_iter().map(|file| format!("{name}/{file}"));
        let notices = std::mem::take(&mut other.notices);
        self.notices.extend(
            notices
                .into_iter()
                .map(|notice| format!("{name}: {notice}")),
        );
        self.ignored_files += other.ignored_files;
        self.source = format!("{}, to {} on {}", self.source, part.verb(), other.source);
        self.load_time += other.load_time;
        match part {
            DatasetPart::Validation => {
                self.set_aside = other.train.len();
                if self.files[0].len() == self.train.len() {
                    self.files[0].extend(files);
                }
                self.train.append(other.train);
            }
            DatasetPart::Test => {
                self.files[1] = files.collect();
                self.test = Some(other.train);
            }
        }
        self.sha256 = OnceLock::new();
        Ok(())
    }

    /// The number here of each of these classes.
    fn labels_of(
        &mut self,
        part: DatasetPart,
        name: &str,
        classes: &[String],
        adds_classes: bool,
    ) -> Result<Vec<u16>, AddedPartError> {
        let mut unknown = Vec::new();
        let mut labels = Vec::new();
        for class in classes {
            let known = || self.classes.iter().position(|own| same_name(own, class));
            let exact = self.classes.iter().position(|own| own == class);
            let place = exact.or_else(known).unwrap_or(self.classes.len());
            if place == self.classes.len() {
                match adds_classes {
                    true => self.classes.push(class.clone()),
                    false => unknown.push(class.clone()),
                }
            }
            labels.push(place as u16);
        }
        match unknown.is_empty() {
            true => Ok(labels),
            false => Err(AddedPartError::Classes {
                dataset: self.name.clone(),
                name: name.into(),
                part,
                classes: unknown,
            }),
        }
    }
}

/// Shape and kind of samples, in words.
fn kind(samples: &Samples) -> String {
    let values = match samples.values {
        Values::Bytes(_) => "bytes",
        Values::Floats(_) => "floats",
    };
    format!("{} of {values}", samples.shape)
}

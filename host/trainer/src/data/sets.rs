//! The two sets of a dataset, and what makes a dataset of them.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use super::Dataset;
use super::error::DataError;
use super::idx::IdxError;
use super::samples::Samples;

/// A training set, a test set, or both.
pub(super) struct Sets {
    /// The folder or whatever else the samples are from, for errors.
    pub(super) origin: PathBuf,
    pub(super) train: Option<Samples>,
    pub(super) test: Option<Samples>,
    /// The names of all classes, none of the labels beyond them; `None` names them by number, as
    /// far as labels go.
    pub(super) classes: Option<Vec<String>>,
}

impl Sets {
    /// The dataset of these samples; a training set that is missing becomes an empty one.
    pub(super) fn into_dataset(
        mut self,
        name: String,
        source: String,
    ) -> Result<Dataset, DataError> {
        let origin = self.origin.clone();
        let names = self.classes.take();
        let (train, test) = self.shaped_alike()?;
        let labels = || {
            train
                .labels
                .iter()
                .chain(test.iter().flat_map(|test| &test.labels))
        };
        let (Some(&smallest), Some(&largest)) = (labels().min(), labels().max()) else {
            return Err(DataError::NoSamples { path: origin });
        };
        let classes =
            names.unwrap_or_else(|| (0..=largest).map(|label| label.to_string()).collect());
        if smallest == largest {
            return Err(DataError::OneClass {
                path: origin,
                class: classes[usize::from(largest)].clone(),
            });
        }
        Ok(Dataset {
            name,
            source,
            classes,
            labelled: true,
            train,
            test,
            files: Default::default(),
            set_aside: 0,
            ignored_files: 0,
            ignored_names: Vec::new(),
            notices: Vec::new(),
            load_time: Duration::ZERO,
            sha256: OnceLock::new(),
        })
    }

    fn shaped_alike(self) -> Result<(Samples, Option<Samples>), DataError> {
        match (self.train, self.test) {
            (Some(train), Some(test)) if train.shape != test.shape => Err(IdxError::Shapes {
                folder: self.origin,
                train: train.shape,
                test: test.shape,
            }
            .into()),
            (Some(train), test) => Ok((train, test)),
            (None, Some(test)) => Ok((Samples::empty(test.shape), Some(test))),
            (None, None) => Err(DataError::NoSamples { path: self.origin }),
        }
    }
}

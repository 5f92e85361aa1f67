//! Samples to validate and to test on that are given apart from those to train on.

use super::outputs::lasting_name;
use crate::data::{self, Dataset, DatasetPart};
use anyhow::{Result, ensure};

/// What else is loaded beside the dataset, as DATASET arguments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SeparateData {
    /// What is validated on.
    pub validation: Option<String>,
    /// What is tested on.
    pub test: Option<String>,
}

impl SeparateData {
    /// These, and those of `other` where these say nothing.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            validation: self.validation.or(other.validation),
            test: self.test.or(other.test),
        }
    }

    /// The same so that it means the same from any working folder.
    #[must_use]
    pub fn lasting(&self) -> Self {
        let lasting = |name: &Option<String>| name.as_deref().map(lasting_name);
        Self {
            validation: lasting(&self.validation),
            test: lasting(&self.test),
        }
    }

    /// Loads them into the dataset, in its shape; with `adds_classes` they may have classes of their own.
    ///
    /// # Errors
    ///
    /// What is wrong with one of them, or does not fit the dataset, or that it has such samples itself.
    pub fn load(
        &self,
        dataset: &mut Dataset,
        options: &data::Options,
        adds_classes: bool,
    ) -> Result<()> {
        let parts = [
            (DatasetPart::Validation, &self.validation),
            (DatasetPart::Test, &self.test),
        ];
        for (part, name) in parts {
            let Some(name) = name else { continue };
            dataset.check_lacks(part, name)?;
            let options = data::Options {
                shape: Some(dataset.train.shape),
                data: None,
                ..options.clone()
            };
            let other = data::load_samples(name, &options)?;
            ensure!(
                !(other.train.is_empty() && other.test.is_none()),
                "{name} has no samples"
            );
            dataset.add_part(part, name, other, adds_classes)?;
        }
        Ok(())
    }
}

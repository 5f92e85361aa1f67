//! The files of a run folder.

use super::report::EpochReport;
use super::{Job, Setup};
use crate::data::{self, Dataset};
use crate::output::Output;
use crate::run_config::{Record, RunConfig, fingerprint};
use crate::run_folder::{CONFIG, METRICS, MODEL};
use crate::weights::ModelBytes;
use anyhow::{Context, Result};
use kiln::ModelParts;
use std::io;
use std::path::Path;

/// The files as far as they are known before training.
pub(super) struct Files<'a> {
    dataset: &'a Dataset,
    fingerprint: String,
    /// The text of `config.toml`.
    pub config: String,
}

impl<'a> Files<'a> {
    /// Makes what can be made, so that nothing but the disk can fail after the training.
    ///
    /// # Errors
    ///
    /// If a path or a class name cannot be written down.
    pub fn prepare(job: &Job, dataset: &'a Dataset, setup: &Setup<'_>) -> Result<Self> {
        let fingerprint = fingerprint(dataset);
        let config = config(job, dataset, setup, &fingerprint);
        let config = config.to_toml().context(CONFIG)?;
        model(dataset, setup)?;
        Ok(Self {
            dataset,
            fingerprint,
            config,
        })
    }

    /// Says so where a run is repeated on other samples than it had.
    ///
    /// # Errors
    ///
    /// If the output cannot be written.
    pub fn warn_of_other_samples(&self, output: Output, job: &Job) -> io::Result<()> {
        let recorded = job
            .record
            .as_ref()
            .filter(|record| record.fingerprint != self.fingerprint);
        match recorded {
            Some(Record { source, .. }) => output.item(
                "note",
                format_args!(
                    "these are not the samples of the run in --config ({source}): \
                     the weights will differ"
                ),
            ),
            None => Ok(()),
        }
    }

    /// Writes the run folder.
    ///
    /// # Errors
    ///
    /// What could not be written; the checkpoint, if there is one, is then still there.
    pub fn write(&self, job: &Job, setup: &Setup<'_>, epochs: &[EpochReport]) -> Result<()> {
        let metrics = metrics(epochs)?;
        let model = model(self.dataset, setup)?;
        job.out.finish(&[
            (METRICS, &metrics),
            (CONFIG, self.config.as_bytes()),
            (MODEL, model.as_slice()),
        ])?;
        Ok(())
    }
}

fn metrics(epochs: &[EpochReport]) -> Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for epoch in epochs {
        writer.serialize(epoch).context(METRICS)?;
    }
    writer.into_inner().context(METRICS)
}

fn config(job: &Job, dataset: &Dataset, setup: &Setup<'_>, fingerprint: &str) -> RunConfig {
    RunConfig {
        dataset: Some(lasting_name(&job.dataset)),
        data: job.data.as_deref().map(whole_path),
        training: setup.settings.into(),
        record: Some(Record {
            version: env!("CARGO_PKG_VERSION").into(),
            source: dataset.source.clone(),
            fingerprint: fingerprint.into(),
            threads: setup.threads,
            lanes: setup.lanes.lanes(),
        }),
        model: Some((&setup.network).into()),
    }
}

/// Names every setting but no time or place, so that the same run makes the same file.
fn model(dataset: &Dataset, setup: &Setup<'_>) -> Result<ModelBytes> {
    let settings = &setup.settings;
    let augment = settings.augmented();
    let notes = format!(
        "Kiln {}, {}: {} epochs, batch {}, lr {}, momentum {}, weight decay {}, schedule {}, \
         validation {}, {augment}seed {}",
        env!("CARGO_PKG_VERSION"),
        dataset.name,
        settings.epochs,
        settings.batch,
        settings.lr,
        settings.momentum,
        settings.weight_decay,
        settings.schedule,
        settings.validation,
        settings.seed
    );
    let class_names: Vec<&str> = dataset.classes.iter().map(String::as_str).collect();
    ModelBytes::encode(&ModelParts {
        network: &setup.network,
        scaling: &setup.scaling,
        class_names: &class_names,
        notes: &notes,
        parameters: setup.trainer.parameters(),
    })
    .context(MODEL)
}

/// The DATASET argument so that it means the same from any working folder.
fn lasting_name(dataset: &str) -> String {
    if data::names().any(|name| name == dataset) {
        return dataset.into();
    }
    whole_path(Path::new(dataset)).display().to_string()
}

fn whole_path(path: &Path) -> std::path::PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.into())
}

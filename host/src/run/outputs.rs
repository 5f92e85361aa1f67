//! The files of a run folder.

use super::checkpoint::CheckpointFacts;
use super::config::{RunConfig, RunRecord};
use super::folder::{CONFIG, EVALUATION, METRICS, MODEL, REPORT};
use super::report::EpochReport;
use super::start::StartLayer;
use super::{Job, Setup};
use crate::data::{self, Dataset};
use crate::output::Output;
use crate::report::{self, EpochFigures, ReportedRun, RunEvaluation, RunFiles, RunParts};
use crate::settings::LossSetting;
use crate::weights::ModelBytes;
use anyhow::{Context, Result};
use kiln_core::{ModelParts, ModelTask};
use std::path::{Path, PathBuf};

/// The files as far as they are known before training.
pub struct RunOutputs<'a> {
    dataset: &'a Dataset,
    /// The text of `config.toml`, and what else checkpoints have.
    pub facts: CheckpointFacts,
}

impl<'a> RunOutputs<'a> {
    /// Makes what can be made, so that nothing but the disk can fail after the training.
    ///
    /// # Errors
    ///
    /// If a path or a class name cannot be written down.
    pub fn prepare(job: &Job, dataset: &'a Dataset, setup: &Setup<'_>) -> Result<Self> {
        let config = config(job, dataset, setup)?.to_toml().context(CONFIG)?;
        model(dataset, setup)?;
        let facts = CheckpointFacts {
            config,
            scaling: setup.scaling.clone(),
            classes: dataset.classes.clone(),
        };
        Ok(Self { dataset, facts })
    }

    /// Says so where a run is repeated on other samples than it had, or from other weights.
    ///
    /// # Errors
    ///
    /// If the output cannot be written.
    pub fn warn_of_other_samples(&self, output: Output, job: &Job) -> Result<()> {
        if let (Some(record), Some(start)) = (&job.record, &job.start) {
            let found = start.sha256()?;
            let recorded = record.weights_sha256.as_ref();
            if recorded.is_some_and(|recorded| *recorded != found) {
                output.item(
                    "note",
                    format_args!(
                        "{} has other weights than the run in --config started from: the weights will differ",
                        start.path().display()
                    ),
                )?;
            }
        }
        let recorded = job
            .record
            .as_ref()
            .filter(|record| record.fingerprint != self.dataset.sha256());
        if let Some(RunRecord { source, .. }) = recorded {
            output.item(
                "note",
                format_args!(
                    "these are not the samples of the run in --config ({source}): \
                     the weights will differ"
                ),
            )?;
        }
        Ok(())
    }

    /// Writes the run folder, the report among it, and the files `more`, given by name and content.
    ///
    /// # Errors
    ///
    /// What could not be written; the checkpoint, if there is one, is then still there.
    pub fn write(
        &self,
        job: &Job,
        setup: &Setup<'_>,
        epochs: &[EpochReport],
        evaluation: &RunEvaluation,
        more: &[(&str, &[u8])],
    ) -> Result<()> {
        let metrics = metrics(epochs)?;
        let model = model(self.dataset, setup)?;
        let config = RunConfig::parse(&self.facts.config).context(CONFIG)?;
        let figures = EpochFigures::read(&metrics).context(METRICS)?;
        let parts = RunParts::of(&config, &figures, model.as_slice()).context(CONFIG)?;
        let evaluation = RunEvaluation {
            parts: Some(parts),
            ..evaluation.clone()
        };
        let evaluation = serde_json::to_vec(&evaluation).context(EVALUATION)?;
        // From the files, as `kiln report` makes it: that finds all that it needs.
        let files = RunFiles {
            metrics: &metrics,
            config: &self.facts.config,
            model: &model.open().context(MODEL)?,
            model_bytes: model.as_slice(),
            evaluation: Some(&evaluation),
        };
        let run = ReportedRun::of(job.out.path(), &files)?;
        let page = report::page(&run);
        let charts = report::chart_files(&run);
        let charts = charts.iter().map(|(name, chart)| (*name, chart.as_bytes()));
        let mut files = vec![
            (METRICS, metrics.as_slice()),
            (CONFIG, self.facts.config.as_bytes()),
            (MODEL, model.as_slice()),
            (EVALUATION, &evaluation),
        ];
        files.extend(charts);
        files.extend(more);
        files.push((REPORT, page.as_bytes()));
        job.out.finish(&files)?;
        Ok(())
    }
}

/// The text of `metrics.csv`.
///
/// # Errors
///
/// If a number cannot be written down.
pub fn metrics(epochs: &[EpochReport]) -> Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for epoch in epochs {
        writer.serialize(epoch).context(METRICS)?;
    }
    writer.into_inner().context(METRICS)
}

fn config(job: &Job, dataset: &Dataset, setup: &Setup<'_>) -> Result<RunConfig> {
    let recorded = job
        .record
        .as_ref()
        .and_then(|record| record.weights_sha256.clone());
    let separate = job.separate.lasting();
    Ok(RunConfig {
        dataset: Some(lasting_name(&job.dataset)),
        data: job.data.as_deref().map(whole_path),
        validation_data: separate.validation,
        test_data: separate.test,
        weights: job.weights.clone(),
        train_from: (job.train_from > 1).then_some(StartLayer::Number(job.train_from)),
        training: setup.settings.into(),
        record: Some(RunRecord {
            version: env!("CARGO_PKG_VERSION").into(),
            source: dataset.source.clone(),
            fingerprint: dataset.sha256().into(),
            weights_sha256: match &job.start {
                Some(start) => Some(start.sha256()?),
                None => recorded.filter(|_| job.weights.is_some()),
            },
            threads: setup.threads,
            lanes: setup.lanes.lanes(),
        }),
        model: Some(match &job.model {
            Some((tables, _)) => tables.resolved(&setup.network),
            None => (&setup.network).into(),
        }),
    })
}

/// The trained model's file. It names every setting but no time or place, so that the same run makes
/// the same file.
///
/// # Errors
///
/// If a class name cannot be written down.
pub fn model(dataset: &Dataset, setup: &Setup<'_>) -> Result<ModelBytes> {
    let settings = &setup.settings;
    let (unusual, augment) = (settings.unusual(), settings.augmented());
    let notes = format!(
        "Kiln {}, {}: {} epochs, batch {}, lr {}, momentum {}, weight decay {}, schedule {}, \
         validation {}, {unusual}{augment}seed {}",
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
    let is_reconstruction = settings.loss == LossSetting::Mse;
    ModelBytes::encode(&ModelParts {
        task: if is_reconstruction {
            ModelTask::Reconstruction
        } else {
            ModelTask::Classification
        },
        network: &setup.folded,
        scaling: &setup.scaling,
        class_names: if is_reconstruction { &[] } else { &class_names },
        notes: &notes,
        parameters: &setup.trainer.folded_parameters()?,
    })
    .context(MODEL)
}

/// The DATASET argument so that it means the same from any working folder.
pub fn lasting_name(dataset: &str) -> String {
    if data::names().any(|name| name == dataset) {
        return dataset.into();
    }
    whole_path(Path::new(dataset)).display().to_string()
}

/// The path so that it means the same from any working folder.
pub fn whole_path(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.into())
}

//! The model that an unfinished run has so far.

use super::Checkpoint;
use crate::run::folder::{CHECKPOINT, MODEL, resume_command};
use crate::settings::LossSetting;
use crate::weights::ModelBytes;
use anyhow::{Context, Result};
use kiln_core::{Folding, ModelParts, ModelTask};
use std::path::{Path, PathBuf};

/// The state of an unfinished run that a path stands for: the checkpoint itself, or a run folder that has no model yet.
pub fn checkpoint_file(path: &Path) -> Option<PathBuf> {
    let inside = path.join(CHECKPOINT);
    if path.is_dir() {
        return (inside.is_file() && !path.join(MODEL).is_file()).then_some(inside);
    }
    path.file_name()
        .is_some_and(|name| name == CHECKPOINT)
        .then(|| path.into())
}

impl Checkpoint {
    /// The model that the run would leave if it ended where the checkpoint stands.
    ///
    /// # Errors
    ///
    /// If the checkpoint names no network, or its values are not that network's.
    pub fn model(&self) -> Result<ModelBytes> {
        let tables = self.config.model.as_ref();
        let network = tables
            .context("the config in it has no network")?
            .network(None)?;
        let (parameters, statistics) = match &self.best {
            Some(best) => (&best.parameters, &best.statistics),
            None => (&self.parameters, &self.statistics),
        };
        let folding = Folding::of(&network);
        let folded = folding.clone().network();
        let mut values = vec![0.0; folded.parameters()];
        folding.fold(&network, parameters, statistics, &mut values)?;
        let is_reconstruction = self.config.training.loss == Some(LossSetting::Mse);
        let names: Vec<&str> = self.classes.iter().map(String::as_str).collect();
        let notes = format!("Kiln {}, {}", env!("CARGO_PKG_VERSION"), self.stage());
        Ok(ModelBytes::encode(&ModelParts {
            task: match is_reconstruction {
                true => ModelTask::Reconstruction,
                false => ModelTask::Classification,
            },
            network: &folded,
            scaling: &self.scaling,
            class_names: if is_reconstruction { &[] } else { &names },
            notes: &notes,
            parameters: &values,
        })?)
    }

    /// How far the run has come, in words.
    pub fn stage(&self) -> String {
        let steps = match self.position.steps {
            0 => String::new(),
            steps => format!(" and {steps} steps"),
        };
        let of = self.config.training.epochs.unwrap_or_default();
        let kept = match &self.best {
            Some(best) => format!(", its best epoch {}", best.epoch),
            None => String::new(),
        };
        format!("after {}{steps} of {of} epochs{kept}", self.position.epochs)
    }

    /// What is to be said of something made of an unfinished run's state in `path`.
    pub fn notice(&self, path: &Path) -> String {
        let folder = match path.is_dir() {
            true => path,
            false => path.parent().unwrap_or(path),
        };
        format!(
            "the run is unfinished, {}; `{}` goes on with it",
            self.stage(),
            resume_command(folder)
        )
    }
}

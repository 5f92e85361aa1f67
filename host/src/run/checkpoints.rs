//! The checkpoints of a run as it goes on.

use super::checkpoint::{CheckpointFacts, CheckpointParts};
use super::folder::{CHECKPOINT, RunFolder, RunFolderError};
use crate::output::Output;
use crate::training::{DatasetTrainer, Epoch};
use anyhow::{Context, Result};
use std::io;
use std::panic;
use std::thread::{self, JoinHandle};

/// Writes checkpoints while training goes on; the disk takes longer than an epoch of a small
/// network.
pub struct Checkpoints<'a> {
    folder: &'a RunFolder,
    facts: &'a CheckpointFacts,
    writing: Option<JoinHandle<Result<(), RunFolderError>>>,
    told: bool,
}

impl<'a> Checkpoints<'a> {
    /// Checkpoints of the run in `folder`.
    pub fn new(folder: &'a RunFolder, facts: &'a CheckpointFacts) -> Self {
        Self {
            folder,
            facts,
            writing: None,
            told: false,
        }
    }

    /// Starts to write the state as it is, after the one before is written.
    ///
    /// A checkpoint that cannot be written is told of once, and does not end the run.
    ///
    /// # Errors
    ///
    /// If `output` cannot be written.
    pub fn keep(
        &mut self,
        output: Output,
        trainer: &DatasetTrainer<'_>,
        epochs: &[Epoch],
    ) -> Result<()> {
        let bytes = self.encode(trainer, epochs)?;
        self.settle(output)?;
        let folder = self.folder.clone();
        let write = move || folder.write(&[(CHECKPOINT, &bytes)]);
        let started = thread::Builder::new()
            .name("checkpoint".into())
            .spawn(write);
        match started {
            Ok(writing) => self.writing = Some(writing),
            Err(cause) => self.tell(output, &cause.to_string())?,
        }
        Ok(())
    }

    /// Writes the state as it is, and waits until it is written.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn keep_now(&mut self, trainer: &DatasetTrainer<'_>, epochs: &[Epoch]) -> Result<()> {
        let bytes = self.encode(trainer, epochs)?;
        // An earlier one that was not written is no loss beside this.
        let _ = self.wait();
        Ok(self.folder.write(&[(CHECKPOINT, &bytes)])?)
    }

    /// Waits for what is being written.
    ///
    /// # Errors
    ///
    /// If `output` cannot be written.
    pub fn settle(&mut self, output: Output) -> Result<()> {
        if let Err(error) = self.wait() {
            self.tell(output, &error.to_string())?;
        }
        Ok(())
    }

    /// Takes back what was written.
    ///
    /// # Errors
    ///
    /// If it cannot be removed.
    pub fn abandon(&mut self) -> io::Result<()> {
        let _ = self.wait();
        self.folder.abandon()
    }

    fn encode(&self, trainer: &DatasetTrainer<'_>, epochs: &[Epoch]) -> Result<Vec<u8>> {
        let parts = CheckpointParts {
            facts: self.facts,
            position: trainer.position(),
            epochs,
            parameters: trainer.parameters(),
            velocity: trainer.velocity(),
            statistics: trainer.statistics(),
            best: trainer.best(),
        };
        parts.encode().context(CHECKPOINT)
    }

    fn wait(&mut self) -> Result<(), RunFolderError> {
        let written = self.writing.take().map(JoinHandle::join);
        written.map_or(Ok(()), |written| {
            written.unwrap_or_else(|panic| panic::resume_unwind(panic))
        })
    }

    fn tell(&mut self, output: Output, reason: &str) -> io::Result<()> {
        if self.told {
            return Ok(());
        }
        self.told = true;
        output.item(
            "note",
            format_args!("no checkpoint of the last epoch, the run goes on: {reason}"),
        )
    }
}

impl Drop for Checkpoints<'_> {
    fn drop(&mut self) {
        // The end of the program would cut it off.
        if let Some(writing) = self.writing.take() {
            let _ = writing.join();
        }
    }
}

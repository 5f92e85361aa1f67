//! Models of integers that are measured.

use super::networks::random_samples;
use crate::data::Samples;
use crate::engine::Int8Engine;
use crate::weights::ModelBytes;
use anyhow::Result;
use kiln_core::{Int8ModelFile, LaneWidth, ModelError};

/// A model of integers with its weights: which kernels can take them depends on their numbers.
#[derive(Clone, Debug)]
pub struct BenchModel {
    name: String,
    bytes: ModelBytes,
}

impl BenchModel {
    /// The model in a file's bytes, called `name`.
    ///
    /// # Errors
    ///
    /// If the bytes are no sound model file of integers.
    pub fn new(name: String, bytes: ModelBytes) -> Result<Self, ModelError> {
        Int8ModelFile::open(bytes.as_slice())?;
        Ok(Self { name, bytes })
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The file.
    pub fn bytes(&self) -> &ModelBytes {
        &self.bytes
    }

    /// The model, opened in place.
    ///
    /// # Errors
    ///
    /// None, since it has been opened before.
    pub fn open(&self) -> Result<Int8ModelFile<'_>, ModelError> {
        Int8ModelFile::open(self.bytes.as_slice())
    }

    /// Random samples, as [`BenchNetwork::samples`](super::BenchNetwork::samples).
    pub(super) fn samples(&self, batch: usize, batches: usize) -> Result<Samples> {
        Ok(random_samples(self.open()?.network(), batch, batches)?)
    }

    /// Whether packets of so many samples can compute it: not every width of numbers is one of codes.
    pub(super) fn has_width(&self, lanes: LaneWidth) -> Result<bool> {
        let model = self.open()?;
        Ok(Int8Engine::new(&model, 1, Some(lanes))?.lanes() == lanes)
    }
}

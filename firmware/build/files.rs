//! The model and the samples: those of the environment, or else the committed ones.

use crate::error::Error;
use generate::AlignedFile;
use kiln_core::{ModelFile, SamplesFile};
use std::env;
use std::fs;
use std::path::PathBuf;

/// Where the committed files are.
const MODEL: &str = "assets/digits.kiln";
const SAMPLES: &str = "assets/digits.samples";

/// The files' bytes; the model's lie where it opens in place.
pub struct Files {
    model_path: PathBuf,
    samples_path: PathBuf,
    model: AlignedFile,
    samples: Vec<u8>,
}

/// Reads both files.
pub fn read() -> Result<Files, Error> {
    let model_path = path("KILN_MODEL", MODEL);
    let samples_path = path("KILN_SAMPLES", SAMPLES);
    Ok(Files {
        model: AlignedFile::new(&content(&model_path)?),
        samples: content(&samples_path)?,
        model_path,
        samples_path,
    })
}

impl Files {
    pub fn model(&self) -> Result<ModelFile<'_>, Error> {
        ModelFile::open(self.model_bytes()).map_err(|error| Error::Model {
            path: self.model_path.clone(),
            error,
        })
    }

    /// The samples, of the shape that the model takes.
    pub fn samples(&self) -> Result<SamplesFile<'_>, Error> {
        let path = self.samples_path.clone();
        let model = self.model()?.network().input_shape();
        match SamplesFile::open(&self.samples) {
            Ok(samples) if samples.shape() != model => Err(Error::Shape {
                path,
                samples: samples.shape(),
                model,
            }),
            Ok(samples) => Ok(samples),
            Err(error) => Err(Error::Samples { path, error }),
        }
    }

    pub fn model_bytes(&self) -> &[u8] {
        self.model.bytes()
    }

    pub fn samples_bytes(&self) -> &[u8] {
        &self.samples
    }
}

/// The path in the environment, relative to where cargo was called, or the committed file's.
pub fn path(variable: &str, committed: &str) -> PathBuf {
    println!("cargo::rerun-if-env-changed={variable}");
    match env::var_os(variable) {
        Some(path) if !path.is_empty() => PathBuf::from(path),
        _ => PathBuf::from(committed),
    }
}

pub fn content(path: &PathBuf) -> Result<Vec<u8>, Error> {
    println!("cargo::rerun-if-changed={}", path.display());
    fs::read(path).map_err(|cause| Error::Unreadable {
        path: path.clone(),
        cause,
    })
}

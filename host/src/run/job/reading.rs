//! What a request and its config name, read and checked before any data is.

use super::RunRequest;
use crate::data::TargetSize;
use crate::engine::EngineOptions;
use crate::network_file::{self, NetworkTables};
use crate::run::config::RunConfig;
use crate::run::start::StartModel;
use crate::settings::Settings;
use anyhow::{Context, Result, bail};
use kiln_core::LaneWidth;
use std::path::Path;

/// The model to start from, that of the config where there is no other.
pub(super) fn start(request: &RunRequest, config: &RunConfig) -> Result<Option<StartModel>> {
    let first = request.train_from.as_ref().or(config.train_from.as_ref());
    let Some(path) = request.weights.as_ref().or(config.weights.as_ref()) else {
        if let Some(first) = first {
            bail!(
                "train-from is {first}: it is a layer of a trained model; name that by --weights"
            );
        }
        return Ok(None);
    };
    if let Some(model) = &request.model {
        bail!(
            "--model {}: the weights of {} have a network of their own; leave out one of the two",
            model.display(),
            path.display()
        );
    }
    if request.size.is_some() {
        bail!(
            "--size: the network of {} has an input of its own; leave out --size",
            path.display()
        );
    }
    StartModel::read(path, first).map(Some)
}

/// The config file, or an empty config where there is none.
pub(super) fn read_config(path: Option<&Path>) -> Result<RunConfig> {
    match path {
        Some(path) => RunConfig::read(path).with_context(|| path.display().to_string()),
        None => Ok(RunConfig::default()),
    }
}

/// The network of the file given, or of the config, with the name of where it is from.
pub(super) fn model(
    request: &RunRequest,
    config: &RunConfig,
) -> Result<Option<(NetworkTables, String)>> {
    let (read, path) = match (&request.model, &config.model) {
        (Some(path), _) => (network_file::read_tables(path), path.display().to_string()),
        (None, Some(tables)) => (Ok(tables.clone()), display(request.config.as_deref())),
        (None, None) => return Ok(None),
    };
    let mut tables = read.with_context(|| path.clone())?;
    let mut place = path.clone();
    match request.size {
        None => {}
        Some(TargetSize::Exactly { height, width }) if request.model.is_some() => {
            tables.input.height = height.into();
            tables.input.width = width.into();
            place = format!("{path} with --size {width}x{height}");
        }
        Some(size) if request.model.is_some() => bail!(
            "--size {size}: beside --model it is a number or WIDTHxHEIGHT; leave it out for the size that {path} says"
        ),
        Some(_) => bail!("--size: the network in {path} has an input of its own; change it there"),
    }
    // What does not follow from the data is found before it is loaded.
    let some = if tables.takes_classes() {
        Some(2)
    } else {
        None
    };
    tables.network(some).context(place)?;
    Ok(Some((tables, path)))
}

/// Finds what is out of bounds before anything is loaded.
pub(super) fn check(
    settings: &Settings,
    lanes: Option<LaneWidth>,
    config: Option<&Path>,
) -> Result<()> {
    // The number of channels only chooses defaults, which are sound.
    let checked = settings.resolve(1, 1);
    let resolved = match config {
        Some(path) => checked.with_context(|| format!("{} and the arguments", path.display()))?,
        None => checked?,
    };
    let options = EngineOptions {
        lanes,
        arithmetic: resolved.arithmetic.into(),
        ..EngineOptions::default()
    };
    options.width()?;
    Ok(())
}

/// The path for people to read; empty where there is none.
pub(super) fn display(path: Option<&Path>) -> String {
    path.map_or_else(String::new, |path| path.display().to_string())
}

//! The commands, a module each, and what several of them take and say.

pub mod arguments;
pub mod bench;
#[cfg(feature = "device")]
pub mod device;
#[cfg(feature = "device")]
pub mod emulate;
pub mod evaluate;
pub mod export;
pub mod import;
pub mod predict;
pub mod quantize;
pub mod report;
pub mod summary;
pub mod sweep;
pub mod train;

use crate::data::Dataset;
use crate::output::{Output, counted, grouped};
use anyhow::{Result, ensure};
use kiln_core::Network;
use std::io;
use std::path::{Path, PathBuf};

/// A run that came to its end, but whose result is not what it has to be; the program exits with 1.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct FailedCheck(pub String);

/// Says where the samples came from, how many there are, and what loading did to them.
fn describe_dataset(output: Output, dataset: &Dataset) -> io::Result<()> {
    let samples = dataset.train.len() + dataset.test.as_ref().map_or(0, |test| test.len());
    output.item("data", &dataset.source)?;
    output.item(
        "loaded",
        format_args!(
            "{} of {}, {}, in {:.2} s",
            counted(samples, "sample", "samples"),
            dataset.train.shape,
            counted(dataset.classes.len(), "class", "classes"),
            dataset.load_time.as_secs_f64()
        ),
    )?;
    if dataset.ignored_files > 0 {
        let ignored = counted(
            dataset.ignored_files,
            "file that is no image",
            "files that are no images",
        );
        let names = match dataset.ignored_names.join(", ") {
            names if names.is_empty() => names,
            names if dataset.ignored_files > dataset.ignored_names.len() => {
                format!(": {names}, …")
            }
            names => format!(": {names}"),
        };
        output.item("note", format_args!("ignored {ignored}{names}"))?;
    }
    dataset
        .notices
        .iter()
        .try_for_each(|notice| output.item("note", notice))
}

/// Says what the network holds and computes.
fn describe_network(output: Output, network: &Network) -> io::Result<()> {
    let cost = network.cost();
    output.item(
        "network",
        format_args!(
            "{} parameters; {} MACs, {} FLOPs a sample",
            grouped(cost.parameters),
            grouped(cost.macs),
            grouped(cost.flops())
        ),
    )
}

/// Where a command writes that was told nothing else: beside `file`, under its name with another
/// ending.
///
/// # Errors
///
/// If something is there: it may be the work of a day, so replacing it has to be asked for.
fn beside(file: &Path, ending: &str) -> Result<PathBuf> {
    let path = file.with_extension(ending);
    ensure!(
        !path.exists(),
        "{} is there already; say where to write with --out, also to replace it",
        path.display()
    );
    Ok(path)
}

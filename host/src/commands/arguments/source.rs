//! Where the files of a dataset known by name come from.

use std::path::PathBuf;

/// Flags for the files of a dataset known by name.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub struct SourceArguments {
    /// Folder with the files of a dataset known by name
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Do not download anything
    #[arg(long)]
    pub offline: bool,
}

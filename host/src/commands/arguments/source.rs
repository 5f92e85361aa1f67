//! Where the files of a dataset come from, and which of them are taken.

use std::path::PathBuf;

/// Flags for the files of a dataset.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub struct SourceArguments {
    /// Folder with the files of a dataset known by name
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Do not download anything
    #[arg(long)]
    pub offline: bool,
    /// Leave out the images of a folder that cannot be decoded
    #[arg(long)]
    pub skip_broken: bool,
    /// Decode the images of a folder anew, and keep none of them for the next run
    #[arg(long)]
    pub no_cache: bool,
}

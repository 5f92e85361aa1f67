//! Files with known hashes, from a cache folder or else from the network into it.

#[cfg(feature = "download")]
mod fetched;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::Options;
use super::download::{DownloadError, RemoteFile};
#[cfg(not(feature = "download"))]
use super::named::listed;
use super::places::Patience;
use crate::plain_file;

/// Files that belong together.
pub(super) struct Archive {
    pub(super) files: &'static [RemoteFile],
    /// Where they are kept; it need not exist. `None` keeps nothing.
    pub(super) folder: Option<PathBuf>,
    /// The URLs to download from, each with a slash at the end, in order.
    pub(super) mirrors: Vec<String>,
    #[cfg_attr(not(feature = "download"), expect(dead_code))]
    pub(super) patience: Patience,
}

/// Why an archive is not to be had.
#[derive(Debug)]
pub(super) enum Absence {
    /// The cache folder lacks a file and the network must be left alone.
    Offline,
    Download(DownloadError),
}

impl Archive {
    /// The content of each file, its hash verified, and where they are from.
    pub(super) fn contents(
        &self,
        options: &Options,
        notices: &mut Vec<String>,
    ) -> Result<(Vec<Vec<u8>>, String), Absence> {
        let cached = self.cached(notices);
        let is_complete = cached.iter().all(Option::is_some);
        if !is_complete && options.offline {
            return Err(Absence::Offline);
        }
        let contents = self
            .completed(cached, options.progress, notices)
            .map_err(Absence::Download)?;
        // A folder that could not be written to does not exist, or a notice tells of it.
        let folder = self.folder.as_ref().filter(|folder| folder.is_dir());
        let place = match folder {
            Some(folder) if is_complete => format!("from the cache {}", folder.display()),
            Some(folder) => format!("downloaded to {}", folder.display()),
            None => "downloaded".into(),
        };
        Ok((contents, place))
    }

    /// The files that the cache folder has; one with a wrong hash counts as missing.
    fn cached(&self, notices: &mut Vec<String>) -> Vec<Option<Vec<u8>>> {
        let Some(folder) = &self.folder else {
            return self.files.iter().map(|_| None).collect();
        };
        let read = |file: &RemoteFile| read_verified(&folder.join(file.name), file);
        let found: Vec<_> = self.files.par_iter().map(read).collect();
        let found = found.into_iter().zip(self.files);
        found
            .map(|(content, file)| match content {
                Ok(Some(content)) => Some(content),
                Ok(None) => {
                    let path = folder.join(file.name);
                    let path = path.display();
                    notices.push(format!("{path} has a wrong SHA-256 and was not used"));
                    None
                }
                Err(_) => None,
            })
            .collect()
    }

    /// Without the feature `download`, what is missing stays so.
    #[cfg(not(feature = "download"))]
    fn completed(
        &self,
        cached: Vec<Option<Vec<u8>>>,
        _progress: bool,
        _notices: &mut [String],
    ) -> Result<Vec<Vec<u8>>, DownloadError> {
        let names: Vec<_> = self.files.iter().map(|file| file.name).collect();
        let missing = || DownloadError::NotBuilt {
            files: listed(&names, "and"),
            url: self.mirrors.first().cloned().unwrap_or_default(),
        };
        cached
            .into_iter()
            .collect::<Option<_>>()
            .ok_or_else(missing)
    }
}

/// The content of `file`; `None` where another one has its name.
fn read_verified(path: &Path, file: &RemoteFile) -> io::Result<Option<Vec<u8>>> {
    if fs::metadata(path)?.len() != file.length {
        return Ok(None);
    }
    let content = plain_file::read(path, file.length)?;
    Ok(file.matches(&content).then_some(content))
}

#[cfg(all(test, feature = "download"))]
mod tests;

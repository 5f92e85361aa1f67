//! Files with known hashes, from a cache folder or else from the network into it.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use tempfile::NamedTempFile;

use super::download::{DownloadError, Downloader, RemoteFile};
use super::{Options, progress_bar};

const BAR: &str = "downloading {msg} {wide_bar} {bytes}/{total_bytes} ({eta})";

/// Four files that belong together.
pub(super) struct Archive<'a> {
    pub(super) files: &'a [RemoteFile; 4],
    /// Where they are kept; it need not exist. `None` keeps nothing.
    pub(super) folder: Option<PathBuf>,
    /// The URLs to download from, each with a slash at the end, in order.
    pub(super) mirrors: &'a [String],
}

/// Why an archive is not to be had.
#[derive(Debug)]
pub(super) enum Absence {
    /// The cache folder lacks a file and the network must be left alone.
    Offline,
    Download(DownloadError),
}

impl Archive<'_> {
    /// The content of each file, its hash verified, and where they are from.
    pub(super) fn contents(
        &self,
        options: &Options,
        notices: &mut Vec<String>,
    ) -> Result<([Vec<u8>; 4], String), Absence> {
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
    fn cached(&self, notices: &mut Vec<String>) -> [Option<Vec<u8>>; 4] {
        let Some(folder) = &self.folder else {
            return [const { None }; 4];
        };
        let mut contents = self
            .files
            .each_ref()
            .map(|file| fs::read(folder.join(file.name)).ok());
        let is_broken = |(content, file): (&Option<Vec<u8>>, &RemoteFile)| {
            content
                .as_ref()
                .is_some_and(|content| !file.matches(content))
        };
        let broken: Vec<_> = contents.par_iter().zip(self.files).map(is_broken).collect();
        for (index, _) in broken
            .iter()
            .enumerate()
            .filter(|(_, is_broken)| **is_broken)
        {
            contents[index] = None;
            let path = folder.join(self.files[index].name);
            notices.push(format!(
                "{} has a wrong SHA-256 and was not used",
                path.display()
            ));
        }
        contents
    }

    /// Downloads what is missing and keeps it.
    fn completed(
        &self,
        cached: [Option<Vec<u8>>; 4],
        progress: bool,
        notices: &mut Vec<String>,
    ) -> Result<[Vec<u8>; 4], DownloadError> {
        let missing = self
            .files
            .iter()
            .zip(&cached)
            .filter(|(_, content)| content.is_none());
        let total = missing.map(|(file, _)| file.length).sum();
        let bar = progress_bar(progress && total > 0, total, BAR);
        let downloader = Downloader::new(self.mirrors, bar);
        let mut contents = [const { Vec::new() }; 4];
        for ((slot, file), content) in contents.iter_mut().zip(self.files).zip(cached) {
            *slot = match content {
                Some(content) => content,
                None => self.downloaded(&downloader, file, notices)?,
            };
        }
        downloader.bar.finish_and_clear();
        Ok(contents)
    }

    fn downloaded(
        &self,
        downloader: &Downloader<'_>,
        file: &RemoteFile,
        notices: &mut Vec<String>,
    ) -> Result<Vec<u8>, DownloadError> {
        let content = downloader.fetch(file)?;
        if let Some(folder) = &self.folder
            && let Err(cause) = keep(folder, file.name, &content)
        {
            let path = folder.join(file.name);
            notices.push(format!("cannot keep {}: {cause}", path.display()));
        }
        Ok(content)
    }
}

/// Writes the file whole or not at all: it gets its name only when it is complete.
fn keep(folder: &Path, name: &str, content: &[u8]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(content)?;
    file.persist(folder.join(name))?;
    Ok(())
}

#[cfg(test)]
mod tests;

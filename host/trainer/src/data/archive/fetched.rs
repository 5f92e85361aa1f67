//! What an archive lacks, from the network.

use super::Archive;
use crate::data::download::{DownloadError, Downloader, Partial, RemoteFile};
use crate::data::progress_bar;

const BAR: &str = "downloading {msg} {wide_bar} {bytes}/{total_bytes} ({eta})";

impl Archive {
    /// Downloads what is missing and keeps it.
    pub(super) fn completed(
        &self,
        cached: Vec<Option<Vec<u8>>>,
        progress: bool,
        notices: &mut Vec<String>,
    ) -> Result<Vec<Vec<u8>>, DownloadError> {
        let missing = self
            .files
            .iter()
            .zip(&cached)
            .filter(|(_, content)| content.is_none());
        let total = missing.map(|(file, _)| file.length).sum();
        let bar = progress_bar(progress && total > 0, total, BAR);
        let downloader = Downloader::new(&self.mirrors, self.patience, bar);
        let found = self.files.iter().zip(cached);
        let contents = found
            .map(|(file, content)| match content {
                Some(content) => Ok(content),
                None => self.downloaded(&downloader, file, notices),
            })
            .collect();
        downloader.bar.finish_and_clear();
        contents
    }

    fn downloaded(
        &self,
        downloader: &Downloader<'_>,
        file: &RemoteFile,
        notices: &mut Vec<String>,
    ) -> Result<Vec<u8>, DownloadError> {
        let mut partial = Partial::open(self.folder.as_deref(), file.name, file.length);
        downloader.fetch(file, &mut partial)?;
        let (content, failure) = partial.finish();
        if let (Some(cause), Some(folder)) = (failure, &self.folder) {
            let path = folder.join(file.name);
            notices.push(format!("cannot keep {}: {cause}", path.display()));
        }
        Ok(content)
    }
}

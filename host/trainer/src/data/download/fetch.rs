//! The requests of a download.

use std::thread;

use indicatif::ProgressBar;

use super::answer::{DownloadFailure, check_answer, wrong_length};
use super::request::{MirrorAnswer, Wanted};
use super::{DownloadError, Partial, RemoteFile, sha256};
use crate::data::places::Patience;

const BLOCK: usize = 1 << 16;

pub(in crate::data) struct Downloader<'a> {
    mirrors: &'a [String],
    patience: Patience,
    /// Counts the bytes of all files fetched.
    pub(in crate::data) bar: ProgressBar,
}

impl<'a> Downloader<'a> {
    pub(in crate::data) fn new(
        mirrors: &'a [String],
        patience: Patience,
        bar: ProgressBar,
    ) -> Self {
        Self {
            mirrors,
            patience,
            bar,
        }
    }

    /// Completes `partial` to the file with its hash verified, or gives the error of the mirror
    /// that got furthest.
    pub(in crate::data) fn fetch(
        &self,
        file: &RemoteFile,
        partial: &mut Partial,
    ) -> Result<(), DownloadError> {
        let mut failure = DownloadError::Unreachable {
            url: file.name.into(),
            cause: "no mirror is known".into(),
        };
        self.bar.set_message(file.name);
        let start = self.bar.position();
        if partial.len() >= file.length {
            if file.matches(partial.content()) {
                return Ok(());
            }
            partial.clear();
        }
        for mirror in self.mirrors {
            let url = format!("{mirror}{}", file.name);
            match self.fetch_from(&url, file, partial, start) {
                Ok(()) => return Ok(()),
                Err(DownloadError::Unreachable { .. }) if !failure.is_unreachable() => {}
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }

    /// Asks one mirror as often as patience allows; `start` is where the bar stood before the file.
    fn fetch_from(
        &self,
        url: &str,
        file: &RemoteFile,
        partial: &mut Partial,
        start: u64,
    ) -> Result<(), DownloadError> {
        let mut tag = None;
        let mut pause = self.patience.pause;
        for attempt in 1.. {
            let outcome = self.attempt(url, file, partial, start, &mut tag);
            match outcome {
                Ok(()) => return Ok(()),
                Err(DownloadFailure::Lasting(error)) => return Err(error),
                Err(DownloadFailure::Passing(error)) if attempt >= self.patience.attempts => {
                    return Err(error);
                }
                Err(DownloadFailure::Passing(_)) => {}
            }
            thread::sleep(pause);
            pause *= 2;
        }
        Ok(())
    }

    /// Asks for what is missing. `tag` is how the mirror marked the version of the file that it
    /// sent in an earlier attempt.
    fn attempt(
        &self,
        url: &str,
        file: &RemoteFile,
        partial: &mut Partial,
        start: u64,
        tag: &mut Option<String>,
    ) -> Result<(), DownloadFailure> {
        let held = partial.len();
        let wanted = Wanted {
            url,
            held,
            tag: tag.as_deref(),
        };
        let answer = MirrorAnswer::to(&wanted, &self.patience)?;
        check_answer(url, file, partial, &answer.head)?;
        *tag = answer.head.strong_tag();
        self.receive(url, file, partial, start, answer)?;
        let found = sha256(partial.content());
        if found == file.sha256 {
            return Ok(());
        }
        partial.clear();
        let error = DownloadError::Hash {
            url: url.into(),
            expected: file.sha256.into(),
            found,
        };
        // Of pieces, the earlier ones may have been another file's.
        Err(if held > 0 {
            DownloadFailure::Passing(error)
        } else {
            DownloadFailure::Lasting(error)
        })
    }

    /// Takes the body, up to the end of the file.
    fn receive(
        &self,
        url: &str,
        file: &RemoteFile,
        partial: &mut Partial,
        start: u64,
        mut answer: MirrorAnswer,
    ) -> Result<(), DownloadFailure> {
        let mut block = vec![0; BLOCK];
        let cause = loop {
            self.bar.set_position(start + partial.len());
            match answer.read(&mut block) {
                Ok(0) if partial.len() == file.length => return Ok(()),
                Ok(0) => break answer.cause_of_end(),
                Ok(count) => partial.extend(&block[..count]),
                Err(error) => break error.to_string(),
            }
            if partial.len() > file.length {
                let found = partial.len();
                partial.clear();
                return Err(DownloadFailure::Lasting(wrong_length(url, file, found)));
            }
        };
        let (url, came, length) = (url.into(), partial.len(), file.length);
        let cause = format!("{cause} after {came} of {length} bytes");
        Err(DownloadFailure::Passing(DownloadError::Failed {
            url,
            cause,
        }))
    }
}

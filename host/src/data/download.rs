//! Downloads of files with a known hash, from the first mirror that has them.

use std::fmt::Write as _;
use std::io::{self, Read};
use std::time::Duration;

use indicatif::ProgressBar;
use sha2::{Digest, Sha256};
use ureq::{Agent, Timeout};

/// Without a network the program should go on soon: this long for the name, and this long for
/// the connection, for each mirror.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(1500);
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(5);
const BODY_TIMEOUT: Duration = Duration::from_secs(120);

/// Why a download failed; every message is one line.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DownloadError {
    /// No mirror could be connected to.
    #[error("cannot reach {url}: {cause}; check the network or give the files with --data DIR")]
    Unreachable {
        /// The URL tried last.
        url: String,
        /// What the connection said.
        cause: String,
    },
    /// The mirror answered, but not with the file.
    #[error("cannot download {url}: {cause}; try again later or give the files with --data DIR")]
    Failed {
        /// The URL tried last.
        url: String,
        /// What went wrong.
        cause: String,
    },
    /// The mirror answered with another file.
    #[error(
        "{url} sent a file with the SHA-256 {found} where {expected} was expected; it was not \
         used: try again later or give the files with --data DIR"
    )]
    Hash {
        /// The URL tried last.
        url: String,
        /// The hash of the file as published.
        expected: String,
        /// The hash of what came.
        found: String,
    },
}

/// A file as published.
pub(super) struct RemoteFile {
    pub(super) name: &'static str,
    /// Bytes.
    pub(super) length: u64,
    /// In lower-case hexadecimal digits.
    pub(super) sha256: &'static str,
}

pub(super) struct Downloader<'a> {
    agent: Agent,
    mirrors: &'a [String],
    /// Counts the bytes of all files fetched.
    pub(super) bar: ProgressBar,
}

impl RemoteFile {
    pub(super) fn matches(&self, content: &[u8]) -> bool {
        content.len() as u64 == self.length && sha256(content) == self.sha256
    }
}

impl<'a> Downloader<'a> {
    pub(super) fn new(mirrors: &'a [String], bar: ProgressBar) -> Self {
        let config = Agent::config_builder()
            .timeout_resolve(Some(CONNECT_TIMEOUT))
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .timeout_recv_response(Some(RESPONSE_TIMEOUT))
            .timeout_recv_body(Some(BODY_TIMEOUT))
            .build();
        Self {
            agent: config.into(),
            mirrors,
            bar,
        }
    }

    /// The content of the file with its hash verified, or the error of the mirror that got
    /// furthest.
    pub(super) fn fetch(&self, file: &RemoteFile) -> Result<Vec<u8>, DownloadError> {
        let mut failure = DownloadError::Unreachable {
            url: file.name.into(),
            cause: "no mirror is known".into(),
        };
        self.bar.set_message(file.name);
        let start = self.bar.position();
        for mirror in self.mirrors {
            self.bar.set_position(start);
            match self.fetch_url(format!("{mirror}{}", file.name), file) {
                Ok(content) => return Ok(content),
                Err(DownloadError::Unreachable { .. }) if !failure.is_unreachable() => {}
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }

    fn fetch_url(&self, url: String, file: &RemoteFile) -> Result<Vec<u8>, DownloadError> {
        let response = match self.agent.get(&url).call() {
            Ok(response) => response,
            Err(error) => return Err(failed_request(url, &error)),
        };
        let mut content = Vec::new();
        let body = response.into_body().into_reader();
        // One byte more is enough to tell that the file is not the one expected.
        let body = self.bar.wrap_read(body).take(file.length + 1);
        if let Err(error) = read_all(body, file.length, &mut content) {
            let cause = error.to_string();
            return Err(DownloadError::Failed { url, cause });
        }
        if file.matches(&content) {
            return Ok(content);
        }
        Err(DownloadError::Hash {
            url,
            expected: file.sha256.into(),
            found: sha256(&content),
        })
    }
}

impl DownloadError {
    fn is_unreachable(&self) -> bool {
        matches!(self, Self::Unreachable { .. })
    }
}

fn read_all(mut body: impl Read, length: u64, content: &mut Vec<u8>) -> io::Result<()> {
    body.read_to_end(content)?;
    if (content.len() as u64) < length {
        let message = format!("{} of {length} bytes came", content.len());
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, message));
    }
    Ok(())
}

fn failed_request(url: String, error: &ureq::Error) -> DownloadError {
    let cause = error.to_string();
    match error {
        ureq::Error::HostNotFound
        | ureq::Error::ConnectionFailed
        | ureq::Error::Io(_)
        | ureq::Error::Timeout(Timeout::Resolve | Timeout::Connect) => {
            DownloadError::Unreachable { url, cause }
        }
        _ => DownloadError::Failed { url, cause },
    }
}

fn sha256(content: &[u8]) -> String {
    Sha256::digest(content)
        .iter()
        .fold(String::new(), |mut text, byte| {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

#[cfg(test)]
pub(super) mod tests;

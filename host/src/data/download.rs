//! Downloads of files with a known hash, from the first mirror that has them.
//!
//! What came before a connection broke is kept in a [`Partial`], and the next attempt asks for the
//! rest. Only the hash of the whole file says whether the pieces belong together.

mod partial;

use std::fmt::Write as _;
use std::io::Read;
use std::thread;

use indicatif::ProgressBar;
use sha2::{Digest, Sha256};
use ureq::http::{Response, StatusCode, header};
use ureq::{Agent, Body, Timeout};

pub(super) use partial::Partial;

use super::places::Patience;

const BLOCK: usize = 1 << 16;

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
    /// The mirror answered with a file of another length.
    #[error(
        "{url} sent a file of {found} bytes where {expected} were expected; it was not used: try \
         again later or give the files with --data DIR"
    )]
    Length {
        /// The URL tried last.
        url: String,
        /// Bytes of the file as published.
        expected: u64,
        /// Bytes announced, or how many came before the rest was left alone.
        found: u64,
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
    patience: Patience,
    /// Counts the bytes of all files fetched.
    pub(super) bar: ProgressBar,
}

/// Why an attempt failed, and so whether another one may do better.
enum Failure {
    /// The mirror may serve later.
    Passing(DownloadError),
    /// It will not.
    Lasting(DownloadError),
}

impl RemoteFile {
    pub(super) fn matches(&self, content: &[u8]) -> bool {
        content.len() as u64 == self.length && sha256(content) == self.sha256
    }
}

impl<'a> Downloader<'a> {
    pub(super) fn new(mirrors: &'a [String], patience: Patience, bar: ProgressBar) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_resolve(Some(patience.connection))
            .timeout_connect(Some(patience.connection))
            .timeout_recv_response(Some(patience.answer))
            .timeout_per_read(Some(patience.bytes))
            .build();
        Self {
            agent: config.into(),
            mirrors,
            patience,
            bar,
        }
    }

    /// Completes `partial` to the file with its hash verified, or gives the error of the mirror
    /// that got furthest.
    pub(super) fn fetch(
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
                Err(Failure::Lasting(error)) => return Err(error),
                Err(Failure::Passing(error)) if attempt >= self.patience.attempts => {
                    return Err(error);
                }
                Err(Failure::Passing(_)) => {}
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
    ) -> Result<(), Failure> {
        let held = partial.len();
        let mut request = self.agent.get(url);
        if held > 0 {
            request = request.header(header::RANGE, format!("bytes={held}-"));
            if let Some(tag) = tag {
                request = request.header(header::IF_RANGE, tag.as_str());
            }
        }
        let response = request
            .call()
            .map_err(|error| failed_request(url, &error))?;
        check_answer(url, file, partial, &response)?;
        *tag = strong_tag(&response);
        self.receive(url, file, partial, start, response)?;
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
            Failure::Passing(error)
        } else {
            Failure::Lasting(error)
        })
    }

    /// Takes the body, up to the end of the file.
    fn receive(
        &self,
        url: &str,
        file: &RemoteFile,
        partial: &mut Partial,
        start: u64,
        response: Response<Body>,
    ) -> Result<(), Failure> {
        let mut body = response.into_body().into_reader();
        let mut block = vec![0; BLOCK];
        let cause = loop {
            self.bar.set_position(start + partial.len());
            match body.read(&mut block) {
                Ok(0) if partial.len() == file.length => return Ok(()),
                Ok(0) => break "the connection was closed".into(),
                Ok(count) => partial.extend(&block[..count]),
                Err(error) => break error.to_string(),
            }
            if partial.len() > file.length {
                let found = partial.len();
                partial.clear();
                return Err(Failure::Lasting(wrong_length(url, file, found)));
            }
        };
        let (url, came, length) = (url.into(), partial.len(), file.length);
        let cause = format!("{cause} after {came} of {length} bytes");
        Err(Failure::Passing(DownloadError::Failed { url, cause }))
    }
}

impl DownloadError {
    fn is_unreachable(&self) -> bool {
        matches!(self, Self::Unreachable { .. })
    }
}

/// Sees to it that the body goes on where `partial` ends, which may have to be emptied for that.
fn check_answer(
    url: &str,
    file: &RemoteFile,
    partial: &mut Partial,
    response: &Response<Body>,
) -> Result<(), Failure> {
    let failed = |cause: String| DownloadError::Failed {
        url: url.into(),
        cause,
    };
    let status = response.status();
    match status {
        StatusCode::PARTIAL_CONTENT if is_the_rest(file, partial.len(), response) => Ok(()),
        StatusCode::OK => {
            // The whole file: the mirror does not resume, or has another version by now.
            partial.clear();
            match content_length(response) {
                Some(found) if found != file.length => {
                    Err(Failure::Lasting(wrong_length(url, file, found)))
                }
                _ => Ok(()),
            }
        }
        StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE => {
            partial.clear();
            let cause = format!("http status: {}, for another range", status.as_u16());
            Err(Failure::Passing(failed(cause)))
        }
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => {
            Err(Failure::Passing(failed(status_name(status))))
        }
        _ if status.is_server_error() => Err(Failure::Passing(failed(status_name(status)))),
        _ => Err(Failure::Lasting(failed(status_name(status)))),
    }
}

fn status_name(status: StatusCode) -> String {
    format!("http status: {}", status.as_u16())
}

/// Whether the answer's range begins at `held` and is of a file of the right length.
fn is_the_rest(file: &RemoteFile, held: u64, response: &Response<Body>) -> bool {
    let range = || {
        let range = response.headers().get(header::CONTENT_RANGE)?;
        let (range, total) = range
            .to_str()
            .ok()?
            .strip_prefix("bytes ")?
            .split_once('/')?;
        let (first, _) = range.split_once('-')?;
        Some((first.parse::<u64>().ok()?, total.parse::<u64>().ok()?))
    };
    range() == Some((held, file.length))
}

fn content_length(response: &Response<Body>) -> Option<u64> {
    let length = response.headers().get(header::CONTENT_LENGTH)?;
    length.to_str().ok()?.parse().ok()
}

/// The tag that vouches for every byte; a weak one does not.
fn strong_tag(response: &Response<Body>) -> Option<String> {
    let tag = response.headers().get(header::ETAG)?.to_str().ok()?;
    tag.starts_with('"').then(|| tag.into())
}

fn wrong_length(url: &str, file: &RemoteFile, found: u64) -> DownloadError {
    DownloadError::Length {
        url: url.into(),
        expected: file.length,
        found,
    }
}

fn failed_request(url: &str, error: &ureq::Error) -> Failure {
    use std::io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    let (url, cause) = (url.into(), error.to_string());
    match error {
        // There was a connection.
        ureq::Error::Io(error)
            if matches!(
                error.kind(),
                BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof
            ) =>
        {
            Failure::Passing(DownloadError::Failed { url, cause })
        }
        ureq::Error::HostNotFound
        | ureq::Error::ConnectionFailed
        | ureq::Error::Io(_)
        | ureq::Error::Timeout(Timeout::Resolve | Timeout::Connect) => {
            Failure::Lasting(DownloadError::Unreachable { url, cause })
        }
        ureq::Error::Timeout(_) | ureq::Error::Protocol(_) => {
            Failure::Passing(DownloadError::Failed { url, cause })
        }
        _ => Failure::Lasting(DownloadError::Failed { url, cause }),
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

//! What a mirror's answer means for the download.

use ureq::http::{Response, StatusCode, header};
use ureq::{Body, Timeout};

use super::{DownloadError, Partial, RemoteFile};

/// Why an attempt failed, and so whether another one may do better.
pub(super) enum DownloadFailure {
    /// The mirror may serve later.
    Passing(DownloadError),
    /// It will not.
    Lasting(DownloadError),
}

/// Sees to it that the body goes on where `partial` ends, which may have to be emptied for that.
pub(super) fn check_answer(
    url: &str,
    file: &RemoteFile,
    partial: &mut Partial,
    response: &Response<Body>,
) -> Result<(), DownloadFailure> {
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
                    Err(DownloadFailure::Lasting(wrong_length(url, file, found)))
                }
                _ => Ok(()),
            }
        }
        StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE => {
            partial.clear();
            let cause = format!("http status: {}, for another range", status.as_u16());
            Err(DownloadFailure::Passing(failed(cause)))
        }
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => {
            Err(DownloadFailure::Passing(failed(status_name(status))))
        }
        _ if status.is_server_error() => Err(DownloadFailure::Passing(failed(status_name(status)))),
        _ => Err(DownloadFailure::Lasting(failed(status_name(status)))),
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
pub(super) fn strong_tag(response: &Response<Body>) -> Option<String> {
    let tag = response.headers().get(header::ETAG)?.to_str().ok()?;
    tag.starts_with('"').then(|| tag.into())
}

pub(super) fn wrong_length(url: &str, file: &RemoteFile, found: u64) -> DownloadError {
    DownloadError::Length {
        url: url.into(),
        expected: file.length,
        found,
    }
}

pub(super) fn failed_request(url: &str, error: &ureq::Error) -> DownloadFailure {
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
            DownloadFailure::Passing(DownloadError::Failed { url, cause })
        }
        ureq::Error::HostNotFound
        | ureq::Error::ConnectionFailed
        | ureq::Error::Io(_)
        | ureq::Error::Timeout(Timeout::Resolve | Timeout::Connect) => {
            DownloadFailure::Lasting(DownloadError::Unreachable { url, cause })
        }
        ureq::Error::Timeout(_) | ureq::Error::Protocol(_) => {
            DownloadFailure::Passing(DownloadError::Failed { url, cause })
        }
        _ => DownloadFailure::Lasting(DownloadError::Failed { url, cause }),
    }
}

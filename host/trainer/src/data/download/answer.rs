//! What a mirror's answer means for the download.

use super::{DownloadError, Partial, RemoteFile};

/// Why an attempt failed, and so whether another one may do better.
#[derive(Debug)]
pub(super) enum DownloadFailure {
    /// The mirror may serve later.
    Passing(DownloadError),
    /// It will not.
    Lasting(DownloadError),
}

/// What an answer begins with.
#[derive(Debug)]
pub(super) struct AnswerHead {
    status: u16,
    /// The fields' names, in lower case, and their values.
    fields: Vec<(String, String)>,
}

impl AnswerHead {
    /// Of the line with the status and one line a field.
    pub(super) fn of(lines: &[String]) -> Option<Self> {
        let (first, fields) = lines.split_first()?;
        let status = first.strip_prefix("HTTP/")?.split(' ').nth(1)?;
        let field = |line: &String| {
            let (name, value) = line.split_once(':')?;
            Some((name.to_ascii_lowercase(), value.trim().to_owned()))
        };
        Some(Self {
            status: status.parse().ok()?,
            fields: fields.iter().filter_map(field).collect(),
        })
    }

    /// Whether another answer comes behind it: it says to go on, or where to go.
    pub(super) fn is_followed(&self) -> bool {
        match self.status {
            100..200 => true,
            301 | 302 | 303 | 307 | 308 => self.field("location").is_some(),
            _ => false,
        }
    }

    /// The tag that vouches for every byte; a weak one does not.
    pub(super) fn strong_tag(&self) -> Option<String> {
        let tag = self.field("etag")?;
        tag.starts_with('"').then(|| tag.into())
    }

    fn field(&self, name: &str) -> Option<&str> {
        let found = self.fields.iter().find(|(field, _)| field == name)?;
        Some(&found.1)
    }

    fn content_length(&self) -> Option<u64> {
        self.field("content-length")?.parse().ok()
    }

    /// Whether the range that it brings begins at `held` and is of a file of the right length.
    fn is_the_rest(&self, file: &RemoteFile, held: u64) -> bool {
        let range = || {
            let range = self.field("content-range")?;
            let (range, total) = range.strip_prefix("bytes ")?.split_once('/')?;
            let (first, _) = range.split_once('-')?;
            Some((first.parse::<u64>().ok()?, total.parse::<u64>().ok()?))
        };
        range() == Some((held, file.length))
    }
}

/// Sees to it that the body goes on where `partial` ends, which may have to be emptied for that.
pub(super) fn check_answer(
    url: &str,
    file: &RemoteFile,
    partial: &mut Partial,
    head: &AnswerHead,
) -> Result<(), DownloadFailure> {
    let failed = |cause: String| DownloadError::Failed {
        url: url.into(),
        cause,
    };
    let status = format!("http status: {}", head.status);
    match head.status {
        206 if head.is_the_rest(file, partial.len()) => Ok(()),
        200 => {
            // The whole file: the mirror does not resume, or has another version by now.
            partial.clear();
            match head.content_length() {
                Some(found) if found != file.length => {
                    Err(DownloadFailure::Lasting(wrong_length(url, file, found)))
                }
                _ => Ok(()),
            }
        }
        // The range cannot be served, or is another.
        206 | 416 => {
            partial.clear();
            let cause = format!("{status}, for another range");
            Err(DownloadFailure::Passing(failed(cause)))
        }
        // It took the mirror too long, there are too many requests, or it has troubles of its own.
        408 | 429 | 500..600 => Err(DownloadFailure::Passing(failed(status))),
        _ => Err(DownloadFailure::Lasting(failed(status))),
    }
}

pub(super) fn wrong_length(url: &str, file: &RemoteFile, found: u64) -> DownloadError {
    DownloadError::Length {
        url: url.into(),
        expected: file.length,
        found,
    }
}

//! Downloads of files with a known hash, from the first mirror that has them.
//!
//! What came before a connection broke is kept in a [`Partial`], and the next attempt asks for the
//! rest. Only the hash of the whole file says whether the pieces belong together. Without the feature
//! `download`, nothing but the hashes is here.

#[cfg(feature = "download")]
mod answer;
mod error;
#[cfg(feature = "download")]
mod fetch;
#[cfg(feature = "download")]
mod partial;
#[cfg(feature = "download")]
mod request;

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

pub use error::DownloadError;
#[cfg(feature = "download")]
pub(super) use fetch::Downloader;
#[cfg(feature = "download")]
pub(super) use partial::Partial;

/// A file as published.
pub(super) struct RemoteFile {
    pub(super) name: &'static str,
    /// Bytes.
    pub(super) length: u64,
    /// In lower-case hexadecimal digits.
    pub(super) sha256: &'static str,
}

impl RemoteFile {
    pub(super) fn matches(&self, content: &[u8]) -> bool {
        content.len() as u64 == self.length && sha256(content) == self.sha256
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

#[cfg(all(test, feature = "download"))]
pub(super) mod tests;

//! Why a download fails.

/// Why a download failed; every message is one line.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DownloadError {
    /// This program fetches nothing.
    #[error(
        "this program was built without the feature `download`, which fetches it: build it with that, \
         or get {files} from {url} and name the folder with --data DIR"
    )]
    NotBuilt {
        /// The names of the files.
        files: String,
        /// Where they are published.
        url: String,
    },
    /// The program that fetches it cannot be started.
    #[error(
        "cannot start curl, which fetches {url}: {cause}; install it, or get that file by other means and name its \
         folder with --data DIR"
    )]
    NoProgram {
        /// The URL.
        url: String,
        /// What the operating system said.
        cause: std::io::Error,
    },
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

impl DownloadError {
    #[cfg(feature = "download")]
    pub(super) fn is_unreachable(&self) -> bool {
        matches!(self, Self::Unreachable { .. })
    }
}

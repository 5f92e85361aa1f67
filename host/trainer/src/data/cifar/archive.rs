//! The published archive, read in place: tar, gzipped or not.

use std::io::{self, BufRead, Read};
use std::path::{Component, Path};

use flate2::bufread::MultiGzDecoder;

use super::error::{CifarError, Origin};
use super::long_names::LongNames;
use super::{CifarLayout, Parts, records};
use crate::data::sets::Sets;

/// No more than this is decompressed: the published archives come to 185 MB.
const MAX_UNPACKED: u64 = 2 << 30;

/// Reads an archive; `path` is what errors call it.
pub(in crate::data) fn from_archive(
    layout: &CifarLayout,
    path: &Path,
    mut content: impl BufRead,
) -> Result<Sets, CifarError> {
    let start = content
        .fill_buf()
        .map_err(|cause| Origin::file(path).unreadable(cause))?;
    let parts = if start.starts_with(&[0x1f, 0x8b]) {
        read(layout, path, MultiGzDecoder::new(content))?
    } else {
        read(layout, path, content)?
    };
    parts.into_sets(layout, path)
}

fn read(layout: &CifarLayout, path: &Path, reader: impl Read) -> Result<Parts, CifarError> {
    let unreadable = |cause| Origin::file(path).unreadable(cause);
    let mut parts = Parts {
        batches: layout.batches().map(|_| None).collect(),
        names: None,
    };
    let mut archive = tar::Archive::new(reader.take(MAX_UNPACKED));
    let mut names = LongNames::default();
    // As they lie in the file: tar's reader would take names of any length into memory.
    for entry in archive.entries().map_err(unreadable)?.raw(true) {
        let mut entry = entry.map_err(|cause| unreadable(readable(cause)))?;
        if let Some(name) = names.name(&mut entry).map_err(unreadable)? {
            parts.take(layout, path, &name, entry)?;
        }
    }
    // To its end, where gzip has a checksum of everything.
    io::copy(&mut archive.into_inner(), &mut io::sink()).map_err(unreadable)?;
    Ok(parts)
}

/// Of what is no header at all, tar's reader quotes the bytes, which may be anything.
fn readable(cause: io::Error) -> io::Error {
    if cause.kind() == io::ErrorKind::Other {
        return io::Error::other("it is no tar archive, or damaged");
    }
    cause
}

impl Parts {
    /// Reads an entry if it is one of the dataset's files.
    fn take(
        &mut self,
        layout: &CifarLayout,
        path: &Path,
        name: &str,
        entry: tar::Entry<'_, impl Read>,
    ) -> Result<(), CifarError> {
        let origin = Origin {
            file: path.into(),
            entry: Some(name.into()),
        };
        let inside = |part| matches!(part, Component::Normal(_) | Component::CurDir);
        if !Path::new(name).components().all(inside) {
            return Err(CifarError::Outside { origin });
        }
        // Some archivers begin every name with `./`.
        let name = Path::new(name.trim_start_matches("./"));
        let Ok(name) = name.strip_prefix(layout.folder) else {
            return Ok(());
        };
        let batch = layout.batches().position(|batch| Path::new(batch) == name);
        if batch.is_none() && name != Path::new(layout.names) {
            return Ok(());
        }
        let kind = entry.header().entry_type();
        if !kind.is_file() && !kind.is_contiguous() {
            return Err(CifarError::NoFile { origin });
        }
        let is_second = match batch {
            Some(batch) => {
                let samples = records::samples(layout, &origin, entry.size(), entry)?;
                self.batches[batch].replace(samples).is_some()
            }
            None => {
                let names = records::names(layout, &origin, entry)?;
                self.names.replace(names).is_some()
            }
        };
        if is_second {
            return Err(CifarError::Twice { origin });
        }
        Ok(())
    }
}

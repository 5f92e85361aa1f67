//! A safetensors file whose header has been read, and its tensors as they are asked for.

use super::TensorFileError;
use crate::file_kind::FilePurpose;
use crate::memory_limit;
use crate::plain_file;
use safetensors::tensor::{Metadata, TensorInfo};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use std::collections::HashSet;
use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// Longer headers are none of a dataset, which has a few tensors and class names.
const MAX_HEADER: u64 = 4 << 20;
/// Bytes of the header's length.
const PREFIX: u64 = 8;
/// Bytes read at a time; a multiple of every element's size.
const BLOCK: usize = 1 << 16;

/// An open file.
pub(super) struct TensorFile {
    pub path: PathBuf,
    file: File,
    /// Where the tensors' bytes begin.
    start: u64,
    header: Metadata,
}

impl TensorFile {
    /// Opens a file, reads its header, and finds its length to be what that says.
    pub fn open(path: &Path) -> Result<Self, TensorFileError> {
        let unreadable = |cause| TensorFileError::Unreadable {
            path: path.into(),
            cause,
        };
        let mut file = plain_file::open(path).map_err(unreadable)?;
        let found = file.metadata().map_err(unreadable)?.len();
        if let Some(wrong) = FilePurpose::Samples.wrong(path) {
            let path = path.into();
            return Err(TensorFileError::WrongFile { path, wrong });
        }
        let text = header_text(&mut file, found)
            .map_err(unreadable)?
            .ok_or_else(|| unsound(path, "it does not begin with the length of its header"))?;
        let header = parsed(path, &text)?;
        let start = PREFIX + text.len() as u64;
        let expected = start + header.data_len() as u64;
        if found != expected {
            return Err(TensorFileError::Length {
                path: path.into(),
                expected,
                found,
            });
        }
        Ok(Self {
            path: path.into(),
            file,
            start,
            header,
        })
    }

    /// Kind and extents of a tensor, if there is one of this name.
    pub fn info(&self, tensor: &str) -> Option<&TensorInfo> {
        self.header.info(tensor)
    }

    /// The names of all tensors, in alphabetical order.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.header.tensors().into_keys().collect();
        names.sort();
        names
    }

    /// An entry of the header's metadata.
    pub fn entry(&self, key: &str) -> Option<&str> {
        Some(self.header.metadata().as_ref()?.get(key)?)
    }

    /// Elements of `SIZE` bytes of a tensor, each turned into a value.
    ///
    /// The length of the file bounds the memory, which is compared with what there is before anything is read.
    pub fn values<const SIZE: usize, T>(
        &mut self,
        tensor: &'static str,
        mut value: impl FnMut([u8; SIZE]) -> T,
    ) -> Result<Vec<T>, TensorFileError> {
        let path = self.path.clone();
        let (first, end) = self.info(tensor).map_or((0, 0), |info| info.data_offsets);
        let (mut left, count) = (end - first, (end - first) / SIZE);
        let bytes = count.saturating_mul(size_of::<T>());
        let checked = memory_limit::check(bytes, format_args!("tensor {tensor:?}"));
        checked.map_err(|cause| TensorFileError::Memory {
            path: path.clone(),
            cause,
        })?;
        let mut values = Vec::with_capacity(count);
        let mut read = || -> io::Result<()> {
            let mut block = vec![0; BLOCK.min(left)];
            let place = self.start + first as u64;
            self.file.seek(SeekFrom::Start(place))?;
            while left > 0 {
                let block = &mut block[..BLOCK.min(left)];
                self.file.read_exact(block)?;
                values.extend(block.as_chunks().0.iter().map(|bytes| value(*bytes)));
                left -= block.len();
            }
            Ok(())
        };
        match read() {
            Ok(()) => Ok(values),
            Err(cause) => Err(TensorFileError::Unreadable { path, cause }),
        }
    }
}

fn unsound(path: &Path, cause: impl ToString) -> TensorFileError {
    TensorFileError::Unsound {
        path: path.into(),
        cause: cause.to_string(),
    }
}

/// The header of a file of `length` bytes; nothing where it cannot have the length that it claims.
fn header_text(file: &mut File, length: u64) -> io::Result<Option<Vec<u8>>> {
    let mut prefix = [0; PREFIX as usize];
    if length < PREFIX {
        return Ok(None);
    }
    file.read_exact(&mut prefix)?;
    let claimed = u64::from_le_bytes(prefix);
    if claimed > MAX_HEADER.min(length - PREFIX) {
        return Ok(None);
    }
    let mut text = vec![0; claimed as usize];
    file.read_exact(&mut text)?;
    Ok(Some(text))
}

fn parsed(path: &Path, text: &[u8]) -> Result<Metadata, TensorFileError> {
    let names: HeaderNames = serde_json::from_slice(text).map_err(|it| unsound(path, it))?;
    let mut known = HashSet::new();
    if let Some(name) = names.0.iter().find(|name| !known.insert(name.as_str())) {
        return Err(TensorFileError::Twice {
            path: path.into(),
            name: name.clone(),
        });
    }
    serde_json::from_slice(text).map_err(|it| unsound(path, it))
}

/// The names in a header, in its order, those that are there twice as well.
struct HeaderNames(Vec<String>);

impl<'de> Deserialize<'de> for HeaderNames {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(HeaderNamesVisitor)
    }
}

struct HeaderNamesVisitor;

impl<'de> Visitor<'de> for HeaderNamesVisitor {
    type Value = HeaderNames;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a table of tensors")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<HeaderNames, A::Error> {
        let mut names = Vec::new();
        while let Some((name, _)) = entries.next_entry::<String, IgnoredAny>()? {
            names.push(name);
        }
        Ok(HeaderNames(names))
    }
}

//! Tensors whose values are in a file beside the graph's, as PyTorch writes them by default.

use super::MAX_BYTES;
use super::error::{OnnxError, TensorFault};
use super::message::{BF16, F16, F32, F64, I16, I32, I64, Model, TensorMessage, U16};
use crate::plain_file;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Component, Path, PathBuf};

/// Most characters of a file's name that a message shows.
const SHOWN: usize = 100;

/// Reads such values from files in this folder or below it.
pub fn load(model: &mut Model, folder: &Path) -> Result<(), OnnxError> {
    let nodes = model.graph.nodes.iter_mut();
    let attributes = nodes.flat_map(|node| &mut node.attributes);
    let constants = attributes.filter_map(|attribute| attribute.tensor.as_deref_mut());
    let mut left = MAX_BYTES as u64;
    for tensor in model.graph.tensors.iter_mut().chain(constants) {
        if !tensor.is_elsewhere() {
            continue;
        }
        let values = read(tensor, folder, &mut left);
        let values = values.map_err(|fault| OnnxError::Tensor {
            tensor: tensor.name.clone(),
            fault,
        })?;
        tensor.raw = Some(values);
        tensor.external.clear();
        tensor.location = 0;
    }
    Ok(())
}

/// The values of a tensor, no more bytes than are left.
fn read(tensor: &TensorMessage, folder: &Path, left: &mut u64) -> Result<Vec<u8>, TensorFault> {
    let entry = |key: &str| tensor.external.iter().find(|entry| entry.key == key);
    let name = entry("location").map_or("", |entry| entry.value.as_str());
    let shown: String = name.chars().take(SHOWN).collect();
    let number = |key: &str| match entry(key) {
        None => Ok(None),
        Some(entry) => match entry.value.parse::<u64>() {
            Ok(number) => Ok(Some(number)),
            Err(_) => Err(TensorFault::ExternalPlace {
                file: shown.clone(),
            }),
        },
    };
    let (offset, length) = (number("offset")?.unwrap_or(0), number("length")?);
    let path = inside(folder, name).ok_or_else(|| TensorFault::ExternalName {
        file: shown.clone(),
    })?;
    let unreadable = |cause: std::io::Error| TensorFault::ExternalUnreadable {
        file: shown.clone(),
        cause: cause.to_string(),
    };
    let needed = needed_bytes(tensor);
    let length = length
        .or(needed)
        .filter(|length| needed.is_none_or(|it| it == *length));
    let length = length.filter(|length| length <= left);
    let place = length.and_then(|length| Some((length, offset.checked_add(length)?)));
    let (length, end) = place.ok_or_else(|| TensorFault::ExternalPlace {
        file: shown.clone(),
    })?;
    let mut file = plain_file::open(&path).map_err(unreadable)?;
    let found = file.metadata().map_err(unreadable)?.len();
    if found < end {
        return Err(TensorFault::ExternalShort {
            file: shown,
            found,
            needed: end,
        });
    }
    file.seek(SeekFrom::Start(offset)).map_err(unreadable)?;
    let mut values = Vec::new();
    file.take(length)
        .read_to_end(&mut values)
        .map_err(unreadable)?;
    *left -= length;
    Ok(values)
}

/// The path of a file in the folder or below it; `None` where the name, or a link, leads out of it.
fn inside(folder: &Path, name: &str) -> Option<PathBuf> {
    let is_plain = |part: Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
    if name.is_empty() || name.contains('\\') || !Path::new(name).components().all(is_plain) {
        return None;
    }
    let path = folder.join(name);
    // One that is not there is for whoever opens it to tell.
    match (path.canonicalize(), folder.canonicalize()) {
        (Ok(real), Ok(folder)) if !real.starts_with(&folder) => None,
        _ => Some(path),
    }
}

/// Bytes that the tensor's shape takes, where its numbers' size is known.
fn needed_bytes(tensor: &TensorMessage) -> Option<u64> {
    let size = match tensor.kind {
        F64 | I64 => 8,
        F32 | I32 => 4,
        F16 | BF16 | I16 | U16 => 2,
        _ => 1,
    };
    let mut dims = tensor.dims.iter();
    dims.try_fold(size, |bytes: u64, &extent| {
        bytes.checked_mul(extent.try_into().ok()?)
    })
}

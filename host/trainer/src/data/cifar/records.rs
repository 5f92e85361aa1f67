//! The files of a dataset: records, and the names of the classes.

use std::collections::HashSet;
use std::io::Read;

use super::error::{CifarError, Origin};
use super::{CifarLayout, SHAPE};
use crate::data::samples::Samples;

/// A file of records beyond this length is none: those published have up to 154 MB.
pub(super) const MAX_BYTES: u64 = 1 << 30;
/// Memory set aside on the word of a header alone.
const MAX_RESERVED: u64 = 64 << 20;
/// Enough for a hundred names.
const MAX_NAMES_BYTES: u64 = 1 << 16;

/// Reads `length` bytes of records.
pub(super) fn samples(
    layout: &CifarLayout,
    origin: &Origin,
    length: u64,
    mut reader: impl Read,
) -> Result<Samples, CifarError> {
    let count = count(layout, origin, length)?;
    super::check_memory(origin, length)?;
    let mut all_labels = Vec::new();
    let mut all_pixels = Vec::with_capacity(length.min(MAX_RESERVED) as usize);
    let mut record = vec![0; layout.record()];
    for number in 1..=count {
        reader
            .read_exact(&mut record)
            .map_err(|cause| origin.unreadable(cause))?;
        let (labels, pixels) = record.split_at(layout.labels.len());
        check_labels(layout, labels).map_err(|(label, classes)| CifarError::Label {
            origin: origin.clone(),
            number,
            label,
            classes,
        })?;
        all_labels.extend(labels.last().copied().map(u16::from));
        all_pixels.extend_from_slice(pixels);
    }
    Ok(Samples::of_bytes(all_pixels, all_labels, SHAPE))
}

/// The names of all classes, a line for each.
pub(super) fn names(
    layout: &CifarLayout,
    origin: &Origin,
    reader: impl Read,
) -> Result<Vec<String>, CifarError> {
    let mut text = String::new();
    reader
        .take(MAX_NAMES_BYTES)
        .read_to_string(&mut text)
        .map_err(|cause| origin.unreadable(cause))?;
    let names = text.lines().map(str::trim).filter(|name| !name.is_empty());
    let names: Vec<String> = names.map(String::from).collect();
    let different = names.iter().collect::<HashSet<_>>().len();
    let expected = layout.classes();
    if names.len() != expected || different != expected {
        return Err(CifarError::Names {
            origin: origin.clone(),
            found: different,
            expected,
        });
    }
    Ok(names)
}

/// The number of records in `length` bytes.
fn count(layout: &CifarLayout, origin: &Origin, length: u64) -> Result<u64, CifarError> {
    if length > MAX_BYTES {
        return Err(CifarError::TooLong {
            origin: origin.clone(),
            length,
            limit: MAX_BYTES,
        });
    }
    let record = layout.record();
    if length == 0 || !length.is_multiple_of(record as u64) {
        return Err(CifarError::Length {
            origin: origin.clone(),
            length,
            record,
        });
    }
    Ok(length / record as u64)
}

/// Gives the first label that is out of bounds, with its bound.
fn check_labels(layout: &CifarLayout, labels: &[u8]) -> Result<(), (u8, u8)> {
    let mut bounded = labels.iter().copied().zip(layout.labels.iter().copied());
    bounded
        .find(|(label, classes)| label >= classes)
        .map_or(Ok(()), Err)
}

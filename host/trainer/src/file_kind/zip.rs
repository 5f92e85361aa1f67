//! What a ZIP archive holds, by the names in it.

use super::FileKind;

/// Marks of a file's own header, with the place of its name's length and of the name.
const OWN: (&[u8], usize, usize) = (b"PK\x03\x04", 26, 30);
/// Those of its entry in the archive's directory.
const ENTRY: (&[u8], usize, usize) = (b"PK\x01\x02", 28, 46);

/// The kind of an archive by its first and its last bytes.
pub fn kind(head: &[u8], tail: &[u8]) -> FileKind {
    let names: Vec<&[u8]> = [(head, OWN), (tail, ENTRY)]
        .into_iter()
        .flat_map(|(bytes, marks)| names(bytes, marks))
        .collect();
    let has = |end: &[u8]| names.iter().any(|name| name.ends_with(end));
    let has_code = names
        .iter()
        .any(|name| name.windows(6).any(|part| part == b"/code/"));
    if has(b"data.pkl") {
        return match has_code {
            true => FileKind::TorchScript,
            false => FileKind::PyTorch,
        };
    }
    if has(b"model.weights.h5") || has(b"metadata.json") && has(b"config.json") {
        return FileKind::Keras;
    }
    match has(b".npy") {
        true => FileKind::Numpy,
        false => FileKind::Archive,
    }
}

/// The names behind every such mark.
fn names<'b>(
    bytes: &'b [u8],
    (mark, length, name): (&'b [u8], usize, usize),
) -> impl Iterator<Item = &'b [u8]> {
    let starts = bytes.windows(mark.len()).enumerate();
    let starts = starts.filter(move |(_, window)| *window == mark);
    starts.filter_map(move |(start, _)| {
        let own = &bytes[start..];
        let count = u16::from_le_bytes(own.get(length..length + 2)?.try_into().ok()?);
        own.get(name..name + usize::from(count))
    })
}

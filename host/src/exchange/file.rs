//! Files that networks are imported from: read whole, up to a limit, and known by name and content.

use crate::file_kind::{FileKind, FilePurpose, WrongFile};
use crate::plain_file;
use std::io;
use std::path::Path;

/// Most bytes of a file that is read: the parameters of the largest network there can be, and
/// room for names.
pub const MAX_BYTES: u64 = 4 * kiln_core::MAX_ELEMENTS as u64 + (1 << 20);

/// A format that networks are imported from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExchangeFormat {
    /// Tensors by name; no network.
    Safetensors,
    /// A network with its tensors.
    Onnx,
    /// A network with its tensors, in integers.
    Tflite,
}

/// Why a file cannot be imported, before any of its parts is looked at.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// The file cannot be read.
    #[error("cannot read it: {cause}")]
    Unreadable {
        /// What the operating system said.
        cause: io::Error,
    },
    /// It is larger than any network that can be imported.
    #[error("it has more than {MAX_BYTES} bytes, too many for a network of Kiln's")]
    TooLarge,
    /// It is of another kind than its name says, or of one that is not imported.
    #[error(transparent)]
    WrongFile(#[from] WrongFile),
    /// It has the values of a graph in another file.
    #[error(
        "these are values that belong to an ONNX file; give that one, {name}, which names this one"
    )]
    External {
        /// The ONNX file's probable name.
        name: String,
    },
    /// Its name has another ending.
    #[error("its name ends neither in .safetensors, .onnx nor .tflite; import reads these formats")]
    Unknown,
}

/// Reads a file and tells its format.
///
/// # Errors
///
/// Why it cannot be imported, without the file's name.
pub fn read(path: &Path) -> Result<(ExchangeFormat, Vec<u8>), FileError> {
    let unreadable = |cause| FileError::Unreadable { cause };
    if path.join("saved_model.pb").is_file() {
        return Err(FileError::WrongFile(WrongFile {
            kind: FileKind::SavedModel,
            purpose: FilePurpose::Import,
        }));
    }
    let bytes = plain_file::read(path, MAX_BYTES).map_err(|cause| match cause.kind() {
        io::ErrorKind::FileTooLarge => FileError::TooLarge,
        _ => unreadable(cause),
    })?;
    let format = format(path, &bytes)?;
    Ok((format, bytes))
}

/// The format by the name's ending, unless the content is that of another kind.
fn format(path: &Path, bytes: &[u8]) -> Result<ExchangeFormat, FileError> {
    let ending = path.extension().and_then(|ending| ending.to_str());
    let ending = ending.unwrap_or_default().to_ascii_lowercase();
    let named = match ending.as_str() {
        "safetensors" => Some(ExchangeFormat::Safetensors),
        "onnx" => Some(ExchangeFormat::Onnx),
        "tflite" => Some(ExchangeFormat::Tflite),
        _ => None,
    };
    let own = match FileKind::of_bytes(bytes) {
        Some(FileKind::Safetensors) => Some(ExchangeFormat::Safetensors),
        Some(FileKind::Onnx) => Some(ExchangeFormat::Onnx),
        Some(FileKind::Tflite) => Some(ExchangeFormat::Tflite),
        _ => None,
    };
    let wrong = FilePurpose::Import.wrong_bytes(bytes);
    match (named, own, wrong) {
        (Some(named), Some(own), _) if named == own => Ok(named),
        (_, _, Some(wrong)) => Err(wrong.into()),
        (Some(named), _, None) => Ok(named),
        _ => Err(unnamed(path, &ending)),
    }
}

/// What to say of a file whose content is not known, by its name alone.
fn unnamed(path: &Path, ending: &str) -> FileError {
    let purpose = FilePurpose::Import;
    let wrong = |kind| FileError::WrongFile(WrongFile { kind, purpose });
    match ending {
        "pt" | "pth" | "ckpt" => wrong(FileKind::PyTorch),
        "keras" => wrong(FileKind::Keras),
        "h5" | "hdf5" => wrong(FileKind::Hdf5),
        "data" => {
            let name = path.with_extension("");
            let name = name.file_name().unwrap_or_default().to_string_lossy();
            let name = name.into_owned();
            FileError::External { name }
        }
        _ => FileError::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_known_by_name_and_other_kinds_by_content() {
        let format = |name: &str, bytes: &[u8]| format(Path::new(name), bytes);
        let safetensors = [&16_u64.to_le_bytes()[..], b"{              }"].concat();
        assert!(matches!(
            format("a.onnx", b"\x08\x08"),
            Ok(ExchangeFormat::Onnx)
        ));
        assert!(matches!(
            format("A.SafeTensors", &safetensors),
            Ok(ExchangeFormat::Safetensors)
        ));
        let kind = |name: &str, bytes: &[u8]| match format(name, bytes) {
            Err(FileError::WrongFile(wrong)) => Some(wrong.kind),
            _ => None,
        };
        for (name, bytes, expected) in [
            ("a.pt", &b"x"[..], FileKind::PyTorch),
            ("a.safetensors", b"PK\x03\x04x", FileKind::Archive),
            ("m.pth", b"", FileKind::Empty),
            ("a.bin", &[0x80, 2, b'}'], FileKind::Pickle),
            ("a.onnx", &safetensors, FileKind::Safetensors),
            ("a.h5", b"x", FileKind::Hdf5),
        ] {
            assert_eq!(kind(name, bytes), Some(expected), "{name}");
        }
        let external = format("a.onnx.data", b"\x00\x00").unwrap_err().to_string();
        assert!(external.contains("give that one, a.onnx"), "{external}");
        assert!(matches!(format("a.xyz", b"x"), Err(FileError::Unknown)));
    }
}

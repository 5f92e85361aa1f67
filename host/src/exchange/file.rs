//! Files that networks are imported from: read whole, up to a limit, and known by name and content.

use crate::plain_file;
use std::io::{self, Read};
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
    /// It holds pickled Python objects.
    #[error(
        "this is a file of torch.save, which can run any code when it is read; save the parameters \
         as safetensors instead: from safetensors.torch import save_file; \
         save_file(model.state_dict(), \"model.safetensors\")"
    )]
    Pickle,
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
    let mut bytes = Vec::new();
    let mut file = plain_file::open(path)
        .map_err(unreadable)?
        .take(MAX_BYTES + 1);
    file.read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(FileError::TooLarge);
    }
    let format = format(path, &bytes)?;
    Ok((format, bytes))
}

/// The format by the name's ending; a pickle is none, whatever its name.
fn format(path: &Path, bytes: &[u8]) -> Result<ExchangeFormat, FileError> {
    let ending = path.extension().and_then(|ending| ending.to_str());
    let ending = ending.unwrap_or_default().to_ascii_lowercase();
    // `torch.save` writes a ZIP archive; before PyTorch 1.6, a bare pickle of protocol 2.
    // A safetensors file whose header has 640 bytes begins as a pickle does, but goes on with zeros.
    let pickle = bytes.starts_with(b"PK\x03\x04")
        || bytes.starts_with(&[0x80, 2]) && !bytes.starts_with(&[0x80, 2, 0, 0]);
    match ending.as_str() {
        _ if pickle => Err(FileError::Pickle),
        "pt" | "pth" | "ckpt" => Err(FileError::Pickle),
        "safetensors" => Ok(ExchangeFormat::Safetensors),
        "onnx" => Ok(ExchangeFormat::Onnx),
        "tflite" => Ok(ExchangeFormat::Tflite),
        _ => Err(FileError::Unknown),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pickles_are_known_whatever_their_name() {
        let format = |name: &str, bytes: &[u8]| format(Path::new(name), bytes);
        assert!(matches!(
            format("a.onnx", b"\x08\x08"),
            Ok(ExchangeFormat::Onnx)
        ));
        let safetensors = format("A.SafeTensors", &[0x80, 2, 0, 0, 0]);
        assert!(matches!(safetensors, Ok(ExchangeFormat::Safetensors)));
        for (name, bytes) in [
            ("a.pt", "x"),
            ("a.safetensors", "PK\x03\x04x"),
            ("m.pth", ""),
        ] {
            assert!(matches!(
                format(name, bytes.as_bytes()),
                Err(FileError::Pickle)
            ));
        }
        assert!(matches!(
            format("a.bin", &[0x80, 2]),
            Err(FileError::Pickle)
        ));
        assert!(matches!(format("a.h5", b"x"), Err(FileError::Unknown)));
    }
}

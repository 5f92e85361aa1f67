//! What a file is by its first bytes, where another kind is due: named, with what to do instead.

mod zip;

use crate::plain_file;
use std::fmt;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

/// The first bytes of a run's state.
pub const CHECKPOINT_MAGIC: [u8; 8] = *b"KILNRUN\0";
/// Bytes at either end of a file that are looked at.
const LOOKED_AT: usize = 1 << 16;

/// A kind of file that people have, known by its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// Not a single byte.
    Empty,
    /// What Git keeps instead of a large file.
    LfsPointer,
    /// A page of a web site, as a failed download leaves it.
    WebPage,
    /// What torch.save writes: a ZIP archive with a pickle in it, or a bare one.
    PyTorch,
    /// A network as a program of PyTorch's.
    TorchScript,
    /// Pickled Python objects.
    Pickle,
    /// Keras' own archive.
    Keras,
    /// HDF5, as older versions of Keras write networks, and others arrays.
    Hdf5,
    /// A network of TensorFlow's: the graph of a SavedModel.
    SavedModel,
    /// A network of TensorFlow Lite's.
    Tflite,
    /// A network as ONNX.
    Onnx,
    /// Tensors by name.
    Safetensors,
    /// A model of Kiln's.
    Model,
    /// The state of a run of Kiln's.
    Checkpoint,
    /// Arrays of NumPy's.
    Numpy,
    /// Tensors of llama.cpp's.
    Gguf,
    /// A picture.
    Picture,
    /// Any other archive.
    Archive,
}

/// What a file is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FilePurpose {
    /// A model of Kiln's.
    Model,
    /// A network of another program, to import.
    Import,
    /// Samples.
    Samples,
    /// A network as a TOML file.
    Network,
    /// A run's folder.
    Run,
}

/// A file that is another kind than is due; what it is and what to do instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is {kind}; {}", advice(*.kind, *.purpose))]
pub struct WrongFile {
    /// What it is.
    pub kind: FileKind,
    /// What it is to be.
    pub purpose: FilePurpose,
}

impl FileKind {
    /// The kind of a file; `None` of any that is not known, and of a folder.
    ///
    /// # Errors
    ///
    /// What the operating system said.
    pub fn of_file(path: &Path) -> io::Result<Option<Self>> {
        // Of what is no file, its reader says what it is.
        let Ok(mut file) = plain_file::open(path) else {
            return Ok(None);
        };
        let metadata = file.metadata()?;
        let looked_at = LOOKED_AT as u64;
        let mut head = Vec::new();
        (&mut file).take(looked_at).read_to_end(&mut head)?;
        file.seek(SeekFrom::Start(metadata.len().saturating_sub(looked_at)))?;
        let mut tail = Vec::new();
        file.take(looked_at).read_to_end(&mut tail)?;
        Ok(Self::of(&head, &tail, metadata.len()))
    }

    /// The kind of a whole file in memory.
    pub fn of_bytes(bytes: &[u8]) -> Option<Self> {
        let head = &bytes[..bytes.len().min(LOOKED_AT)];
        let tail = &bytes[bytes.len().saturating_sub(LOOKED_AT)..];
        Self::of(head, tail, bytes.len() as u64)
    }

    /// The kind of a file of so many bytes by its first and its last.
    fn of(head: &[u8], tail: &[u8], length: u64) -> Option<Self> {
        let begins = |start: &[u8]| head.starts_with(start);
        let text = head.trim_ascii_start();
        let is_page = [&b"<!doctype html"[..], b"<html"].iter().any(|start| {
            let own = text.get(..start.len());
            own.is_some_and(|own| own.eq_ignore_ascii_case(start))
        });
        Some(match head {
            [] => Self::Empty,
            _ if begins(b"version https://git-lfs") => Self::LfsPointer,
            _ if is_page => Self::WebPage,
            _ if begins(b"PK\x03\x04") || begins(b"PK\x05\x06") => zip::kind(head, tail),
            _ if is_hdf5(head) => Self::Hdf5,
            _ if is_safetensors(head, length) => Self::Safetensors,
            [0x80, 2, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, ..] => Self::PyTorch,
            [0x80, 2..=5, next, ..] if *next != 0 => Self::Pickle,
            _ if head.get(4..8) == Some(b"TFL3") => Self::Tflite,
            _ if begins(&CHECKPOINT_MAGIC) => Self::Checkpoint,
            _ if begins(b"KILN") => Self::Model,
            _ if begins(b"\x93NUMPY") => Self::Numpy,
            _ if begins(b"GGUF") => Self::Gguf,
            _ if begins(b"\x89PNG") || begins(b"\xff\xd8\xff") || begins(b"GIF8") => Self::Picture,
            _ if begins(b"\x1f\x8b") || begins(b"7z\xbc\xaf") || begins(b"Rar!") => Self::Archive,
            _ if begins(b"BZh") || begins(b"\xfd7zXZ") || is_tar(head) => Self::Archive,
            // The version of the schema, then the first of its graphs.
            [8, 1, 0x12, ..] => Self::SavedModel,
            // The version of the format, then the producer, the opset, or the graph.
            [8, 3..=20, 0x12 | 0x1a | 0x22 | 0x3a | 0x42, ..] => Self::Onnx,
            _ => return None,
        })
    }
}

fn is_hdf5(head: &[u8]) -> bool {
    // Its mark is at the start, or behind a block of the user's.
    let mut places = [0, 512, 1024, 2048].iter();
    places.any(|&place| head.get(place..place + 8) == Some(b"\x89HDF\r\n\x1a\n"))
}

fn is_safetensors(head: &[u8], length: u64) -> bool {
    let Some((prefix, behind)) = head.split_first_chunk() else {
        return false;
    };
    let claimed = u64::from_le_bytes(*prefix);
    behind.first() == Some(&b'{') && claimed <= length - 8 && claimed >= 2
}

fn is_tar(head: &[u8]) -> bool {
    head.get(257..262) == Some(b"ustar")
}

impl fmt::Display for FileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "an empty file, without a single byte",
            Self::LfsPointer => "a Git LFS pointer, not the file that it stands for",
            Self::WebPage => "a web page (HTML), as a failed download leaves it",
            Self::PyTorch => {
                "a pickle of torch.save (.pt, .pth), which can run any code when it is read"
            }
            Self::TorchScript => "a TorchScript program of PyTorch's, which has a pickle in it",
            Self::Pickle => "a pickle of Python objects, which can run any code when it is read",
            Self::Keras => "a Keras network (a .keras archive, ZIP)",
            Self::Hdf5 => "an HDF5 file (.h5, as Keras writes networks)",
            Self::SavedModel => "a TensorFlow network (the graph of a SavedModel)",
            Self::Tflite => "a TensorFlow Lite network (.tflite)",
            Self::Onnx => "an ONNX network (.onnx)",
            Self::Safetensors => "a safetensors file, tensors by name",
            Self::Model => "a model file of Kiln's (.kiln)",
            Self::Checkpoint => "the state of an unfinished run of Kiln's",
            Self::Numpy => "a file of NumPy arrays (.npy, .npz)",
            Self::Gguf => "a GGUF file, tensors of llama.cpp's",
            Self::Picture => "a picture",
            Self::Archive => "an archive or a compressed file",
        })
    }
}

/// What to do with a file that is another than is due.
fn advice(kind: FileKind, purpose: FilePurpose) -> &'static str {
    match (kind, purpose) {
        (FileKind::Empty | FileKind::WebPage, _) => "copy or download it again",
        (FileKind::LfsPointer, _) => "fetch the file itself: git lfs pull",
        (FileKind::Archive, _) => "unpack it, and give what is in it",
        (_, FilePurpose::Run) => "name the folder of a run, as kiln train writes it",
        (kind, FilePurpose::Samples) => samples_advice(kind),
        (FileKind::PyTorch | FileKind::TorchScript | FileKind::Pickle | FileKind::Gguf, _) => {
            "save the parameters as safetensors instead: from safetensors.torch import save_file; \
             save_file(model.state_dict(), \"model.safetensors\"); or the network as ONNX by \
             torch.onnx.export; then kiln import"
        }
        (FileKind::Keras | FileKind::Hdf5 | FileKind::SavedModel, _) => {
            "write the network as ONNX, model.export(\"model.onnx\", format=\"onnx\") or by tf2onnx, then \
             kiln import model.onnx"
        }
        (FileKind::Numpy, _) => {
            "a network's parameters can be imported from safetensors (safetensors.numpy.save_file) or ONNX"
        }
        (FileKind::Tflite, FilePurpose::Import) => "rename it so that it ends in .tflite",
        (FileKind::Onnx, FilePurpose::Import) => "rename it so that it ends in .onnx",
        (FileKind::Safetensors, FilePurpose::Import) => "rename it so that it ends in .safetensors",
        (FileKind::Tflite | FileKind::Onnx, _) => {
            "make a model of Kiln's of it first: kiln import FILE"
        }
        (FileKind::Safetensors, _) => {
            "make a model of Kiln's of it first: kiln import FILE --model NETWORK.toml"
        }
        (FileKind::Model, FilePurpose::Import) => {
            "it needs no import: give it to a command as it is, by --weights"
        }
        (FileKind::Model, _) => {
            "give it to kiln evaluate or predict by --weights, or to kiln summary"
        }
        (FileKind::Checkpoint, _) => "go on with the run by kiln train --resume and its folder",
        (FileKind::Picture, _) => {
            "a picture is for kiln predict, or for a folder of them with --dataset"
        }
    }
}

/// The same where samples are due.
fn samples_advice(kind: FileKind) -> &'static str {
    match kind {
        FileKind::Picture => {
            "a dataset is a folder with a folder of pictures for each class; kiln predict takes pictures"
        }
        FileKind::Model => "a model is no dataset; it goes with --weights",
        FileKind::Checkpoint => "go on with the run by kiln train --resume and its folder",
        FileKind::Onnx | FileKind::Tflite => {
            "a network is no dataset; kiln import makes a model of it"
        }
        FileKind::Safetensors => "rename it so that it ends in .safetensors",
        _ => {
            "write the samples as safetensors: from safetensors.numpy import save_file; \
             save_file({\"input\": x, \"labels\": y}, \"data.safetensors\")"
        }
    }
}

impl FilePurpose {
    /// The error of a file that is of another kind than this; none of one whose kind is not known.
    pub fn wrong(self, path: &Path) -> Option<WrongFile> {
        let kind = FileKind::of_file(path).ok().flatten()?;
        (!self.takes(kind)).then_some(WrongFile {
            kind,
            purpose: self,
        })
    }

    /// The same of a file whose name has the wrong ending.
    pub fn wrong_name(self, path: &Path) -> Option<WrongFile> {
        let kind = FileKind::of_file(path).ok().flatten()?;
        Some(WrongFile {
            kind,
            purpose: self,
        })
    }

    /// The same of a file in memory.
    pub fn wrong_bytes(self, bytes: &[u8]) -> Option<WrongFile> {
        let kind = FileKind::of_bytes(bytes)?;
        (!self.takes(kind)).then_some(WrongFile {
            kind,
            purpose: self,
        })
    }

    /// Whether a kind may be right, by another test than this.
    fn takes(self, kind: FileKind) -> bool {
        matches!(
            (self, kind),
            (Self::Model, FileKind::Model) | (Self::Samples, FileKind::Safetensors)
        )
    }
}

#[cfg(test)]
mod tests;

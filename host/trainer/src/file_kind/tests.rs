use super::*;

/// A ZIP archive's entry, own header and place in the directory.
fn zip(names: &[&str]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for name in names {
        bytes.extend(b"PK\x03\x04");
        bytes.extend([0; 22]);
        bytes.extend((name.len() as u16).to_le_bytes());
        bytes.extend([0; 2]);
        bytes.extend(name.as_bytes());
    }
    // What lies between is more than is looked at.
    bytes.extend(vec![7; 2 * LOOKED_AT]);
    for name in names {
        bytes.extend(b"PK\x01\x02");
        bytes.extend([0; 24]);
        bytes.extend((name.len() as u16).to_le_bytes());
        bytes.extend([0; 16]);
        bytes.extend(name.as_bytes());
    }
    bytes
}

#[test]
fn files_are_known_by_their_bytes() {
    let mut behind_a_block = vec![0; 512];
    behind_a_block.extend(b"\x89HDF\r\n\x1a\n");
    let safetensors = [&16_u64.to_le_bytes()[..], b"{              }"].concat();
    let cases: [(&[u8], Option<FileKind>); 24] = [
        (b"", Some(FileKind::Empty)),
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:4d",
            Some(FileKind::LfsPointer),
        ),
        (b"\n<!DOCTYPE html><html>", Some(FileKind::WebPage)),
        (b"\x89HDF\r\n\x1a\nx", Some(FileKind::Hdf5)),
        (&behind_a_block, Some(FileKind::Hdf5)),
        (
            b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9",
            Some(FileKind::PyTorch),
        ),
        (b"\x80\x04\x95\x00\x00", Some(FileKind::Pickle)),
        (b"\x80\x02}q\x00", Some(FileKind::Pickle)),
        (b"\x20\x00\x00\x00TFL3", Some(FileKind::Tflite)),
        (b"\x08\x0a\x12\x07pytorch", Some(FileKind::Onnx)),
        (b"\x08\x01\x12\x80", Some(FileKind::SavedModel)),
        (&safetensors, Some(FileKind::Safetensors)),
        (b"KILN\x01\x00", Some(FileKind::Model)),
        (b"\x93NUMPY\x01", Some(FileKind::Numpy)),
        (b"GGUF\x03", Some(FileKind::Gguf)),
        (b"\x89PNG\r\n", Some(FileKind::Picture)),
        (b"\x1f\x8b\x08", Some(FileKind::Archive)),
        (
            &zip(&["archive/data.pkl", "archive/data/0"]),
            Some(FileKind::PyTorch),
        ),
        (
            &zip(&["m/data.pkl", "m/code/__torch__.py"]),
            Some(FileKind::TorchScript),
        ),
        (
            &zip(&["metadata.json", "config.json", "model.weights.h5"]),
            Some(FileKind::Keras),
        ),
        (&zip(&["x.npy"]), Some(FileKind::Numpy)),
        (&zip(&["photos/1.jpg"]), Some(FileKind::Archive)),
        (b"input = { channels = 1 }", None),
        // A safetensors file whose header is longer than the file is none.
        (b"\x80\x02\x00\x00\x00\x00\x00\x00{", None),
    ];
    for (bytes, kind) in cases {
        let start = &bytes[..bytes.len().min(20)];
        assert_eq!(FileKind::of_bytes(bytes), kind, "{start:?}");
    }
}

#[test]
fn no_bytes_at_all_are_a_panic() {
    let whole = zip(&["archive/data.pkl"]);
    for length in (0..200).chain(whole.len() - 60..whole.len()) {
        let _ = FileKind::of_bytes(&whole[..length]);
        let _ = FileKind::of_bytes(&whole[whole.len() - length..]);
    }
    for first in 0..=u8::MAX {
        let _ = FileKind::of_bytes(&[first, 2]);
        let _ = FileKind::of_bytes(&[8, first, 0x12]);
    }
}

#[test]
fn every_kind_says_what_to_do_for_every_purpose() {
    use FileKind::*;
    let kinds = [
        Empty,
        LfsPointer,
        WebPage,
        PyTorch,
        TorchScript,
        Pickle,
        Keras,
        Hdf5,
        SavedModel,
        Tflite,
        Onnx,
        Safetensors,
        Model,
        Checkpoint,
        Numpy,
        Gguf,
        Picture,
        Archive,
    ];
    for purpose in [
        FilePurpose::Model,
        FilePurpose::Import,
        FilePurpose::Samples,
        FilePurpose::Network,
        FilePurpose::Run,
    ] {
        for kind in kinds {
            let message = WrongFile { kind, purpose }.to_string();
            assert!(message.starts_with("this is "), "{message}");
            assert_eq!(message.lines().count(), 1, "{message}");
            assert!(!message.ends_with("; "), "{message}");
        }
    }
}

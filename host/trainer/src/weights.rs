//! Model files on disk, and parameters as bytes.

use crate::file_kind::{FilePurpose, WrongFile};
use crate::memory_limit::{self, MemoryError};
use crate::plain_file;
use kiln_core::{Int8ModelParts, ModelError, ModelFile, ModelParts};
use sha2::{Digest, Sha256};
use std::io::{self, Read};
use std::path::Path;

/// The bytes of a model file in memory, aligned so that the model can be used in place.
#[derive(Clone, Debug)]
pub struct ModelBytes {
    memory: Vec<u8>,
    start: usize,
}

/// Why a model file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WeightsError {
    /// The file cannot be read.
    #[error("cannot read it: {cause}")]
    Unreadable {
        /// What the operating system said.
        cause: io::Error,
    },
    /// The file is of another kind.
    #[error(transparent)]
    WrongFile(#[from] WrongFile),
    /// There is not so much memory as the file takes.
    #[error(transparent)]
    Memory(#[from] MemoryError),
    /// The file is no sound model.
    #[error(transparent)]
    Model(#[from] ModelError),
}

/// Bytes that tell the length of a model file.
const PREFIX: u64 = 16;
/// Alignment in bytes of a model file in memory.
const ALIGNMENT: usize = 16;

impl ModelBytes {
    /// Reads a model file, no more of it than it says it has and one byte.
    ///
    /// # Errors
    ///
    /// If the file cannot be read or does not start as a model file.
    pub fn read(path: &Path) -> Result<Self, WeightsError> {
        let unreadable = |cause| WeightsError::Unreadable { cause };
        let mut start = Vec::new();
        let mut file = plain_file::open(path).map_err(unreadable)?;
        let found = file.metadata().map_err(unreadable)?.len();
        let prefix = file.by_ref().take(PREFIX).read_to_end(&mut start);
        prefix.map_err(unreadable)?;
        let length = match ModelFile::length(&start) {
            Ok(length) => length as u64,
            Err(error) => {
                let wrong = FilePurpose::Model.wrong(path);
                return Err(wrong.map_or_else(|| error.into(), WeightsError::WrongFile));
            }
        };
        let length = (length + 1).min(found.max(start.len() as u64)) as usize;
        memory_limit::check(length, "reading it")?;
        let mut bytes = Self::zeroed(length);
        let content = &mut bytes.memory[bytes.start..];
        let count = start.len().min(length);
        content[..count].copy_from_slice(&start[..count]);
        file.read_exact(&mut content[count..]).map_err(unreadable)?;
        Ok(bytes)
    }

    /// A copy of a file's bytes, whatever they are.
    pub fn of(content: &[u8]) -> Self {
        let mut bytes = Self::zeroed(content.len());
        bytes.memory[bytes.start..].copy_from_slice(content);
        bytes
    }

    /// The bytes of a file that holds these parts.
    ///
    /// # Errors
    ///
    /// If the parts do not fit one another.
    pub fn encode(parts: &ModelParts<'_>) -> Result<Self, ModelError> {
        let mut bytes = Self::zeroed(parts.encoded_len()?);
        parts.write(&mut bytes.memory[bytes.start..])?;
        Ok(bytes)
    }

    /// The bytes of a file that holds a network of integers.
    ///
    /// # Errors
    ///
    /// If the parts do not fit one another.
    pub fn encode_int8(parts: &Int8ModelParts<'_>) -> Result<Self, ModelError> {
        let mut bytes = Self::zeroed(parts.encoded_len()?);
        parts.write(&mut bytes.memory[bytes.start..])?;
        Ok(bytes)
    }

    /// The model, opened in place.
    ///
    /// # Errors
    ///
    /// If the bytes are no sound model file.
    pub fn open(&self) -> Result<ModelFile<'_>, ModelError> {
        ModelFile::open(self.as_slice())
    }

    /// The bytes of the file.
    pub fn as_slice(&self) -> &[u8] {
        &self.memory[self.start..]
    }

    fn zeroed(length: usize) -> Self {
        let mut memory = vec![0; length + ALIGNMENT];
        let start = memory.as_ptr().align_offset(ALIGNMENT);
        memory.truncate(start + length);
        Self { memory, start }
    }
}

/// The names of the classes, or their numbers where the model has no names.
pub fn class_names(model: &ModelFile<'_>) -> Vec<String> {
    let names: Vec<String> = model.class_names().map(String::from).collect();
    match names.is_empty() {
        true => (0..model.network().classes())
            .map(|class| class.to_string())
            .collect(),
        false => names,
    }
}

/// SHA-256 of values as little-endian f32, in hexadecimal.
pub fn sha256(values: &[f32]) -> String {
    let mut hash = Sha256::new();
    for values in values.chunks(1024) {
        let bytes: Vec<u8> = values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        hash.update(&bytes);
    }
    hex::encode(hash.finalize())
}

/// Whether two runs of values are the same to the bit.
pub fn same_bits(one: &[f32], other: &[f32]) -> bool {
    let bits =
        |values: &[f32]| -> Vec<u32> { values.iter().map(|value| value.to_bits()).collect() };
    bits(one) == bits(other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kiln_core::{ModelTask, Network, Scaling};
    use std::fs;

    const NETWORK: Network = Network::input(1, 3, 3).linear(2);

    fn encoded() -> ModelBytes {
        ModelBytes::encode(&ModelParts {
            task: ModelTask::Classification,
            network: &NETWORK,
            scaling: &Scaling::uniform(1, 1.0, 0.0).unwrap(),
            class_names: &["a", "b"],
            notes: "",
            parameters: &[0.5; NETWORK.parameters()],
        })
        .unwrap()
    }

    #[test]
    fn what_is_written_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.kiln");
        fs::write(&path, encoded().as_slice()).unwrap();
        let bytes = ModelBytes::read(&path).unwrap();
        assert_eq!(bytes.open().unwrap().parameters(), [0.5; 20]);
    }

    #[test]
    fn too_long_a_file_is_not_read_to_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.kiln");
        let mut content = encoded().as_slice().to_vec();
        let length = content.len();
        content.extend([0; 1000]);
        fs::write(&path, content).unwrap();
        let bytes = ModelBytes::read(&path).unwrap();
        assert_eq!(bytes.as_slice().len(), length + 1);
        assert!(bytes.open().is_err());
    }

    #[test]
    fn the_hash_is_that_of_the_bytes() {
        let values: Vec<f32> = (0..3000).map(|value| value as f32).collect();
        let bytes: Vec<u8> = values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        assert_eq!(sha256(&values), hex::encode(Sha256::digest(&bytes)));
    }

    #[test]
    fn the_checksum_is_the_one_everyone_uses() {
        let standard = crc::Crc::<u32>::new(&crc::CRC_32_ISO_HDLC);
        let bytes: Vec<u8> = (0..2000_u32)
            .map(|index| (index * index / 8) as u8)
            .collect();
        for length in [0, 1, 2, 15, 16, 17, 2000] {
            assert_eq!(
                kiln_core::crc32(&bytes[..length]),
                standard.checksum(&bytes[..length])
            );
        }
    }
}

//! Where the parts of a model file lie.

use super::ModelError;

pub(super) const MAGIC: [u8; 4] = *b"KILN";
/// The version written.
pub(super) const VERSION: u16 = 2;
/// The version written of networks in integers.
pub(super) const INT8_VERSION: u16 = 3;
/// The oldest version read.
pub(super) const FIRST_VERSION: u16 = 1;
pub(super) const PREFIX_LEN: usize = 16;
pub(super) const CHECKSUM_LEN: usize = 4;
pub(super) const ALIGNMENT: usize = 16;

/// What the prefix says, believed only as far as the file's length bears it out.
#[derive(Clone, Copy)]
pub(super) struct ModelLayout {
    pub version: u16,
    pub header_len: usize,
    /// Offset of the first parameter.
    pub parameters_at: usize,
    /// Number of parameters, or of the words that the tables of a network in integers take.
    pub parameters: usize,
}

impl ModelLayout {
    /// Places a header and parameters; `None` where an offset exceeds 32 bits.
    pub fn new(header_len: usize, parameters: usize) -> Option<Self> {
        let parameters_at = PREFIX_LEN
            .checked_add(header_len)?
            .checked_next_multiple_of(ALIGNMENT)?;
        let layout = Self {
            version: VERSION,
            header_len,
            parameters_at,
            parameters,
        };
        (layout.total() <= u64::from(u32::MAX)).then_some(layout)
    }

    /// Reads the prefix.
    pub fn read(bytes: &[u8]) -> Result<Self, ModelError> {
        let found = bytes.len() as u64;
        let truncated = ModelError::Length {
            expected: PREFIX_LEN as u64,
            found,
        };
        if !MAGIC.starts_with(&bytes[..bytes.len().min(MAGIC.len())]) {
            return Err(ModelError::NotAModel);
        }
        let prefix = bytes.first_chunk::<PREFIX_LEN>().ok_or(truncated)?;
        let [
            _,
            _,
            _,
            _,
            v0,
            v1,
            zero0,
            zero1,
            h0,
            h1,
            h2,
            h3,
            p0,
            p1,
            p2,
            p3,
        ] = *prefix;
        let version = u16::from_le_bytes([v0, v1]);
        if !(FIRST_VERSION..=INT8_VERSION).contains(&version) || [zero0, zero1] != [0, 0] {
            return Err(ModelError::Version { found: version });
        }
        let header_len = u32::from_le_bytes([h0, h1, h2, h3]) as usize;
        let parameters = u32::from_le_bytes([p0, p1, p2, p3]) as usize;
        let layout = Self::new(header_len, parameters).ok_or(ModelError::TooLarge)?;
        Ok(Self { version, ..layout })
    }

    /// The prefix as bytes.
    pub fn prefix(self) -> [u8; PREFIX_LEN] {
        let mut prefix = [0; PREFIX_LEN];
        prefix[..4].copy_from_slice(&MAGIC);
        prefix[4..6].copy_from_slice(&self.version.to_le_bytes());
        prefix[8..12].copy_from_slice(&(self.header_len as u32).to_le_bytes());
        prefix[12..].copy_from_slice(&(self.parameters as u32).to_le_bytes());
        prefix
    }

    /// Length of the whole file.
    pub fn total(self) -> u64 {
        self.parameters_at as u64 + 4 * self.parameters as u64 + CHECKSUM_LEN as u64
    }

    /// Whether the file is exactly as long as its prefix says.
    pub fn check_len(self, len: usize) -> Result<(), ModelError> {
        let (expected, found) = (self.total(), len as u64);
        if expected != found {
            return Err(ModelError::Length { expected, found });
        }
        Ok(())
    }
}

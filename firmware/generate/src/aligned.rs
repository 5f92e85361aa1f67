//! A file's bytes where a model opens in place.

/// Alignment in bytes at which every model opens in place.
const ALIGNMENT: usize = 16;

/// The content of a file, at a multiple of 16 bytes in memory.
#[derive(Debug)]
pub struct AlignedFile {
    memory: Vec<u8>,
    start: usize,
}

impl AlignedFile {
    /// Copies `bytes` to where they are aligned.
    pub fn new(bytes: &[u8]) -> Self {
        let mut memory = vec![0; bytes.len() + ALIGNMENT];
        let start = memory.as_ptr().align_offset(ALIGNMENT);
        memory.truncate(start + bytes.len());
        memory[start..].copy_from_slice(bytes);
        Self { memory, start }
    }

    /// The content.
    pub fn bytes(&self) -> &[u8] {
        &self.memory[self.start..]
    }
}

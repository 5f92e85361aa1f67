//! What decoders of images read: one type, for which each of them is compiled once.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read, Seek, SeekFrom};

/// An image's bytes, wherever they are.
pub(super) enum ImageBytes {
    /// In a file, of which no more is read than has to be.
    File(BufReader<File>),
    /// All of them in memory.
    Memory(Cursor<Vec<u8>>),
}

impl Read for ImageBytes {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.read(buffer),
            Self::Memory(bytes) => bytes.read(buffer),
        }
    }

    fn read_exact(&mut self, buffer: &mut [u8]) -> io::Result<()> {
        match self {
            Self::File(file) => file.read_exact(buffer),
            Self::Memory(bytes) => bytes.read_exact(buffer),
        }
    }

    fn read_to_end(&mut self, all: &mut Vec<u8>) -> io::Result<usize> {
        match self {
            Self::File(file) => file.read_to_end(all),
            Self::Memory(bytes) => bytes.read_to_end(all),
        }
    }
}

impl BufRead for ImageBytes {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        match self {
            Self::File(file) => file.fill_buf(),
            Self::Memory(bytes) => bytes.fill_buf(),
        }
    }

    fn consume(&mut self, count: usize) {
        match self {
            Self::File(file) => file.consume(count),
            Self::Memory(bytes) => bytes.consume(count),
        }
    }
}

impl Seek for ImageBytes {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match self {
            Self::File(file) => file.seek(to),
            Self::Memory(bytes) => bytes.seek(to),
        }
    }

    fn stream_position(&mut self) -> io::Result<u64> {
        match self {
            Self::File(file) => file.stream_position(),
            Self::Memory(bytes) => bytes.stream_position(),
        }
    }
}

//! Names of a tar archive's entries that are too long for a header, and so are in entries before it.

use std::io::{self, Read};

use tar::{Entry, EntryType, PaxExtensions};

/// Most bytes of an entry that tells of the next one: no name of a dataset's is as long.
const MAX_BYTES: u64 = 1 << 16;

/// What the entries before the next one told of it.
#[derive(Default)]
pub(super) struct LongNames {
    name: Option<String>,
}

impl LongNames {
    /// The name of an entry; none of one that only tells of the next.
    ///
    /// # Errors
    ///
    /// If it tells too much, or cannot be read.
    pub fn name(&mut self, entry: &mut Entry<'_, impl Read>) -> io::Result<Option<String>> {
        let kind = entry.header().entry_type();
        let told = match kind {
            EntryType::GNULongName | EntryType::XHeader => bounded(entry)?,
            EntryType::GNULongLink | EntryType::XGlobalHeader => return Ok(None),
            _ => {
                let own = || String::from_utf8_lossy(&entry.path_bytes()).into_owned();
                return Ok(Some(self.name.take().unwrap_or_else(own)));
            }
        };
        match kind {
            EntryType::GNULongName => {
                let name = told.strip_suffix(&[0]).unwrap_or(&told);
                self.name = Some(String::from_utf8_lossy(name).into_owned());
            }
            _ => self.take_extensions(&told)?,
        }
        Ok(None)
    }

    fn take_extensions(&mut self, told: &[u8]) -> io::Result<()> {
        for extension in PaxExtensions::new(told) {
            let extension = extension?;
            match extension.key_bytes() {
                // What GNU's own entry says counts.
                b"path" if self.name.is_none() => {
                    let name = String::from_utf8_lossy(extension.value_bytes());
                    self.name = Some(name.into_owned());
                }
                b"size" => {
                    let message =
                        "an entry's size is not in its header: no file of a dataset is as large";
                    return Err(io::Error::new(io::ErrorKind::InvalidData, message));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

fn bounded(entry: &mut Entry<'_, impl Read>) -> io::Result<Vec<u8>> {
    let length = entry.size();
    if length > MAX_BYTES {
        let message = format!("an entry's name has {length} bytes, more than {MAX_BYTES}");
        return Err(io::Error::new(io::ErrorKind::InvalidData, message));
    }
    let mut told = Vec::new();
    entry.read_to_end(&mut told)?;
    Ok(told)
}

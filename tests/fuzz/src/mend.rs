//! Makes the lengths and checksums of changed files valid again, so that what lies behind them is reached.

use crc32fast::hash;

/// Model and samples files: a checksum of all that comes before it, at the end.
pub fn end_checksum(bytes: &mut [u8]) {
    if let Some((content, end)) = bytes.split_last_chunk_mut::<4>() {
        *end = hash(content).to_le_bytes();
    }
}

/// Checkpoints: the number of bytes behind the prefix, and the checksum before it.
pub fn checkpoint(bytes: &mut [u8]) {
    const UNCOVERED: usize = 16;
    const PREFIX: usize = 24;
    if bytes.len() < PREFIX {
        return;
    }
    let behind = (bytes.len() - PREFIX) as u64;
    bytes[UNCOVERED..PREFIX].copy_from_slice(&behind.to_le_bytes());
    let checksum = hash(&bytes[UNCOVERED..]);
    bytes[UNCOVERED - 4..UNCOVERED].copy_from_slice(&checksum.to_le_bytes());
}

/// safetensors files: the length of the header, where its braces are still in pairs, and no bytes in it that no
/// text has.
pub fn header_length(bytes: &mut [u8]) {
    let Some((prefix, rest)) = bytes.split_first_chunk_mut::<8>() else {
        return;
    };
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for (place, byte) in rest.iter().enumerate() {
        match (byte, quoted) {
            _ if escaped => escaped = false,
            (b'\\', true) => escaped = true,
            (b'"', _) => quoted = !quoted,
            (b'{', false) => depth += 1,
            (b'}', false) => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            let behind = rest[place + 1..].iter();
            // Spaces bring what follows to a multiple of eight bytes.
            let spaces = behind.take_while(|byte| **byte == b' ').count();
            *prefix = ((place + 1 + spaces) as u64).to_le_bytes();
            text(&mut rest[..=place]);
            return;
        }
    }
}

/// Images: the checksums of PNG's chunks, and the length of a WebP file.
pub fn image(bytes: &mut [u8]) {
    if bytes.starts_with(b"RIFF") && bytes.len() > 8 {
        let behind = (bytes.len() - 8) as u32;
        bytes[4..8].copy_from_slice(&behind.to_le_bytes());
    }
    if !bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        return;
    }
    let mut rest = &mut bytes[8..];
    while let Some((length, behind)) = rest.split_first_chunk_mut::<4>() {
        let length = u32::from_be_bytes(*length) as usize;
        let Some((content, behind)) = behind.split_at_mut_checked(length.saturating_add(4)) else {
            return;
        };
        let Some((checksum, behind)) = behind.split_first_chunk_mut::<4>() else {
            return;
        };
        *checksum = hash(content).to_be_bytes();
        rest = behind;
    }
}

/// Stored sets: both checksums of each half.
pub fn slots(bytes: &mut [u8]) {
    const HEADER: usize = 32;
    let half = bytes.len() / 2;
    if half < HEADER {
        return;
    }
    let (first, second) = bytes.split_at_mut(half);
    for slot in [first, second] {
        if !slot.starts_with(b"KSET") {
            // Erased, or none.
            continue;
        }
        let (header, payload) = slot.split_at_mut(HEADER);
        let length = u32::from_le_bytes([header[20], header[21], header[22], header[23]]);
        if let Some(payload) = payload.get(..length as usize) {
            let mut checksum = crc32fast::Hasher::new();
            checksum.update(&header[..24]);
            checksum.update(payload);
            header[24..28].copy_from_slice(&checksum.finalize().to_le_bytes());
        }
        let checksum = hash(&header[..28]);
        header[28..].copy_from_slice(&checksum.to_le_bytes());
    }
}

/// Texts: no bytes that none has.
pub fn text(bytes: &mut [u8]) {
    for byte in bytes {
        *byte &= 0x7f;
        if *byte < b' ' && *byte != b'\n' {
            *byte = b' ';
        }
    }
}

/// Nothing: the format has neither.
pub fn nothing(_: &mut [u8]) {}

#[cfg(test)]
mod tests {
    use crate::targets::ALL;

    #[test]
    fn sound_files_are_as_they_were() {
        for target in &ALL {
            for (name, bytes) in target.corpus() {
                let mut mended = bytes.clone();
                (target.mend)(&mut mended);
                assert!(mended == bytes, "{}/{name}", target.name);
            }
        }
    }
}

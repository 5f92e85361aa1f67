//! Whether PNG and BMP files can hold the pixels that their headers tell of, before memory is taken for them.

/// Most bytes that one of Deflate's can stand for.
const MOST_UNPACKED: u64 = 1032;

/// There are fewer bytes than the header needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("its data does not hold the {width}x{height} pixels that its header tells of")]
pub(super) struct PixelsMissing {
    width: u64,
    height: u64,
}

/// Looks at the header of a PNG or BMP file; what else is wrong with it, and other kinds of files, are the
/// decoders' to say.
pub(super) fn check(content: &[u8]) -> Result<(), PixelsMissing> {
    let length = content.len() as u64;
    let found = png(content)
        .map(|extents| (extents, length.saturating_mul(MOST_UNPACKED)))
        .or_else(|| bmp(content).map(|extents| (extents, length)));
    match found {
        Some((
            Extents {
                width,
                height,
                bits,
            },
            held,
        )) => {
            // Each line begins with a byte.
            let line = width.saturating_mul(bits).div_ceil(8);
            match height.saturating_mul(line) > held {
                true => Err(PixelsMissing { width, height }),
                false => Ok(()),
            }
        }
        None => Ok(()),
    }
}

struct Extents {
    width: u64,
    height: u64,
    /// Of a pixel.
    bits: u64,
}

fn png(content: &[u8]) -> Option<Extents> {
    let header = content.strip_prefix(b"\x89PNG\r\n\x1a\n")?.get(4..22)?;
    let [
        b'I',
        b'H',
        b'D',
        b'R',
        w0,
        w1,
        w2,
        w3,
        h0,
        h1,
        h2,
        h3,
        depth,
        kind,
        ..,
    ] = *header
    else {
        return None;
    };
    let samples = match kind {
        2 => 3,
        4 => 2,
        6 => 4,
        _ => 1,
    };
    Some(Extents {
        width: u32::from_be_bytes([w0, w1, w2, w3]).into(),
        height: u32::from_be_bytes([h0, h1, h2, h3]).into(),
        bits: u64::from(depth) * samples,
    })
}

/// Of those that are not packed.
fn bmp(content: &[u8]) -> Option<Extents> {
    let header = content.strip_prefix(b"BM")?.get(12..32)?;
    let (numbers, _) = header.as_chunks::<4>();
    let [size, width, height, _, packing] = numbers else {
        return None;
    };
    let is_plain = matches!(u32::from_le_bytes(*packing), 0 | 3 | 6);
    if u32::from_le_bytes(*size) < 40 || !is_plain {
        return None;
    }
    let extent = |bytes: &[u8; 4]| u64::from(i32::from_le_bytes(*bytes).unsigned_abs());
    Some(Extents {
        width: extent(width),
        height: extent(height),
        bits: u64::from(u16::from_le_bytes([content[28], content[29]])),
    })
}

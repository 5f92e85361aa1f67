//! Whether the picture within a WebP file is of the size that the file tells of: decoders take memory for both.

/// Why a picture is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum FrameFault {
    #[error("its picture is of {}x{} pixels, where its header tells of {}x{}", .frame[0], .frame[1], .canvas[0], .canvas[1])]
    Mismatch { frame: [u32; 2], canvas: [u32; 2] },
    #[error("its data does not hold the {}x{} pixels that it tells of", .frame[0], .frame[1])]
    Missing { frame: [u32; 2] },
}

/// Pixels that a byte stands for at most: more than in pictures of a single colour.
const MOST_PIXELS: u64 = 1 << 14;

/// Extents of 14 bits.
const EXTENT: u32 = 0x3FFF;

/// Looks at the pictures of a file, those of a film but for their places; what else is wrong with it, and other kinds of
/// files, are the decoders' to say.
pub(super) fn check(content: &[u8]) -> Result<(), FrameFault> {
    if content.get(8..12) != Some(b"WEBP") {
        return Ok(());
    }
    let bytes = content.len() as u64;
    let canvas = match canvas(content) {
        Some((canvas, is_film)) => {
            is_plausible(canvas, None, bytes)?;
            (!is_film).then_some(canvas)
        }
        None => None,
    };
    let mut rest = content.get(12..).unwrap_or_default();
    // Each part: its name, its length, what it holds, to an even length.
    while let Some((name, behind)) = rest.split_first_chunk::<4>() {
        let Some((length, held)) = behind.split_first_chunk::<4>() else {
            break;
        };
        let frame = match name {
            b"VP8 " => lossy(held),
            b"VP8L" => lossless(held),
            _ => None,
        };
        if let Some(frame) = frame {
            is_plausible(frame, canvas, bytes)?;
        }
        let length = u32::from_le_bytes(*length) as usize;
        let Some(next) = length
            .checked_next_multiple_of(2)
            .and_then(|end| held.get(end..))
        else {
            break;
        };
        rest = next;
    }
    Ok(())
}

/// Whether a picture has its file's size, if that has one, and bytes for it.
fn is_plausible(frame: [u32; 2], canvas: Option<[u32; 2]>, bytes: u64) -> Result<(), FrameFault> {
    if let Some(canvas) = canvas
        && frame != canvas
    {
        return Err(FrameFault::Mismatch { frame, canvas });
    }
    match u64::from(frame[0]) * u64::from(frame[1]) > bytes.saturating_mul(MOST_PIXELS) {
        true => Err(FrameFault::Missing { frame }),
        false => Ok(()),
    }
}

/// Columns and rows that an extended file tells of, and whether it is a film, whose pictures may be smaller.
fn canvas(content: &[u8]) -> Option<([u32; 2], bool)> {
    let header = content.strip_prefix(b"RIFF")?.get(4..26)?;
    let own = header.strip_prefix(b"WEBPVP8X")?;
    let [_, _, _, _, flags, _, _, _, w0, w1, w2, h0, h1, h2] = *own else {
        return None;
    };
    let is_film = flags & 2 > 0;
    let extent = |bytes: [u8; 3]| u32::from_le_bytes([bytes[0], bytes[1], bytes[2], 0]) + 1;
    Some(([extent([w0, w1, w2]), extent([h0, h1, h2])], is_film))
}

/// Those of a picture with losses.
fn lossy(held: &[u8]) -> Option<[u32; 2]> {
    let [_, _, _, 0x9D, 0x01, 0x2A, w0, w1, h0, h1] = *held.first_chunk::<10>()? else {
        return None;
    };
    Some([[w0, w1], [h0, h1]].map(|own| u32::from(u16::from_le_bytes(own)) & EXTENT))
}

/// Those of a picture without.
fn lossless(held: &[u8]) -> Option<[u32; 2]> {
    let [0x2F, a, b, c, d] = *held.first_chunk::<5>()? else {
        return None;
    };
    let bits = u32::from_le_bytes([a, b, c, d]);
    Some([bits & EXTENT, (bits >> 14) & EXTENT].map(|own| own + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An extended file of 12x10 pixels with one part.
    fn file(flags: u8, name: &[u8; 4], held: &[u8]) -> Vec<u8> {
        let mut content = b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0".to_vec();
        content.extend([flags, 0, 0, 0, 11, 0, 0, 9, 0, 0]);
        content.extend(b"ICCP\x01\0\0\0-\0");
        content.extend(name);
        content.extend((held.len() as u32).to_le_bytes());
        content.extend(held);
        content
    }

    fn mismatch(frame: [u32; 2]) -> Result<(), FrameFault> {
        let canvas = [12, 10];
        Err(FrameFault::Mismatch { frame, canvas })
    }

    #[test]
    fn a_picture_has_bytes_for_its_pixels() {
        let file = |height: u32| {
            let mut content = b"RIFF\0\0\0\0WEBPVP8L\x05\0\0\0\x2F".to_vec();
            content.extend((999 | ((height - 1) << 14)).to_le_bytes());
            content
        };
        assert_eq!(check(&file(400)), Ok(()));
        let mut wide = b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0".to_vec();
        wide.extend([0xFF, 0xFF, 0x7F, 9, 0, 0]);
        let frame = [1 << 23, 10];
        assert_eq!(check(&wide), Err(FrameFault::Missing { frame }));
        let frame = [1000, 9000];
        assert_eq!(check(&file(9000)), Err(FrameFault::Missing { frame }));
    }

    #[test]
    fn a_picture_has_the_size_of_its_file() {
        let lossy = |width: u8, height: u8| [0, 0, 0, 0x9D, 0x01, 0x2A, width, 0, height, 0x40];
        assert_eq!(check(&file(0, b"VP8 ", &lossy(12, 10))), Ok(()));
        assert_eq!(check(&file(0, b"VP8 ", &lossy(13, 10))), mismatch([13, 10]));
        let lossless = |width: u32, height: u32| {
            let mut held = vec![0x2F];
            held.extend(((width - 1) | ((height - 1) << 14)).to_le_bytes());
            held
        };
        assert_eq!(check(&file(0, b"VP8L", &lossless(12, 10))), Ok(()));
        assert_eq!(
            check(&file(0, b"VP8L", &lossless(12, 9000))),
            mismatch([12, 9000])
        );
        // A film's pictures may be smaller, and what is cut short is the decoder's matter.
        assert_eq!(check(&file(2, b"VP8 ", &lossy(13, 10))), Ok(()));
        assert_eq!(check(&file(0, b"VP8 ", &[0; 5])), Ok(()));
        assert_eq!(check(b"RIFF"), Ok(()));
    }
}

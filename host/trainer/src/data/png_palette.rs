//! Whether the palette of a PNG file is one, which its decoder takes for granted.

/// What is no palette.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum PaletteFault {
    #[error("its palette of {length} bytes is none of 1 to 256 colours of three")]
    Length { length: usize },
    #[error("it tells how opaque {given} colours are, of a palette of {colours}")]
    Opacities { given: usize, colours: usize },
}

const BYTES_PER_COLOUR: usize = 3;
const MOST_COLOURS: usize = 256;

/// The kind of pixels that are places in a palette.
const INDEXED: u8 = 3;

/// Looks at the parts before the pixels; what else is wrong with a file, and other kinds of files, are the decoders' to
/// say.
pub(super) fn check(content: &[u8]) -> Result<(), PaletteFault> {
    let Some(mut rest) = content.strip_prefix(b"\x89PNG\r\n\x1a\n") else {
        return Ok(());
    };
    let is_indexed = rest.get(17) == Some(&INDEXED);
    let (mut colours, mut opacities) = (None, 0);
    // Each part: its length, its name, what it holds, a checksum.
    while let Some((length, behind)) = rest.split_first_chunk::<4>() {
        let Some((name, behind)) = behind.split_first_chunk::<4>() else {
            break;
        };
        let length = u32::from_be_bytes(*length) as usize;
        match name {
            b"PLTE" => {
                let is_whole = length.is_multiple_of(BYTES_PER_COLOUR);
                if !is_whole || !(1..=MOST_COLOURS).contains(&(length / BYTES_PER_COLOUR)) {
                    return Err(PaletteFault::Length { length });
                }
                // Where there are several, by which of them the decoder goes is its own matter.
                let own = length / BYTES_PER_COLOUR;
                colours = Some(colours.map_or(own, |least: usize| least.min(own)));
            }
            b"tRNS" => opacities = opacities.max(length),
            b"IDAT" => break,
            _ => {}
        }
        let Some(next) = length.checked_add(4).and_then(|end| behind.get(end..)) else {
            break;
        };
        rest = next;
    }
    match colours {
        Some(colours) if is_indexed && opacities > colours => Err(PaletteFault::Opacities {
            given: opacities,
            colours,
        }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An indexed file's parts up to its pixels.
    fn file(parts: &[(&[u8; 4], usize)]) -> Vec<u8> {
        let mut content =
            b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x02\0\0\0\x02\x08\x03\0\0\0CRC.".to_vec();
        for (name, length) in parts {
            content.extend((*length as u32).to_be_bytes());
            content.extend(*name);
            content.extend(vec![0; length + 4]);
        }
        content
    }

    #[test]
    fn a_palette_of_whole_colours_is_one() {
        assert_eq!(
            check(&file(&[(b"PLTE", 6), (b"tRNS", 2), (b"IDAT", 9)])),
            Ok(())
        );
        assert_eq!(check(&file(&[(b"gAMA", 4), (b"PLTE", 768)])), Ok(()));
        // What lies behind the pixels, or was cut off, is not looked at.
        assert_eq!(check(&file(&[(b"IDAT", 9), (b"PLTE", 1)])), Ok(()));
        assert_eq!(check(b"\x89PNG\r\n\x1a\n\0\0"), Ok(()));
        assert_eq!(check(b"BM"), Ok(()));
    }

    #[test]
    fn a_palette_that_is_none_is_refused() {
        for length in [0, 1, 646, 771] {
            let found = check(&file(&[(b"PLTE", length), (b"IDAT", 9)]));
            assert_eq!(found, Err(PaletteFault::Length { length }));
        }
        let found = check(&file(&[(b"PLTE", 6), (b"tRNS", 3)]));
        assert_eq!(
            found,
            Err(PaletteFault::Opacities {
                given: 3,
                colours: 2
            })
        );
    }
}

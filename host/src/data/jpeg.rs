//! Whether a JPEG file is there to its end: decoders fill what is missing with grey, and say nothing.

/// Whether the end of the image comes, after all of its segments; what follows it does not matter.
///
/// A walk along the markers (ITU-T T.81, annex B), so that neither a preview inside a segment nor
/// a film behind the image is taken for it.
pub(super) fn is_whole(content: &[u8]) -> bool {
    let mut rest = content;
    while let Some(start) = rest
        .windows(2)
        .position(|pair| is_marker([pair[0], pair[1]]))
    {
        let marker = rest[start + 1];
        rest = &rest[start + 2..];
        match marker {
            END => return true,
            START => {}
            // All others have a length, which counts its own two bytes.
            _ => {
                let Some(length) = rest.first_chunk().copied().map(u16::from_be_bytes) else {
                    return false;
                };
                rest = rest.get(usize::from(length)..).unwrap_or_default();
            }
        }
    }
    false
}

const START: u8 = 0xd8;
const END: u8 = 0xd9;

/// Neither a byte of data, which is followed by 0, nor fill, nor a marker that data is resumed at.
fn is_marker(pair: [u8; 2]) -> bool {
    matches!(pair, [0xff, code] if !matches!(code, 0 | 1 | 0xd0..=0xd7 | 0xff))
}

#[cfg(test)]
mod tests {
    use super::is_whole;
    use image::{GrayImage, ImageFormat, Luma};
    use std::io::Cursor;

    fn encoded() -> Vec<u8> {
        let image = GrayImage::from_fn(40, 30, |x, y| Luma([(x * x * 7 + y * 31) as u8]));
        let mut content = Cursor::new(Vec::new());
        image.write_to(&mut content, ImageFormat::Jpeg).unwrap();
        content.into_inner()
    }

    #[test]
    fn a_file_is_whole_only_to_its_last_byte() {
        let content = encoded();
        assert!(is_whole(&content));
        for length in 0..content.len() {
            assert!(!is_whole(&content[..length]), "{length}");
        }
    }

    #[test]
    fn what_follows_the_end_does_not_matter() {
        let mut content = encoded();
        content.extend(b"a film, with \xff\xda in it");
        assert!(is_whole(&content));
    }

    #[test]
    fn the_end_of_a_preview_is_not_the_end() {
        let content = encoded();
        // A whole JPEG file in an application's segment behind the start, as cameras have it.
        let mut with_preview = vec![0xff, 0xd8, 0xff, 0xe1];
        with_preview.extend((content.len() as u16 + 2).to_be_bytes());
        with_preview.extend(&content);
        with_preview.extend(&content[2..]);
        assert!(is_whole(&with_preview));
        assert!(!is_whole(&with_preview[..with_preview.len() - 2]));
    }
}

//! Whether a JPEG file holds all of its picture: decoders fill what is missing with grey, and say nothing.

mod bits;
mod frame;

use frame::JpegFrame;

/// What keeps a JPEG file from being all of its picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum JpegError {
    /// There is no end.
    #[error("it is cut short")]
    Cut,
    /// The data ends before the picture does, or is none.
    #[error("its data does not hold the {width}x{height} pixels that its header tells of")]
    Data { width: u16, height: u16 },
}

/// Finds the end of the image, after all of its segments, and in each scan the codes of all of its blocks;
/// what follows the end does not matter.
///
/// A walk along the markers (ITU-T T.81, annex B), so that neither a preview inside a segment nor
/// a film behind the image is taken for it. Kinds of compression that no decoder here knows are not
/// looked into.
pub(super) fn check(content: &[u8]) -> Result<(), JpegError> {
    let mut frame = JpegFrame::default();
    let mut rest = content;
    while let Some(start) = marker(rest) {
        let code = rest[start + 1];
        rest = &rest[start + 2..];
        match code {
            END => return frame.finish(),
            START => {}
            // All others have a length, which counts its own two bytes.
            _ => {
                let length = rest.first_chunk().copied().map(u16::from_be_bytes);
                let length = usize::from(length.ok_or(JpegError::Cut)?);
                let segment = rest.get(2..length).unwrap_or_default();
                rest = rest.get(length..).unwrap_or_default();
                let data = &rest[..marker(rest).unwrap_or(rest.len())];
                frame.take(code, segment, data)?;
                rest = &rest[data.len()..];
            }
        }
    }
    Err(JpegError::Cut)
}

const START: u8 = 0xd8;
const END: u8 = 0xd9;

fn marker(bytes: &[u8]) -> Option<usize> {
    let pairs = &mut bytes.windows(2);
    pairs.position(|pair| is_marker([pair[0], pair[1]]))
}

/// Neither a byte of data, which is followed by 0, nor fill, nor a marker that data is resumed at.
fn is_marker(pair: [u8; 2]) -> bool {
    matches!(pair, [0xff, code] if !matches!(code, 0 | 1 | 0xd0..=0xd7 | 0xff))
}

#[cfg(test)]
mod tests;

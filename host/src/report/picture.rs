//! Small pictures in the text of a page.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder};

/// A picture of `planes` (channel, row, column), as PNG in base 64; three channels are colours,
/// any other number is shown by the first. Nothing where the planes are not of that shape.
pub(super) fn png(planes: &[u8], [channels, height, width]: [usize; 3]) -> Option<String> {
    let plane = height.checked_mul(width)?;
    if plane == 0 || planes.len() != plane.checked_mul(channels)? {
        return None;
    }
    let (bytes, colour) = match channels {
        3 => {
            let pixel = |index| (0..3).map(move |channel| planes[channel * plane + index]);
            (
                (0..plane).flat_map(pixel).collect(),
                ExtendedColorType::Rgb8,
            )
        }
        _ => (planes[..plane].to_vec(), ExtendedColorType::L8),
    };
    let mut file = Vec::new();
    let encoder = PngEncoder::new(&mut file);
    let (width, height) = (width.try_into().ok()?, height.try_into().ok()?);
    encoder.write_image(&bytes, width, height, colour).ok()?;
    Some(STANDARD.encode(file))
}

/// The address of a picture that is in the page itself.
pub(super) fn address(png: &str) -> String {
    format!("data:image/png;base64,{png}")
}

//! Small pictures in the text of a page.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use image::imageops::FilterType;
use image::{DynamicImage, GrayImage, ImageFormat, RgbImage};
use std::io::Cursor;

/// Longer sides are shrunk to this: a page of large pictures would be too long to send.
const LONGEST_SIDE: u32 = 96;

/// A picture of `planes` (channel, row, column), as PNG in base 64; three channels are colours,
/// of any other number the first is shown. Nothing where the planes are not of that shape.
pub(super) fn png(planes: &[u8], [channels, height, width]: [usize; 3]) -> Option<String> {
    let plane = height.checked_mul(width)?;
    if plane == 0 || channels == 0 || planes.len() != plane.checked_mul(channels)? {
        return None;
    }
    let (width, height) = (width.try_into().ok()?, height.try_into().ok()?);
    let picture = if channels == 3 {
        let pixel = |index| (0..3).map(move |channel| planes[channel * plane + index]);
        let bytes = (0..plane).flat_map(pixel).collect();
        DynamicImage::ImageRgb8(RgbImage::from_raw(width, height, bytes)?)
    } else {
        let bytes = planes[..plane].to_vec();
        DynamicImage::ImageLuma8(GrayImage::from_raw(width, height, bytes)?)
    };
    let picture = match width.max(height) > LONGEST_SIDE {
        true => picture.resize(LONGEST_SIDE, LONGEST_SIDE, FilterType::Triangle),
        false => picture,
    };
    let mut file = Cursor::new(Vec::new());
    picture.write_to(&mut file, ImageFormat::Png).ok()?;
    Some(STANDARD.encode(file.into_inner()))
}

/// The address of a picture that is in the page itself.
pub(super) fn address(png: &str) -> String {
    format!("data:image/png;base64,{png}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(planes: &[u8], shape: [usize; 3]) -> DynamicImage {
        let png = STANDARD.decode(png(planes, shape).unwrap()).unwrap();
        image::load_from_memory(&png).unwrap()
    }

    #[test]
    fn planes_become_pixels() {
        let colour = shown(&[1, 2, 3, 4, 5, 6], [3, 1, 2]);
        assert_eq!(colour.as_rgb8().unwrap().as_raw(), &[1, 3, 5, 2, 4, 6]);
        let grey = shown(&[7, 8], [1, 2, 1]);
        assert_eq!((grey.width(), grey.height()), (1, 2));
        assert_eq!(grey.as_luma8().unwrap().as_raw(), &[7, 8]);
        assert!(png(&[1, 2], [3, 1, 2]).is_none() && png(&[], [1, 0, 2]).is_none());
    }

    #[test]
    fn large_pictures_are_shrunk() {
        let large = shown(&vec![9; 400 * 200], [1, 400, 200]);
        assert_eq!((large.width(), large.height()), (48, 96));
    }
}

use super::*;
use image::{GrayImage, Luma, Rgb, RgbImage, Rgba, RgbaImage};

/// A lossy WebP image of 20x18, which nothing here writes.
const LOSSY: &str = "\
524946468c000000574542505650382080000000b004009d012a140012003f99c4d9653930aba72808032033096c009d32d3\
fc4c800094c7198548207690a7df5b8000fee11fdcf1cbe824d4384d145c0ce4c8855dd8bee68d55dc980111b6000873b517\
6f5851f317a311a235d71bdbeadd6eb4b2a6c5932f2430556bd40bce810868e20e0210d1c4b18b2f505a1bfd7e000000\
";

const SHAPE: ImageShape = ImageShape {
    channels: 3,
    height: 18,
    width: 20,
};

fn pixels(content: Vec<u8>) -> Result<Vec<u8>, PictureError> {
    let gate = MemoryGate::new();
    let own = picture_of_bytes(&gate, SHAPE, content)?;
    let mut out = vec![0; SHAPE.size()];
    own.picture.write(SHAPE, &mut out);
    Ok(out)
}

fn encoded(image: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut content = Cursor::new(Vec::new());
    image.into().write_to(&mut content, format).unwrap();
    content.into_inner()
}

fn value(x: u32, y: u32) -> u8 {
    (x * x * 7 + y * 31) as u8
}

/// Images of every format and kind, each with its name.
fn images() -> Vec<(&'static str, Vec<u8>)> {
    let grey = || GrayImage::from_fn(20, 18, |x, y| Luma([value(x, y)]));
    let colour = || RgbImage::from_fn(20, 18, |x, y| Rgb([value(x, y), value(y, x), 9]));
    let clear = || RgbaImage::from_fn(20, 18, |x, y| Rgba([value(x, y), 7, 1, value(y, x)]));
    let deep = image::ImageBuffer::from_fn(20, 18, |x, y| Luma([u16::from(value(x, y)) << 8 | 77]));
    vec![
        ("grey PNG", encoded(grey(), ImageFormat::Png)),
        ("colour PNG", encoded(colour(), ImageFormat::Png)),
        ("transparent PNG", encoded(clear(), ImageFormat::Png)),
        ("PNG of 16 bits", encoded(deep, ImageFormat::Png)),
        ("grey BMP", encoded(grey(), ImageFormat::Bmp)),
        ("colour BMP", encoded(colour(), ImageFormat::Bmp)),
        ("transparent BMP", encoded(clear(), ImageFormat::Bmp)),
        ("WebP without loss", encoded(colour(), ImageFormat::WebP)),
        ("transparent WebP", encoded(clear(), ImageFormat::WebP)),
        ("lossy WebP", hex::decode(LOSSY).unwrap()),
        ("JPEG", encoded(colour(), ImageFormat::Jpeg)),
    ]
}

#[test]
fn an_image_cut_short_is_broken_or_has_lost_nothing() {
    for (name, content) in images() {
        let whole = pixels(content.clone()).unwrap();
        for length in 0..content.len() {
            if let Ok(cut) = pixels(content[..length].to_vec()) {
                let missing = content.len() - length;
                assert!(cut == whole, "{name} without its last {missing} bytes");
                // Nothing but the mark of its end, and the checksum before it.
                assert!(missing <= 16, "{name} without its last {missing} bytes");
            }
        }
    }
}

#[test]
fn a_header_that_says_more_than_the_data_holds_is_broken() {
    for (name, content) in images() {
        // Places of the height, the lower byte of it first.
        let place = match name {
            _ if name.ends_with("BMP") => [22, 24],
            _ if name.contains("PNG") => [23, 21],
            "lossy WebP" => [28, 29],
            _ => continue,
        };
        let mut taller = content.clone();
        assert_eq!(taller[place[0]], 18, "{name}");
        taller[place[0]] = 200;
        if name.contains("PNG") {
            let checksum = crc32fast::hash(&taller[12..29]);
            taller[29..33].copy_from_slice(&checksum.to_be_bytes());
        }
        assert!(pixels(taller.clone()).is_err(), "{name}");
        // Without memory being taken for what cannot be there.
        taller[place[1]] = 60;
        let refused = pixels(taller).unwrap_err().to_string();
        let is_held = refused.contains("does not hold the 20x");
        assert!(is_held || name == "lossy WebP", "{name}: {refused}");
    }
}

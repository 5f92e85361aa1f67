use super::{JpegError, check};
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
    assert_eq!(check(&content), Ok(()));
    for length in 0..content.len() {
        assert!(check(&content[..length]).is_err(), "{length}");
    }
}

#[test]
fn what_follows_the_end_does_not_matter() {
    let mut content = encoded();
    content.extend(b"a film, with \xff\xda in it");
    assert_eq!(check(&content), Ok(()));
}

#[test]
fn the_end_of_a_preview_is_not_the_end() {
    let content = encoded();
    // A whole JPEG file in an application's segment behind the start, as cameras have it.
    let mut with_preview = vec![0xff, 0xd8, 0xff, 0xe1];
    with_preview.extend((content.len() as u16 + 2).to_be_bytes());
    with_preview.extend(&content);
    with_preview.extend(&content[2..]);
    assert_eq!(check(&with_preview), Ok(()));
    let cut = &with_preview[..with_preview.len() - 2];
    assert_eq!(check(cut), Err(JpegError::Cut));
}

#[test]
fn an_end_put_behind_half_of_the_data_does_not_make_it_whole() {
    let content = encoded();
    let scan = content.windows(2).position(|pair| pair == [0xff, 0xda]);
    let short = Err(JpegError::Data {
        width: 40,
        height: 30,
    });
    // Two bytes may be bits of filling and the end itself.
    for length in scan.unwrap() + 12..content.len() - 4 {
        let mut cut = content[..length].to_vec();
        cut.extend([0xff, 0xd9]);
        assert_eq!(check(&cut), short, "{length}");
    }
    let without_scan = [&content[..scan.unwrap()], &[0xff, 0xd9]].concat();
    assert_eq!(check(&without_scan), short);
}

#[test]
fn a_size_is_held_by_its_data() {
    let mut content = encoded();
    let frame = content.windows(2).position(|pair| pair == [0xff, 0xc0]);
    let sizes = frame.unwrap() + 5;
    for [height, width] in [[30, 41], [33, 40], [12_000, 12_000], [u16::MAX; 2]] {
        let bytes = [height.to_be_bytes(), width.to_be_bytes()].concat();
        content[sizes..sizes + 4].copy_from_slice(&bytes);
        let short = JpegError::Data { width, height };
        assert_eq!(check(&content), Err(short), "{width}x{height}");
    }
}

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;

use super::*;

/// Two images of 1x2 and their labels.
const IMAGES: &[u8] = &[
    0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 10, 20, 30, 40,
];
const LABELS: &[u8] = &[0, 0, 8, 1, 0, 0, 0, 2, 7, 1];

fn read(images: &[u8], labels: &[u8]) -> Result<Samples, IdxError> {
    let [images, labels] =
        [("images", images), ("labels", labels)].map(|(path, content)| IdxFile {
            path: Path::new(path),
            content,
        });
    samples(images, labels)
}

fn message(images: &[u8], labels: &[u8]) -> String {
    let message = read(images, labels).unwrap_err().to_string();
    assert!(!message.contains('\n'));
    message
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn plain_and_gzipped_files_are_read() {
    let plain = read(IMAGES, LABELS).unwrap();
    assert_eq!(plain.bytes().unwrap().pixels(), [10, 20, 30, 40]);
    assert_eq!(plain.labels, [7, 1]);
    assert_eq!(plain.shape.to_string(), "1x1x2");
    assert_eq!(read(&gzipped(IMAGES), &gzipped(LABELS)).unwrap(), plain);
}

#[test]
fn every_truncation_is_an_error() {
    for content in [IMAGES.to_vec(), gzipped(IMAGES)] {
        for end in 0..content.len() {
            let message = message(&content[..end], LABELS);
            assert!(message.contains("images"), "{end} bytes: {message}");
        }
    }
    assert_eq!(
        message(&IMAGES[..18], LABELS),
        "images is truncated: its header announces 4 bytes of data, 2 found; fetch it again"
    );
}

#[test]
fn trailing_bytes_are_an_error() {
    let mut labels = LABELS.to_vec();
    labels.push(0);
    assert!(message(IMAGES, &labels).contains("labels has trailing bytes"));
    let mut zipped = gzipped(IMAGES);
    zipped.push(0);
    message(&zipped, LABELS);
}

#[test]
fn swapped_files_are_told() {
    let message = message(LABELS, IMAGES);
    assert!(
        message.contains("labels starts with 0x00000803 (images) where 0x00000801 (labels)"),
        "{message}"
    );
}

#[test]
fn a_count_that_differs_is_told() {
    let labels = [0, 0, 8, 1, 0, 0, 0, 3, 7, 1, 1];
    let message = message(IMAGES, &labels);
    assert!(
        message.contains("2 images, but labels has 3 labels"),
        "{message}"
    );
}

#[test]
fn absurd_sizes_take_no_memory() {
    let mut images = IMAGES.to_vec();
    images[4..16].fill(0xff);
    assert!(matches!(
        read(&images, LABELS),
        Err(IdxError::Truncated { expected, found: 4, .. }) if expected == 0xffff_ffff_u128.pow(3)
    ));
}

#[test]
fn images_without_pixels_are_an_error() {
    let images = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 2];
    assert!(matches!(
        read(&images, LABELS),
        Err(IdxError::NoPixels { height: 0, .. })
    ));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(
        header in prop::sample::select(vec![&IMAGES[..4], &IMAGES[..7], &IMAGES[..16], &[]]),
        rest in prop::collection::vec(any::<u8>(), 0..40),
        zip in any::<bool>(),
    ) {
        let mut bytes = [header, &rest].concat();
        if zip {
            bytes = gzipped(&bytes);
        }
        if let Ok(samples) = read(&bytes, LABELS) {
            prop_assert_eq!(samples.bytes().unwrap().pixels().len(), samples.len() * samples.shape.size());
        }
        let _ = read(IMAGES, &bytes);
    }

    #[test]
    fn no_flipped_bit_of_a_gzipped_file_goes_unseen(bit in 0..8 * 32_usize) {
        let mut bytes = gzipped(IMAGES);
        // Past the header, whose time stamp and the like may be anything.
        let bit = 80 + bit % (8 * (bytes.len() - 10));
        bytes[bit / 8] ^= 1 << (bit % 8);
        if let Ok(samples) = read(&bytes, LABELS) {
            prop_assert_eq!(samples.bytes().unwrap().pixels(), [10, 20, 30, 40]);
        }
    }
}

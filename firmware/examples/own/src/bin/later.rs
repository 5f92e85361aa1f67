#![no_std]
#![no_main]
//! A model that is opened where it lies, as one that came over the air is, and pictures as a camera gives
//! them, of another size and in two bytes a pixel.

use kiln::core::{SamplesFile, Shape};
use kiln::{CameraFrame, PixelFormat, RuntimeInt8Classifier};
use semihosting::{println, process};

/// Pixels of a picture's rows, and rows.
const PICTURE: (usize, usize) = (56, 42);
/// Layers that a model may have.
const STEPS: usize = 16;

/// Files are opened in place at a multiple of 4.
#[repr(align(4))]
struct Flash<const BYTES: usize>([u8; BYTES]);

static MODEL: Flash<{ include_bytes!("../../../../assets/digits-int8.kiln").len() }> =
    Flash(*include_bytes!("../../../../assets/digits-int8.kiln"));

#[cortex_m_rt::entry]
fn main() -> ! {
    // With room for the weights in the processor's order.
    static mut ARENA: [u32; 40_000] = [0; 40_000];
    static mut PIXELS: [u8; 784] = [0; 784];
    let mut classifier = RuntimeInt8Classifier::<STEPS>::new(ARENA);
    if let Err(error) = classifier.open(&MODEL.0) {
        println!("error: {error}");
        process::exit(1)
    }
    let samples = SamplesFile::open(include_bytes!("../../../../assets/digits.samples")).unwrap();
    for (label, image) in samples.samples().step_by(10) {
        let bytes = picture(image);
        let frame = CameraFrame::new(&bytes, PICTURE.0, PICTURE.1, PixelFormat::Rgb565).unwrap();
        frame.write(Shape::new(1, 28, 28), PIXELS).unwrap();
        let answer = classifier.classify(PIXELS).unwrap();
        println!("{label} looks like {}: {:?}", answer.class, answer.codes());
    }
    process::exit(0)
}

/// The image as this camera sees it: the red first.
fn picture(image: &[u8]) -> [u8; 2 * PICTURE.0 * PICTURE.1] {
    let mut bytes = [0; 2 * PICTURE.0 * PICTURE.1];
    for (at, pixel) in bytes.chunks_exact_mut(2).enumerate() {
        let (row, column) = (at / PICTURE.0, at % PICTURE.0);
        let grey = u16::from(image[row * 28 / PICTURE.1 * 28 + column * 28 / PICTURE.0]);
        let word = grey >> 3 << 11 | grey >> 2 << 5 | grey >> 3;
        pixel.copy_from_slice(&word.to_be_bytes());
    }
    bytes
}

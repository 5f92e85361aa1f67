#![no_std]
#![no_main]
//! Classifies by a network of floats, and says nothing: as small as a program can be.

use core::hint::black_box;
use core::panic::PanicInfo;

kiln::model!("../../assets/digits.kiln" as digits);

#[cortex_m_rt::entry]
fn main() -> ! {
    static mut CLASSIFIER: digits::Classifier = digits::Classifier::new();
    static mut IMAGE: [u8; digits::INPUTS] = [0; digits::INPUTS];
    loop {
        let answer = CLASSIFIER.classify(black_box(&*IMAGE));
        black_box(answer.map_or(digits::CLASSES, |answer| answer.class));
    }
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {}
}

#![no_std]
#![no_main]
//! Classifies digits, learns them, and classifies them again: to the bits of the desktop.

use kiln::core::SamplesFile;
use kiln::{DeviceError, FloatAnswer, Sgd};
use semihosting::{print, println, process};

kiln::model!("../../assets/digits.kiln", train = last(1));

#[cortex_m_rt::entry]
fn main() -> ! {
    static mut CLASSIFIER: digits::Classifier = digits::Classifier::new();
    static mut TRAINER: digits::Trainer = digits::Trainer::new();
    let samples = SamplesFile::open(include_bytes!("../../../assets/digits.samples")).unwrap();
    for (label, image) in samples.samples().step_by(10) {
        show(label, CLASSIFIER.classify(image));
    }
    for (label, image) in samples.samples() {
        TRAINER.learn(image, label, &Sgd::new(0.01)).unwrap();
    }
    for (label, image) in samples.samples().step_by(10) {
        show(label, TRAINER.classify(image));
    }
    process::exit(0)
}

fn show(label: u16, answer: Result<FloatAnswer<'_>, DeviceError>) {
    let answer = answer.unwrap_or_else(|error| {
        println!("error: {error}");
        process::exit(1)
    });
    print!("{label} looks like {}:", answer.name());
    for logit in answer.logits() {
        print!(" {:08x}", logit.to_bits());
    }
    println!();
}

#![no_std]
#![no_main]
//! The same by a network of integers, whose last layer learns in floating-point numbers.

use kiln::core::SamplesFile;
use kiln::{DeviceError, Sgd};
use semihosting::{print, println, process};

kiln::model!("../../assets/digits-int8.kiln" as digits, train = last(1));

#[cortex_m_rt::entry]
fn main() -> ! {
    static mut CLASSIFIER: digits::Classifier = digits::Classifier::new();
    static mut TRAINER: digits::Trainer = digits::Trainer::new();
    if let Err(error) = run(CLASSIFIER, TRAINER) {
        println!("error: {error}");
        process::exit(1);
    }
    process::exit(0)
}

fn run(
    classifier: &mut digits::Classifier,
    trainer: &mut digits::Trainer,
) -> Result<(), DeviceError> {
    let samples = SamplesFile::open(include_bytes!("../../../../assets/digits.samples")).unwrap();
    for (label, image) in samples.samples().step_by(10) {
        let answer = classifier.classify(image)?;
        println!("{label} looks like {}: {:?}", answer.name(), answer.codes());
    }
    for (label, image) in samples.samples() {
        trainer.learn(image, label, &Sgd::new(0.01))?;
    }
    for (label, image) in samples.samples().step_by(10) {
        let answer = trainer.classify(image)?;
        print!("{label} looks like {}:", answer.name());
        for logit in answer.logits() {
            print!(" {:08x}", logit.to_bits());
        }
        println!();
    }
    Ok(())
}

#![no_std]
#![no_main]
//! A firmware of its own that classifies digits.

use semihosting::{println, process};

kiln::model!("../../assets/digits.kiln");

#[cortex_m_rt::entry]
fn main() -> ! {
    match run() {
        Ok(()) => process::exit(0),
        Err(error) => {
            println!("error: {error}");
            process::exit(1)
        }
    }
}

fn run() -> Result<(), kiln::DeviceError> {
    let bytes = include_bytes!("../../../assets/digits.samples");
    let samples = kiln::core::SamplesFile::open(bytes).unwrap();
    let mut classifier = digits::Classifier::new();
    for (label, image) in samples.samples().take(3) {
        let answer = classifier.classify(image)?;
        println!("{label} looks like {}", answer.name());
        for logit in answer.logits() {
            println!("  {:08x}", logit.to_bits());
        }
    }
    Ok(())
}

//! The digits compiled into the program; `host/assets/README.md` says where they are from.

use std::path::Path;

use super::idx::{self, IdxError, IdxFile};
use super::samples::Samples;
use super::sets::Sets;

const IMAGES: &[u8] = include_bytes!("../../../assets/digits-images-idx3-ubyte.gz");
const LABELS: &[u8] = include_bytes!("../../../assets/digits-labels-idx1-ubyte.gz");
/// Every fifth digit is for testing. The file is in class order and its classes are of equal
/// size, so both parts are balanced.
const TEST_PERIOD: usize = 5;

/// 4,000 digits to train on and 1,000 to test on, always the same.
pub(super) fn load() -> Result<Sets, IdxError> {
    let all = idx::samples(
        embedded("embedded digits-images-idx3-ubyte.gz", IMAGES),
        embedded("embedded digits-labels-idx1-ubyte.gz", LABELS),
    )?;
    let is_test = |index: usize| index % TEST_PERIOD == TEST_PERIOD - 1;
    Ok(Sets {
        origin: "the embedded digits".into(),
        train: Some(selected(&all, |index| !is_test(index))),
        test: Some(selected(&all, is_test)),
        classes: None,
    })
}

fn embedded<'a>(name: &'a str, content: &'a [u8]) -> IdxFile<'a, &'a [u8]> {
    IdxFile {
        path: Path::new(name),
        content,
    }
}

fn selected(all: &Samples, is_wanted: impl Fn(usize) -> bool) -> Samples {
    let wanted = (0..all.len()).filter(|&index| is_wanted(index));
    all.chosen(&wanted.map(|index| index as u32).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_parts_have_as_many_of_each_class() {
        let sets = load().unwrap();
        for (part, per_class) in [(sets.train, 400), (sets.test, 100)] {
            let part = part.unwrap();
            assert_eq!(part.shape.to_string(), "1x28x28");
            assert_eq!(part.bytes().unwrap().pixels().len(), part.len() * 784);
            for class in 0..10 {
                let count = part.labels.iter().filter(|&&label| label == class).count();
                assert_eq!(count, per_class);
            }
        }
    }
}

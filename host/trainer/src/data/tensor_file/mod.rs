//! safetensors files as datasets: samples that need not be images.
//!
//! | tensor | holds |
//! | --- | --- |
//! | `input` | samples, F32 or U8: N x channels x rows x columns, or N x channels; for an int8 network also its codes, I8 |
//! | `labels` | their classes, N integers from 0 to 65,535; may be left out |
//! | `test_input`, `test_labels` | the same of a test set; may be left out |
//!
//! The metadata entry `classes` names the classes, a line for each. Without it they are called by
//! their numbers, and the one class of a file without any labels is called `all`.

mod error;
mod header;
mod set;

pub use error::TensorFileError;

use self::header::TensorFile;
use self::set::{ExpectedCodes, Set};
use super::error::DataError;
use super::target::TargetSize;
use super::{Dataset, Options, folder_name};
use std::collections::HashSet;
use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

/// The tensors of the training set, samples and labels.
const TRAIN: [&str; 2] = ["input", "labels"];
/// Those of the test set.
const TEST: [&str; 2] = ["test_input", "test_labels"];
/// The name of the only class of a file without labels.
const ALL: &str = "all";

/// Whether a path is meant for a safetensors file: by its ending, unless it is a folder.
pub fn is_tensor_file(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str());
    ending.is_some_and(|ending| ending.eq_ignore_ascii_case("safetensors")) && !path.is_dir()
}

/// What the labels of samples are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TensorPurpose {
    /// To train or to be compared with: where there are labels, there have to be two classes.
    Classes,
    /// Nothing but to be told: one class will do.
    SamplesOnly,
}

/// How codes lie in a tensor of samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeOrder {
    /// N x channels x rows x columns, as other samples.
    ChannelsFirst,
    /// N x rows x columns x channels, as TensorFlow Lite's.
    ChannelsLast,
}

/// Loads the samples of a safetensors file.
pub(super) fn load(
    path: &Path,
    options: &Options,
    purpose: TensorPurpose,
) -> Result<Dataset, DataError> {
    let mut file = TensorFile::open(path)?;
    let codes = options.codes.map(|order| ExpectedCodes {
        order,
        shape: options.shape,
    });
    let train = Set::read(&mut file, TRAIN, codes)?.ok_or_else(|| TensorFileError::Missing {
        path: path.into(),
        tensor: TRAIN[0],
        needed_by: None,
        found: file.names(),
    })?;
    let test = Set::read(&mut file, TEST, codes)?;
    let (own, other) = (
        train.shape(),
        test.as_ref().map_or(train.shape(), Set::shape),
    );
    if own != other {
        return Err(DataError::TensorFile(TensorFileError::Unlike {
            path: path.into(),
            train: own,
            test: other,
        }));
    }
    let classes = classes(&file, [Some(&train), test.as_ref()])?;
    let dataset = Dataset {
        name: folder_name(path),
        source: format!("tensors in {}", path.display()),
        classes,
        labelled: train.labels.is_some(),
        train: train.into_samples(),
        test: test.map(Set::into_samples),
        files: Default::default(),
        set_aside: 0,
        ignored_files: 0,
        ignored_names: Vec::new(),
        notices: notices(&file),
        load_time: Duration::ZERO,
        sha256: OnceLock::new(),
    };
    if purpose == TensorPurpose::Classes {
        check_classes(&dataset, path, file.entry("classes").is_some())?;
    }
    brought_to(dataset, path, options)
}

/// Refuses a dataset that has labels, but no second class, by name or by label.
fn check_classes(dataset: &Dataset, path: &Path, named: bool) -> Result<(), DataError> {
    let sets = [Some(&dataset.train), dataset.test.as_ref()];
    let mut labels = sets.into_iter().flatten().flat_map(|set| &set.labels);
    let first = labels.next().copied().unwrap_or_default();
    let alike = labels.all(|label| *label == first);
    if dataset.labelled && alike && (!named || dataset.classes.len() < 2) {
        return Err(DataError::OneClass {
            path: path.into(),
            class: dataset.classes[usize::from(first)].clone(),
        });
    }
    Ok(())
}

/// The names of the classes: those that the file has, or numbers.
fn classes(file: &TensorFile, sets: [Option<&Set>; 2]) -> Result<Vec<String>, TensorFileError> {
    let labelled = || {
        sets.into_iter()
            .flatten()
            .filter(|set| set.labels.is_some())
    };
    let largest = labelled().filter_map(Set::largest).max();
    let (Some(text), Some((label, sample, tensor))) = (file.entry("classes"), largest) else {
        return Ok(match largest {
            Some((largest, ..)) => (0..=largest).map(|label| label.to_string()).collect(),
            None => vec![ALL.into()],
        });
    };
    let names: Vec<String> = text
        .trim_end_matches(['\r', '\n'])
        .split('\n')
        .map(|name| name.strip_suffix('\r').unwrap_or(name).into())
        .collect();
    check_names(&names).map_err(|cause| TensorFileError::Classes {
        path: file.path.clone(),
        cause,
    })?;
    if usize::from(label) >= names.len() {
        return Err(TensorFileError::Label {
            path: file.path.clone(),
            tensor,
            sample,
            label: label.into(),
            most: names.len() - 1,
        });
    }
    Ok(names)
}

/// What a name must not be, since reports and model files have it in a line.
fn check_names(names: &[String]) -> Result<(), String> {
    let mut known = HashSet::new();
    for (class, name) in names.iter().enumerate() {
        if name.trim().is_empty() {
            return Err(format!("has no name for class {class}"));
        }
        if name.contains(char::is_control) {
            return Err(format!("has a control character in {name:?}"));
        }
        if !known.insert(name) {
            return Err(format!("has {name:?} twice"));
        }
    }
    match names.len() {
        0..=65_536 => Ok(()),
        count => Err(format!(
            "has {count} names, and there are at most 65536 classes"
        )),
    }
}

/// Tells of tensors that have no meaning here.
fn notices(file: &TensorFile) -> Vec<String> {
    let known = [TRAIN, TEST].concat();
    let mut names = file.names();
    names.retain(|name| !known.contains(&name.as_str()));
    match names.as_slice() {
        [] => Vec::new(),
        [name] => vec![format!("ignored the tensor {name:?}")],
        [name, ..] => vec![format!("ignored {} tensors, as {name:?}", names.len())],
    }
}

/// Brings images to the shape wanted, and refuses that where samples are none. Nobody has to
/// shrink what was written in the size it is meant to have: only a size that is given counts.
fn brought_to(dataset: Dataset, path: &Path, options: &Options) -> Result<Dataset, DataError> {
    let own = dataset.train.shape;
    let shape = match (options.shape, options.size) {
        (Some(shape), _) => shape,
        (None, TargetSize::Exactly { .. }) => options.size.of(own),
        (None, _) => own,
    };
    let sets = [Some(&dataset.train), dataset.test.as_ref()];
    let pictures = sets
        .into_iter()
        .flatten()
        .all(|set| set.pictures().is_some());
    let possible = pictures && matches!(shape.channels, 1 | 3) && shape.size() > 0;
    if shape != own && !possible {
        return Err(DataError::TensorFile(TensorFileError::Shape {
            path: path.into(),
            own,
            shape,
        }));
    }
    dataset.brought_to(&Options {
        shape: Some(shape),
        ..options.clone()
    })
}

#[cfg(test)]
mod tests;

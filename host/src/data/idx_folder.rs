//! A folder with MNIST's four files, or two of them.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Dataset;
use super::error::DataError;
use super::idx::{self, IdxError, IdxFile};
use super::samples::Samples;

const SPLITS: [&str; 2] = ["train", "t10k"];
const IMAGES: &str = "images";
const LABELS: &str = "labels";

/// The samples of IDX files: at least one of the two sets.
pub(super) struct IdxSets {
    /// The folder or whatever else the files are from, for errors.
    pub(super) origin: PathBuf,
    pub(super) train: Option<Samples>,
    pub(super) test: Option<Samples>,
}

/// Whether any file of `folder` has one of MNIST's names.
pub(super) fn holds_idx(folder: &Path) -> bool {
    SPLITS.iter().any(|split| {
        [IMAGES, LABELS]
            .iter()
            .any(|kind| find(folder, split, kind).is_some())
    })
}

/// Reads the training and the test set, whichever are there.
pub(super) fn load(folder: &Path) -> Result<IdxSets, IdxError> {
    let [train, test] = SPLITS;
    let (train, test) = rayon::join(|| load_split(folder, train), || load_split(folder, test));
    Ok(IdxSets {
        origin: folder.into(),
        train: train?,
        test: test?,
    })
}

impl IdxSets {
    /// The dataset of these samples; a training set that is missing becomes an empty one.
    pub(super) fn into_dataset(self, name: String, source: String) -> Result<Dataset, DataError> {
        let origin = self.origin.clone();
        let (train, test) = self.shaped_alike()?;
        let labels = || {
            train
                .labels
                .iter()
                .chain(test.iter().flat_map(|test| &test.labels))
        };
        let (Some(&smallest), Some(&largest)) = (labels().min(), labels().max()) else {
            return Err(DataError::NoSamples { path: origin });
        };
        if smallest == largest {
            return Err(DataError::OneClass {
                path: origin,
                class: largest.to_string(),
            });
        }
        Ok(Dataset {
            name,
            source,
            classes: (0..=largest).map(|label| label.to_string()).collect(),
            train,
            test,
            ignored_files: 0,
            notices: Vec::new(),
            load_time: Duration::ZERO,
        })
    }

    fn shaped_alike(self) -> Result<(Samples, Option<Samples>), DataError> {
        match (self.train, self.test) {
            (Some(train), Some(test)) if train.shape != test.shape => Err(IdxError::Shapes {
                folder: self.origin,
                train: train.shape,
                test: test.shape,
            }
            .into()),
            (Some(train), test) => Ok((train, test)),
            (None, Some(test)) => Ok((Samples::empty(test.shape), Some(test))),
            (None, None) => Err(DataError::NoSamples { path: self.origin }),
        }
    }
}

fn load_split(folder: &Path, split: &str) -> Result<Option<Samples>, IdxError> {
    let missing = |found: PathBuf, kind| IdxError::Missing {
        found,
        missing: file_name(split, kind),
    };
    match (find(folder, split, IMAGES), find(folder, split, LABELS)) {
        (None, None) => Ok(None),
        (Some(images), None) => Err(missing(images, LABELS)),
        (None, Some(labels)) => Err(missing(labels, IMAGES)),
        (Some(images), Some(labels)) => Ok(Some(idx::samples(open(&images)?, open(&labels)?)?)),
    }
}

/// The file of this kind under any of its usual names.
fn find(folder: &Path, split: &str, kind: &str) -> Option<PathBuf> {
    let name = file_name(split, kind);
    let dotted = name.replace("-idx", ".idx");
    [&name, &dotted]
        .into_iter()
        .flat_map(|name| [name.clone(), format!("{name}.gz")])
        .map(|name| folder.join(name))
        .find(|path| path.is_file())
}

fn file_name(split: &str, kind: &str) -> String {
    let rank = if kind == IMAGES { 3 } else { 1 };
    format!("{split}-{kind}-idx{rank}-ubyte")
}

fn open(path: &Path) -> Result<IdxFile<'_, BufReader<File>>, IdxError> {
    let file = File::open(path).map_err(|cause| IdxError::Read {
        path: path.into(),
        cause,
    })?;
    Ok(IdxFile {
        path,
        content: BufReader::with_capacity(1 << 16, file),
    })
}

//! A folder with MNIST's four files, or two of them.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use super::idx::{self, IdxError, IdxFile};
use super::samples::Samples;
use super::sets::Sets;
use crate::plain_file;

/// What the names of training and test files begin with.
pub(super) const SPLITS: [&str; 2] = ["train", "t10k"];
const IMAGES: &str = "images";
pub(super) const LABELS: &str = "labels";

/// Whether any file of `folder` has one of MNIST's names.
pub(super) fn holds_idx(folder: &Path) -> bool {
    SPLITS.iter().any(|split| {
        [IMAGES, LABELS]
            .iter()
            .any(|kind| find(folder, split, kind).is_some())
    })
}

/// Reads the training and the test set, whichever are there.
pub(super) fn load(folder: &Path) -> Result<Sets, IdxError> {
    let [train, test] = SPLITS;
    // One after the other, so that each finds the memory as the one before left it.
    Ok(Sets {
        origin: folder.into(),
        train: load_split(folder, train)?,
        test: load_split(folder, test)?,
        classes: None,
    })
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

pub(super) fn file_name(split: &str, kind: &str) -> String {
    let rank = if kind == IMAGES { 3 } else { 1 };
    format!("{split}-{kind}-idx{rank}-ubyte")
}

fn open(path: &Path) -> Result<IdxFile<'_, BufReader<File>>, IdxError> {
    let file = plain_file::open(path).map_err(|cause| IdxError::Read {
        path: path.into(),
        cause,
    })?;
    Ok(IdxFile {
        path,
        content: BufReader::with_capacity(1 << 16, file),
    })
}

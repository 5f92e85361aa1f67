//! Folders that are divided already into parts to train, to validate and to test on.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::ImageFolderError;
use super::scan::{Branch, Tree};

const TRAIN_NAMES: [&str; 2] = ["train", "training"];
const VALIDATION_NAMES: [&str; 3] = ["validation", "valid", "val"];
const TEST_NAMES: [&str; 2] = ["test", "testing"];
/// Other names that parts of a dataset have, around folders that are the same in each.
const PART_NAMES: [&str; 12] = [
    "dev",
    "eval",
    "evaluation",
    "holdout",
    "known",
    "private",
    "public",
    "seen",
    "source",
    "target",
    "unknown",
    "unseen",
];

/// Class folders that a message names.
const CLASSES_NAMED: usize = 2;

/// The folders of a dataset that is divided already: to train on, to validate on, to test on. Each must have
/// class folders only: a class might be called "train".
pub(super) fn parts(tree: &Tree) -> Option<[Option<&Path>; 3]> {
    let named = |names: &[&str]| {
        names.iter().find_map(|name| {
            let is_named = |branch: &&Branch| branch.name().eq_ignore_ascii_case(name);
            tree.branches.iter().find(is_named)
        })
    };
    let parts = [
        named(&TRAIN_NAMES),
        named(&VALIDATION_NAMES),
        named(&TEST_NAMES),
    ];
    let is_divided = parts[0].is_some() && (parts[1].is_some() || parts[2].is_some());
    let is_part = |branch: &Branch| !branch.has_direct_images() && branch.is_part();
    (is_divided && tree.branches.iter().all(is_part))
        .then_some(parts.map(|part| part.map(|branch| branch.path.as_path())))
}

/// Refuses folders that are parts of a dataset by their names, and would be taken for its classes.
pub(super) fn check_parts(tree: &Tree) -> Result<(), ImageFolderError> {
    let names = || tree.branches.iter().map(Branch::name).collect();
    let folder = || tree.root.clone();
    let branches = &tree.branches;
    let has_train = |branch: &Branch| {
        let name = branch.name();
        TRAIN_NAMES
            .iter()
            .any(|train| name.eq_ignore_ascii_case(train))
    };
    if branches.len() > 1 && branches.iter().all(Branch::is_part) && branches.iter().any(has_train)
    {
        let mut loose = branches.iter().filter(|branch| branch.has_direct_images());
        if let Some(branch) = loose.next() {
            let part = branch.path.clone();
            return Err(ImageFolderError::LoosePart { part });
        }
    }
    let is_other = |branch: &Branch| {
        let name = branch.name();
        let mut known = PART_NAMES.iter();
        !branch.has_direct_images() && known.any(|part| name.eq_ignore_ascii_case(part))
    };
    let others = branches
        .iter()
        .all(|branch| is_other(branch) || branch.is_part());
    let inner = branches.first().map(Branch::folders).unwrap_or_default();
    let alike = branches.iter().all(|branch| branch.folders() == inner);
    match branches.len() > 1 && others && branches.iter().any(is_other) && alike && inner.len() > 1
    {
        true => Err(ImageFolderError::UnknownParts {
            folder: folder(),
            parts: names(),
            classes: inner.into_iter().take(CLASSES_NAMED).collect(),
        }),
        false => Ok(()),
    }
}

impl Branch {
    /// Whether it is a part of a dataset by its name.
    fn is_part(&self) -> bool {
        let name = self.name();
        let mut names = TRAIN_NAMES
            .iter()
            .chain(&VALIDATION_NAMES)
            .chain(&TEST_NAMES);
        names.any(|part| name.eq_ignore_ascii_case(part))
    }

    /// The folders in it that hold images, by name.
    fn folders(&self) -> BTreeSet<String> {
        let below = |image: &PathBuf| {
            let mut rest = image.strip_prefix(&self.path).ok()?.components();
            let first = rest.next()?;
            rest.next()?;
            Some(first.as_os_str().to_string_lossy().into_owned())
        };
        self.images.iter().filter_map(below).collect()
    }
}

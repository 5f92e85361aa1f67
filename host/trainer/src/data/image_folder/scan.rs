//! Which files of a folder are images, and of which class.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use unicode_normalization::UnicodeNormalization;
use walkdir::WalkDir;

use super::parts::{check_parts, parts};
use super::{BrokenImage, ImageFolderError};
use crate::data::DataError;
use crate::data::tensor_file::TensorPurpose;
use crate::platform::with_slashes;
use crate::whole_file::without_path;

/// `.jfif` is a JPEG file as some programs of Windows call it.
const EXTENSIONS: [&str; 6] = ["png", "jpg", "jpeg", "jfif", "bmp", "webp"];
/// Images, too, of kinds that are not read.
const UNREAD: [&str; 13] = [
    "avif", "gif", "heic", "heif", "ico", "jp2", "jxl", "pbm", "pgm", "ppm", "tga", "tif", "tiff",
];
/// Ignored files that are named, so that a mistake in an ending is seen.
const NAMED: usize = 2;

/// The images of a folder.
#[derive(Debug)]
pub(super) struct Scan {
    /// The folder whose subfolders are the classes, or `train` and `test`.
    pub(super) root: PathBuf,
    /// In natural order.
    pub(super) classes: Vec<String>,
    /// The training images, then those to validate on, then the test images; each class by class, in
    /// natural order.
    pub(super) images: Vec<ImageFile>,
    /// How many of the images are to train on, and to validate on.
    pub(super) parts: [usize; 2],
    /// Files passed over.
    pub(super) ignored: usize,
    /// The first of them that are no images, at most [`NAMED`], as seen from the folder given.
    pub(super) ignored_names: Vec<String>,
    /// Those of the ignored files that are images but in no class folder.
    pub(super) loose: usize,
    /// Images of kinds that are not read, by their endings; not among the ignored files.
    pub(super) unread: BTreeMap<&'static str, usize>,
}

/// An image and its class.
#[derive(Debug)]
pub(super) struct ImageFile {
    pub(super) path: PathBuf,
    pub(super) label: u16,
}

/// A folder and those of its subfolders that hold images.
pub(super) struct Tree {
    pub(super) root: PathBuf,
    /// In natural order of their names.
    pub(super) branches: Vec<Branch>,
    /// Images directly in the folder.
    loose: usize,
    /// Files that are no images, anywhere below.
    junk: Vec<PathBuf>,
}

/// A folder that holds images somewhere below.
pub(super) struct Branch {
    pub(super) path: PathBuf,
    /// In natural order.
    pub(super) images: Vec<PathBuf>,
}

/// Finds the classes of `folder`: its subfolders with images somewhere below them. Where there
/// is but one and it has images only in subfolders, those are meant; where there are `train`
/// and `test`, the subfolders of both are.
pub(super) fn scan(folder: &Path, purpose: TensorPurpose) -> Result<Scan, DataError> {
    let mut tree = read_tree(folder)?;
    check_tree(&tree)?;
    let unread = take_unread(&mut tree.junk);
    let (junk, ignored_names) = (tree.junk.len(), first_names(folder, &mut tree.junk));
    let found = tree.loose + tree.image_count();
    let tree = descend(tree)?;
    let root = tree.root.clone();
    check_parts(&tree)?;
    let trees = match parts(&tree) {
        Some(parts) => parts
            .into_iter()
            .map(|part| part.map(read_tree).transpose())
            .collect::<Result<_, _>>()?,
        None => vec![Some(tree), None, None],
    };
    let classes = class_names(&trees);
    check_classes(folder, &classes, purpose)?;
    let count = |tree: &Option<Tree>| tree.as_ref().map_or(0, Tree::image_count);
    let parts = [count(&trees[0]), count(&trees[1])];
    let images = labelled(trees, &classes);
    let loose = found - images.len();
    Ok(Scan {
        root,
        classes,
        parts,
        images,
        ignored: junk + loose,
        ignored_names,
        loose,
        unread,
    })
}

impl Scan {
    /// Leaves out the images at these paths.
    pub(super) fn leave_out(&mut self, broken: &[BrokenImage]) {
        let is_broken = |image: &ImageFile| broken.iter().any(|own| own.path == image.path);
        let mut first = 0;
        for part in &mut self.parts {
            let own = &self.images[first..][..*part];
            first += own.len();
            *part -= own.iter().filter(|image| is_broken(image)).count();
        }
        self.images.retain(|image| !is_broken(image));
    }
}

/// Takes the images of kinds that are not read out of the files that are none; how many of each kind.
/// All images of a folder and of the folders in it, in natural order.
pub(in crate::data) fn image_files(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    Ok(walk(folder, folder.into())?.0.images)
}

fn take_unread(files: &mut Vec<PathBuf>) -> BTreeMap<&'static str, usize> {
    let mut kinds = BTreeMap::new();
    files.retain(|file| {
        let kind = UNREAD.iter().find(|kind| has_ending(file, kind));
        if let Some(kind) = kind {
            *kinds.entry(*kind).or_default() += 1;
        }
        kind.is_none()
    });
    kinds
}

fn has_ending(path: &Path, ending: &str) -> bool {
    path.extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case(ending))
}

impl Tree {
    fn image_count(&self) -> usize {
        self.branches.iter().map(|branch| branch.images.len()).sum()
    }
}

impl Branch {
    /// The class: names that look the same are the same, and those that are no text never are.
    pub(super) fn name(&self) -> String {
        let name = self.path.file_name().unwrap_or_default();
        let mut text = String::new();
        for chunk in name.as_encoded_bytes().utf8_chunks() {
            text.push_str(chunk.valid());
            if !chunk.invalid().is_empty() {
                text.push(char::REPLACEMENT_CHARACTER);
            }
            chunk
                .invalid()
                .iter()
                .for_each(|byte| text.push_str(&format!("{byte:02x}")));
        }
        text.nfc().collect()
    }

    pub(super) fn has_direct_images(&self) -> bool {
        let parents = self.images.iter().map(|image| image.parent());
        parents.into_iter().any(|parent| parent == Some(&self.path))
    }
}

fn read_tree(root: &Path) -> Result<Tree, DataError> {
    let unreadable = |cause| DataError::Unreadable {
        path: root.into(),
        cause,
    };
    let entries = fs::read_dir(root).map_err(unreadable)?;
    let children = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(unreadable)?;
    let mut tree = Tree {
        root: root.into(),
        branches: Vec::new(),
        loose: 0,
        junk: Vec::new(),
    };
    let walked: Vec<_> = children
        .into_par_iter()
        .map(|child| walk(root, child))
        .collect::<Result<_, _>>()?;
    for (branch, junk) in walked {
        tree.junk.extend(junk);
        if branch.path.is_dir() && !branch.images.is_empty() {
            tree.branches.push(branch);
        } else {
            tree.loose += branch.images.len();
        }
    }
    tree.branches
        .sort_by(|one, other| natural(&one.path, &other.path));
    Ok(tree)
}

/// The images at and below `path`, which is in `root`, and all other files.
fn walk(root: &Path, path: PathBuf) -> Result<(Branch, Vec<PathBuf>), DataError> {
    let mut images = Vec::new();
    let mut junk = Vec::new();
    for entry in WalkDir::new(&path).follow_links(true) {
        let entry = entry.map_err(|error| DataError::Unreadable {
            path: error.path().unwrap_or(&path).into(),
            cause: without_path(error.into()),
        })?;
        if entry.file_type().is_dir() {
            continue;
        }
        if is_image(entry.path(), root) {
            images.push(entry.into_path());
        } else {
            junk.push(entry.into_path());
        }
    }
    images.sort_by(|one, other| natural(one, other));
    Ok((Branch { path, images }, junk))
}

/// The first of the files in natural order, as seen from `folder`.
fn first_names(folder: &Path, files: &mut [PathBuf]) -> Vec<String> {
    files.sort_by(|one, other| natural(one, other));
    let below = |file: &PathBuf| {
        let below = file.strip_prefix(folder).unwrap_or(file);
        with_slashes(below).display().to_string()
    };
    files.iter().take(NAMED).map(below).collect()
}

/// Whether the name is an image's and neither it nor a folder below `root` is hidden or the
/// `__MACOSX` that archives carry along.
fn is_image(path: &Path, root: &Path) -> bool {
    let has_extension = EXTENSIONS.iter().any(|known| has_ending(path, known));
    let is_junk = |name: &OsStr| name == "__MACOSX" || name.as_encoded_bytes().starts_with(b".");
    has_extension
        && path
            .strip_prefix(root)
            .is_ok_and(|below| !below.iter().any(is_junk))
}

/// Natural order ("2" before "10"), and bytewise where that calls two names equal; the same on all systems, since
/// what is trained follows from it.
pub(super) fn natural(one: &Path, other: &Path) -> Ordering {
    let (one, other) = (with_slashes(one), with_slashes(other));
    alphanumeric_sort::compare_path(&one, &other).then_with(|| one.cmp(&other))
}

fn check_tree(tree: &Tree) -> Result<(), ImageFolderError> {
    let folder = tree.root.clone();
    if !tree.branches.is_empty() {
        return Ok(());
    }
    Err(match (tree.loose, tree.junk.len()) {
        (0, 0) => ImageFolderError::Empty { folder },
        (0, files) => ImageFolderError::NoImages { folder, files },
        (images, _) => ImageFolderError::NoClasses { folder, images },
    })
}

/// Follows folders that only wrap another, as unpacked archives do.
fn descend(mut tree: Tree) -> Result<Tree, DataError> {
    while let [branch] = tree.branches.as_slice()
        && !branch.has_direct_images()
    {
        tree = read_tree(&branch.path)?;
    }
    Ok(tree)
}

/// The names of all classes in natural order.
fn class_names(trees: &[Option<Tree>]) -> Vec<String> {
    let branches = trees.iter().flatten().flat_map(|tree| &tree.branches);
    let mut names: Vec<_> = branches.map(Branch::name).collect();
    names.sort_by(|one, other| natural(Path::new(one), Path::new(other)));
    names.dedup();
    names
}

fn check_classes(
    folder: &Path,
    classes: &[String],
    purpose: TensorPurpose,
) -> Result<(), DataError> {
    match classes {
        [class] if purpose == TensorPurpose::Classes => Err(DataError::OneClass {
            path: folder.into(),
            class: class.clone(),
        }),
        classes if classes.len() > 1 + usize::from(u16::MAX) => {
            Err(ImageFolderError::TooManyClasses {
                folder: folder.into(),
                classes: classes.len(),
            }
            .into())
        }
        _ => Ok(()),
    }
}

/// The images of each tree in turn; the label is the position of the class, of which there are
/// no more than labels.
fn labelled(trees: Vec<Option<Tree>>, classes: &[String]) -> Vec<ImageFile> {
    let mut images = Vec::new();
    for branch in trees.into_iter().flatten().flat_map(|tree| tree.branches) {
        let name = branch.name();
        let label = classes
            .binary_search_by(|class| natural(Path::new(class), Path::new(&name)))
            .unwrap_or(0) as u16;
        let labelled = branch
            .images
            .into_iter()
            .map(|path| ImageFile { path, label });
        images.extend(labelled);
    }
    images
}

//! Folders of images: one folder per class.

mod cache;
mod decode;
mod parts;
mod scan;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use self::scan::{ImageFile, Scan};
use super::decoded::Decoded;
use super::error::DataError;
use super::open_image::Size;
use super::samples::{ImageShape, Samples};
use super::target::{LARGEST, REDUCED, TargetSize};
use super::tensor_file::TensorPurpose;
use super::{Dataset, Options, folder_name, progress_bar};
use crate::platform::with_slashes;

/// What is said of images that were decoded in an earlier run.
const CACHED: &str =
    "the images are in the cache as they were decoded before; --no-cache decodes them again";
const BAR: &str = "decoding images {wide_bar} {pos}/{len}";

/// Why a folder of images cannot be used; every message is one line.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImageFolderError {
    /// The folder holds nothing at all.
    #[error("{} is empty: fill it with one folder of images per class", folder.display())]
    Empty {
        /// The folder given.
        folder: PathBuf,
    },
    /// There are files, but none is an image.
    #[error(
        "{} has no images: none of its {files} files ends in .png, .jpg, .jpeg, .jfif, .bmp or .webp; \
         give a folder with one folder of such images per class",
        folder.display()
    )]
    NoImages {
        /// The folder given.
        folder: PathBuf,
        /// Files in it.
        files: usize,
    },
    /// The images lie in the folder itself rather than in a folder per class.
    #[error(
        "{} has images ({images}) but no folders of images: sort them into one folder per class, \
         named after the class",
        folder.display()
    )]
    NoClasses {
        /// The folder given.
        folder: PathBuf,
        /// Images that lie directly in it.
        images: usize,
    },
    /// A folder that is a part of the dataset by its name has images beside its class folders.
    #[error(
        "{} has images that are in no class folder: sort them into one folder per class, in each part \
         of the dataset, or give the class folders themselves",
        part.display()
    )]
    LoosePart {
        /// The part.
        part: PathBuf,
    },
    /// Folders that seem to be parts of a dataset, by names that say nothing.
    #[error(
        "{} has folders {} that hold folders of the same names ({}, …): call those to train on train, \
         others val or test, or give one of them alone",
        folder.display(), parts.join(", "), classes.join(", ")
    )]
    UnknownParts {
        /// The folder given.
        folder: PathBuf,
        /// Its folders.
        parts: Vec<String>,
        /// The first folders of each.
        classes: Vec<String>,
    },
    /// More classes than labels can tell apart.
    #[error(
        "{} has {classes} folders of images: at most 65536 classes can be told apart; merge some",
        folder.display()
    )]
    TooManyClasses {
        /// The folder given.
        folder: PathBuf,
        /// Folders with images.
        classes: usize,
    },
    /// Files with the names of images are none.
    #[error(
        "cannot decode {}; repair or remove {}, or leave {} out with --skip-broken",
        listed(broken, *images),
        it(broken),
        it(broken)
    )]
    Undecodable {
        /// Images that there are.
        images: usize,
        /// Those that cannot be decoded.
        broken: Vec<BrokenImage>,
    },
    /// Nothing is left where broken images are left out.
    #[error(
        "{}: none of its {images} images can be decoded; give a folder with some that can",
        folder.display()
    )]
    AllBroken {
        /// The folder given.
        folder: PathBuf,
        /// Images that there are.
        images: usize,
    },
}

/// An image that cannot be decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokenImage {
    /// The file.
    pub path: PathBuf,
    /// What the decoder said.
    pub cause: String,
}

/// Broken images that a message names.
const BROKEN_NAMED: usize = 3;

pub(super) use scan::image_files;

pub(super) fn load(
    folder: &Path,
    options: &Options,
    purpose: TensorPurpose,
    cache: Option<&Path>,
) -> Result<Dataset, DataError> {
    let mut scan = scan::scan(folder, purpose)?;
    let bar = progress_bar(options.progress, scan.images.len() as u64, BAR);
    let decoded = cache::decoded(&scan.images, options, cache, &bar);
    let ((decoded, is_cached), left_out) = match decoded {
        Err(DataError::ImageFolder(ImageFolderError::Undecodable { images, broken }))
            if options.skip_broken =>
        {
            if broken.len() == images {
                let folder = folder.into();
                return Err(ImageFolderError::AllBroken { folder, images }.into());
            }
            scan.leave_out(&broken);
            bar.set_position(0);
            let notice = format!("left out {}", listed(&broken, images));
            let decoded = cache::decoded(&scan.images, options, cache, &bar)?;
            (decoded, Some(notice))
        }
        decoded => (decoded?, None),
    };
    bar.finish_and_clear();
    let mut notices = notices(&scan, &decoded);
    notices.extend(left_out);
    notices.extend(is_cached.then(|| CACHED.into()));
    notices.extend(reduction_notice(options, &decoded));
    let source = format!("images in {}", scan.root.display());
    let (train, test) = split(&scan, decoded);
    Ok(Dataset {
        name: folder_name(folder),
        source,
        files: files(&scan),
        set_aside: scan.parts[1],
        classes: scan.classes,
        labelled: true,
        train,
        test,
        ignored_files: scan.ignored,
        ignored_names: scan.ignored_names,
        notices,
        load_time: Duration::ZERO,
        sha256: OnceLock::new(),
    })
}

/// The images of the first two parts train, or validate; the others test.
fn split(scan: &Scan, decoded: Decoded) -> (Samples, Option<Samples>) {
    let shape = decoded.shape;
    let mut labels: Vec<u16> = scan.images.iter().map(|image| image.label).collect();
    let mut pixels = decoded.pixels;
    let train = scan.parts[0] + scan.parts[1];
    if labels.len() == train {
        return (Samples::of_bytes(pixels, labels, shape), None);
    }
    let test_labels = labels.split_off(train);
    let test_pixels = pixels.split_off(train * shape.size());
    (
        Samples::of_bytes(pixels, labels, shape),
        Some(Samples::of_bytes(test_pixels, test_labels, shape)),
    )
}

/// The paths of the training images and of the test images, from the folder that was scanned.
fn files(scan: &Scan) -> [Vec<String>; 2] {
    let path = |image: &ImageFile| {
        let below = image.path.strip_prefix(&scan.root);
        let path = with_slashes(below.unwrap_or(&image.path));
        path.display().to_string()
    };
    let (train, test) = scan.images.split_at(scan.parts[0] + scan.parts[1]);
    [train, test].map(|images| images.iter().map(path).collect())
}

fn notices(scan: &Scan, decoded: &Decoded) -> Vec<String> {
    let loose = (scan.loose > 0).then(|| {
        format!(
            "ignored {} outside the class folders of {}",
            counted(scan.loose),
            scan.root.display()
        )
    });
    let unread = (!scan.unread.is_empty()).then(|| {
        let kinds: Vec<String> = scan.unread.keys().map(|kind| format!(".{kind}")).collect();
        format!(
            "ignored {} of kinds that are not read ({}): convert them to PNG",
            counted(scan.unread.values().sum()),
            kinds.join(", ")
        )
    });
    loose
        .into_iter()
        .chain(unread)
        .chain(decoded.notices())
        .collect()
}

/// Broken images, the first of them by name, and of how many.
fn listed(broken: &[BrokenImage], images: usize) -> String {
    let named: Vec<String> = broken
        .iter()
        .take(BROKEN_NAMED)
        .map(|own| match broken.len() {
            1 => format!("{}: {}", own.path.display(), own.cause),
            _ => format!("{} ({})", own.path.display(), own.cause),
        })
        .collect();
    let more = if broken.len() > BROKEN_NAMED {
        ", …"
    } else {
        ""
    };
    match broken.len() {
        1 => named.concat(),
        count => format!("{count} of {images} images: {}{more}", named.join(", ")),
    }
}

fn it(broken: &[BrokenImage]) -> &'static str {
    match broken.len() {
        1 => "it",
        _ => "them",
    }
}

/// How to keep more of photographs that nobody asked to shrink.
fn reduction_notice(options: &Options, decoded: &Decoded) -> Option<String> {
    let free = options.shape.is_none() && options.size == TargetSize::Reduced;
    let ImageShape { height, width, .. } = decoded.shape;
    let shrunk = |&(from_width, from_height): &Size| from_width.max(from_height) as usize > LARGEST;
    let reduced = free && (height, width) == (REDUCED, REDUCED) && decoded.sizes.iter().any(shrunk);
    reduced.then(|| format!("--size SIZE takes another size than {REDUCED}x{REDUCED}"))
}

fn counted(images: usize) -> String {
    let plural = if images == 1 { "" } else { "s" };
    format!("{images} image{plural}")
}

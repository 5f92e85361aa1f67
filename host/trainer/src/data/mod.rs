//! Datasets in memory: those known by name, folders of IDX files, folders of images, and
//! safetensors files of samples that need not be images.
//!
//! [`load`] takes what a user types as DATASET and gives values and labels:
//!
//! - one of the [`names`]: the dataset, from the first of: [`Options::data`], the folder of that name
//!   in `$KILN_DATA`, the cache folder, a download into the cache folder; and for `mnist` 5,000
//!   digits embedded in the program. (A folder of that name is meant by `./mnist`.)
//! - a file whose name ends in `.safetensors`: samples of bytes or floats, of any shape, or for an int8
//!   network of codes.
//! - a folder with MNIST's four file names, gzipped or not: IDX files.
//! - any other folder: one folder of PNG, JPEG, WebP or BMP images per class.
//!
//! [`load_images`] takes single images instead, and brings them to a shape the same way.
//!
//! Nothing is written but the downloaded files and the decoded images of folders that take a while, and these
//! only to the cache folder: `$KILN_CACHE`, or else `kiln` in the user's cache folder.

mod added;
mod archive;
mod cifar;
mod decoded;
mod download;
mod duplicates;
mod embedded;
mod error;
mod held_pixels;
mod idx;
mod idx_folder;
mod image_bytes;
mod image_folder;
mod images;
mod jpeg;
mod labels;
mod named;
mod open_image;
mod picture;
mod places;
mod png_palette;
mod rotation;
mod samples;
mod sets;
mod target;
mod tensor_file;
mod values;
mod webp_frame;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use sha2::{Digest, Sha256};

use self::tensor_file::TensorPurpose;
use crate::file_kind::FilePurpose;

pub use added::AddedPartError;
pub use cifar::CifarError;
pub use download::DownloadError;
pub use error::DataError;
pub use idx::IdxError;
pub use image_folder::{BrokenImage, ImageFolderError};
pub use images::{ImageFileError, ImageSource, Images, images_in, load_images};
#[doc(hidden)]
pub use images::{decoded_image, image_size};
pub use labels::same_name;
pub use named::names;
#[doc(hidden)]
pub use places::{Patience, Places};
pub use rotation::rotated;
pub use samples::{ImageShape, Samples};
pub use target::{LARGEST, REDUCED, TargetSize, TargetSizeError};
pub use tensor_file::{CodeOrder, TensorFileError, is_tensor_file};
pub use values::{ByteSamples, FloatSamplesError, Values};

/// A dataset in memory.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// The name it is known by, or the last component of the folder's path.
    pub name: String,
    /// Where the samples are from, for people to read.
    pub source: String,
    /// The name of each class; a label is an index into these.
    pub classes: Vec<String>,
    /// Whether the samples to train on have labels; otherwise all of theirs are 0.
    pub labelled: bool,
    /// The samples to train on; none where an IDX folder holds test files only.
    pub train: Samples,
    /// How many of the last samples of `train` the dataset itself sets aside to validate on.
    pub set_aside: usize,
    /// The samples to test on, where the dataset has its own; of the same shape as `train`.
    pub test: Option<Samples>,
    /// The file of each training sample and of each test sample, its path from the dataset's
    /// folder; none where samples have no files of their own.
    pub files: [Vec<String>; 2],
    /// Files passed over because they are no images.
    pub ignored_files: usize,
    /// The first of the ignored files that are no images, as seen from the dataset's folder.
    pub ignored_names: Vec<String>,
    /// What was done to the data that a user should know, one sentence each.
    pub notices: Vec<String>,
    /// How long loading took.
    pub load_time: Duration,
    /// What [`Dataset::sha256`] has found out.
    sha256: OnceLock<String>,
}

/// What samples that are not trained on are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DatasetPart {
    /// They validate every epoch.
    Validation,
    /// They test once, at the end.
    Test,
}

/// How to load a dataset.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The folder with the files of a dataset known by name.
    pub data: Option<PathBuf>,
    /// Whether to leave the network alone.
    pub offline: bool,
    /// Threads to decode with; 0 takes one per core.
    pub threads: usize,
    /// The shape that every image is brought to; `None` leaves the size to [`Options::size`], and
    /// takes one channel where no image has colour.
    pub shape: Option<ImageShape>,
    /// The size that every image is brought to where [`Options::shape`] says none.
    pub size: TargetSize,
    /// How the codes lie that a safetensors file may hold for an int8 network's input; for other networks
    /// it may hold none.
    pub codes: Option<CodeOrder>,
    /// Whether to leave out the images of a folder that cannot be decoded, and say so.
    pub skip_broken: bool,
    /// Whether decoded images are neither looked for in the cache nor left there.
    pub no_cache: bool,
    /// Whether to show progress bars on standard error, where that is a terminal.
    pub progress: bool,
}

/// Loads the dataset of this name, or the folder.
///
/// # Errors
///
/// A [`DataError`], one line that names the file or folder and what to do, where the dataset
/// is unknown, unreadable, damaged, or has fewer than two classes.
pub fn load(dataset: &str, options: &Options) -> Result<Dataset, DataError> {
    load_from(dataset, options, &Places::from_environment())
}

/// Like [`load`], but a folder of images or a safetensors file may have a single class, as an
/// autoencoder's samples have, or those that a model that knows more classes is tested on.
///
/// # Errors
///
/// As [`load`], but for a single class there.
pub fn load_samples(dataset: &str, options: &Options) -> Result<Dataset, DataError> {
    let places = Places::from_environment();
    load_for(dataset, options, &places, TensorPurpose::SamplesOnly)
}

/// Like [`load`], with the places of datasets known by name given rather than the environment's.
#[doc(hidden)]
pub fn load_from(dataset: &str, options: &Options, places: &Places) -> Result<Dataset, DataError> {
    load_for(dataset, options, places, TensorPurpose::Classes)
}

fn load_for(
    dataset: &str,
    options: &Options,
    places: &Places,
    purpose: TensorPurpose,
) -> Result<Dataset, DataError> {
    let start = Instant::now();
    let path = Path::new(dataset);
    let mut loaded = match named::find(dataset) {
        None if is_tensor_file(path) => load_tensors(path, options, purpose),
        named => {
            check_channels(options.shape)?;
            thread_pool(options.threads)?.install(|| match named {
                Some(named) => named.load(options, places),
                None => load_folder(path, options, purpose, places),
            })
        }
    }?;
    loaded.load_time = start.elapsed();
    Ok(loaded)
}

/// Loads the samples of a safetensors file, be they of one class only.
///
/// # Errors
///
/// What is wrong with the file, or that its samples cannot be brought to the shape wanted.
pub fn load_tensor_file(path: &Path, options: &Options) -> Result<Dataset, DataError> {
    load_tensors(path, options, TensorPurpose::SamplesOnly)
}

fn load_tensors(
    path: &Path,
    options: &Options,
    purpose: TensorPurpose,
) -> Result<Dataset, DataError> {
    let load = || tensor_file::load(path, options, purpose);
    let mut dataset = thread_pool(options.threads)?.install(load)?;
    dataset.notices.extend(unused_place(options));
    Ok(dataset)
}

fn load_folder(
    folder: &Path,
    options: &Options,
    purpose: TensorPurpose,
    places: &Places,
) -> Result<Dataset, DataError> {
    if !folder.exists() {
        return Err(DataError::UnknownDataset {
            path: folder.into(),
        });
    }
    check_folder(folder)?;
    let mut dataset = if idx_folder::holds_idx(folder) {
        idx_folder::load(folder)?
            .into_dataset(
                folder_name(folder),
                format!("IDX files in {}", folder.display()),
            )?
            .brought_to(options)?
    } else {
        let cache = places.cache.as_ref().map(|cache| cache.join("decoded"));
        image_folder::load(folder, options, purpose, cache.as_deref())?
    };
    dataset.notices.extend(unused_place(options));
    Ok(dataset)
}

/// A notice where a place is given that only datasets known by name have.
fn unused_place(options: &Options) -> Option<String> {
    let data = options.data.as_ref()?;
    Some(format!(
        "--data {} is for datasets known by name ({}) and was not used",
        data.display(),
        named::listed(&names().collect::<Vec<_>>(), "and")
    ))
}

/// A pool of this many threads; 0 takes one per core.
fn thread_pool(threads: usize) -> Result<rayon::ThreadPool, DataError> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .map_err(|cause| DataError::Threads { threads, cause })
}

fn check_channels(shape: Option<ImageShape>) -> Result<(), DataError> {
    match shape {
        Some(shape) if !matches!(shape.channels, 1 | 3) || shape.size() == 0 => {
            Err(DataError::Shape { shape })
        }
        _ => Ok(()),
    }
}

fn check_folder(folder: &Path) -> Result<(), DataError> {
    let path = folder.to_path_buf();
    match std::fs::metadata(folder) {
        Ok(metadata) if metadata.is_dir() => Ok(()),
        Ok(_) => Err(match FilePurpose::Samples.wrong_name(&path) {
            Some(wrong) => DataError::WrongFile { path, wrong },
            None => DataError::NotAFolder { path },
        }),
        Err(cause) => Err(DataError::Unreadable { path, cause }),
    }
}

fn check_exists(path: &Path) -> Result<(), DataError> {
    std::fs::metadata(path)
        .map(drop)
        .map_err(|cause| DataError::Unreadable {
            path: path.into(),
            cause,
        })
}

/// The last component of a path, that of `.` or `..` looked up.
fn folder_name(folder: &Path) -> String {
    let name = |path: &Path| Some(path.file_name()?.to_string_lossy().into_owned());
    name(folder)
        .or_else(|| name(&folder.canonicalize().ok()?))
        .unwrap_or_else(|| folder.display().to_string())
}

impl Dataset {
    /// SHA-256 over the shapes, values and labels of the training set, then of the test set, in
    /// hexadecimal digits; worked out where it is first asked for, so the samples have to stay.
    pub fn sha256(&self) -> &str {
        self.sha256.get_or_init(|| {
            let mut hash = Sha256::new();
            for samples in [Some(&self.train), self.test.as_ref()]
                .into_iter()
                .flatten()
            {
                samples.add_to(&mut hash);
            }
            if self.set_aside > 0 {
                hash.update((self.set_aside as u64).to_le_bytes());
            }
            hex::encode(hash.finalize())
        })
    }

    /// The class that is to be found: the one called `anomaly`, in any case, or else the second of
    /// two; `None` where there is no such class.
    pub fn anomaly(&self) -> Option<u16> {
        let mut names = self.classes.iter();
        let named = names.position(|name| name.eq_ignore_ascii_case("anomaly"));
        let class = named.or((self.classes.len() == 2).then_some(1))?;
        class.try_into().ok()
    }

    /// Converts every sample to the shape wanted, and says so in a notice where that resizes them.
    fn brought_to(mut self, options: &Options) -> Result<Self, DataError> {
        let own = self.train.shape;
        let shape = options.shape.unwrap_or(options.size.of(own));
        if shape == own {
            return Ok(self);
        }
        let count = self.train.len() + self.test.as_ref().map_or(0, Samples::len);
        self.train = self.train.converted(shape)?;
        self.test = self.test.map(|test| test.converted(shape)).transpose()?;
        if (own.width, own.height) != (shape.width, shape.height) {
            self.notices.push(format!(
                "resized {count} of {count} images from {}x{} to {}x{}",
                own.width, own.height, shape.width, shape.height
            ));
        }
        Ok(self)
    }
}

/// A bar to `length`, drawn only where progress is wanted and standard error is a terminal.
fn progress_bar(wanted: bool, length: u64, template: &str) -> ProgressBar {
    if !wanted {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template(template);
    ProgressBar::new(length).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

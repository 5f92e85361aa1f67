//! The dataset `mnist`, from the nearest place that has it.

use std::env;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;

use super::archive::{Absence, Archive};
use super::download::{DownloadError, RemoteFile};
use super::error::DataError;
use super::idx::{self, IdxError, IdxFile};
use super::idx_folder::{self, IdxSets};
use super::{Dataset, Options, embedded};

const NAME: &str = "mnist";
const MIRRORS: [&str; 2] = [
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
];
/// Images and labels to train on, then images and labels to test on.
const FILES: [RemoteFile; 4] = [
    RemoteFile {
        name: "train-images-idx3-ubyte.gz",
        length: 9_912_422,
        sha256: "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    },
    RemoteFile {
        name: "train-labels-idx1-ubyte.gz",
        length: 28_881,
        sha256: "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    },
    RemoteFile {
        name: "t10k-images-idx3-ubyte.gz",
        length: 1_648_877,
        sha256: "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    },
    RemoteFile {
        name: "t10k-labels-idx1-ubyte.gz",
        length: 4_542,
        sha256: "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
    },
];

/// Where to look for MNIST beyond the options.
#[derive(Clone, Debug)]
#[doc(hidden)]
pub struct Places {
    /// The folder whose `mnist` is tried first: `$KILN_DATA`.
    pub data: Option<PathBuf>,
    /// The folder whose `mnist` keeps downloads; `None` where the user has no cache folder.
    pub cache: Option<PathBuf>,
    /// The URLs to download from, each with a slash at the end, in order.
    pub mirrors: Vec<String>,
}

impl Places {
    /// What the environment says; an empty variable counts as unset.
    pub fn from_environment() -> Self {
        let folder = |name| {
            env::var_os(name)
                .filter(|value| !value.is_empty())
                .map(PathBuf::from)
        };
        let user_cache = || {
            Some(
                etcetera::base_strategy::choose_native_strategy()
                    .ok()?
                    .cache_dir()
                    .join("kiln"),
            )
        };
        Self {
            data: folder("KILN_DATA"),
            cache: folder("KILN_CACHE").or_else(user_cache),
            mirrors: MIRRORS.map(String::from).to_vec(),
        }
    }
}

pub(super) fn load(options: &Options, places: &Places) -> Result<Dataset, DataError> {
    if let Some(folder) = &options.data {
        return from_folder(folder, "--data")?.brought_to(options);
    }
    let shared = places.data.as_ref().map(|data| data.join(NAME));
    if let Some(folder) = shared.filter(|folder| folder.exists()) {
        return from_folder(&folder, "KILN_DATA")?.brought_to(options);
    }
    let mut notices = Vec::new();
    let mut dataset = match from_archive(options, places, &mut notices)? {
        Ok(dataset) => dataset,
        Err(reason) => from_program(reason)?,
    };
    dataset.notices = notices;
    dataset.brought_to(options)
}

/// `folder` itself, or `mnist` in it.
fn from_folder(folder: &Path, option: &'static str) -> Result<Dataset, DataError> {
    super::check_folder(folder)?;
    let inner = folder.join(NAME);
    let found = [folder, &inner]
        .into_iter()
        .find(|folder| idx_folder::holds_idx(folder))
        .ok_or_else(|| DataError::NoIdxFiles {
            folder: folder.into(),
            option,
        })?;
    let source = format!("MNIST's files in {} ({option})", found.display());
    idx_folder::load(found)?.into_dataset(NAME.into(), source)
}

/// The digits in the program, with the reason why these.
fn from_program(reason: &str) -> Result<Dataset, DataError> {
    let source = format!(
        "5,000 digits embedded in the program, 4,000 to train on and 1,000 to test on ({reason}; \
         --data DIR or KILN_DATA uses the full set)"
    );
    embedded::load()?.into_dataset(NAME.into(), source)
}

/// The full set, from the cache folder and the network; or the reason why it cannot be had.
fn from_archive(
    options: &Options,
    places: &Places,
    notices: &mut Vec<String>,
) -> Result<Result<Dataset, &'static str>, DataError> {
    let archive = Archive {
        files: &FILES,
        folder: places.cache.as_ref().map(|cache| cache.join(NAME)),
        mirrors: &places.mirrors,
    };
    let (contents, place) = match archive.contents(options, notices) {
        Ok(found) => found,
        Err(absence) => return Ok(Err(reason(&absence, notices))),
    };
    let sets = sets(&contents)?;
    let source = format!("all of MNIST, {place}");
    Ok(Ok(sets.into_dataset(NAME.into(), source)?))
}

/// Why the embedded digits serve. No network is no news; any other failure is worth a notice.
fn reason(absence: &Absence, notices: &mut Vec<String>) -> &'static str {
    match absence {
        Absence::Offline => "offline",
        Absence::Download(DownloadError::Unreachable { .. }) => "no network",
        Absence::Download(error) => {
            notices.push(error.to_string());
            "the download failed"
        }
    }
}

fn sets(contents: &[Vec<u8>; 4]) -> Result<IdxSets, IdxError> {
    let file = |index: usize| IdxFile {
        path: Path::new(FILES[index].name),
        content: contents[index].as_slice(),
    };
    let (train, test) = rayon::join(
        || idx::samples(file(0), file(1)),
        || idx::samples(file(2), file(3)),
    );
    Ok(IdxSets {
        origin: NAME.into(),
        train: Some(train?),
        test: Some(test?),
    })
}

//! The datasets known by name, from the nearest place that has them.

mod table;

use std::path::Path;

use super::archive::{Absence, Archive};
use super::cifar;
use super::download::{DownloadError, RemoteFile};
use super::error::DataError;
use super::idx::{self, IdxError, IdxFile};
use super::idx_folder;
use super::places::Places;
use super::sets::Sets;
use super::{Dataset, Options, embedded};

/// A dataset as published.
pub(super) struct NamedDataset {
    /// What users type, and the folder's name wherever the files are kept.
    pub(super) name: &'static str,
    /// What its authors call it.
    title: &'static str,
    files: &'static [RemoteFile],
    /// The URLs that have the files, each with a slash at the end, in order.
    mirrors: &'static [&'static str],
    format: Format,
    /// Whether a part of it is in the program, for where there is nothing else.
    embedded: bool,
}

/// How the files hold the samples.
enum Format {
    /// MNIST's four files: images and labels to train on, then images and labels to test on.
    Idx {
        /// The names of the classes where they are not numbers.
        classes: Option<&'static [&'static str]>,
    },
    /// One archive of binary records.
    Cifar(&'static cifar::CifarLayout),
}

/// The dataset that a user means by `name`, if it is a known one.
pub(super) fn find(name: &str) -> Option<&'static NamedDataset> {
    table::ALL.iter().find(|dataset| dataset.name == name)
}

/// The names that stand for a dataset rather than a folder.
pub fn names() -> impl Iterator<Item = &'static str> {
    table::ALL.iter().map(|dataset| dataset.name)
}

/// The known name that `wrong` may have been meant for: as good as equal, or the nearest one.
pub(super) fn meant_by(wrong: &str) -> Option<&'static str> {
    let letters = |name: &str| -> String {
        let kept = name.chars().filter(|letter| letter.is_ascii_alphanumeric());
        kept.collect::<String>().to_ascii_lowercase()
    };
    let wrong = letters(wrong);
    let distance = |name: &&str| strsim::damerau_levenshtein(&letters(name), &wrong);
    let nearest = names().min_by_key(distance)?;
    (distance(&nearest) <= 2).then_some(nearest)
}

impl NamedDataset {
    /// Loads it from the first place that has it.
    pub(super) fn load(&self, options: &Options, places: &Places) -> Result<Dataset, DataError> {
        if let Some(place) = &options.data {
            return self.given(place, "--data")?.brought_to(options);
        }
        let shared = places.data.as_ref().map(|data| data.join(self.name));
        if let Some(folder) = shared.filter(|folder| folder.exists()) {
            return self.given(&folder, "KILN_DATA")?.brought_to(options);
        }
        let mut notices = Vec::new();
        let mut dataset = match self.published(options, places, &mut notices)? {
            Ok(dataset) => dataset,
            Err(absence) if self.embedded => self.embedded(&absence, &mut notices)?,
            Err(absence) => return Err(self.absent(absence)),
        };
        dataset.notices = notices;
        dataset.brought_to(options)
    }

    /// From `place` itself, or the folder of the dataset's name in it.
    fn given(&self, place: &Path, option: &'static str) -> Result<Dataset, DataError> {
        let (sets, found) = match &self.format {
            Format::Idx { classes } => {
                super::check_folder(place)?;
                let found = self.found(place, option, |folder| {
                    idx_folder::holds_idx(folder).then(|| folder.to_path_buf())
                })?;
                (named_sets(idx_folder::load(&found)?, *classes)?, found)
            }
            Format::Cifar(layout) => {
                super::check_exists(place)?;
                let found = self.found(place, option, |place| cifar::Place::find(layout, place))?;
                (found.load(layout)?, found.path().into())
            }
        };
        let source = format!("{}'s files in {} ({option})", self.title, found.display());
        sets.into_dataset(self.name.into(), source)
    }

    fn found<T>(
        &self,
        place: &Path,
        option: &'static str,
        find: impl Fn(&Path) -> Option<T>,
    ) -> Result<T, DataError> {
        find(place)
            .or_else(|| find(&place.join(self.name)))
            .ok_or_else(|| DataError::NoNamedFiles {
                place: place.into(),
                option,
                title: self.title,
                wanted: self.wanted(),
            })
    }

    /// What has to be in a folder that is to serve as this dataset.
    fn wanted(&self) -> String {
        match &self.format {
            Format::Idx { .. } => format!("{}, gzipped or not", listed(&self.plain_names(), "and")),
            Format::Cifar(layout) => {
                format!(
                    "{}, or the folder {} that comes of unpacking it",
                    layout.archive, layout.folder
                )
            }
        }
    }

    fn plain_names(&self) -> Vec<&'static str> {
        let names = self.files.iter().map(|file| file.name);
        names.map(|name| name.trim_end_matches(".gz")).collect()
    }

    /// The whole dataset, from the cache folder and the network; or the reason why it is not to
    /// be had.
    fn published(
        &self,
        options: &Options,
        places: &Places,
        notices: &mut Vec<String>,
    ) -> Result<Result<Dataset, Absence>, DataError> {
        let own = || self.mirrors.iter().copied().map(String::from).collect();
        let archive = Archive {
            files: self.files,
            folder: places.cache.as_ref().map(|cache| cache.join(self.name)),
            mirrors: places.mirrors.clone().unwrap_or_else(own),
            patience: places.patience,
        };
        let (contents, place) = match archive.contents(options, notices) {
            Ok(found) => found,
            Err(absence) => return Ok(Err(absence)),
        };
        // The table gives each format as many files as it takes; a test sees to it.
        let sets = match &self.format {
            Format::Idx { classes } => named_sets(self.idx_sets(&contents)?, *classes)?,
            Format::Cifar(layout) => {
                cifar::from_archive(layout, Path::new(layout.archive), contents[0].as_slice())?
            }
        };
        let source = format!("all of {}, {place}", self.title);
        Ok(Ok(sets.into_dataset(self.name.into(), source)?))
    }

    fn idx_sets(&self, contents: &[Vec<u8>]) -> Result<Sets, IdxError> {
        let file = |index: usize| IdxFile {
            path: Path::new(self.files[index].name),
            content: contents[index].as_slice(),
        };
        let (train, test) = rayon::join(
            || idx::samples(file(0), file(1)),
            || idx::samples(file(2), file(3)),
        );
        Ok(Sets {
            origin: self.name.into(),
            train: Some(train?),
            test: Some(test?),
            classes: None,
        })
    }

    /// The digits in the program, with the reason why these.
    fn embedded(&self, absence: &Absence, notices: &mut Vec<String>) -> Result<Dataset, DataError> {
        let reason = reason(absence, notices);
        let source = format!(
            "5,000 digits embedded in the program, 4,000 to train on and 1,000 to test on \
             ({reason}; --data DIR or KILN_DATA uses the full set)"
        );
        embedded::load()?.into_dataset(self.name.into(), source)
    }

    fn absent(&self, absence: Absence) -> DataError {
        let name = self.name;
        match absence {
            Absence::Offline => {
                let names: Vec<_> = self.files.iter().map(|file| file.name).collect();
                DataError::Offline {
                    name,
                    files: listed(&names, "and"),
                    url: self.mirrors[0],
                }
            }
            Absence::Download(cause) => DataError::Download { name, cause },
        }
    }
}

/// Why the embedded digits serve. No network is no news; any other failure is worth a notice.
fn reason(absence: &Absence, notices: &mut Vec<String>) -> &'static str {
    match absence {
        Absence::Offline => "offline",
        Absence::Download(DownloadError::Unreachable { .. }) => "no network",
        Absence::Download(DownloadError::NotBuilt { .. }) => "built without the feature `download`",
        Absence::Download(error) => {
            notices.push(error.to_string());
            "the download failed"
        }
    }
}

/// The sets with their classes named, where they have names; a label beyond them is an error.
fn named_sets(sets: Sets, classes: Option<&'static [&'static str]>) -> Result<Sets, IdxError> {
    let Some(classes) = classes else {
        return Ok(sets);
    };
    for (split, samples) in idx_folder::SPLITS
        .into_iter()
        .zip([&sets.train, &sets.test])
    {
        let labels = samples.iter().flat_map(|samples| &samples.labels);
        let beyond = |label: &u16| usize::from(*label) >= classes.len();
        if let Some((index, label)) = labels.enumerate().find(|(_, label)| beyond(label)) {
            let name = idx_folder::file_name(split, idx_folder::LABELS);
            return Err(IdxError::Label {
                path: sets.origin.join(name),
                number: index + 1,
                label: *label,
                classes: classes.len(),
            });
        }
    }
    Ok(Sets {
        classes: Some(classes.iter().copied().map(String::from).collect()),
        ..sets
    })
}

/// `a, b and c`.
pub(super) fn listed(names: &[&str], conjunction: &str) -> String {
    match names {
        [] => String::new(),
        [name] => (*name).into(),
        [first @ .., last] => format!("{} {conjunction} {last}", first.join(", ")),
    }
}

#[cfg(all(test, feature = "download"))]
mod tests;

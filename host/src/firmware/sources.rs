//! Where the firmware's sources are.

use super::{BuildError, CompilerProgress};
use crate::platform;
use std::env;
use std::fmt;
use std::path::{Path, PathBuf};

/// Says where the firmware folder is, where it is not beside the host program's sources.
const FOLDER: &str = "KILN_FIRMWARE";
/// Where it was when this program was built.
const BESIDE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../firmware");
/// What a build needs first, from the folder on: its own script, cargo's manifest, and what both lead to.
const PARTS: [&str; 4] = [
    "build.sh",
    "Cargo.toml",
    "../scripts/cross_cargo.sh",
    "../core/Cargo.toml",
];

/// The firmware's sources, and what is shown of their compiler's progress.
#[derive(Debug)]
pub struct FirmwareSources {
    folder: PathBuf,
    origin: SourcesOrigin,
    progress: CompilerProgress,
}

/// Why the sources are looked for at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourcesOrigin {
    /// They were named.
    Named,
    /// The environment names them.
    Environment,
    /// They were there when this program was built.
    BesideHost,
}

impl FirmwareSources {
    /// The sources at a place that is named, or else that the environment names (`KILN_FIRMWARE`), or else
    /// beside those that this program was built from.
    ///
    /// # Errors
    ///
    /// If they are not there.
    pub fn find(named: Option<&Path>, progress: CompilerProgress) -> Result<Self, BuildError> {
        let (folder, origin) = place(named);
        let missing = PARTS.into_iter().find(|part| !folder.join(part).is_file());
        match (platform::canonical_path(&folder), missing) {
            (Ok(folder), None) => Ok(Self {
                folder,
                origin,
                progress,
            }),
            (_, missing) => Err(BuildError::NoSources {
                folder,
                origin,
                missing: missing.unwrap_or(PARTS[0]),
            }),
        }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Why they were looked for there.
    pub fn origin(&self) -> SourcesOrigin {
        self.origin
    }

    /// What is shown of the compiler's progress.
    pub fn progress(&self) -> CompilerProgress {
        self.progress
    }
}

impl fmt::Display for SourcesOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Named => "--firmware",
            Self::Environment => FOLDER,
            Self::BesideHost => "where kiln was built",
        })
    }
}

/// Where to look, and why there.
fn place(named: Option<&Path>) -> (PathBuf, SourcesOrigin) {
    if let Some(folder) = named {
        return (folder.into(), SourcesOrigin::Named);
    }
    match env::var_os(FOLDER).filter(|folder| !folder.is_empty()) {
        Some(folder) => (folder.into(), SourcesOrigin::Environment),
        None => (BESIDE.into(), SourcesOrigin::BesideHost),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn missing(folder: &Path) -> Option<&'static str> {
        match FirmwareSources::find(Some(folder), CompilerProgress::Hidden) {
            Err(BuildError::NoSources { missing, .. }) => Some(missing),
            _ => None,
        }
    }

    #[test]
    fn this_repository_has_them_and_other_folders_lack_the_first_part_that_is_not_there() {
        assert_eq!(missing(Path::new(BESIDE)), None);
        assert_eq!(missing(Path::new("no such folder")), Some("build.sh"));
        let repository = tempfile::tempdir().unwrap();
        let folder = repository.path().join("firmware");
        fs::create_dir(&folder).unwrap();
        for part in PARTS {
            assert_eq!(missing(&folder), Some(part));
            let path = folder.join(part);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        assert_eq!(missing(&folder), None);
    }
}

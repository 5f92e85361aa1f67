//! Where the datasets known by name are looked for, and how long a download may take.

use std::env;
use std::path::PathBuf;
use std::time::Duration;

use etcetera::BaseStrategy;

/// Where to look for a dataset beyond the options.
#[derive(Clone, Debug)]
#[doc(hidden)]
pub struct Places {
    /// The folder with a folder for each dataset, tried first: `$KILN_DATA`.
    pub data: Option<PathBuf>,
    /// The folder with a folder of downloads for each dataset; `None` where the user has no cache
    /// folder.
    pub cache: Option<PathBuf>,
    /// The URLs to download from, each with a slash at the end, in order; `None` takes each
    /// dataset's own.
    pub mirrors: Option<Vec<String>>,
    /// What a download may take.
    pub patience: Patience,
}

/// How long a download waits for what, and how often it begins again.
#[derive(Clone, Copy, Debug)]
#[doc(hidden)]
pub struct Patience {
    /// For the name, and again for the connection. Without a network the program should go on soon.
    pub connection: Duration,
    /// For the next bytes, the head's among them: whoever sends none for so long has stalled. Whole seconds.
    pub bytes: Duration,
    /// How often each mirror is asked for a file.
    pub attempts: u32,
    /// Before the second attempt; doubled before each further one.
    pub pause: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connection: Duration::from_millis(1500),
            bytes: Duration::from_secs(20),
            attempts: 4,
            pause: Duration::from_secs(1),
        }
    }
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
            mirrors: None,
            patience: Patience::default(),
        }
    }
}

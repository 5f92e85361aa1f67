//! What to type about a run.

use crate::platform::shell_word;
use std::path::Path;

/// What to type to go on with the run in `folder`.
pub fn resume_command(folder: &Path) -> String {
    format!("kiln train --resume{}", value(folder))
}

/// What to type to go on with the sweep in `folder`.
pub fn resume_sweep_command(folder: &Path) -> String {
    format!("kiln sweep --resume{}", value(folder))
}

/// What to type to run the run of the file `config` again.
pub fn rerun_command(config: &Path) -> String {
    format!("kiln train --config{}", value(config))
}

/// What to type to classify images with the run in `folder`.
pub fn predict_command(folder: &Path) -> String {
    format!("kiln predict IMAGE… --weights{}", value(folder))
}

/// A path behind a flag, so that a shell takes it for what it is.
fn value(path: &Path) -> String {
    let path = path.display().to_string();
    let separator = if path.starts_with('-') { "=" } else { " " };
    format!("{separator}{}", shell_word(&path))
}

//! The sources of the workspace, as text.

use std::fs;
use std::path::{Path, PathBuf};

/// A Rust source without its comments and its inline tests.
pub struct Source {
    /// Its path below the folder that was read.
    pub path: PathBuf,
    pub text: String,
}

/// Where the host program's sources are.
pub const HOST: [&str; 2] = ["host/src", "host/trainer/src"];

/// The top of the workspace.
pub fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the package lies in the workspace")
}

/// All sources of the host program, by their paths from the top of the workspace.
pub fn host_sources() -> impl Iterator<Item = Source> {
    HOST.iter().flat_map(|room| {
        let own = sources(&workspace().join(room)).into_iter();
        own.map(move |Source { path, text }| Source {
            path: Path::new(room).join(path),
            text,
        })
    })
}

/// All sources below `folder`, but for tests in files of their own.
pub fn sources(folder: &Path) -> Vec<Source> {
    let mut found = Vec::new();
    collect(folder, folder, &mut found);
    assert!(!found.is_empty(), "no sources in {}", folder.display());
    found
}

fn collect(top: &Path, folder: &Path, found: &mut Vec<Source>) {
    let entries = fs::read_dir(folder).expect("a folder of the workspace can be read");
    for entry in entries {
        let path = entry.expect("its entries can be read").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() && !matches!(&*name, "target" | "tests") {
            collect(top, &path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") && name != "tests.rs" {
            let text = fs::read_to_string(&path).expect("a source can be read");
            let path = path.strip_prefix(top).expect("it lies there").into();
            let text = without_comments(&text);
            found.push(Source { path, text });
        }
    }
}

fn without_comments(text: &str) -> String {
    let code = text.lines().take_while(|line| *line != "#[cfg(test)]");
    let code = code.filter(|line| !line.trim_start().starts_with("//"));
    code.collect::<Vec<_>>().join("\n")
}

//! What the programs are made of besides Kiln's own code, as cargo tells it, and what has to be said of it to
//! whoever gets a program.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A crate from elsewhere.
#[derive(Clone, Debug)]
pub struct Dependency {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its licences, as an expression of SPDX's.
    pub licence: String,
    /// Where its sources are.
    pub repository: String,
    /// Who wrote it, where that is said.
    pub authors: Vec<String>,
    /// Where it comes from, as cargo has it.
    pub source: String,
    /// Its folder.
    pub folder: PathBuf,
}

/// The crates from elsewhere in the workspace of a folder, as far as they are for the platform, and of those
/// that are meant to be shipped only what `package` links to.
///
/// # Errors
///
/// What cargo says, in a line: it may not have all of them, and is not let into the network.
pub fn dependencies(
    folder: &Path,
    platform: &str,
    package: Option<&str>,
) -> Result<Vec<Dependency>, String> {
    let metadata = metadata(folder, platform)?;
    let shipped = package.map(|package| reached(&metadata, package));
    let all = list(&metadata["packages"]).iter();
    let foreign = all.filter(|package| package["source"].is_string());
    let chosen = foreign.filter(|package| {
        let shipped = shipped.as_ref();
        shipped.is_none_or(|shipped| shipped.contains(&text(&package["id"])))
    });
    Ok(chosen.map(dependency).collect())
}

/// The platform that this machine's compiler builds for.
///
/// # Errors
///
/// If there is no compiler.
pub fn host_platform() -> Result<String, String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("-vV").output();
    let told = output.map_err(|error| error.to_string())?.stdout;
    let told = String::from_utf8_lossy(&told).into_owned();
    let host = told.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(String::from).ok_or_else(|| told.clone())
}

/// What has to be said of crates in a program: who they are, under which licences, and the texts of those.
///
/// # Errors
///
/// A licence file that cannot be read.
pub fn notices(dependencies: &[Dependency]) -> std::io::Result<String> {
    let mut said = String::from(
        "This program contains the following crates. The numbers are those of the licence texts below.\n\n",
    );
    let mut texts: BTreeMap<String, usize> = BTreeMap::new();
    let mut sorted: Vec<&Dependency> = dependencies.iter().collect();
    sorted.sort_by_key(|own| (&own.name, &own.version));
    for own in sorted {
        let mut numbers = Vec::new();
        for licence in licence_texts(own)? {
            let next = texts.len() + 1;
            numbers.push(format!("[{}]", texts.entry(licence).or_insert(next)));
        }
        let Dependency {
            name,
            version,
            licence,
            repository,
            ..
        } = own;
        let numbers = numbers.join(" ");
        let _ = writeln!(
            said,
            "{name} {version}\n    {licence} {numbers}\n    {repository}"
        );
        if licence.contains("MPL-2.0") {
            let _ = writeln!(
                said,
                "    Its source code, unchanged, is at https://crates.io/crates/{name}/{version}"
            );
        }
    }
    let mut texts: Vec<(String, usize)> = texts.into_iter().collect();
    texts.sort_by_key(|(_, number)| *number);
    for (text, number) in texts {
        let _ = write!(said, "\n{}\n[{number}]\n\n{text}\n", "-".repeat(72));
    }
    Ok(said)
}

fn metadata(folder: &Path, platform: &str) -> Result<Value, String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let arguments = ["metadata", "--format-version=1", "--locked", "--offline"];
    let output = Command::new(cargo)
        .args(arguments)
        .args(["--filter-platform", platform])
        .current_dir(folder)
        .output()
        .map_err(|error| error.to_string())?;
    match output.status.success() {
        true => serde_json::from_slice(&output.stdout).map_err(|error| error.to_string()),
        false => {
            let errors = String::from_utf8_lossy(&output.stderr);
            Err(errors.split_whitespace().collect::<Vec<_>>().join(" "))
        }
    }
}

/// The ids of all that a package links to, not of what only builds or tests it.
fn reached(metadata: &Value, package: &str) -> BTreeSet<String> {
    let packages = list(&metadata["packages"]).iter();
    let mut own = packages.filter(|own| own["name"] == package && own["source"].is_null());
    let mut open: Vec<String> = own.next().map(|own| text(&own["id"])).into_iter().collect();
    let nodes = list(&metadata["resolve"]["nodes"]).iter();
    let nodes: BTreeMap<String, &Value> = nodes.map(|node| (text(&node["id"]), node)).collect();
    let mut reached = BTreeSet::new();
    while let Some(id) = open.pop() {
        let Some(node) = nodes.get(&id).filter(|_| reached.insert(id.clone())) else {
            continue;
        };
        let linked = list(&node["deps"]).iter().filter(|dependency| {
            let mut kinds = list(&dependency["dep_kinds"]).iter();
            kinds.any(|kind| kind["kind"].is_null())
        });
        open.extend(linked.map(|dependency| text(&dependency["pkg"])));
    }
    reached
}

fn dependency(package: &Value) -> Dependency {
    let manifest = PathBuf::from(text(&package["manifest_path"]));
    Dependency {
        name: text(&package["name"]),
        version: text(&package["version"]),
        licence: text(&package["license"]),
        repository: text(&package["repository"]),
        authors: list(&package["authors"]).iter().map(text).collect(),
        source: text(&package["source"]),
        folder: manifest.parent().unwrap_or(&manifest).into(),
    }
}

/// The texts of a crate's licences: those in its folder, or what its manifest says of them.
fn licence_texts(own: &Dependency) -> std::io::Result<Vec<String>> {
    const NAMES: [&str; 6] = [
        "licen",
        "copying",
        "copyright",
        "unlicense",
        "notice",
        "ofl",
    ];
    let mut paths = Vec::new();
    for entry in fs::read_dir(&own.folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let name = name.to_ascii_lowercase();
        if path.is_file() && NAMES.iter().any(|start| name.starts_with(start)) {
            paths.push(path);
        }
    }
    paths.sort();
    let mut texts = Vec::new();
    for path in paths {
        let text = String::from_utf8_lossy(&fs::read(path)?).into_owned();
        // Nothing but the ends of lines differs between many.
        let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
        texts.push(lines.join("\n").trim_matches('\n').to_string());
    }
    if texts.is_empty() {
        let by = match own.authors.is_empty() {
            true => String::new(),
            false => format!(" by {}", own.authors.join(", ")),
        };
        texts.push(format!(
            "{}{by}, under {}; its package has no text of that",
            own.name, own.licence
        ));
        texts.extend(standard_text(&own.licence)?);
    }
    Ok(texts)
}

/// The text of the first licence that Kiln has, too, without who has the rights.
fn standard_text(licence: &str) -> std::io::Result<Option<String>> {
    let name = match licence {
        licence if licence.contains("MIT") => "LICENSE-MIT",
        licence if licence.contains("Apache-2.0") => "LICENSE-APACHE",
        _ => return Ok(None),
    };
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name))?;
    let lines = text
        .lines()
        .filter(|line| !line.starts_with("Copyright (c)"));
    Ok(Some(lines.collect::<Vec<_>>().join("\n")))
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().into()
}

//! What comes from elsewhere: under licences that allow it, from one registry, and each crate once.

use super::sources::workspace;
use serde::Deserialize;
use spdx::{Expression, ParseMode};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use tests::dependencies::{Dependency, dependencies, host_platform, notices};

const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";
/// Everything that has a lock file: its folder, and what it is built for, where that is not this machine.
const LOCKED: [(&str, Option<&str>); 4] = [
    ("", None),
    ("firmware", Some("thumbv7em-none-eabihf")),
    ("firmware/c", Some("thumbv7em-none-eabihf")),
    ("firmware/examples/own", Some("thumbv7em-none-eabihf")),
];

/// `deny.toml`, as far as it is held here.
#[derive(Deserialize)]
struct DenyRules {
    licenses: LicenceRules,
    bans: BanRules,
}

#[derive(Deserialize)]
struct LicenceRules {
    allow: Vec<String>,
    exceptions: Vec<LicenceException>,
}

#[derive(Deserialize)]
struct LicenceException {
    #[serde(rename = "crate")]
    name: String,
    allow: Vec<String>,
}

#[derive(Deserialize)]
struct BanRules {
    skip: Vec<SkippedCrate>,
}

#[derive(Deserialize)]
struct SkippedCrate {
    #[serde(rename = "crate")]
    name: String,
}

#[derive(Deserialize)]
struct LockFile {
    package: Vec<LockedPackage>,
}

#[derive(Deserialize)]
struct LockedPackage {
    name: String,
    version: String,
    source: Option<String>,
}

fn rules() -> DenyRules {
    read(&workspace().join("deny.toml"))
}

fn read<T: for<'de> Deserialize<'de>>(path: &Path) -> T {
    let text = fs::read_to_string(path).expect("it can be read");
    toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The crates of a workspace; none, and a word of that, where cargo has not fetched them all.
fn fetched((folder, platform): (&str, Option<&str>)) -> Option<Vec<Dependency>> {
    let host = host_platform().expect("there is a compiler");
    let platform = platform.unwrap_or(&host);
    match dependencies(&workspace().join(folder), platform, None) {
        Ok(found) => Some(found),
        Err(error) if !folder.is_empty() => {
            let all = std::env::var_os("KILN_TEST_FIRMWARE").is_some_and(|value| value == "all");
            assert!(!all, "{folder}: {error}");
            println!("SKIPPED: the licences of {folder}, whose crates are not all here");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn licences_are_those_that_are_allowed() {
    let rules = rules();
    let mut excepted = BTreeSet::new();
    let mut all_are_here = true;
    for locked in LOCKED {
        let found = fetched(locked);
        all_are_here &= found.is_some();
        for own in found.unwrap_or_default() {
            let found = Expression::parse_mode(&own.licence, ParseMode::LAX);
            let found = found.unwrap_or_else(|error| panic!("{}: {error}", own.name));
            let allows = |allow: &[String]| {
                found.evaluate(|required| {
                    let name = required.license.to_string();
                    required.addition.is_none() && allow.contains(&name)
                })
            };
            if allows(&rules.licenses.allow) {
                continue;
            }
            let mut exceptions = rules.licenses.exceptions.iter();
            let exception = exceptions.find(|exception| exception.name == own.name);
            let is_excepted = exception.is_some_and(|exception| allows(&exception.allow));
            assert!(is_excepted, "{} is under {}", own.name, own.licence);
            excepted.insert(own.name);
        }
    }
    let listed = rules.licenses.exceptions.iter().map(|own| own.name.clone());
    assert!(
        !all_are_here || excepted == listed.collect(),
        "{excepted:?}"
    );
}

#[test]
fn crates_are_there_once_and_from_one_registry() {
    let mut second = BTreeSet::new();
    for (folder, _) in LOCKED {
        let lock: LockFile = read(&workspace().join(folder).join("Cargo.lock"));
        let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for LockedPackage {
            name,
            version,
            source,
        } in &lock.package
        {
            let source = source.as_deref();
            assert!(
                source.is_none_or(|source| source == REGISTRY),
                "{name}: {source:?}"
            );
            versions.entry(name).or_default().push(version);
        }
        // The last is the one that is meant to stay.
        for (name, versions) in versions {
            let old = versions.split_last().map_or(&[][..], |(_, old)| old);
            second.extend(
                old.iter()
                    .map(|version| format!("{name}@{}", major(version))),
            );
        }
    }
    let skipped = rules().bans.skip.into_iter().map(|own| own.name);
    assert_eq!(second, skipped.collect());
}

/// The part of a version that stays where nothing breaks.
fn major(version: &str) -> String {
    let mut numbers = version.split('.');
    match (numbers.next(), numbers.next()) {
        (Some("0"), Some(minor)) => format!("0.{minor}"),
        (Some(major), _) => major.into(),
        _ => version.into(),
    }
}

#[test]
fn notices_name_everything_in_the_program_with_its_licences() {
    let host = host_platform().expect("there is a compiler");
    let shipped = dependencies(workspace(), &host, Some("host")).expect("they are here");
    let names: Vec<&str> = shipped.iter().map(|own| own.name.as_str()).collect();
    assert!(shipped.len() > 60, "{names:?}");
    assert!(names.contains(&"zune-jpeg"), "by way of another: {names:?}");
    assert!(!names.contains(&"proptest"), "tests are not shipped");
    let said = notices(&shipped).expect("licences can be read");
    for own in &shipped {
        let entry = format!("\n{} {}\n    {} [", own.name, own.version, own.licence);
        let (_, behind) = said.split_once(&entry).expect(&entry);
        let number = behind.split(']').next().expect("a number");
        let text = said.split_once(&format!("\n[{number}]\n\n"));
        let (_, text) = text.unwrap_or_else(|| panic!("{}: no text {number}", own.name));
        assert!(text.len() > 40, "{}: {text}", own.name);
        if own.licence.contains("MPL") {
            let place = format!("https://crates.io/crates/{}/{}", own.name, own.version);
            assert!(said.contains(&place), "{place}");
        }
    }
}

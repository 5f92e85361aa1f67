//! Every operation of core has a naive reference, which outsiders can call, which its own tests
//! hold its kernels against, and which the naive walk of whole networks is made of.

use std::fs;
use tests::coverage::{core_sources, source};

/// A file or folder of `ops/` with kernels: what they compute has to be defined somewhere.
struct Operation {
    name: String,
    /// Without tests that have files of their own.
    text: String,
    /// Its tests, wherever they are.
    tests: String,
}

fn operations() -> Vec<Operation> {
    let folder = core_sources().join("ops");
    let entries = fs::read_dir(&folder).unwrap();
    let operations = entries.filter_map(|entry| {
        let path = entry.unwrap().path();
        let name = path.file_stem()?.to_string_lossy().into_owned();
        let text = source(&path);
        let is_operation = text.contains("Kernel for ") && name != "tests";
        let mut common = source(&folder.join("tests.rs"));
        if !common.contains(&format!("super::{name}::")) {
            common.clear();
        }
        let own = [path.join("tests.rs"), path.join("tests")];
        let own = own.iter().filter(|path| path.exists());
        let within = text.split_once("mod tests {").map(|(_, tests)| tests);
        let tests = own.map(|path| every_file(path)).collect::<String>()
            + within.unwrap_or_default()
            + &common;
        is_operation.then_some(Operation { name, text, tests })
    });
    operations.collect()
}

/// Like [`source`], of a folder whose files are all tests.
fn every_file(path: &std::path::Path) -> String {
    if !path.is_dir() {
        return source(path);
    }
    let entries = fs::read_dir(path).unwrap();
    entries
        .map(|entry| every_file(&entry.unwrap().path()))
        .collect()
}

#[test]
fn every_operation_has_a_naive_reference() {
    let operations = operations();
    let names: Vec<&str> = operations.iter().map(|one| &*one.name).collect();
    assert!(
        names.contains(&"conv2d") && names.contains(&"loss"),
        "{names:?}"
    );
    let public = source(&core_sources().join("lib.rs"));
    let walk = concat!(env!("CARGO_MANIFEST_DIR"), "/src/reference");
    let walk = source(walk.as_ref()) + &source(format!("{walk}.rs").as_ref());
    for Operation { name, text, tests } in &operations {
        assert!(
            text.contains("pub mod reference"),
            "ops/{name}: no reference"
        );
        let path = format!("pub use crate::ops::{name}::");
        let exported = public.lines().any(|line| {
            let line = line.trim_start();
            line.starts_with(&path) && line.contains("reference as ")
        });
        assert!(exported, "ops/{name}: kiln_core::reference lacks it");
        let words = ["reference", "properties!", "at_every_width", "assert_bits"];
        let compares = words.iter().all(|word| tests.contains(word));
        assert!(
            compares,
            "ops/{name}: no test holds kernels against the reference"
        );
        let calls = walk.contains(&format!("{name}::"));
        assert!(calls, "ops/{name}: tests/src/reference does not walk it");
    }
}

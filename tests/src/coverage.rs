//! What a set of checks covers, held against what core's sources say there is: nothing here is a
//! list that somebody has to remember.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Where core's sources are.
pub fn core_sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/src")
}

/// A source file, or all of a folder, the tests in files of their own left out.
pub fn source(path: &Path) -> String {
    if !path.is_dir() {
        return fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    }
    let entries = fs::read_dir(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.file_stem().is_none_or(|stem| stem != "tests"));
    paths.sort();
    paths.iter().map(|path| source(path)).collect()
}

/// The variants of an enumeration, as `pub enum NAME {` begins it in a file of core.
pub fn variants(file: &str, name: &str) -> Vec<String> {
    let text = source(&core_sources().join(file));
    let start = text.split_once(&format!("pub enum {name} {{\n"));
    let (_, body) = start.unwrap_or_else(|| panic!("{file} has no enum {name}"));
    let (body, _) = body.split_once("\n}").expect("an enum ends");
    // Variants are indented once; their fields and docs are not words at that place.
    let lines = body.lines().filter_map(|line| line.strip_prefix("    "));
    let words = lines.map(|line| line.split(|c: char| !c.is_alphanumeric()).next());
    let names = words.flatten().filter(|word| !word.is_empty());
    names.map(str::to_owned).collect()
}

/// Variants and options that were met, with every value of each option.
#[derive(Default)]
pub struct Met(BTreeMap<String, BTreeSet<String>>);

impl Met {
    /// Takes in a variant with its options, as `serde_json` tells it.
    pub fn take(&mut self, variant: &Value) {
        match variant {
            Value::String(name) => drop(self.0.entry(name.clone()).or_default()),
            Value::Object(entries) => {
                for (name, options) in entries {
                    self.0.entry(name.clone()).or_default();
                    self.take_options(name, options);
                }
            }
            other => panic!("{other} is no variant"),
        }
    }

    fn take_options(&mut self, path: &str, options: &Value) {
        match options {
            Value::Object(entries) => {
                for (name, value) in entries {
                    self.take_options(&format!("{path}.{name}"), value);
                }
            }
            value => drop(
                self.0
                    .entry(path.to_owned())
                    .or_default()
                    .insert(value.to_string()),
            ),
        }
    }

    /// The variants that were not met, and the options that always had the same value.
    pub fn missing(&self, variants: &[String]) -> BTreeSet<String> {
        let unmet = variants.iter().filter(|name| !self.0.contains_key(*name));
        let constant = self.0.iter().filter(|(_, values)| values.len() == 1);
        unmet
            .chain(constant.map(|(path, _)| path))
            .cloned()
            .collect()
    }
}

/// Panics where these networks and losses lack a layer, a loss or an option of them, but for what
/// is excused with a reason; and where what is excused is there.
pub fn assert_covered<'n>(
    what: &str,
    networks: impl IntoIterator<Item = &'n kiln_core::Network>,
    losses: impl IntoIterator<Item = kiln_core::Loss>,
    excused: &[(&str, &str)],
) {
    let mut met = Met::default();
    for network in networks {
        for layer in network.layers() {
            met.take(&serde_json::to_value(layer).unwrap());
        }
    }
    for loss in losses {
        met.take(&serde_json::to_value(loss).unwrap());
    }
    let mut all = variants("layer.rs", "Layer");
    all.extend(variants("program/mode.rs", "Loss"));
    let missing = met.missing(&all);
    let excused: BTreeSet<String> = excused.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(missing, excused, "without a {what}, and excused");
}

#[cfg(test)]
mod tests {
    use super::*;
    use kiln_core::{Conv2d, Layer, Linear};

    #[test]
    fn variants_are_those_of_the_source() {
        let found = variants("program/mode.rs", "Loss");
        assert_eq!(found, ["CrossEntropy", "MeanSquaredError"]);
        assert!(variants("layer.rs", "Layer").contains(&"Conv2d".to_owned()));
    }

    #[test]
    fn what_is_not_met_or_never_varies_is_missing() {
        let mut met = Met::default();
        let layers = [
            Layer::Relu,
            Layer::Linear(Linear::new(3)),
            Layer::Linear(Linear::new(4)),
            Layer::Conv2d(Conv2d::new(1, 1)),
        ];
        for layer in layers {
            met.take(&serde_json::to_value(layer).unwrap());
        }
        let missing = met.missing(&["Relu", "Add", "Linear"].map(str::to_owned));
        assert!(missing.contains("Add") && missing.contains("Linear.bias"));
        assert!(missing.contains("Conv2d.padding.left"));
        assert!(!missing.contains("Relu") && !missing.contains("Linear.outputs"));
    }
}

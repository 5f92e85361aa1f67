//! What reads bytes from outside.

mod exchange;
mod files;
mod link;
mod models;
mod stored;

use crate::measured::Verdict;
use crate::mend;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Something that reads bytes.
pub struct Target {
    pub name: &'static str,
    /// Reads them, and does with what it accepts what Kiln would.
    pub run: fn(&[u8]) -> Verdict,
    /// Makes lengths and checksums valid again.
    pub mend: fn(&mut [u8]),
    pub grammar: Grammar,
}

/// What a target's inputs are made of, and can be changed by without being none at once.
#[derive(Clone, Copy, PartialEq)]
pub enum Grammar {
    Bytes,
    /// Messages in messages.
    Protobuf,
    /// Lines and words.
    Text,
}

pub static ALL: [Target; 10] = [
    target("model", models::model, mend::end_checksum),
    target("samples", models::samples, mend::end_checksum),
    target("checkpoint", models::checkpoint, mend::checkpoint),
    Target {
        grammar: Grammar::Protobuf,
        ..target("onnx", exchange::onnx, mend::nothing)
    },
    target("tflite", exchange::tflite, mend::nothing),
    target("safetensors", exchange::safetensors, mend::header_length),
    Target {
        grammar: Grammar::Text,
        ..target("network", files::network, mend::text)
    },
    target("images", files::image, mend::image),
    target("link", link::link, mend::nothing),
    target("storage", stored::storage, mend::slots),
];

const fn target(name: &'static str, run: fn(&[u8]) -> Verdict, mend: fn(&mut [u8])) -> Target {
    Target {
        name,
        run,
        mend,
        grammar: Grammar::Bytes,
    }
}

/// The target of this name.
pub fn find(name: &str) -> Result<&'static Target, String> {
    let found = ALL.iter().find(|target| target.name == name);
    found.ok_or_else(|| {
        let names: Vec<&str> = ALL.iter().map(|target| target.name).collect();
        format!("there is no target {name:?}, but {}", names.join(", "))
    })
}

impl Target {
    /// The inputs that a search begins with, by name.
    pub fn corpus(&self) -> BTreeMap<String, Vec<u8>> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
        let entries = fs::read_dir(folder.join(self.name)).into_iter().flatten();
        let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
        let file = |path: std::path::PathBuf| {
            let name = path.file_name()?.to_string_lossy().into_owned();
            Some((name, fs::read(&path).ok()?))
        };
        paths.filter_map(file).collect()
    }
}

/// A verdict of what is sound, or of why it is not.
fn verdict<E: ToString>(result: Result<(String, usize), E>) -> Verdict {
    let accepted = result.is_ok();
    let (words, need) = result.unwrap_or_else(|error| (error.to_string(), 0));
    Verdict {
        accepted,
        words,
        need,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measured::measured;

    #[test]
    fn all_of_the_corpus_is_sound_and_small() {
        for target in &ALL {
            let corpus = target.corpus();
            assert!(!corpus.is_empty(), "{}", target.name);
            let bytes: usize = corpus.values().map(Vec::len).sum();
            assert!(bytes < 1 << 15, "{} has {bytes} bytes", target.name);
            for (name, input) in corpus {
                let verdict = measured(target, &input);
                let accepted = verdict.as_ref().is_ok_and(|own| own.accepted);
                // What was found is kept there as well, under a name that says so.
                assert!(
                    accepted || name.starts_with("found"),
                    "{}/{name}: {verdict:?}",
                    target.name
                );
            }
        }
    }
}

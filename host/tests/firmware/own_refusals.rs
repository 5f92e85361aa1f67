//! What the compiler says of a model file that the crate `kiln` cannot put into a firmware.

use super::support::{asset, repository, thorough};
use std::fs;
use std::path::Path;
use std::process::Command;

/// A package of a few lines that depends on the crate.
fn package(folder: &Path, source: &str) {
    let kiln = repository().join("firmware/kiln");
    let manifest = format!(
        "[package]\nname = \"refused\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n\n\
         [dependencies]\nkiln = {{ path = {kiln:?} }}\n"
    );
    fs::create_dir_all(folder.join("src")).unwrap();
    fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    fs::copy(repository().join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    fs::write(folder.join("src/lib.rs"), source).unwrap();
}

#[test]
fn what_is_no_model_is_refused_by_the_compiler_in_words() {
    if !thorough() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let model = fs::read(asset("digits.kiln")).unwrap();
    let with = |at: usize, byte: u8| {
        let mut bytes = model.clone();
        bytes[at] = byte;
        bytes
    };
    let (damaged, newer) = (with(model.len() / 2, 77), with(4, 9));
    let cases = [
        (
            "damaged",
            &damaged[..],
            "",
            "the model file is damaged (its checksum differs)",
        ),
        (
            "newer",
            &newer,
            "",
            "model file format 9, but this build reads formats 1 to 3",
        ),
        ("text", b"no model", "", "text.kiln: not a Kiln model file"),
        (
            "cut",
            &model[..99],
            "",
            "the model file is cut short: 99 of 215692 bytes",
        ),
        (
            "large",
            &model,
            ", ram = 4K",
            "4448 bytes too large for the 4096 bytes of RAM",
        ),
        (
            "deep",
            &model,
            ", train = last(9)",
            "more layers than the 4 that have parameters",
        ),
        (
            "odd",
            &model,
            ", trian = all",
            "kiln::model! is called like this",
        ),
    ];
    let mut source = String::from("kiln::model!(\"missing.kiln\");\n");
    for (name, content, options, _) in cases {
        fs::write(folder.path().join(format!("{name}.kiln")), content).unwrap();
        source += &format!("kiln::model!(\"{name}.kiln\"{options});\n");
    }
    package(folder.path(), &source);
    let output = Command::new(env!("CARGO"))
        .args(["check", "--offline", "--color=never"])
        .current_dir(folder.path())
        .env("CARGO_TARGET_DIR", repository().join("target/refused"))
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{text}");
    assert!(text.contains("missing.kiln: No such file"), "{text}");
    for (index, (name, _, _, words)) in cases.iter().enumerate() {
        let place = format!("src/lib.rs:{}:", index + 2);
        let message = text.split("\n\n").find(|message| message.contains(&place));
        let message = message.unwrap_or_else(|| panic!("{name}: nothing at {place}: {text}"));
        assert!(message.contains(words), "{name}: {message}");
    }
}

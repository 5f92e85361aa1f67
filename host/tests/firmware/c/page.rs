//! The page's own commands and program, in a folder that has nothing else.

use super::super::own::page_lines;
use super::super::support::repository;
use super::{MOST_LINES, ready_library, succeeded};
use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

/// Commands of the section, at most.
const MOST_COMMANDS: usize = 5;

/// The section.
pub(super) fn text() -> String {
    let page = fs::read_to_string(repository().join("firmware/README.md")).unwrap();
    let (_, section) = page.split_once("\n## In C\n").unwrap();
    section.into()
}

/// The first code block of a language.
fn block(language: &str) -> String {
    let text = text();
    let start = format!("```{language}\n");
    let (_, block) = text.split_once(&start).unwrap();
    block.split_once("```").unwrap().0.into()
}

#[test]
fn the_page_s_own_commands_make_a_firmware_that_learns() {
    let (commands, program) = (block("sh"), block("c"));
    let commands: Vec<&str> = commands.lines().collect();
    assert!(commands.len() <= MOST_COMMANDS, "{commands:?}");
    assert!(program.lines().count() < MOST_LINES);
    let folder = tempfile::tempdir().unwrap();
    // Where no compiler can, this says so.
    if ready_library(&folder.path().join("library")).is_none() {
        return;
    }
    // The commands are typed in the repository; here it has what they name and nothing else.
    let root = repository().canonicalize().unwrap();
    for name in ["firmware", "scripts"] {
        symlink(root.join(name), folder.path().join(name)).unwrap();
    }
    let mut printed = String::new();
    for command in commands {
        let command = command.replace("cargo run -p host --", env!("CARGO_BIN_EXE_kiln"));
        let output = Command::new("sh")
            .args(["-euc", &command])
            .current_dir(folder.path())
            .env_remove("CARGO_TARGET_DIR")
            .output()
            .unwrap();
        succeeded(&output);
        printed = String::from_utf8(output.stdout).unwrap();
        // What the page says to write, as soon as there is a folder for it.
        if folder.path().join("digits_c").exists() {
            fs::write(folder.path().join("digits_c/main.c"), &program).unwrap();
        }
    }
    assert_eq!(printed, page_lines());
}

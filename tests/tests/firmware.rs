//! The firmware on every emulated board, for real: built, run, and its report read.

use host::boards::BOARDS;
use host::emulator::{Emulation, EmulationError, Program, Serial};
use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What `build.sh` exits with where no compiler can build for the board.
const NO_TARGET: i32 = 3;
/// Bytes of stack that inference may take.
const STACK: usize = 2048;
const ARENA: usize = 9 << 10;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../firmware")
}

/// Says what is missing; fails where the tests were asked for.
fn skip(reason: &str) {
    let message = format!(
        "firmware tests were skipped: {reason}; to run them: rustup target add \
         thumbv7em-none-eabihf thumbv7m-none-eabi, apt-get install qemu-system-arm, and set \
         KILN_FIRMWARE=1"
    );
    assert!(!is_wanted(), "{message}");
    eprintln!("{message}");
}

/// The last number in a line of the report that starts with `label`.
fn number(report: &[String], label: &str) -> usize {
    let line = report.iter().find(|line| line.starts_with(label)).unwrap();
    let numbers = line.split(|c: char| !c.is_ascii_digit());
    numbers
        .filter_map(|text| text.parse().ok())
        .next_back()
        .unwrap()
}

/// Building for four boards takes minutes where the standard library has to be built, too.
fn is_wanted() -> bool {
    env::var_os("KILN_FIRMWARE").is_some()
}

#[test]
fn every_emulated_board_gives_the_bits_of_the_desktop() {
    if !is_wanted() {
        return skip("they take minutes and KILN_FIRMWARE is not set");
    }
    for board in BOARDS {
        let build = Command::new(folder().join("build.sh"))
            .args(["build", board.name, "--quiet"])
            .env_remove("CARGO_TARGET_DIR")
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&build.stderr);
        if build.status.code() == Some(NO_TARGET) {
            return skip(errors.trim());
        }
        assert!(build.status.success(), "{}: {errors}", board.name);
        if board.emulated_processor.is_none() {
            continue;
        }
        let elf = folder().join(format!("target/{}/release/evaluate", board.target));
        let program = Program::read(&elf).unwrap();
        assert_eq!(program.board(), Some(board));
        let mut emulation = match Emulation::start(&program, board, Serial::Nowhere) {
            Err(error @ EmulationError::NoQemu) => return skip(&error.to_string()),
            other => other.unwrap(),
        };
        let mut report = vec![];
        let status = emulation.follow(&program, |line| {
            report.push(line.to_string());
            Ok(())
        });
        let text = report.join("\n");
        assert!(status.unwrap().success(), "{}: {text}", board.name);
        assert!(text.contains("equal to the desktop's to the bit"), "{text}");
        assert!(text.contains("accuracy   99 of 100"), "{text}");
        assert!(number(&report, "stack") <= STACK, "{text}");
        assert!(number(&report, "arena") <= ARENA, "{text}");
        let heap = report.iter().find(|line| line.starts_with("heap")).unwrap();
        assert_eq!(
            heap.matches(&number(&report, "arena").to_string()).count(),
            2,
            "{heap}"
        );
    }
}

extern crate std;

use super::*;
use std::format;
use std::string::String;

/// What builds the firmware must know before there is anything to ask.
const SCRIPT: &str = include_str!("../../build.sh");
const MANIFEST: &str = include_str!("../../Cargo.toml");
const SETTINGS: &str = include_str!("../../.cargo/config.toml");

#[test]
fn names_are_unique_and_found() {
    for board in BOARDS {
        assert_eq!(named(board.name), Some(board));
        let same = BOARDS.iter().filter(|other| other.name == board.name);
        assert_eq!(same.count(), 1, "{}", board.name);
    }
    assert_eq!(named("mps2"), None);
}

#[test]
fn the_script_builds_every_board_for_its_target() {
    for board in BOARDS {
        let lines = SCRIPT.lines().map(str::trim);
        let targets: std::vec::Vec<&str> = lines
            .filter_map(|line| line.split_once(") target="))
            .filter(|(names, _)| names.split(" | ").any(|name| name == board.name))
            .filter_map(|(_, target)| target.strip_suffix(" ;;"))
            .collect();
        assert_eq!(targets, [board.target], "{}", board.name);
    }
    let names: std::vec::Vec<&str> = BOARDS.iter().map(|board| board.name).collect();
    let list = format!("the boards are {}\"", names.join(", "));
    assert!(SCRIPT.contains(&list), "{list}");
}

#[test]
fn the_firmware_has_a_feature_for_every_board_and_the_default_is_the_first() {
    for board in BOARDS {
        let feature = format!("\n{} = [", board.name);
        assert!(MANIFEST.contains(&feature), "{}", board.name);
    }
    let default: String = format!("\ndefault = [\"{}\"]", BOARDS[0].name);
    assert!(MANIFEST.contains(&default));
    let target = format!("[build]\ntarget = \"{}\"", BOARDS[0].target);
    assert!(SETTINGS.contains(&target));
}

#[test]
fn storage_is_two_slots_of_whole_pages() {
    assert_eq!(storage_bytes(1), 2 * PAGE_BYTES);
    let most = (PAGE_BYTES - SLOT_HEADER_BYTES) / size_of::<f32>();
    assert_eq!(storage_bytes(most), 2 * PAGE_BYTES);
    assert_eq!(storage_bytes(most + 1), 4 * PAGE_BYTES);
}

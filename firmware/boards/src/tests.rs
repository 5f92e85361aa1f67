extern crate std;

use super::*;
use std::format;
use std::string::String;
use std::vec::Vec;

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

/// Boards with a program, and those without.
fn by_programs() -> [Vec<Board>; 2] {
    let (with, without) = BOARDS
        .into_iter()
        .partition(|board| board.programs != BoardPrograms::None);
    [with, without]
}

fn names(boards: &[Board]) -> String {
    let names: Vec<&str> = boards.iter().map(|board| board.name).collect();
    names.join(", ")
}

#[test]
fn the_script_builds_every_board_with_a_program_for_its_target() {
    let [with, without] = by_programs();
    for board in &with {
        let lines = SCRIPT.lines().map(str::trim);
        let targets: Vec<&str> = lines
            .filter_map(|line| line.split_once(") target="))
            .filter(|(names, _)| names.split(" | ").any(|name| name == board.name))
            .filter_map(|(_, target)| target.strip_suffix(" ;;"))
            .collect();
        assert_eq!(targets, [board.target], "{}", board.name);
    }
    let list = format!("the boards are {}\"", names(&with));
    assert!(SCRIPT.contains(&list), "{list}");
    let facts: Vec<&str> = without.iter().map(|board| board.name).collect();
    let case = format!("\n{})", facts.join(" | "));
    assert!(SCRIPT.contains(&case), "{case}");
}

#[test]
fn the_firmware_has_a_feature_for_every_board_with_a_program_and_the_default_is_the_first() {
    let [with, without] = by_programs();
    let has_feature = |board: &Board| MANIFEST.contains(&format!("\n{} = [", board.name));
    assert!(with.iter().all(has_feature), "{}", names(&with));
    assert!(!without.iter().any(has_feature), "{}", names(&without));
    let default = format!("\ndefault = [\"{}\"]", BOARDS[0].name);
    assert!(MANIFEST.contains(&default));
    let target = format!("[build]\ntarget = \"{}\"", BOARDS[0].target);
    assert!(SETTINGS.contains(&target));
}

#[test]
fn a_board_without_programs_has_none_and_others_evaluate() {
    for board in BOARDS {
        let evaluates = board.has_program("evaluate_int8");
        assert_eq!(
            evaluates,
            board.programs != BoardPrograms::None,
            "{}",
            board.name
        );
        let all = board.programs == BoardPrograms::All;
        assert_eq!(board.has_program("serve"), all, "{}", board.name);
    }
}

#[test]
fn boards_stand_by_what_they_have() {
    let order = [
        BoardPrograms::All,
        BoardPrograms::Evaluation,
        BoardPrograms::Int8Evaluation,
        BoardPrograms::None,
    ];
    let place = |board: &Board| {
        order
            .iter()
            .position(|programs| *programs == board.programs)
    };
    assert!(BOARDS.is_sorted_by_key(place));
}

/// Core's loops for both are chosen by the target.
#[test]
fn arm_targets_with_a_floating_point_unit_have_the_dsp_extension() {
    for board in BOARDS {
        let hard_float = board.target.ends_with("eabihf");
        assert_eq!(board.has_floating_point_unit, hard_float, "{}", board.name);
        assert_eq!(board.has_dsp, hard_float, "{}", board.name);
    }
}

#[test]
fn memories_lie_apart_and_leave_what_the_firmware_keeps() {
    for board in BOARDS {
        let flash =
            u64::from(board.flash_origin)..u64::from(board.flash_origin) + board.flash as u64;
        let ram = u64::from(board.ram_origin)..u64::from(board.ram_origin) + board.ram as u64;
        assert!(
            flash.end <= ram.start || ram.end <= flash.start,
            "{}",
            board.name
        );
        assert!(
            board.flash > INT8_PROGRAM_BYTES && board.ram > board.working_bytes(),
            "{}",
            board.name
        );
    }
}

#[test]
fn storage_is_two_slots_of_whole_pages() {
    assert_eq!(storage_bytes(1), 2 * PAGE_BYTES);
    let most = (PAGE_BYTES - SLOT_HEADER_BYTES) / size_of::<f32>();
    assert_eq!(storage_bytes(most), 2 * PAGE_BYTES);
    assert_eq!(storage_bytes(most + 1), 4 * PAGE_BYTES);
}

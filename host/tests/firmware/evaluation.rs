//! Boards for which the firmware has `evaluate` and `evaluate_int8` only, or the latter.

use super::boards::number;
use super::support::{run, skip, thorough};
use host::boards::{BOARDS, BoardPrograms};
use host::firmware::{FirmwareProfile, build};

/// Bytes of stack, of the 4096 that the linker leaves at least and that end in a guard of 256. What is built
/// quickly, crate by crate, takes half as much again as what is flashed.
const MOST_STACK: usize = 3584;

#[test]
fn boards_that_only_evaluate_give_the_bits_and_the_codes_of_the_desktop() {
    if !thorough() {
        return;
    }
    let boards = BOARDS.iter();
    let evaluates = [BoardPrograms::Evaluation, BoardPrograms::Int8Evaluation];
    for board in boards.filter(|board| evaluates.contains(&board.programs)) {
        for (program, equal) in [
            ("evaluate", "equal to the desktop's to the bit"),
            ("evaluate_int8", "equal to the desktop's"),
        ] {
            if !board.has_program(program) {
                continue;
            }
            let firmware = match build(*board, program, None, None, FirmwareProfile::Quick) {
                Ok(firmware) => firmware,
                Err(error) => return skip(&error.to_string()),
            };
            if board.emulated.is_none() {
                // It has been linked, which is what can be known of it here.
                continue;
            }
            let (report, status) = run(firmware.path(), *board);
            let text = report.join("\n");
            assert!(status.success(), "{}: {text}", board.name);
            assert_eq!(report[0], format!("board      {}", board.name));
            assert!(report.iter().any(|line| line.ends_with(equal)), "{text}");
            assert!(text.contains("accuracy   99 of 100"), "{text}");
            assert!(number(&report, "stack") <= MOST_STACK, "{text}");
        }
    }
}

/// Nothing is compiled: it is the table that knows.
#[test]
fn other_programs_are_refused_in_words() {
    for board in BOARDS.iter().filter(|board| !board.has_program("serve")) {
        let Err(error) = build(*board, "serve", None, None, FirmwareProfile::Quick) else {
            panic!("{}: it was built", board.name);
        };
        let error = error.to_string();
        assert!(
            error.contains(board.name) && error.contains("mps2-an386"),
            "{error}"
        );
    }
}

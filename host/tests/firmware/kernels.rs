//! A processor's own kernels, held to the references where they run.

use super::support::{boards, firmware, run};

#[test]
fn kernels_have_the_bits_of_the_references() {
    check(
        "kernels",
        "kernels    465 layers have the bits of the reference",
    );
}

#[test]
fn kernels_of_codes_have_the_bytes_of_naive_loops() {
    check(
        "codes",
        "codes      555 layers have the codes of naive loops",
    );
}

/// Runs a program on each emulated board that has kernels of its own, up to its last line.
fn check(program: &str, expected: &str) {
    // Others run the kernels that are tested on the desktop.
    let with_kernels = |target: &str| target.ends_with("eabihf");
    for board in boards().iter().filter(|board| with_kernels(board.target)) {
        let Some(firmware) = firmware(*board, program) else {
            return;
        };
        if board.emulated.is_none() {
            continue;
        }
        let (report, status) = run(firmware.path(), *board);
        assert!(status.success(), "{}: {report:#?}", board.name);
        let last = report.last().expect("no line");
        assert_eq!(last, expected, "{}", board.name);
    }
}

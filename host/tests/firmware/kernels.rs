//! A processor's own kernels, held to the references where they run.

use super::support::{boards, firmware, run};

#[test]
fn kernels_have_the_bits_of_the_references() {
    // Others run the kernels that are tested on the desktop.
    let with_kernels = |target: &str| target.ends_with("eabihf");
    for board in boards().iter().filter(|board| with_kernels(board.target)) {
        let Some(firmware) = firmware(*board, "kernels") else {
            return;
        };
        if board.emulated.is_none() {
            continue;
        }
        let (report, status) = run(firmware.path(), *board);
        assert!(status.success(), "{}: {report:#?}", board.name);
        let last = report.last().expect("no line");
        let expected = "kernels    465 layers have the bits of the reference";
        assert_eq!(last, expected, "{}", board.name);
    }
}

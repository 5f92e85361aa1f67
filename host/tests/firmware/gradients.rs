//! A processor's own kernels of training, held to those for many samples where they run.

use super::support::{boards, firmware, run, thorough};

#[test]
fn gradients_have_the_bits_of_the_kernels_for_many_samples() {
    if !thorough() {
        return;
    }
    // Others run the kernels that are tested on the desktop.
    let with_kernels = |target: &str| target.ends_with("eabihf");
    for board in boards().iter().filter(|board| with_kernels(board.target)) {
        let Some(firmware) = firmware(*board, "gradients") else {
            return;
        };
        if board.emulated.is_none() {
            continue;
        }
        let (report, status) = run(firmware.path(), *board);
        assert!(status.success(), "{}: {report:#?}", board.name);
        let last = report.last().expect("no line");
        let count = last.strip_prefix("gradients  ");
        let count = count.and_then(|rest| rest.split_once(" trainings have the same bits"));
        let count: u32 = count.expect(last).0.parse().expect(last);
        // Of 400 networks, each trained in two ways, there is room for most.
        assert!(count >= 400, "{}: {last}", board.name);
    }
}

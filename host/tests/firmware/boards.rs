//! Every board: built, and where it can be emulated, run.

use super::support::{bits, boards, firmware, images, int8_images, most_stack, run, served};
use host::link::{Int8Sample, LinkSession, from_socket};
use std::time::Duration;

const ARENA: usize = 9 << 10;

/// The last number in a line of the report that starts with `label`.
pub fn number(report: &[String], label: &str) -> usize {
    let line = report.iter().find(|line| line.starts_with(label)).unwrap();
    let numbers = line.split(|c: char| !c.is_ascii_digit());
    numbers
        .filter_map(|text| text.parse().ok())
        .next_back()
        .unwrap()
}

#[test]
fn every_board_gives_the_bits_of_the_desktop() {
    for board in boards() {
        let Some(firmware) = firmware(*board, "evaluate") else {
            return;
        };
        if board.emulated.is_none() {
            continue;
        }
        let (report, status) = run(firmware.path(), *board);
        let text = report.join("\n");
        assert!(status.success(), "{}: {text}", board.name);
        assert!(text.contains("equal to the desktop's to the bit"), "{text}");
        assert!(text.contains("accuracy   99 of 100"), "{text}");
        assert!(number(&report, "stack") <= most_stack(), "{text}");
        let arena = number(&report, "arena");
        assert!(arena <= ARENA, "{text}");
        // Before the first inference and after the last.
        let heap = report.iter().find(|line| line.starts_with("heap")).unwrap();
        assert_eq!(heap.matches(&arena.to_string()).count(), 2, "{heap}");
    }
}

/// By each processor's own kernels, or by those for any.
#[test]
fn every_board_gives_the_codes_of_the_desktop() {
    for board in boards() {
        let Some(firmware) = firmware(*board, "evaluate_int8") else {
            return;
        };
        if board.emulated.is_none() {
            continue;
        }
        let (report, status) = run(firmware.path(), *board);
        let text = report.join("\n");
        assert!(status.success(), "{}: {text}", board.name);
        let codes = report
            .iter()
            .find(|line| line.starts_with("codes"))
            .unwrap();
        assert!(codes.ends_with("equal to the desktop's"), "{text}");
        assert!(text.contains("accuracy   99 of 100"), "{text}");
        assert!(number(&report, "arena") <= 2800, "{text}");
        assert!(number(&report, "stack") <= most_stack(), "{text}");
        let inference = report.iter().find(|line| line.starts_with("inference"));
        let inference = inference.unwrap().split_whitespace().nth(1).unwrap();
        let most = match board.target.ends_with("eabihf") {
            // CMSIS-NN takes 1,235,360.
            true => 325_000,
            false => u32::MAX,
        };
        assert!(inference.parse::<u32>().unwrap() <= most, "{text}");
    }
}

#[test]
fn every_board_serves_the_bits_of_the_desktop() {
    every_board_serves("serve", |session| {
        let before = session.usage().unwrap();
        for (image, logits) in images(10) {
            assert_eq!(bits(&session.infer(&image).unwrap().1), logits);
        }
        let after = session.usage().unwrap();
        assert_eq!(before.heap, after.heap);
        assert!(after.arena as usize <= ARENA, "{after:?}");
        assert!(after.stack as usize <= most_stack(), "{after:?}");
    });
}

#[test]
fn every_board_serves_the_codes_of_the_desktop() {
    every_board_serves("serve_int8", |session| {
        for sample in int8_images(10) {
            // The device makes codes of pixels as the desktop does, and takes them as they are.
            for given in [
                Int8Sample::Image(&sample.image),
                Int8Sample::Codes(&sample.input),
            ] {
                assert_eq!(session.infer_int8(given).unwrap().1, sample.output);
            }
        }
        let refused = session.infer_int8(Int8Sample::Codes(&[0; 3])).unwrap_err();
        assert!(refused.to_string().contains("784 bytes"), "{refused}");
        let usage = session.usage().unwrap();
        assert!(usage.arena <= 2800, "{usage:?}");
        assert!(usage.stack as usize <= most_stack(), "{usage:?}");
        assert_eq!(usage.heap, 0);
    });
}

/// Checks a program that serves the committed network on each board that can be emulated, and builds it
/// for the others.
fn every_board_serves(program: &str, check: impl Fn(&mut LinkSession)) {
    for board in boards() {
        let Some(firmware) = firmware(*board, program) else {
            return;
        };
        if board.emulated.is_none() {
            continue;
        }
        let served = served(*board, firmware);
        let stream = from_socket(served.port.try_clone().unwrap()).unwrap();
        let mut session = LinkSession::new(stream, Duration::from_secs(20));
        assert_eq!(session.hello().unwrap().board, board.name);
        check(&mut session);
        session.finish().unwrap();
    }
}

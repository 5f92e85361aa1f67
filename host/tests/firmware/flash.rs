//! A flash image that is not as it was built.

use super::support::{asset, firmware, run};
use host::boards::BOARDS;
use std::fs;

/// Where the model lies in the program.
fn place(program: &[u8], model: &[u8]) -> usize {
    let mut places =
        (0..program.len() - model.len()).filter(|at| program[*at..].starts_with(model));
    let place = places.next().expect("no model in the program");
    assert_eq!(places.next(), None, "two models in the program");
    place
}

#[test]
fn a_model_altered_in_any_byte_is_refused() {
    for name in ["evaluate", "serve"] {
        let Some(firmware) = firmware(BOARDS[0], name) else {
            return;
        };
        let model = fs::read(asset("digits.kiln")).unwrap();
        let program = fs::read(firmware.path()).unwrap();
        let start = place(&program, &model);
        let last = model.len() - 1;
        // Every field of the prefix, the header, parameters from first to last, the checksum.
        for at in [
            0,
            4,
            6,
            8,
            12,
            40,
            300,
            last / 3,
            last / 2,
            last - 4,
            last - 2,
            last,
        ] {
            let mut altered = program.clone();
            altered[start + at] ^= 1 << (at % 8);
            let path = firmware.path().with_extension("altered");
            fs::write(&path, altered).unwrap();
            let (log, status) = run(&path, BOARDS[0]);
            assert_eq!(status.code(), Some(1), "{name}, byte {at}: {log:?}");
            let error = log.last().expect("no line");
            assert!(
                error.starts_with("error: the model in flash is damaged")
                    && error.ends_with("flash it again"),
                "{name}, byte {at}: {error}"
            );
        }
    }
}

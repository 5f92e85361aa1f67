//! MLPerf Tiny's four reference models, where the machine has them.

use super::damaged::probe;
use super::*;
use std::fs;
use std::path::PathBuf;

/// A folder with NAME.tflite and NAME.expected.safetensors for each of the four.
const VARIABLE: &str = "KILN_MLPERF_TINY";

fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os(VARIABLE).map(PathBuf::from);
    if folder.is_none() {
        eprintln!("skipped: {VARIABLE} names no folder with MLPerf Tiny's models");
    }
    folder
}

#[test]
fn the_reference_models_give_the_codes_of_the_reference_kernels() {
    let Some(folder) = folder() else {
        return;
    };
    for (name, left_out) in [
        ("ic", Some("SOFTMAX")),
        ("kws", Some("SOFTMAX")),
        ("vww", Some("SOFTMAX")),
        ("ad", None),
    ] {
        let bytes = fs::read(folder.join(format!("{name}.tflite"))).unwrap();
        let imported = read(&bytes).unwrap();
        assert_eq!(imported.left_out.as_deref(), left_out, "{name}");
        let expected = fs::read(folder.join(format!("{name}.expected.safetensors"))).unwrap();
        check(
            name,
            &imported,
            &SafeTensors::deserialize(&expected).unwrap(),
        );
    }
}

/// A byte in each of 400 places, and 100 lengths.
#[test]
fn the_reference_models_damaged_never_panic() {
    let Some(folder) = folder() else {
        return;
    };
    for name in ["ic", "kws", "vww", "ad"] {
        let whole = fs::read(folder.join(format!("{name}.tflite"))).unwrap();
        let mut bytes = whole.clone();
        for index in 0..400 {
            // Steps of different lengths, towards the end, where the tables lie.
            let at = whole.len() - 1 - (index * index * 7 + index) % whole.len();
            bytes[at] ^= [0x01, 0x10, 0x80, 0xFF][index % 4];
            probe(&bytes);
            bytes[at] = whole[at];
            if index % 4 == 0 {
                probe(&whole[..at]);
            }
        }
    }
}

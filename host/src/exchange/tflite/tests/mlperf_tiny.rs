//! MLPerf Tiny's four reference models, where the machine has them.

use super::*;
use std::fs;
use std::path::PathBuf;

/// A folder with NAME.tflite and NAME.expected.safetensors for each of the four.
const VARIABLE: &str = "KILN_MLPERF_TINY";

#[test]
fn the_reference_models_give_the_codes_of_the_reference_kernels() {
    let Some(folder) = std::env::var_os(VARIABLE).map(PathBuf::from) else {
        eprintln!("skipped: {VARIABLE} names no folder with MLPerf Tiny's models");
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
        assert_eq!(imported.left_out, left_out, "{name}");
        let expected = fs::read(folder.join(format!("{name}.expected.safetensors"))).unwrap();
        check(
            name,
            &imported,
            &SafeTensors::deserialize(&expected).unwrap(),
        );
    }
}

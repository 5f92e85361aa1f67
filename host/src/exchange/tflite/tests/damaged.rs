//! Damaged files are an error or another network; nothing panics, and nothing takes the memory that a
//! number in a file names.

use super::fixtures::{NAMES, fixture};
use super::*;
use crate::exchange::damage;
use proptest::prelude::*;

fn files() -> Vec<Vec<u8>> {
    let mut files: Vec<Vec<u8>> = NAMES.map(|name| fixture(&format!("{name}.tflite"))).into();
    files.push(builder::small().write());
    files
}

/// Reads a file; what is read is sound.
pub fn probe(bytes: &[u8]) -> bool {
    read(bytes).is_ok_and(|imported| {
        assert!(imported.tables.weights.len() <= bytes.len() * kiln_core::MAX_NODES);
        imported.tables.quantized().is_ok()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn changed_files_never_panic(bytes in damage::to_one_of(files())) {
        probe(&bytes);
    }
}

#[test]
fn every_byte_of_a_file_may_be_anything() {
    let whole = builder::small().write();
    let mut sound = 0;
    for at in 0..whole.len() {
        for change in [0x01, 0x80, 0xFF] {
            let mut bytes = whole.clone();
            bytes[at] ^= change;
            sound += usize::from(probe(&bytes));
        }
        assert!(!probe(&whole[..at]) || at > whole.len() / 2, "cut at {at}");
    }
    // Weights, and what nobody reads.
    assert!(sound > 24 && sound < 2 * whole.len(), "{sound}");
}

extern crate std;

use super::*;
use crate::ModelFile;
use crate::testing::int8::Integers;
use crate::testing::properties;
use proptest::prelude::*;
use std::{vec, vec::Vec};

const NETWORK: Network = Network::input(2, 4, 4).conv2d(3, 3).relu().linear(5);
const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];

#[repr(align(16))]
struct Aligned([u8; 1024]);

fn encode(out: &mut Aligned) -> usize {
    let integers = Integers::random(&NETWORK, Int8Rule::TensorFlowLite, 3);
    Int8ModelParts {
        quantized: &integers.of(&NETWORK),
        task: ModelTask::Classification,
        scaling: &Scaling::uniform(2, 0.5, -1.0).unwrap(),
        class_names: &NAMES,
        notes: "by hand",
    }
    .write(&mut out.0)
    .unwrap()
}

fn seal(bytes: &mut [u8]) {
    let (content, checksum) = bytes.split_at_mut(bytes.len() - CHECKSUM_LEN);
    checksum.copy_from_slice(&crc32(content).to_le_bytes());
}

#[test]
fn what_is_written_is_read_back_in_place() {
    let mut memory = Aligned([0xAA; 1024]);
    let len = encode(&mut memory);
    let bytes = &memory.0[..len];
    assert_eq!(Int8ModelFile::is_int8(bytes), Ok(true));
    assert_eq!(ModelFile::length(&bytes[..16]), Ok(len));
    let file = Int8ModelFile::open(bytes).unwrap();
    let integers = Integers::random(&NETWORK, Int8Rule::TensorFlowLite, 3);
    let found = file.quantized();
    assert_eq!(found.network(), &NETWORK);
    assert_eq!(found.rule(), Int8Rule::TensorFlowLite);
    assert_eq!(found.values(), integers.values);
    assert_eq!(found.constants(), integers.constants);
    assert_eq!(found.weights(), integers.weights);
    assert_eq!(file.scaling(), &Scaling::uniform(2, 0.5, -1.0).unwrap());
    assert!(file.class_names().eq(NAMES));
    assert_eq!(file.notes(), "by hand");
    assert_eq!(found.weights().as_ptr().align_offset(16), 0);
}

#[test]
fn one_kind_of_model_is_not_taken_for_the_other() {
    let mut memory = Aligned([0; 1024]);
    let len = encode(&mut memory);
    assert_eq!(ModelFile::open(&memory.0[..len]), Err(ModelError::Int8));
    let parameters = vec![0.5; NETWORK.parameters()];
    let len = crate::ModelParts {
        network: &NETWORK,
        task: ModelTask::Classification,
        scaling: &Scaling::uniform(2, 1.0, 0.0).unwrap(),
        class_names: &[],
        notes: "",
        parameters: &parameters,
    }
    .write(&mut memory.0)
    .unwrap();
    let found = Int8ModelFile::open(&memory.0[..len]);
    assert_eq!(found.err(), Some(ModelError::Float));
}

properties! {
    /// With the right checksum beneath it, a changed byte is refused or gives sound integers.
    #[test]
    fn changed_bytes_never_panic(changes in proptest::collection::vec((0..1024_usize, any::<u8>()), 1..4)) {
        let mut memory = Aligned([0; 1024]);
        let len = encode(&mut memory);
        for (at, byte) in changes {
            memory.0[at % (len - CHECKSUM_LEN)] = byte;
        }
        seal(&mut memory.0[..len]);
        if let Ok(file) = Int8ModelFile::open(&memory.0[..len]) {
            let quantized = file.quantized();
            prop_assert!(quantized.network().check().is_ok());
            let lens: Vec<usize> = quantized.nodes().map(|(weights, _)| weights.len()).collect();
            prop_assert_eq!(lens.iter().sum::<usize>(), quantized.weights().len());
        }
    }

    #[test]
    fn a_file_cut_short_is_refused(cut in 0..1024_usize) {
        let mut memory = Aligned([0; 1024]);
        let len = encode(&mut memory);
        prop_assert!(Int8ModelFile::open(&memory.0[..cut % len]).is_err());
    }
}

mod first_version;

use super::*;
use crate::testing::properties;
use proptest::prelude::*;
use std::{vec, vec::Vec};

extern crate std;

const NETWORK: Network = Network::input(2, 4, 4).conv2d(2, 3).relu().linear(3);
const NAMES: [&str; 3] = ["Häuser", "b c", "c"];

/// A file at an address of the wanted remainder by 16.
struct Placed {
    memory: Vec<u8>,
    start: usize,
}

impl Placed {
    fn new(bytes: &[u8], offset: usize) -> Self {
        let mut memory = vec![0; bytes.len() + 32];
        let start = memory.as_ptr().align_offset(16) + offset;
        memory[start..start + bytes.len()].copy_from_slice(bytes);
        Self { memory, start }
    }

    fn bytes(&mut self, len: usize) -> &mut [u8] {
        &mut self.memory[self.start..self.start + len]
    }
}

fn scaling() -> Scaling {
    Scaling::new(&[0.5, 0.25], &[-1.0, 1.0]).unwrap()
}

fn parts<'a>(scaling: &'a Scaling, parameters: &'a [f32]) -> ModelParts<'a> {
    ModelParts {
        network: &NETWORK,
        task: ModelTask::Classification,
        scaling,
        class_names: &NAMES,
        notes: "seed 1",
        parameters,
    }
}

fn encode(parts: &ModelParts<'_>) -> Vec<u8> {
    let mut bytes = vec![0xAA; parts.encoded_len().unwrap()];
    assert_eq!(parts.write(&mut bytes), Ok(bytes.len()));
    bytes
}

fn parameters() -> Vec<f32> {
    (0..NETWORK.parameters())
        .map(|index| index as f32 * 0.5)
        .collect()
}

fn sample() -> Vec<u8> {
    encode(&parts(&scaling(), &parameters()))
}

/// Puts the right checksum under altered content, to reach the checks behind it.
fn seal(bytes: &mut [u8]) {
    let (content, checksum) = bytes.split_at_mut(bytes.len() - CHECKSUM_LEN);
    checksum.copy_from_slice(&crc32(content).to_le_bytes());
}

fn open_error(bytes: &[u8]) -> ModelError {
    let mut placed = Placed::new(bytes, 0);
    ModelFile::open(placed.bytes(bytes.len())).unwrap_err()
}

#[test]
fn everything_written_is_read_back_in_place() {
    let bytes = sample();
    let mut placed = Placed::new(&bytes, 0);
    let bytes = &*placed.bytes(bytes.len());
    let model = ModelFile::open(bytes).unwrap();
    assert_eq!(model.network(), &NETWORK);
    assert_eq!(model.task(), ModelTask::Classification);
    assert_eq!(model.scaling(), &scaling());
    assert!(model.class_names().eq(NAMES));
    assert_eq!(model.notes(), "seed 1");
    assert_eq!(model.parameters(), parameters());
    assert_eq!(model.parameters().as_ptr().align_offset(16), 0);
    assert!(
        bytes
            .as_ptr_range()
            .contains(&model.parameters().as_ptr().cast())
    );
    assert_eq!(ModelFile::length(&bytes[..16]), Ok(bytes.len()));
}

#[test]
fn names_may_be_left_out() {
    let (scaling, parameters) = (scaling(), parameters());
    let bytes = encode(&ModelParts {
        class_names: &[],
        ..parts(&scaling, &parameters)
    });
    let mut placed = Placed::new(&bytes, 0);
    let model = ModelFile::open(placed.bytes(bytes.len())).unwrap();
    assert_eq!(model.class_names().count(), 0);
}

#[test]
fn graphs_and_tasks_are_read_back() {
    let network = Network::input(2, 3, 3).conv2d(2, 1).relu6();
    let network = network
        .add(crate::Value::INPUT)
        .layer(crate::Layer::ScaleShift);
    let (scaling, parameters) = (scaling(), vec![0.5; network.parameters()]);
    let bytes = encode(&ModelParts {
        network: &network,
        task: ModelTask::Reconstruction,
        class_names: &[],
        ..parts(&scaling, &parameters)
    });
    let mut placed = Placed::new(&bytes, 0);
    let model = ModelFile::open(placed.bytes(bytes.len())).unwrap();
    assert_eq!(
        (model.network(), model.task()),
        (&network, ModelTask::Reconstruction)
    );
    let (scaling, parameters) = (self::scaling(), self::parameters());
    let wrong = ModelParts {
        task: ModelTask::Reconstruction,
        class_names: &[],
        ..parts(&scaling, &parameters)
    };
    let expected = ModelError::Reconstruction {
        inputs: 32,
        outputs: 3,
    };
    assert_eq!(wrong.encoded_len(), Err(expected));
}

#[test]
fn every_altered_byte_is_refused() {
    let original = sample();
    let mut placed = Placed::new(&original, 0);
    let bytes = placed.bytes(original.len());
    for position in 0..original.len() {
        for flip in 1..=255 {
            bytes[position] = original[position] ^ flip;
            assert!(ModelFile::open(bytes).is_err(), "byte {position} ^ {flip}");
        }
        bytes[position] = original[position];
    }
    assert!(ModelFile::open(bytes).is_ok());
}

#[test]
fn every_truncation_and_extension_is_refused() {
    let original = sample();
    for len in 0..original.len() {
        let error = open_error(&original[..len]);
        assert!(matches!(error, ModelError::Length { .. }), "{len}: {error}");
    }
    let mut longer = original;
    longer.push(0);
    assert!(matches!(open_error(&longer), ModelError::Length { .. }));
}

#[test]
fn only_multiples_of_four_are_addresses() {
    let bytes = sample();
    for offset in 0..16 {
        let mut placed = Placed::new(&bytes, offset);
        let opened = ModelFile::open(placed.bytes(bytes.len())).map(|_| ());
        let expected = if offset % 4 == 0 {
            Ok(())
        } else {
            Err(ModelError::Misaligned)
        };
        assert_eq!(opened, expected, "offset {offset}");
    }
}

#[test]
fn other_files_and_versions_are_named() {
    assert_eq!(
        open_error(b"PNG and more than sixteen bytes"),
        ModelError::NotAModel
    );
    let mut bytes = sample();
    for found in [0, 4] {
        bytes[4..6].copy_from_slice(&u16::to_le_bytes(found));
        assert_eq!(open_error(&bytes), ModelError::Version { found });
    }
    let mut bytes = sample();
    bytes[8..16].fill(255);
    assert_eq!(open_error(&bytes), ModelError::TooLarge);
}

#[test]
fn parts_that_do_not_fit_are_refused_before_writing() {
    let (scaling, parameters) = (scaling(), parameters());
    let good = parts(&scaling, &parameters);
    let narrow = Scaling::uniform(1, 1.0, 0.0).unwrap();
    let wrong = Network::input(2, 4, 4).conv2d(2, 9);
    let many = &parameters[1..];
    let cases = [
        (
            ModelParts {
                network: &wrong,
                ..good
            },
            "impossible network: layer 1 (conv2d)",
        ),
        (
            ModelParts {
                parameters: many,
                ..good
            },
            "but 64 are given",
        ),
        (
            ModelParts {
                scaling: &narrow,
                ..good
            },
            "2 input channels, but the input scaling has 1",
        ),
        (
            ModelParts {
                class_names: &["a"],
                ..good
            },
            "3 classes apart, but 1 are named",
        ),
        (
            ModelParts {
                class_names: &["a", "", "c"],
                ..good
            },
            "name of class 1",
        ),
        (
            ModelParts {
                class_names: &["a", "b", "c\nd"],
                ..good
            },
            "name of class 2",
        ),
    ];
    for (parts, expected) in cases {
        let mut out = [7; 1024];
        let message = std::format!("{}", parts.write(&mut out).unwrap_err());
        assert!(message.contains(expected), "{message} / {expected}");
        assert_eq!(out, [7; 1024]);
    }
    let mut short = vec![0; good.encoded_len().unwrap() - 1];
    let error = good.write(&mut short).unwrap_err();
    assert!(matches!(error, ModelError::BufferTooShort { .. }));
}

properties! {
    #[test]
    fn any_bytes_get_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let mut placed = Placed::new(&bytes, 0);
        prop_assert!(ModelFile::open(placed.bytes(bytes.len())).is_err());
    }

    #[test]
    fn any_bytes_with_a_sound_frame_get_an_answer(
        position in 16_usize..200,
        noise in prop::collection::vec(any::<u8>(), 1..24),
    ) {
        let mut bytes = sample();
        let content = bytes.len() - CHECKSUM_LEN;
        for (to, from) in bytes[..content].iter_mut().skip(position).zip(&noise) {
            *to = *from;
        }
        seal(&mut bytes);
        let mut placed = Placed::new(&bytes, 0);
        if let Ok(model) = ModelFile::open(placed.bytes(bytes.len())) {
            prop_assert!(model.network().check().is_ok());
            prop_assert_eq!(model.parameters().len(), model.network().parameters());
        }
    }

    #[test]
    fn any_names_and_notes_round_trip(
        names in prop::collection::vec("[^\n\r]{1,12}", 3),
        notes in ".{0,80}",
    ) {
        let (scaling, parameters) = (scaling(), parameters());
        let names: Vec<&str> = names.iter().map(|name| &**name).collect();
        let bytes = encode(&ModelParts {
            class_names: &names,
            notes: &notes,
            ..parts(&scaling, &parameters)
        });
        let mut placed = Placed::new(&bytes, 0);
        let model = ModelFile::open(placed.bytes(bytes.len())).unwrap();
        prop_assert!(model.class_names().eq(names));
        prop_assert_eq!(model.notes(), &*notes);
    }
}

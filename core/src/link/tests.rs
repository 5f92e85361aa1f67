extern crate std;

use super::*;
use crate::testing::properties;
use crate::{Sgd, Trainable};
use proptest::prelude::*;
use std::{vec, vec::Vec};

const N: usize = encoded_len(300);

fn bytes_of(image: &[u8], sequence: u32) -> Vec<u8> {
    let mut buffer = vec![0; encoded_len(image.len() + MESSAGE_OVERHEAD)];
    let body = Request::Infer(image);
    encode(&Frame { sequence, body }, &mut buffer)
        .unwrap()
        .to_vec()
}

/// The images and numbers of all sound frames, and how many were damaged.
fn decode(bytes: &[u8]) -> (Vec<(u32, Vec<u8>)>, usize) {
    let mut decoder = Decoder::<N>::new();
    let (mut images, mut damaged) = (vec![], 0);
    for byte in bytes {
        match decoder.push(*byte) {
            Some(Ok(payload)) => match parse(payload) {
                Some(Frame {
                    sequence,
                    body: Request::Infer(image),
                }) => images.push((sequence, image.to_vec())),
                _ => damaged += 1,
            },
            Some(Err(Damaged)) => damaged += 1,
            None => {}
        }
    }
    (images, damaged)
}

#[test]
fn a_length_beyond_the_message_is_no_message() {
    // Number 1, an image of 2^28 bytes, of which two are there.
    assert!(parse::<Request<'_>>(&[1, 1, 0x80, 0x80, 0x80, 0x80, 1, 7, 7]).is_none());
    assert!(parse::<Request<'_>>(&[1, 0, 9]).is_none());
    assert!(parse::<Request<'_>>(&[1, 200]).is_none());
    assert!(parse::<Request<'_>>(&[]).is_none());
}

#[test]
fn every_length_fits_its_buffer() {
    for len in (0..1100).chain(64_990..65_010) {
        let image = vec![1; len];
        let frame = Frame {
            sequence: 0,
            body: Request::Infer(&image),
        };
        let payload =
            2 + if len < 128 {
                1
            } else if len < 16_384 {
                2
            } else {
                3
            } + len;
        let mut buffer = vec![0; encoded_len(payload)];
        assert!(encode(&frame, &mut buffer).is_some(), "{len}");
    }
}

#[test]
fn a_buffer_too_short_is_told() {
    let frame = Frame {
        sequence: 1,
        body: Request::Infer(&[1; 20]),
    };
    for len in 0..20 {
        assert_eq!(encode(&frame, &mut vec![0; len]), None);
    }
}

/// Layers that are trained in no run, weights and biases apart: as many bytes as there can be.
fn scattered() -> Trainable {
    let all = Trainable::ALL.freeze(60).freeze(124).freeze(190);
    (1..crate::MAX_NODES / 2).fold(all, |trainable, half| {
        trainable.freeze(2 * half).biases(2 * half)
    })
}

#[test]
fn every_choice_of_trained_layers_fits_into_a_message() {
    let training = Training {
        trainable: scattered(),
        start: Start::Seed(u64::MAX),
        batch: u16::MAX,
        sgd: Sgd::new(0.1),
    };
    let frame = Frame {
        sequence: u32::MAX,
        body: Request::Configure(training),
    };
    let mut buffer = [0; encoded_len(MESSAGE_OVERHEAD)];
    let encoded = encode(&frame, &mut buffer).unwrap().to_vec();
    let mut decoder = Decoder::<MESSAGE_OVERHEAD>::new();
    let payload = encoded.iter().find_map(|byte| match decoder.push(*byte) {
        Some(Ok(payload)) => Some(payload.to_vec()),
        _ => None,
    });
    let payload = payload.unwrap();
    let found = parse::<Request<'_>>(&payload).unwrap();
    assert!(matches!(found.body, Request::Configure(other) if other.trainable == scattered()));
}

properties! {
    #[test]
    fn what_is_encoded_is_decoded(
        images in prop::collection::vec(prop::collection::vec(0..3_u8, 0..280), 1..4),
    ) {
        let mut stream = vec![];
        let mut sent = vec![];
        for (sequence, image) in images.into_iter().enumerate() {
            stream.extend(bytes_of(&image, sequence as u32));
            sent.push((sequence as u32, image));
        }
        prop_assert_eq!(decode(&stream), (sent, 0));
    }

    #[test]
    fn any_bytes_are_survived_and_the_next_frame_is_found(
        noise in prop::collection::vec(any::<u8>(), 0..2000),
        image in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let mut stream = noise;
        stream.push(0);
        stream.extend(bytes_of(&image, 5));
        let (images, _) = decode(&stream);
        prop_assert_eq!(images.last(), Some(&(5, image)));
    }

    #[test]
    fn a_damaged_frame_is_told_once_and_never_taken_for_sound(
        image in prop::collection::vec(any::<u8>(), 1..200),
        place in any::<prop::sample::Index>(),
        flip in 1..=255_u8,
    ) {
        let mut stream = bytes_of(&image, 9);
        let last = stream.len() - 1;
        let at = place.index(last);
        stream[at] ^= flip;
        let (images, damaged) = decode(&stream);
        prop_assert!(images.is_empty());
        prop_assert!(damaged >= 1);
    }

    #[test]
    fn a_cut_frame_is_damaged(image in prop::collection::vec(any::<u8>(), 1..200), place in any::<prop::sample::Index>()) {
        let mut stream = bytes_of(&image, 9);
        let end = 1 + place.index(stream.len() - 2);
        stream.truncate(end);
        stream.push(0);
        prop_assert_eq!(decode(&stream), (vec![], 1));
    }

    #[test]
    fn a_frame_too_long_is_damaged(image in prop::collection::vec(any::<u8>(), N..2 * N)) {
        prop_assert_eq!(decode(&bytes_of(&image, 1)), (vec![], 1));
    }

    #[test]
    fn any_payload_is_a_message_or_none(payload in prop::collection::vec(any::<u8>(), 0..40)) {
        let _ = parse::<Request<'_>>(&payload);
        let _ = parse::<Response<'_>>(&payload);
    }
}

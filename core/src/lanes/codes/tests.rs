extern crate std;

use super::*;
use crate::testing::int8::Codes;
use crate::testing::{OnCodes, in_every_code_packet, stored};
use std::vec::Vec;

struct Scales;

impl OnCodes for Scales {
    fn run<C: CodeLanes>(&self, proof: C) {
        let mut numbers = Codes::new(11);
        let ends = [i32::MIN, i32::MAX, -1, 0, 1];
        for round in 0..3000 {
            let multipliers = [0; QUAD].map(|_| numbers.within(1 << 23) as f32 / (1 << 27) as f32);
            let zero = (numbers.within(127) + 128) as f32;
            let scales = QuadScales::new(proof, multipliers, zero);
            // Sums of every size, so that many become codes between the ends.
            let size = (1 << (8 + round % 23)) - 1;
            let mut sums = [[0_u32; 16]; QUAD];
            for (at, sum) in sums.iter_mut().flatten().enumerate() {
                let end = ends.get((at + round) % 64);
                let mut own = end.copied().unwrap_or_else(|| numbers.within(size));
                // Whose number has 16 bits.
                while i16::try_from(scaled_sum(own, multipliers[at / 16], zero)).is_err() {
                    own /= 2;
                }
                *sum = own as u32;
            }
            let packets = [0, 1, 2, 3].map(|place: usize| proof.load(&sums[place]));
            let mut found = [0; 16];
            C::narrow_scaled::<QUAD>(packets, &scales).store(&mut found);
            let (fewer, first) = few_codes(packets, &scales);
            for lane in 0..C::LANES {
                let expected = [0, 1, 2, 3].map(|place| {
                    let sum = sums[place][lane] as i32;
                    scaled_sum(sum, multipliers[place], zero).clamp(0, 255) as u8
                });
                assert_eq!(found[lane].to_le_bytes(), expected, "{:?}", C::WIDTH);
                for (count, fewer) in (2..QUAD).zip(&fewer) {
                    let fewer = &fewer[lane].to_le_bytes()[..count];
                    assert_eq!(fewer, &expected[..count], "{:?}", C::WIDTH);
                }
                let [own, ..] = first[lane].to_le_bytes();
                assert_eq!(own, expected[0].clamp(28, 200), "{:?}", C::WIDTH);
            }
        }
    }
}

/// Codes of two and of three sums, and of one from -100 to 72.
fn few_codes<C: CodeLanes>(sums: [C; QUAD], scales: &QuadScales<C>) -> ([[u32; 16]; 2], [u32; 16]) {
    let (two, three) = (
        C::narrow_scaled::<2>(sums, scales),
        C::narrow_scaled::<3>(sums, scales),
    );
    let one = scales.first_codes(sums[0], [-100, 72]);
    ([stored(two), stored(three)], stored(one))
}

#[test]
fn scaled_sums_are_the_codes_of_each_alone() {
    in_every_code_packet(&Scales);
}

/// Codes of four packets, those at a place together.
struct Gathered;

impl OnCodes for Gathered {
    fn run<C: CodeLanes>(&self, proof: C) {
        let mut numbers = Codes::new(3);
        let words = [0; QUAD].map(|_| {
            [0; 16].map(|_| u32::from_le_bytes([0; QUAD].map(|_| numbers.within(127) as u8)))
        });
        let found = C::gather([0, 1, 2, 3].map(|next: usize| proof.load(&words[next])));
        for (place, found) in found.into_iter().enumerate() {
            let found = stored(found);
            for lane in 0..C::LANES {
                let expected = words.map(|words| words[lane].to_le_bytes()[place]);
                assert_eq!(found[lane].to_le_bytes(), expected, "{:?}", C::WIDTH);
            }
        }
    }
}

#[test]
fn codes_at_a_place_are_gathered() {
    in_every_code_packet(&Gathered);
}

/// Codes from a place of one packet to the same of the next.
struct SideBySide;

impl OnCodes for SideBySide {
    fn run<C: CodeLanes>(&self, proof: C) {
        let mut numbers = Codes::new(23);
        let words = [0; 2].map(|_| {
            [0; 16].map(|_| u32::from_le_bytes([0; QUAD].map(|_| numbers.within(127) as u8)))
        });
        let [own, next] = words.map(|words| proof.load(&words));
        for place in 0..=QUAD {
            let found = stored(own.codes_from(next, place as u32));
            for lane in 0..C::LANES {
                let both = words.map(|words| words[lane].to_le_bytes());
                let expected = &both.as_flattened()[place..][..QUAD];
                assert_eq!(found[lane].to_le_bytes(), expected, "{:?}", C::WIDTH);
            }
        }
    }
}

#[test]
fn codes_are_taken_of_two_packets_that_lie_side_by_side() {
    in_every_code_packet(&SideBySide);
}

/// Packets made of the codes of others.
struct Merged;

impl OnCodes for Merged {
    fn run<C: CodeLanes>(&self, proof: C) {
        let mut numbers = Codes::new(3);
        let input: Vec<u32> = (0..20 * C::LANES)
            .map(|_| u32::from_le_bytes([0; QUAD].map(|_| numbers.within(127) as u8)))
            .collect();
        let line = |first: usize, order| PacketLine {
            first,
            order: proof.order(order),
        };
        let lines = [
            line(3, [Some(3), None, None, None]),
            line(0, [None, Some(0), Some(2), None]),
        ];
        // Three packets, five apart, to the second of two places.
        let mut merged = std::vec![7; 6 * C::LANES];
        merge_lines(proof, &input, lines, 5, &mut merged, 2, 1);
        for (at, words) in merged.chunks_exact(C::LANES).enumerate() {
            for (lane, word) in words.iter().enumerate() {
                let code = |line: &PacketLine<C>, place: u8| {
                    let packet = line.first + 5 * (at / 2);
                    input[packet * C::LANES + lane].to_le_bytes()[usize::from(place)]
                };
                let expected = match at % 2 {
                    0 => 7,
                    _ => u32::from_le_bytes([
                        code(&lines[0], 3),
                        code(&lines[1], 0),
                        code(&lines[1], 2),
                        0,
                    ]),
                };
                assert_eq!(*word, expected, "{:?}, packet {at}", C::WIDTH);
            }
        }
    }
}

#[test]
fn packets_are_made_of_the_codes_of_others() {
    in_every_code_packet(&Merged);
}

#[test]
#[should_panic = "assertion"]
fn lines_that_end_beyond_the_input_are_refused() {
    let proof = PortableCodes::zero().expect("portable packets are everywhere");
    let input = std::vec![0; 8 * PortableCodes::LANES];
    let mut merged = std::vec![0; 4 * PortableCodes::LANES];
    let line = PacketLine {
        first: 0,
        order: proof,
    };
    merge_lines(proof, &input, [line], 3, &mut merged, 1, 0);
}

#[test]
fn a_grid_of_codes_ends_within_them() {
    let codes = std::vec![1; 100];
    let grid = |first: usize, step: usize, samples| {
        CodeGrid::new(&codes, [0, 1, first, 2], step, samples).is_some()
    };
    assert!(grid(4, 40, 3));
    assert!(!grid(5, 40, 3));
    assert!(!grid(0, 40, 0));
    assert!(!grid(usize::MAX, 1, 1) && !grid(0, usize::MAX, 3));
}

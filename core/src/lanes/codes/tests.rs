extern crate std;

use super::*;
use crate::testing::int8::Codes;
use crate::testing::{OnCodes, in_every_code_packet};
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
            C::narrow_scaled(packets, &scales).store(&mut found);
            for lane in 0..C::LANES {
                let expected = [0, 1, 2, 3].map(|place| {
                    let sum = sums[place][lane] as i32;
                    scaled_sum(sum, multipliers[place], zero).clamp(0, 255) as u8
                });
                assert_eq!(found[lane].to_le_bytes(), expected, "{:?}", C::WIDTH);
            }
        }
    }
}

#[test]
fn scaled_sums_are_the_codes_of_each_alone() {
    in_every_code_packet(&Scales);
}

/// Products of all runs with the weights of one of four filters, for one position.
fn sum_of_runs(shape: &RunShape, codes: &[u32], place: usize, weights: &[[i8; QUAD]]) -> i32 {
    let mut sum = 0;
    let mut own = weights.iter().step_by(QUAD);
    for run in 0..shape.rows * shape.columns {
        let (row, column) = (run / shape.columns, run % shape.columns);
        let start = place + shape.first + row * shape.row_step + column * shape.column_step;
        for (word, weight) in codes[start..][..shape.len].iter().zip(&mut own) {
            for (code, weight) in word.to_le_bytes().into_iter().zip(weight) {
                sum += i32::from(code) * i32::from(*weight);
            }
        }
    }
    sum
}

/// Runs of packets.
struct Summed(RunShape);

impl OnCodes for Summed {
    fn run<C: CodeLanes>(&self, proof: C) {
        check_runs(proof, self.0);
    }
}

fn check_runs<C: CodeLanes>(proof: C, shape: RunShape) {
    let mut numbers = Codes::new(5);
    let runs = QuadRuns::new(shape);
    let places = [3, 0, 7];
    let (rows, columns) = (shape.rows - 1, shape.columns - 1);
    let reach = shape.first + rows * shape.row_step + columns * shape.column_step + shape.len;
    // All samples are alike: that each has its own is what comparisons of whole networks tell.
    let codes: Vec<u32> = (0..7 + reach)
        .map(|_| u32::from_le_bytes([0; QUAD].map(|_| numbers.within(127) as u8)))
        .collect();
    let input: Vec<u32> = codes
        .iter()
        .flat_map(|word| [*word].repeat(C::LANES))
        .collect();
    let weights: Vec<[i8; QUAD]> = (0..runs.quads() * QUAD)
        .map(|_| [0; QUAD].map(|_| numbers.within(127) as i8))
        .collect();
    let mut words = std::vec![0; weights.len() * C::WEIGHT_WORDS];
    for (weight, words) in weights.iter().zip(words.chunks_exact_mut(C::WEIGHT_WORDS)) {
        C::arrange_weight(*weight, words);
    }
    let sums = [[proof.splat(-9); QUAD]; 3];
    let block = runs.of_input::<C>(&input, [0; QUAD]).of_block::<C>(&words);
    let half = block.sums::<C, 3, QUAD, 2>(sums, places);
    let sums = block.sums::<C, 3, QUAD, QUAD>(sums, places);
    for (half, sums) in half.into_iter().zip(sums) {
        let untouched = stored(proof.splat(-9));
        let expected = [stored(sums[0]), stored(sums[1]), untouched, untouched];
        assert_eq!(half.map(stored), expected, "two of four filters");
    }
    for (place, sums) in places.into_iter().zip(sums) {
        for (filter, sum) in sums.into_iter().enumerate() {
            let mut found = [0; 16];
            sum.store(&mut found);
            let expected = sum_of_runs(&shape, &codes, place, &weights[filter..]) - 9;
            assert!(found[..C::LANES].iter().all(|sum| *sum as i32 == expected));
        }
    }
}

/// Sums of filters that see packets of their own.
struct OwnSums;

impl OnCodes for OwnSums {
    fn run<C: CodeLanes>(&self, proof: C) {
        check_own::<C, 0>(proof, [5, 0, 9, 2]);
        check_own::<C, 1>(proof, [4, 1, 1, 1]);
        check_own::<C, 2>(proof, [0, 0, 6, 6]);
        check_own::<C, 3>(proof, [3, 3, 3, 8]);
    }
}

/// Against sums of all filters where each of them sees something.
fn check_own<C: CodeLanes, const SPLIT: usize>(proof: C, own: [usize; QUAD]) {
    let mut numbers = Codes::new(9);
    let runs = QuadRuns::new(RUNS);
    let input: Vec<u32> = (0..60 * C::LANES)
        .map(|_| u32::from_le_bytes([0; QUAD].map(|_| numbers.within(127) as u8)))
        .collect();
    let mut words = std::vec![0; runs.quads() * QUAD * C::WEIGHT_WORDS];
    for words in words.chunks_exact_mut(C::WEIGHT_WORDS) {
        C::arrange_weight([0; QUAD].map(|_| numbers.within(127) as i8), words);
    }
    let places = [6, 1];
    let block = runs.of_input::<C>(&input, own).of_block::<C>(&words);
    let sums = block.sums::<C, 2, SPLIT, QUAD>([[proof.splat(7); QUAD]; 2], places);
    for (filter, first) in own.into_iter().enumerate() {
        let expected = [[proof.splat(7); QUAD]; 2];
        let block = runs.of_input::<C>(&input, [0; QUAD]).of_block::<C>(&words);
        let places = places.map(|place| place + first);
        let expected = block.sums::<C, 2, QUAD, QUAD>(expected, places);
        for (sums, expected) in sums.iter().zip(expected) {
            assert_eq!(
                stored(sums[filter]),
                stored(expected[filter]),
                "split {SPLIT}"
            );
        }
    }
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

fn stored<C: CodeLanes>(packet: C) -> [u32; 16] {
    let mut words = [0; 16];
    packet.store(&mut words);
    words
}

#[test]
fn filters_that_see_packets_of_their_own_are_summed_as_alone() {
    in_every_code_packet(&OwnSums);
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

const RUNS: RunShape = RunShape {
    rows: 3,
    columns: 2,
    len: 3,
    row_step: 11,
    column_step: 4,
    first: 2,
};

#[test]
fn runs_are_summed_packet_by_packet() {
    let alone = RunShape {
        rows: 1,
        columns: 1,
        len: 1,
        ..RUNS
    };
    for shape in [RUNS, alone, RunShape { len: 9, ..alone }] {
        in_every_code_packet(&Summed(shape));
    }
    // Those that are one run: a column of packets, rows of packets and longer rows as far apart.
    let column = RunShape { rows: 4, ..alone };
    let rows = RunShape {
        rows: 3,
        columns: 2,
        row_step: 8,
        ..alone
    };
    let joined = RunShape {
        rows: 3,
        len: 5,
        row_step: 5,
        ..alone
    };
    for shape in [column, rows, joined] {
        assert_eq!(shape.as_few_runs().0.rows, 1, "{shape:?}");
        in_every_code_packet(&Summed(shape));
    }
    assert_eq!(RUNS.as_few_runs().0.rows, 3);
}

/// Sums at a place of an input of so many packets, with so many quads of weights.
fn add_within(packets: usize, place: usize, quads: usize) {
    let proof = PortableCodes::zero().expect("portable packets are everywhere");
    let input = std::vec![0; packets * PortableCodes::LANES];
    let weights = std::vec![0; quads * QUAD];
    let block = QuadRuns::new(RUNS).of_input::<PortableCodes>(&input, [0; QUAD]);
    let block = block.of_block::<PortableCodes>(&weights);
    block.sums::<PortableCodes, 1, QUAD, QUAD>([[proof; QUAD]], [place]);
}

#[test]
fn runs_that_end_with_the_input_are_within() {
    add_within(31 + 5, 5, 18);
}

#[test]
#[should_panic(expected = "seen.last")]
fn runs_beyond_the_input_are_refused() {
    add_within(31 + 5, 6, 18);
}

#[test]
#[should_panic(expected = "runs.quads")]
fn runs_without_weights_are_refused() {
    add_within(31, 0, 17);
}

#[test]
#[should_panic(expected = "no extent")]
fn runs_of_nothing_are_refused() {
    QuadRuns::new(RunShape { len: 0, ..RUNS });
}

#[test]
#[should_panic(expected = "longer than memory")]
fn runs_longer_than_memory_are_refused() {
    QuadRuns::new(RunShape {
        row_step: usize::MAX,
        ..RUNS
    });
}

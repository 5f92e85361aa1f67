//! Sums over runs are those of each packet's products.

extern crate std;

use super::*;
use crate::lanes::codes::PortableCodes;
use crate::testing::int8::Codes;
use crate::testing::{OnCodes, in_every_code_packet, stored};
use std::vec::Vec;

const RUNS: RunShape = RunShape {
    rows: 3,
    columns: 2,
    len: 3,
    row_step: 11,
    column_step: 4,
    first: 2,
};

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

/// The words of so many packets, and the packets, of which all samples have the same.
fn random_input<C: CodeLanes>(numbers: &mut Codes, packets: usize) -> [Vec<u32>; 2] {
    let codes: Vec<u32> = (0..packets)
        .map(|_| u32::from_le_bytes([0; QUAD].map(|_| numbers.within(127) as u8)))
        .collect();
    let repeated = codes.iter().flat_map(|word| [*word].repeat(C::LANES));
    let input = repeated.collect();
    [codes, input]
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
    let [codes, input] = random_input::<C>(&mut numbers, 7 + reach);
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

/// Sums of all filters at the first place, of one block, whose packets are added up in two halves, and of three.
struct LayerSums(RunShape);

impl OnCodes for LayerSums {
    fn run<C: CodeLanes>(&self, proof: C) {
        let Self(shape) = *self;
        let mut numbers = Codes::new(17);
        let runs = QuadRuns::new(shape);
        let (each, before) = (runs.quads() * QUAD, 2);
        let [codes, input] = random_input::<C>(&mut numbers, runs.reach);
        let weights: Vec<[i8; QUAD]> = (0..4 * each)
            .map(|_| [0; QUAD].map(|_| numbers.within(127) as i8))
            .collect();
        let mut words = Vec::new();
        for block in weights.chunks_exact(each) {
            words.extend([u32::MAX; 2]);
            for weight in block {
                let mut own = [0; 2];
                C::arrange_weight(*weight, &mut own[..C::WEIGHT_WORDS]);
                words.extend(&own[..C::WEIGHT_WORDS]);
            }
        }
        let layer = runs.of_layer::<C>(&input, &words, [4, before]);
        let one = layer.sums::<C, 1>([[proof.splat(5); QUAD]; 1], 0, 0);
        let others = layer.sums::<C, 3>([[proof.splat(5); QUAD]; 3], 1, 0);
        for (block, sums) in one.iter().chain(&others).enumerate() {
            for (filter, sum) in sums.iter().enumerate() {
                let own = &weights[block * each..][..each];
                let expected = sum_of_runs(&shape, &codes, 0, &own[filter..]) + 5;
                let found = stored(*sum);
                assert!(
                    found[..C::LANES].iter().all(|sum| *sum as i32 == expected),
                    "{:?}, block {block}",
                    C::WIDTH
                );
            }
        }
    }
}

#[test]
fn layers_are_summed_packet_by_packet() {
    let row = |len| RunShape {
        rows: 1,
        columns: 1,
        len,
        ..RUNS
    };
    for shape in [RUNS, row(1), row(2), row(3), row(4), row(13)] {
        in_every_code_packet(&LayerSums(shape));
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

#[test]
fn filters_that_see_packets_of_their_own_are_summed_as_alone() {
    in_every_code_packet(&OwnSums);
}

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

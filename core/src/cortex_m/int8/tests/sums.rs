//! Sums of two values, and of windows.

extern crate std;

use super::super::{CodeAddition, CodeSum, CodeWindow};
use super::{Random, aligned, codes};
use std::vec;
use std::vec::Vec;

#[test]
fn additions_have_the_codes_of_naive_loops() {
    let mut random = Random(3);
    let mut served = 0;
    for round in 0..2000 {
        let len = random.below(40);
        let mut code = || random.between(-128, 127) as i8;
        let inputs: [Vec<i8>; 2] = [0, 1].map(|_| (0..len).map(|_| code()).collect());
        let zeros = [code(), code(), code()];
        let is_second = random.below(2) == 1;
        let is_own = random.below(8) == 0;
        let sum = if round % 2 == 0 {
            let shift = 10 + random.below(13) as u32;
            CodeSum::Once {
                multipliers: [0, 1].map(|_| random.below(1 << 15) as i16),
                constant: random.between(-1 << 24, 1 << 24),
                shift,
            }
        } else {
            let mut scales = [[1 << 30, 0]; 3];
            let scaled = random.below(3);
            if scaled < 2 {
                let left = -(random.below(9) as i32);
                scales[scaled] = [random.between(1 << 30, i32::MAX), left];
            }
            scales[2] = [random.between(1 << 30, i32::MAX), random.between(-20, -15)];
            CodeSum::Twice { scales, zeros }
        };
        let own = usize::from(is_second);
        let mut value = aligned(len);
        codes(&mut value, len).copy_from_slice(&inputs[own]);
        let limits = [random.between(-128, 0) as i8, random.between(1, 127) as i8];
        let ran = CodeAddition {
            sum,
            limits,
            value: codes(&mut value, len),
            other: (!is_own).then_some(&inputs[1 - own][..]),
            is_second,
        }
        .run();
        served += usize::from(ran);
        for (at, found) in codes(&mut value, len).iter().enumerate().filter(|_| ran) {
            let pair = [0, 1].map(|index| inputs[if is_own { own } else { index }][at]);
            let expected = naive_sum(sum, pair);
            let expected = expected.clamp(limits[0].into(), limits[1].into());
            assert_eq!(i64::from(*found), expected, "{sum:?} of {pair:?}");
        }
    }
    assert!(served > 1900, "{served}");
}

fn naive_sum(sum: CodeSum, codes: [i8; 2]) -> i64 {
    let codes = codes.map(i64::from);
    match sum {
        CodeSum::Once {
            multipliers,
            constant,
            shift,
        } => {
            let products = [0, 1].map(|index| codes[index] * i64::from(multipliers[index]));
            (products[0] + products[1] + i64::from(constant)) >> shift
        }
        CodeSum::Twice { scales, zeros } => {
            let scaled = [0, 1].map(|index| {
                let distance = codes[index] - i64::from(zeros[index]);
                twice(distance << 20, scales[index])
            });
            twice(scaled[0] + scaled[1], scales[2]) + i64::from(zeros[2])
        }
    }
}

/// As TensorFlow Lite scales a number: no shift goes to the left.
fn twice(number: i64, [multiplier, left]: [i32; 2]) -> i64 {
    let high = (number * i64::from(multiplier) + (1 << 30)).div_euclid(1 << 31);
    let half = (1 << -left) >> 1;
    high.signum() * ((high.abs() + half) >> -left)
}

#[test]
fn windows_have_the_sums_and_maxima_of_naive_loops() {
    let mut random = Random(5);
    for round in 0..400 {
        // Of some windows the sums have more than 16 bits.
        let most = if round % 8 == 0 { 40 } else { 9 };
        let [rows, columns] = [0; 2].map(|_| 1 + random.below(most));
        let pitch = 1 + random.below(20);
        let lanes = [1 + random.below(pitch), 4, 8, 16][random.below(4)];
        let first = random.below(5);
        let row_pitch = columns * pitch + random.below(3) * pitch;
        let len = (rows - 1) * row_pitch + (columns - 1) * pitch + first + lanes;
        let mut code = || [random.between(-128, 127) as i8, -128][usize::from(round % 16 == 0)];
        let input: Vec<i8> = (0..len).map(|_| code()).collect();
        let window = CodeWindow::new(&input[first..], [rows, columns], [row_pitch, pitch]);
        let (mut sums, mut largest) = (vec![7; lanes], vec![7; lanes]);
        window.sum_by_loops(&mut sums);
        window.find_largest_by_loops(&mut largest);
        for lane in 0..lanes {
            let codes = (0..rows * columns).map(|at| {
                let place = at / columns * row_pitch + at % columns * pitch;
                input[place + first + lane]
            });
            let sum: i32 = codes.clone().map(i32::from).sum();
            assert_eq!((sums[lane], Some(largest[lane])), (sum, codes.max()));
        }
    }
}

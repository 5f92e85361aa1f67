//! The operations between packets and bytes.

extern crate std;

use super::{assert_moved, lanes, packets};
use crate::lanes::{Lanes, NO_WINNER};
use crate::testing::*;
use std::vec;
use std::vec::Vec;

struct Bytes;

impl AtWidth for Bytes {
    fn run<L: Lanes>(&self, zero: L) {
        for first in 0..=255_u8 {
            let bytes: Vec<u8> = (0..=L::LANES)
                .map(|lane| first.wrapping_add((lane * 37) as u8))
                .collect();
            let mut numbers = zero;
            for (lane, byte) in L::values_mut(std::slice::from_mut(&mut numbers))
                .iter_mut()
                .zip(&bytes)
            {
                *lane = f32::from(*byte);
            }
            let mut stored = bytes.clone();
            stored[..L::LANES].fill(0);
            numbers.store_bytes(&mut stored);
            assert_eq!(stored, bytes);
            for packet in packets(zero) {
                for mask in [u8::MAX, !1, 1, 0x82] {
                    choose(packet, &bytes, mask, first & mask);
                }
            }
        }
    }
}

/// By bytes of which some bits are looked at.
fn choose<L: Lanes>(packet: L, bytes: &[u8], mask: u8, value: u8) {
    let pairs = lanes(packet).into_iter().zip(bytes);
    let (equal, any): (Vec<f32>, Vec<f32>) = pairs
        .map(|(lane, byte)| {
            let equal = if byte & mask == value { lane } else { 0.0 };
            (equal, if byte & mask != 0 { lane } else { 1.0 })
        })
        .unzip();
    assert_moved(&lanes(packet.where_bits(bytes, mask, value)), &equal);
    let chosen = L::select(packet.has_bits(bytes, mask), packet, packet.splat(1.0));
    assert_moved(&lanes(chosen), &any);
}

#[test]
fn numbers_become_bytes_and_bytes_choose() {
    at_every_width(&Bytes);
}

struct Winners;

impl AtWidth for Winners {
    fn run<L: Lanes>(&self, zero: L) {
        // A lane's case has a bit for each comparison that holds, and one for a dead window.
        for first in 0..16 {
            let cases: Vec<usize> = (0..L::LANES).map(|lane| (first + lane * 5) % 16).collect();
            let mask = |bit: usize| {
                let held = |case: &usize| vec![(case >> bit & 1) as f32];
                let held: Vec<_> = cases.iter().map(held).collect();
                pack(zero, &held)[0].greater(zero)
            };
            let mut bytes = vec![99; L::LANES + 1];
            zero.store_winner([mask(0), mask(1), mask(2)], mask(3), &mut bytes);
            let expected = cases.iter().map(|case| match case {
                8.. => NO_WINNER,
                4.. => 3,
                2.. => 2,
                place => *place as u8,
            });
            let expected: Vec<u8> = expected.chain([99]).collect();
            assert_eq!(bytes, expected, "{:?}", L::WIDTH);
        }
    }
}

#[test]
fn the_last_higher_place_wins_unless_the_window_is_dead() {
    at_every_width(&Winners);
}

struct Columns;

impl AtWidth for Columns {
    fn run<L: Lanes>(&self, zero: L) {
        for seed in 0..16_u8 {
            let byte = |row: usize, column: usize| (row * 83 + column * 29) as u8 ^ (seed * 17);
            let rows = std::array::from_fn(|row| std::array::from_fn(|column| byte(row, column)));
            for (column, packet) in zero.load_columns(&rows).into_iter().enumerate() {
                let expected: Vec<f32> = (0..L::LANES)
                    .map(|lane| f32::from(byte(lane, column)))
                    .collect();
                assert_moved(&lanes(packet), &expected);
            }
        }
    }
}

#[test]
fn columns_of_bytes_become_packets() {
    at_every_width(&Columns);
}

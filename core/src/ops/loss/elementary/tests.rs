//! Packets' exponentials and logarithms are `libm`'s to the bit.

extern crate std;

use super::*;
use crate::lanes::{Counted, Kernel, Tally};
use crate::testing::{AtWidth, at_every_fused_width, at_every_width};

/// Every so many bit patterns from one to another, beginning at the first.
struct Patterns {
    first: u32,
    last: u32,
    step: usize,
    of: Elementary,
}

#[derive(Clone, Copy, Debug)]
enum Elementary {
    Exponential,
    Logarithm,
}

impl AtWidth for Patterns {
    fn run<L: Lanes>(&self, zero: L) {
        let mut patterns = (self.first..=self.last).step_by(self.step);
        let mut numbers = [0.0; 16];
        while let Some(bits) = patterns.next() {
            numbers.fill(f32::from_bits(bits));
            for number in &mut numbers[1..L::LANES] {
                let last = patterns.next().unwrap_or(self.last);
                *number = f32::from_bits(last);
            }
            let (numbers, mut found) = (&numbers[..L::LANES], [0.0; 16]);
            let packet = zero.load(numbers);
            let (packet, expected): (L, fn(f32) -> f32) = match self.of {
                Elementary::Exponential => (zero.vectorize(Exponential(packet)), libm::expf),
                Elementary::Logarithm => (zero.vectorize(Logarithm(packet)), libm::logf),
            };
            packet.store(&mut found);
            for (number, found) in numbers.iter().zip(found) {
                let (found, expected) = (found.to_bits(), expected(*number).to_bits());
                assert_eq!(
                    found,
                    expected,
                    "{:?} of {number:e}, {:?}",
                    self.of,
                    L::WIDTH
                );
            }
        }
    }
}

struct Exponential<L>(L);

impl<L: Lanes> Kernel for Exponential<L> {
    type Output = L;

    #[inline(always)]
    fn run(self) -> L {
        exponential(self.0)
    }
}

struct Logarithm<L>(L);

impl<L: Lanes> Kernel for Logarithm<L> {
    type Output = L;

    #[inline(always)]
    fn run(self) -> L {
        logarithm(self.0)
    }
}

/// At every width, of either arithmetic.
fn check(of: Elementary, [first, last]: [u32; 2], step: usize) {
    let patterns = Patterns {
        first,
        last,
        step,
        of,
    };
    at_every_width(&patterns);
    at_every_fused_width(&patterns);
}

/// From -0 to negative infinity.
const NEGATIVE: [u32; 2] = [0x8000_0000, 0xFF80_0000];

/// From there on `libm` takes no power of 2 out, and from the second on one half.
const NO_POWER: f32 = -f32::from_bits(0x3EB1_7218);
const ONE_HALF: f32 = -f32::from_bits(0x3F85_1592);

/// From the least normal number to the greatest.
const NORMAL: [u32; 2] = [0x0080_0000, 0x7F7F_FFFF];

#[test]
fn exponentials_have_the_bits_of_libm() {
    check(Elementary::Exponential, NEGATIVE, 32_749);
    // +0, numbers that are not, and all around each place where a branch was.
    check(Elementary::Exponential, [0, 0], 1);
    check(Elementary::Exponential, [0x7FC0_0000, 0x7FC0_0001], 1);
    check(Elementary::Exponential, [0xFFC0_0000, 0xFFC0_0001], 1);
    for border in [NO_POWER, ONE_HALF, NEARLY_ZERO, VANISHING, -87.336_55] {
        let bits = border.to_bits();
        check(Elementary::Exponential, [bits - 200, bits + 200], 1);
    }
    check(Elementary::Exponential, [NEGATIVE[1] - 50, NEGATIVE[1]], 1);
}

#[test]
fn logarithms_have_the_bits_of_libm() {
    check(Elementary::Logarithm, NORMAL, 32_749);
    let one = 1.0_f32.to_bits();
    check(Elementary::Logarithm, [one - 200, one + 200], 1);
    check(Elementary::Logarithm, [0x7FC0_0000, 0x7FC0_0001], 1);
    check(Elementary::Logarithm, [NORMAL[0], NORMAL[0] + 50], 1);
    check(Elementary::Logarithm, [NORMAL[1] - 50, NORMAL[1]], 1);
}

#[test]
#[ignore = "every number there is, at every width: some minutes with optimisation"]
fn all_exponentials_and_logarithms_have_the_bits_of_libm() {
    check(Elementary::Exponential, NEGATIVE, 1);
    check(Elementary::Logarithm, NORMAL, 1);
}

/// Packets compute with packets; a single sample, as firmware has it, calls `libm`.
#[test]
fn only_single_samples_call_libm() {
    let of_packets = Tally::of(|| {
        exponential(Counted::<32, true>::default());
    });
    assert!(of_packets.products > 5, "{of_packets:?}");
    let of_one = Tally::of(|| {
        exponential(Counted::<32, false>::default());
    });
    assert_eq!(of_one, Tally::default());
}

/// Packets of sixteen have instructions for what others take several steps for.
struct OfSixteen;

impl AtWidth for OfSixteen {
    fn run<L: Lanes>(&self, zero: L) {
        let has = L::LANES == 16;
        assert_eq!(zero.raised().is_some(), has, "{:?}", L::WIDTH);
        assert_eq!(zero.scaled(zero).is_some(), has, "{:?}", L::WIDTH);
    }
}

#[test]
fn sixteen_lanes_are_raised_and_scaled_by_one_instruction_each() {
    at_every_width(&OfSixteen);
    at_every_fused_width(&OfSixteen);
}

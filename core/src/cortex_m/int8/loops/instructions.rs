//! What the loops consist of, as text for the assembler.
//!
//! Taps come in groups of four, *quads*. A position's are two words of two numbers of 16 bits each,
//! made for how the weights are laid out:
//!
//! - *paired*: a word of weights is two numbers `256 * odd + even`, and the position's words are
//!   `odd` and `256 * even - odd`. The sum of the word's products with the first, and those of its low
//!   bytes with the second, is 256 times that of the taps' products.
//! - *bytes*: a word of weights is four bytes, and the position's words are the taps 0 and 2, then
//!   1 and 3.

/// A loop in assembly, with the instructions of the DSP extension. The assembler of a crate that is optimised across
/// crates knows no more of the target than its name, and that of a Cortex-M33 leaves it open whether there are any.
macro_rules! integer_asm {
    ($($text:tt)*) => {
        core::arch::naked_asm!(".arch armv7e-m", $($text)*)
    };
}

/// Products of two filters' weights (r8, r9) with two positions' taps (r10, r11), added to four sums:
/// the first filter's, the second's.
macro_rules! four_products {
    ($a:literal $b:literal, $c:literal $d:literal; $first:literal $second:literal) => {
        concat!(
            "smlad ", $a, ", ", $first, ", r10, ", $a, "\n", "smlad ", $b, ", ", $first, ", r11, ",
            $b, "\n", "smlad ", $c, ", ", $second, ", r10, ", $c, "\n", "smlad ", $d, ", ",
            $second, ", r11, ", $d, "\n",
        )
    };
}

/// A quad of four positions (at lr) and two filters, paired (at r12). Sums are r0 to r3, r4 to r7.
macro_rules! paired_quad {
    () => {
        concat!(
            "ldrd r8, r9, [r12], #8\n",
            "ldrd r10, r11, [lr], #32\n",
            four_products!("r0" "r1", "r4" "r5"; "r8" "r9"),
            "ldrd r10, r11, [lr, #-24]\n",
            four_products!("r2" "r3", "r6" "r7"; "r8" "r9"),
            "sxtb16 r8, r8\nsxtb16 r9, r9\n",
            "ldrd r10, r11, [lr, #-16]\n",
            four_products!("r0" "r1", "r4" "r5"; "r8" "r9"),
            "ldrd r10, r11, [lr, #-8]\n",
            four_products!("r2" "r3", "r6" "r7"; "r8" "r9"),
        )
    };
}

/// Half a quad of four positions and two filters, bytes: two weights of each.
macro_rules! bytes_half {
    () => {
        concat!(
            "ldr r8, [r12], #4\n",
            "ldrd r10, r11, [lr], #16\n",
            "sxtb16 r9, r8, ror #8\nsxtb16 r8, r8\n",
            four_products!("r0" "r1", "r4" "r5"; "r8" "r9"),
            "ldrd r10, r11, [lr, #-8]\n",
            four_products!("r2" "r3", "r6" "r7"; "r8" "r9"),
        )
    };
}

/// Products of two filters' weights (r8, r9) with the first position's taps (r10), added to its sums.
macro_rules! two_products {
    () => {
        "smlad r0, r8, r10, r0\nsmlad r4, r9, r10, r4\n"
    };
}

/// As [`paired_quad`], of the first position alone.
macro_rules! paired_alone {
    () => {
        concat!(
            "ldrd r8, r9, [r12], #8\n",
            "ldr r10, [lr], #32\n",
            two_products!(),
            "sxtb16 r8, r8\nsxtb16 r9, r9\n",
            "ldr r10, [lr, #-16]\n",
            two_products!(),
        )
    };
}

/// As [`bytes_half`], of the first position alone.
macro_rules! bytes_alone {
    () => {
        concat!(
            "ldr r8, [r12], #4\n",
            "ldr r10, [lr], #16\n",
            "sxtb16 r9, r8, ror #8\nsxtb16 r8, r8\n",
            two_products!(),
        )
    };
}

/// Products of one filter's weights with four positions' taps (at lr), added to r0 to r3.
macro_rules! position_products {
    ($weights:literal, $at:literal) => {
        concat!(
            "ldrd r10, r11, [lr, #",
            $at,
            "]\n",
            "smlad r0, ",
            $weights,
            ", r10, r0\nsmlad r1, ",
            $weights,
            ", r11, r1\n",
            "ldrd r10, r11, [lr, #",
            $at,
            " + 8]\n",
            "smlad r2, ",
            $weights,
            ", r10, r2\nsmlad r3, ",
            $weights,
            ", r11, r3\n",
        )
    };
}

/// Sums become codes of 8 bits, rounding once; r8, r9, r10 are multiplier, constant, shift.
macro_rules! round_once {
    ($($sum:literal),+) => {
        concat!($(
            "smmla ", $sum, ", ", $sum, ", r8, r9\n",
            "asr ", $sum, ", ", $sum, ", r10\n",
            "ssat ", $sum, ", #8, ", $sum, "\n",
        )+)
    };
}

/// Sums become codes of 8 bits, rounding twice; r8, r9, r10 are multiplier, constant, shift, the first
/// register is free. What is rounded the second time has the sign of the sum, or is 0, which gives the
/// same.
macro_rules! round_twice {
    ($free:literal; $($sum:literal),+) => {
        concat!($(
            "add ", $sum, ", ", $sum, ", ", $sum, "\n",
            "add ", $free, ", r9, ", $sum, ", asr #31\n",
            "smmlar ", $sum, ", ", $sum, ", r8, ", $free, "\n",
            "asr ", $sum, ", ", $sum, ", r10\n",
            "ssat ", $sum, ", #8, ", $sum, "\n",
        )+)
    };
}

/// The first sum becomes the largest of them.
macro_rules! largest {
    ($first:literal; $($other:literal),+) => {
        concat!($(
            "cmp ", $first, ", ", $other, "\n",
            "it lt\nmovlt ", $first, ", ", $other, "\n",
        )+)
    };
}

/// A quad of four filters, paired.
macro_rules! paired_line {
    () => {
        concat!(
            "ldm r12!, {{r4-r7}}\nldrd r8, r9, [lr], #8\n",
            "smlad r0, r4, r8, r0\nsmlad r1, r5, r8, r1\n",
            "smlad r2, r6, r8, r2\nsmlad r3, r7, r8, r3\n",
            "sxtb16 r4, r4\nsxtb16 r5, r5\nsxtb16 r6, r6\nsxtb16 r7, r7\n",
            "smlad r0, r4, r9, r0\nsmlad r1, r5, r9, r1\n",
            "smlad r2, r6, r9, r2\nsmlad r3, r7, r9, r3\n",
        )
    };
}

/// Each of four sums becomes a code by its own scale.
macro_rules! four_codes {
    ($round:ident!($($free:literal;)?)) => {
        concat!(
            "ldm r12!, {{r8-r10}}\n",
            $round!($($free;)? "r0"),
            "ldm r12!, {{r8-r10}}\n",
            $round!($($free;)? "r1"),
            "ldm r12!, {{r8-r10}}\n",
            $round!($($free;)? "r2"),
            "ldm r12!, {{r8-r10}}\n",
            $round!($($free;)? "r3"),
        )
    };
}

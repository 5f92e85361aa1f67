//! What the loops consist of, as text for the assembler.
//!
//! Floating-point registers are given by their numbers. Where multiply-adds are VMUL and VADD, s30
//! and s31 hold products.

/// Adds four products to four sums, none of which waits for another: `sum weight input` each.
#[cfg(not(feature = "slow-vmla"))]
macro_rules! four {
    ($($sum:literal $weight:literal $input:literal),+) => {
        concat!($("vmla.f32 s", $sum, ", s", $weight, ", s", $input, "\n"),+)
    };
}

/// Adds four products to four sums, none of which waits for another: `sum weight input` each.
///
/// A result that the next instruction reads costs a cycle more, so products are made in pairs.
#[cfg(feature = "slow-vmla")]
macro_rules! four {
    ($s0:literal $w0:literal $x0:literal, $s1:literal $w1:literal $x1:literal,
     $s2:literal $w2:literal $x2:literal, $s3:literal $w3:literal $x3:literal) => {
        concat!(
            "vmul.f32 s30, s",
            $w0,
            ", s",
            $x0,
            "\nvmul.f32 s31, s",
            $w1,
            ", s",
            $x1,
            "\n",
            "vadd.f32 s",
            $s0,
            ", s",
            $s0,
            ", s30\nvadd.f32 s",
            $s1,
            ", s",
            $s1,
            ", s31\n",
            "vmul.f32 s30, s",
            $w2,
            ", s",
            $x2,
            "\nvmul.f32 s31, s",
            $w3,
            ", s",
            $x3,
            "\n",
            "vadd.f32 s",
            $s2,
            ", s",
            $s2,
            ", s30\nvadd.f32 s",
            $s3,
            ", s",
            $s3,
            ", s31\n",
        )
    };
}

/// Adds to a filter's four sums the products of its next weight: `address; sums; inputs`.
macro_rules! one_tap {
    ($weights:literal; $a:literal $b:literal $c:literal $d:literal;
     $x0:literal $x1:literal $x2:literal $x3:literal) => {
        concat!(
            "vldmia ", $weights, "!, {{s28}}\n",
            four!($a 28 $x0, $b 28 $x1, $c 28 $x2, $d 28 $x3)
        )
    };
}

/// Adds to a filter's four sums the products of its next three weights: `address; sums; inputs of
/// the first; of the second; of the third`.
#[cfg(not(feature = "slow-vmla"))]
macro_rules! three_taps {
    ($weights:literal; $a:literal $b:literal $c:literal $d:literal;
     $x0:literal $x1:literal $x2:literal $x3:literal;
     $y0:literal $y1:literal $y2:literal $y3:literal;
     $z0:literal $z1:literal $z2:literal $z3:literal) => {
        concat!(
            "vldmia ", $weights, "!, {{s28-s30}}\n",
            four!($a 28 $x0, $b 28 $x1, $c 28 $x2, $d 28 $x3),
            four!($a 29 $y0, $b 29 $y1, $c 29 $y2, $d 29 $y3),
            four!($a 30 $z0, $b 30 $z1, $c 30 $z2, $d 30 $z3)
        )
    };
}

/// Adds to a filter's four sums the products of its next three weights: `address; sums; inputs of
/// the first; of the second; of the third`. The third is loaded by itself, since two registers
/// hold products.
#[cfg(feature = "slow-vmla")]
macro_rules! three_taps {
    ($weights:literal; $a:literal $b:literal $c:literal $d:literal;
     $x0:literal $x1:literal $x2:literal $x3:literal;
     $y0:literal $y1:literal $y2:literal $y3:literal;
     $z0:literal $z1:literal $z2:literal $z3:literal) => {
        concat!(
            "vldmia ", $weights, "!, {{s28-s29}}\n",
            four!($a 28 $x0, $b 28 $x1, $c 28 $x2, $d 28 $x3),
            four!($a 29 $y0, $b 29 $y1, $c 29 $y2, $d 29 $y3),
            one_tap!($weights; $a $b $c $d; $z0 $z1 $z2 $z3)
        )
    };
}

/// Adds products to one sum, one after the other: `sum; weight input each`. The weights' registers
/// may change.
#[cfg(not(feature = "slow-vmla"))]
macro_rules! chain {
    ($sum:literal; $($weight:literal $input:literal),+) => {
        concat!($("vmla.f32 s", $sum, ", s", $weight, ", s", $input, "\n",)+)
    };
}

/// Adds products to one sum, one after the other: `sum; weight input each`. The weights' registers
/// hold the products.
#[cfg(feature = "slow-vmla")]
macro_rules! chain {
    ($sum:literal; $($weight:literal $input:literal),+) => {
        concat!(
            $("vmul.f32 s", $weight, ", s", $weight, ", s", $input, "\n",)+
            $("vadd.f32 s", $sum, ", s", $sum, ", s", $weight, "\n",)+
        )
    };
}

/// Adds products to one sum, one after the other: `sum; weight input each`. The inputs' registers
/// may change, the weights' do not.
#[cfg(not(feature = "slow-vmla"))]
macro_rules! kept_chain {
    ($($all:tt)+) => { chain!($($all)+) };
}

/// Adds products to one sum, one after the other: `sum; weight input each`. The inputs' registers
/// hold the products.
#[cfg(feature = "slow-vmla")]
macro_rules! kept_chain {
    ($sum:literal; $($weight:literal $input:literal),+) => {
        chain!($sum; $($input $weight),+)
    };
}

/// Adds products to two sums, one after the other each: `sums; their weights and the input each`.
#[cfg(not(feature = "slow-vmla"))]
macro_rules! chains {
    ($a:literal $b:literal; $($v:literal $w:literal $input:literal),+) => {
        concat!($(
            "vmla.f32 s", $a, ", s", $v, ", s", $input, "\n",
            "vmla.f32 s", $b, ", s", $w, ", s", $input, "\n",
        )+)
    };
}

/// Adds products to two sums, one after the other each: `sums; their weights and the input each`.
/// The weights' registers hold the products.
#[cfg(feature = "slow-vmla")]
macro_rules! chains {
    ($a:literal $b:literal; $($v:literal $w:literal $input:literal),+) => {
        concat!(
            $(
                "vmul.f32 s", $v, ", s", $v, ", s", $input, "\n",
                "vmul.f32 s", $w, ", s", $w, ", s", $input, "\n",
            )+
            $(
                "vadd.f32 s", $a, ", s", $a, ", s", $v, "\n",
                "vadd.f32 s", $b, ", s", $b, ", s", $w, "\n",
            )+
        )
    };
}

/// Adds products to two sums, one after the other each: `sums; their weights and the input each`. No
/// register but the sums' changes.
#[cfg(not(feature = "slow-vmla"))]
macro_rules! kept_chains {
    ($($all:tt)+) => { chains!($($all)+) };
}

/// Adds products to two sums, one after the other each: `sums; their weights and the input each`. No
/// register but the sums' changes, and the products'.
#[cfg(feature = "slow-vmla")]
macro_rules! kept_chains {
    ($a:literal $b:literal; $($v:literal $w:literal $input:literal),+) => {
        concat!($(
            "vmul.f32 s30, s", $v, ", s", $input, "\nvmul.f32 s31, s", $w, ", s", $input, "\n",
            "vadd.f32 s", $a, ", s", $a, ", s30\nvadd.f32 s", $b, ", s", $b, ", s31\n",
        )+)
    };
}

//! The loops of fans whose outputs are side by side, and their inputs, too: at r0.

use super::Fan;

/// A row of taps: `label; registers of the weights, of the inputs; weight and its four inputs each`.
macro_rules! one_line {
    ($label:literal; $weights:literal, $inputs:literal;
     $($w:literal $x0:literal $x1:literal $x2:literal $x3:literal),+) => {
        concat!(
            $label, ":\nvldmia r4, {{", $weights, "}}\nadd r4, r7\n",
            "vldmia r0, {{", $inputs, "}}\nadd r0, r6\n",
            $(four!(0 $w $x0, 1 $w $x1, 2 $w $x2, 3 $w $x3),)+
            "subs r9, r9, #1\nbne ", $label, "b\nb 40f\n",
        )
    };
}

/// The same of two filters, one after the other in the weights' registers.
macro_rules! two_lines {
    ($label:literal; $weights:literal, $inputs:literal;
     $($w:literal $x0:literal $x1:literal $x2:literal $x3:literal),+) => {
        concat!(
            $label, ":\nvldmia r4, {{", $weights, "}}\nadd r4, r7\n",
            "vldmia r0, {{", $inputs, "}}\nadd r0, r6\n",
            $(four!(0 $w $x0, 1 $w $x1, 2 $w $x2, 3 $w $x3),)+
            "vldmia r5, {{", $weights, "}}\nadd r5, r7\n",
            $(four!(4 $w $x0, 5 $w $x1, 6 $w $x2, 7 $w $x3),)+
            "subs r9, r9, #1\nbne ", $label, "b\nb 40f\n",
        )
    };
}

/// Rows of one tap to seven.
macro_rules! line_loops {
    ($name:ident, $row:ident, $begin:expr, $move_shared:expr, $store:expr, $($operands:tt)*) => {
        fan_loops!(
            $name,
            $begin,
            [
                $row!("37"; "s18-s24", "s8-s17"; 18 8 9 10 11, 19 9 10 11 12, 20 10 11 12 13,
                    21 11 12 13 14, 22 12 13 14 15, 23 13 14 15 16, 24 14 15 16 17),
                $row!("36"; "s18-s23", "s8-s16"; 18 8 9 10 11, 19 9 10 11 12, 20 10 11 12 13,
                    21 11 12 13 14, 22 12 13 14 15, 23 13 14 15 16),
                $row!("35"; "s18-s22", "s8-s15"; 18 8 9 10 11, 19 9 10 11 12, 20 10 11 12 13,
                    21 11 12 13 14, 22 12 13 14 15),
                $row!("34"; "s18-s21", "s8-s14"; 18 8 9 10 11, 19 9 10 11 12, 20 10 11 12 13,
                    21 11 12 13 14),
                $row!("33"; "s18-s20", "s8-s13"; 18 8 9 10 11, 19 9 10 11 12, 20 10 11 12 13),
                $row!("32"; "s18-s19", "s8-s12"; 18 8 9 10 11, 19 9 10 11 12),
                $row!("31"; "s18", "s8-s11"; 18 8 9 10 11),
            ],
            "add r0, r12",
            $move_shared,
            $store,
            $($operands)*
        );
    };
}

line_loops!(
    one,
    one_line,
    begin_sums!(0 1 2 3),
    "add r4, r8",
    concat!(raise_sums!(0 1 2 3), "vstmia r12, {{s0-s3}}\n"),
);

line_loops!(
    two,
    two_lines,
    concat!(
        begin_sums!(0 1 2 3),
        "ldr r5, [lr, #{shared_bias_step}]\nadd r12, r5\n",
        begin_sums!(4 5 6 7)
    ),
    "add r4, r8\nadd r5, r8",
    concat!(
        raise_sums!(0 1 2 3 4 5 6 7),
        "vstmia r12, {{s0-s3}}\nldr r8, [lr, #{shared_place}]\nadd r12, r8\n",
        "vstmia r12, {{s4-s7}}\n"
    ),
    shared_place = const core::mem::offset_of!(Fan, shared_place),
    shared_bias_step = const core::mem::offset_of!(Fan, shared_bias_step),
);

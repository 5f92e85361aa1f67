//! What tiles of either shape have in common, as text for the assembler.

/// A filter's four outputs.
macro_rules! scattered_store {
    ($first:literal; $a:literal $b:literal $c:literal $d:literal) => {
        concat!(
            "vstr s",
            $a,
            ", [",
            $first,
            "]\n",
            "adds r7, ",
            $first,
            ", r4\nvstr s",
            $b,
            ", [r7]\n",
            "adds r7, ",
            $first,
            ", r5\nvstr s",
            $c,
            ", [r7]\n",
            "adds r7, ",
            $first,
            ", r6\nvstr s",
            $d,
            ", [r7]\n",
        )
    };
}

/// A tap of a line.
macro_rules! line_one {
    () => {
        "vldmia r0, {{s16-s19}}\nadd r0, r0, r11\n"
    };
}

/// Moves a line's inputs on by r12.
macro_rules! line_move {
    () => {
        "add r0, r0, r12"
    };
}

/// Stores four lines.
macro_rules! line_store {
    () => {
        "vstmia r0, {{s0-s3}}\nvstmia r1, {{s4-s7}}\nvstmia r2, {{s8-s11}}\nvstmia r3, {{s12-s15}}"
    };
}

/// The same, rectified.
macro_rules! line_store_rectified {
    () => {
        concat!(
            rectified_line!("r0"; 0 1 2 3),
            rectified_line!("r1"; 4 5 6 7),
            rectified_line!("r2"; 8 9 10 11),
            rectified_line!("r3"; 12 13 14 15),
        )
    };
}

/// A tap of scattered outputs.
macro_rules! scattered_one {
    () => {
        concat!(
            "vldmia r0, {{s16}}\nadd r0, r0, r11\nvldmia r1, {{s17}}\nadd r1, r1, r11\n",
            "vldmia r2, {{s18}}\nadd r2, r2, r11\nvldmia r3, {{s19}}\nadd r3, r3, r11\n",
        )
    };
}

/// Moves scattered outputs' inputs on by r12.
macro_rules! scattered_move {
    () => {
        "add r0, r0, r12\nadd r1, r1, r12\nadd r2, r2, r12\nadd r3, r3, r12"
    };
}

/// Stores scattered outputs of four filters, whose places lie behind the sums.
macro_rules! scattered_stores {
    () => {
        concat!(
            "add r7, lr, #{sums} + 64\nldm r7, {{r4-r6}}\n",
            scattered_store!("r0"; 0 1 2 3),
            scattered_store!("r1"; 4 5 6 7),
            scattered_store!("r2"; 8 9 10 11),
            scattered_store!("r3"; 12 13 14 15),
        )
    };
}

/// The same, rectified.
macro_rules! scattered_stores_rectified {
    () => {
        concat!(
            "add r7, lr, #{sums} + 64\nldm r7, {{r4-r6}}\n",
            rectified_scattered!("r0"; 0 1 2 3),
            rectified_scattered!("r1"; 4 5 6 7),
            rectified_scattered!("r2"; 8 9 10 11),
            rectified_scattered!("r3"; 12 13 14 15),
        )
    };
}

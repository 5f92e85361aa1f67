//! The tiles of a sweep over kernels of one column, whose rows or channels are walked three at a time.

use super::Sweep;

/// Three taps of an output of a scattered tile: `its address; their registers`.
macro_rules! three_apart {
    ($input:literal; $a:literal $b:literal $c:literal) => {
        concat!(
            "vldmia ", $input, ", {{s", $a, "}}\nadd ", $input, ", ", $input, ", r11\n", "vldmia ",
            $input, ", {{s", $b, "}}\nadd ", $input, ", ", $input, ", r11\n", "vldmia ", $input,
            ", {{s", $c, "}}\nadd ", $input, ", ", $input, ", r11\n",
        )
    };
}

four_filters!(
    line,
    concat!(
        "vldmia r0, {{s16-s19}}\nadd r0, r0, r11\nvldmia r0, {{s20-s23}}\nadd r0, r0, r11\n",
        "vldmia r0, {{s24-s27}}\nadd r0, r0, r11\n",
    ),
    [16 17 18 19; 20 21 22 23; 24 25 26 27],
    line_one!(),
    line_move!(),
    line_store!(),
    line_store_rectified!()
);

four_filters!(
    scattered,
    concat!(
        three_apart!("r0"; 16 20 24),
        three_apart!("r1"; 17 21 25),
        three_apart!("r2"; 18 22 26),
        three_apart!("r3"; 19 23 27),
    ),
    [16 17 18 19; 20 21 22 23; 24 25 26 27],
    scattered_one!(),
    scattered_move!(),
    scattered_stores!(),
    scattered_stores_rectified!()
);

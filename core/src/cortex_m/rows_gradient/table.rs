//! Which loops there are.

use super::{RowLoops, RowWork};

macro_rules! row_loops {
    ($(($columns:literal, $rows:literal, $scatter:ident, $scatter_codes:ident, $gather:ident, $gather_codes:ident)),+) => {
        // SAFETY: the assembly defines these names, with these arguments.
        unsafe extern "C" {
            $(
                fn $scatter(work: *const RowWork);
                fn $gather(work: *const RowWork);
                static $scatter_codes: [usize; 2 * $columns];
                static $gather_codes: [usize; 2 * $columns];
            )+
        }

        /// The loop that takes the most of `count` rows of a kernel at a time.
        pub(super) fn find(back: bool, columns: usize, count: usize) -> RowLoops {
            $(
                if columns == $columns && count.is_multiple_of($rows) {
                    let (run, codes): (unsafe extern "C" fn(*const RowWork), _) = if back {
                        ($scatter, &raw const $scatter_codes)
                    } else {
                        ($gather, &raw const $gather_codes)
                    };
                    return RowLoops {
                        run,
                        codes: codes.cast(),
                        back,
                        columns,
                        rows: $rows,
                        runs: count / $rows,
                    };
                }
            )+
            unreachable!("rows that do not fit are left to the portable kernel");
        }
    };
}

// Of each number of columns the most rows come first, and one at last.
row_loops!(
    (
        3,
        3,
        kiln_scatter_3_3,
        kiln_scatter_3_3_codes,
        kiln_gather_3_3,
        kiln_gather_3_3_codes
    ),
    (
        3,
        2,
        kiln_scatter_3_2,
        kiln_scatter_3_2_codes,
        kiln_gather_3_2,
        kiln_gather_3_2_codes
    ),
    (
        3,
        1,
        kiln_scatter_3_1,
        kiln_scatter_3_1_codes,
        kiln_gather_3_1,
        kiln_gather_3_1_codes
    ),
    (
        5,
        5,
        kiln_scatter_5_5,
        kiln_scatter_5_5_codes,
        kiln_gather_5_5,
        kiln_gather_5_5_codes
    ),
    (
        5,
        1,
        kiln_scatter_5_1,
        kiln_scatter_5_1_codes,
        kiln_gather_5_1,
        kiln_gather_5_1_codes
    ),
    (
        1,
        3,
        kiln_scatter_1_3,
        kiln_scatter_1_3_codes,
        kiln_gather_1_3,
        kiln_gather_1_3_codes
    ),
    (
        1,
        1,
        kiln_scatter_1_1,
        kiln_scatter_1_1_codes,
        kiln_gather_1_1,
        kiln_gather_1_1_codes
    ),
    (
        2,
        2,
        kiln_scatter_2_2,
        kiln_scatter_2_2_codes,
        kiln_gather_2_2,
        kiln_gather_2_2_codes
    ),
    (
        2,
        1,
        kiln_scatter_2_1,
        kiln_scatter_2_1_codes,
        kiln_gather_2_1,
        kiln_gather_2_1_codes
    ),
    (
        4,
        4,
        kiln_scatter_4_4,
        kiln_scatter_4_4_codes,
        kiln_gather_4_4,
        kiln_gather_4_4_codes
    ),
    (
        4,
        1,
        kiln_scatter_4_1,
        kiln_scatter_4_1_codes,
        kiln_gather_4_1,
        kiln_gather_4_1_codes
    ),
    (
        6,
        1,
        kiln_scatter_6_1,
        kiln_scatter_6_1_codes,
        kiln_gather_6_1,
        kiln_gather_6_1_codes
    ),
    (
        7,
        1,
        kiln_scatter_7_1,
        kiln_scatter_7_1_codes,
        kiln_gather_7_1,
        kiln_gather_7_1_codes
    )
);

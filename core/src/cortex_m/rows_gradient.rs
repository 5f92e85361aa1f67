//! Rows of a kernel over a list of positions, for the gradients of a convolution.
//!
//! A loop is made for one number of columns and of rows of a kernel, whose weights, or sums of
//! gradients, stay in registers while a list is gone through. The code of a [`Position`] is the
//! address of a *body*: what is to be done with a position that has all of the columns, or only the
//! first or the last of them. A body ends with a jump to the next position's, so that none is asked
//! what it has, and behind the list lies the address of what ends the loop for a channel.
//!
//! [`Position`]: crate::ops::conv2d::Position

use crate::ops::conv2d::{ConvGeometry, PositionList, RowMaps, TapRows};
use core::ops::Range;

/// What a loop works on. Steps are in bytes.
#[repr(C)]
struct RowWork {
    positions: *const crate::ops::conv2d::Position,
    /// The first channel.
    channel: *const f32,
    /// The rows of the first channel's kernel.
    kernel: *const f32,
    row_step: usize,
    channel_step: usize,
    kernel_step: usize,
    channels: usize,
}

/// A loop, and how often it is run for all rows.
#[derive(Clone, Copy)]
pub(crate) struct RowLoops {
    run: unsafe extern "C" fn(*const RowWork),
    /// Addresses of the bodies: for the first columns, from one to all; for the last, from all but
    /// one to one; and of what ends the loop.
    codes: *const usize,
    back: bool,
    columns: usize,
    /// Rows of one run.
    rows: usize,
    runs: usize,
}

/// Most columns of a kernel.
const COLUMNS: usize = 7;

macro_rules! row_loops {
    ($(($columns:literal, $rows:literal, $scatter:ident, $scatter_codes:ident, $gather:ident, $gather_codes:ident)),+) => {
        unsafe extern "C" {
            $(
                fn $scatter(work: *const RowWork);
                fn $gather(work: *const RowWork);
                static $scatter_codes: [usize; 2 * $columns];
                static $gather_codes: [usize; 2 * $columns];
            )+
        }

        /// The loop that takes the most of `count` rows of a kernel at a time.
        fn find(back: bool, columns: usize, count: usize) -> RowLoops {
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

impl TapRows for RowLoops {
    fn fits(g: &ConvGeometry) -> bool {
        let columns = g.kernel[1];
        if columns > COLUMNS || columns > 1 && g.dilation[1] != 1 {
            return false;
        }
        // There is no body for a position that lacks the first columns and the last, too: nothing
        // beside the last that lacks the first may reach beyond the end.
        let Some(before) = g.padding[1].checked_sub(1) else {
            return true;
        };
        let last = (before / g.stride[1]).min(g.output[1].saturating_sub(1));
        last * g.stride[1] + columns <= g.input[1] + g.padding[1]
    }

    fn choose(back: bool, g: &ConvGeometry, count: usize) -> Self {
        find(back, g.kernel[1], count)
    }

    fn with_count(self, g: &ConvGeometry, count: usize) -> Self {
        if count == self.rows * self.runs {
            return self;
        }
        find(self.back, g.kernel[1], count)
    }

    fn code(self, columns: &Range<usize>) -> usize {
        assert!(columns.start < columns.end && columns.end <= self.columns);
        let body = if columns.start == 0 {
            columns.end - 1
        } else {
            self.columns - 1 + columns.start
        };
        // SAFETY: there are bodies for each first and each last columns, as many as there are
        // columns, less one.
        unsafe { *self.codes.add(body) }
    }

    fn end(self) -> usize {
        // SAFETY: the last of twice as many addresses as there are columns.
        unsafe { *self.codes.add(2 * self.columns - 1) }
    }

    fn scatter(self, list: &PositionList, maps: &RowMaps, weights: &[f32], d_channels: &mut [f32]) {
        self.check(list, maps, d_channels.len(), weights.len());
        // SAFETY: checked.
        unsafe { self.run_all(list, maps, d_channels.as_mut_ptr(), weights.as_ptr()) };
    }

    fn gather(self, list: &PositionList, maps: &RowMaps, channels: &[f32], sums: &mut [f32]) {
        self.check(list, maps, channels.len(), sums.len());
        // SAFETY: checked.
        unsafe { self.run_all(list, maps, channels.as_ptr(), sums.as_mut_ptr()) };
    }
}

impl RowLoops {
    /// Checks that no body reaches beyond a channel, nor a channel or kernel beyond the slices.
    fn check(self, list: &PositionList, maps: &RowMaps, channels: usize, kernels: usize) {
        let rows = self.rows * self.runs;
        let is_inside = maps.channels > 0
            && list.reach() + (rows - 1) * maps.row <= maps.channel
            && maps.channels * maps.channel <= channels
            && (maps.channels - 1) * maps.kernel + rows * self.columns <= kernels;
        assert!(is_inside, "a convolution's buffers are cut off");
    }

    /// Runs all rows.
    ///
    /// # Safety
    ///
    /// [`check`](Self::check)ed, and the list has this loop's codes.
    unsafe fn run_all(
        self,
        list: &PositionList,
        maps: &RowMaps,
        channels: *const f32,
        kernels: *const f32,
    ) {
        for run in 0..self.runs {
            let rows = run * self.rows;
            let work = RowWork {
                positions: list.positions().as_ptr(),
                // SAFETY: in the first channel, and in its kernel.
                channel: unsafe { channels.add(rows * maps.row) },
                // SAFETY: the same.
                kernel: unsafe { kernels.add(rows * self.columns) },
                row_step: maps.row * size_of::<f32>(),
                channel_step: maps.channel * size_of::<f32>(),
                kernel_step: maps.kernel * size_of::<f32>(),
                channels: maps.channels,
            };
            // SAFETY: the loop reads and writes what was checked, as far as its bodies reach.
            unsafe { (self.run)(&work) };
        }
    }
}

// Registers: r0 next position, r1 first position, r2 channel, r3 kernel, r4 code, r5 address, r6
// gradient, r8 row step, r9 channel step, r10 kernel step, r11 channels left. s0 and on: the weights
// or sums, row by row; s31 the gradient. The values of a row begin at s25, or at s8 where a single
// row is longer than that leaves room for.
core::arch::global_asm!(
    product_macros!(),
    r#"
    .macro kiln_run move, address, first, last
        \move \address, {s\first-s\last}
    .endm

    // Adds to `count` sums from s\sum on the factors from s\factor on, times the gradient.
    .macro kiln_add_products sum, factor, count
        .if \count
            kiln_add_product \sum, \factor, 31
            kiln_add_products %(\sum + 1), %(\factor + 1), %(\count - 1)
        .endif
    .endm

    // What is done in `rows` rows, the first of which has its weights or sums at s\taps.
    .macro kiln_body_rows back, columns, rows, taps, count, values
        kiln_run vldmia, r5, \values, %(\values + \count - 1)
        .if \back
            kiln_add_products \values, \taps, \count
            kiln_run vstmia, r5, \values, %(\values + \count - 1)
        .else
            kiln_add_products \taps, \values, \count
        .endif
        .if \rows - 1
            add r5, r5, r8
            kiln_body_rows \back, \columns, %(\rows - 1), %(\taps + \columns), \count, \values
        .endif
    .endm

    .macro kiln_body name, back, columns, rows, first, end, values
        .thumb_func
    \name\()_\first\()_\end:
        vmov s31, r6
        add r5, r5, r2
        kiln_body_rows \back, \columns, \rows, \first, %(\end - \first), \values
        ldmia r0!, {r4, r5, r6}
        bx r4
    .endm

    // Bodies for the first columns, and for the last.
    .macro kiln_first_bodies name, back, columns, rows, end, values
        kiln_body \name, \back, \columns, \rows, 0, \end, \values
        .if \columns - \end
            kiln_first_bodies \name, \back, \columns, \rows, %(\end + 1), \values
        .endif
    .endm
    .macro kiln_last_bodies name, back, columns, rows, first, values
        .if \columns - \first
            kiln_body \name, \back, \columns, \rows, \first, \columns, \values
            kiln_last_bodies \name, \back, \columns, \rows, %(\first + 1), \values
        .endif
    .endm
    .macro kiln_first_codes name, columns, end
        .word \name\()_0_\end
        .if \columns - \end
            kiln_first_codes \name, \columns, %(\end + 1)
        .endif
    .endm
    .macro kiln_last_codes name, columns, first
        .if \columns - \first
            .word \name\()_\first\()_\columns
            kiln_last_codes \name, \columns, %(\first + 1)
        .endif
    .endm

    .macro kiln_rows name, back, columns, rows, values
        .section .text.\name, "ax", %progbits
        .p2align 2
        .global \name
        .type \name, %function
        .thumb_func
    \name:
        push {r4-r11, lr}
        vpush {s16-s31}
        ldmia r0, {r1, r2, r3, r8, r9, r10, r11}
    1:
        kiln_run vldmia, r3, 0, %(\columns * \rows - 1)
        mov r0, r1
        ldmia r0!, {r4, r5, r6}
        bx r4
        kiln_first_bodies \name, \back, \columns, \rows, 1, \values
        kiln_last_bodies \name, \back, \columns, \rows, 1, \values
        .thumb_func
    \name\()_end:
        .if \back
        .else
            kiln_run vstmia, r3, 0, %(\columns * \rows - 1)
        .endif
        add r2, r2, r9
        add r3, r3, r10
        subs r11, r11, #1
        bne.w 1b
        vpop {s16-s31}
        pop {r4-r11, pc}
        .size \name, . - \name

        .section .rodata.\name\()_codes, "a", %progbits
        .p2align 2
        .global \name\()_codes
    \name\()_codes:
        kiln_first_codes \name, \columns, 1
        kiln_last_codes \name, \columns, 1
        .word \name\()_end
    .endm

    .macro kiln_both columns, rows, values
        kiln_rows kiln_scatter_\columns\()_\rows, 1, \columns, \rows, \values
        kiln_rows kiln_gather_\columns\()_\rows, 0, \columns, \rows, \values
    .endm

    kiln_both 1, 1, 25
    kiln_both 1, 3, 25
    kiln_both 2, 1, 25
    kiln_both 2, 2, 25
    kiln_both 3, 1, 25
    kiln_both 3, 2, 25
    kiln_both 3, 3, 25
    kiln_both 4, 1, 25
    kiln_both 4, 4, 25
    kiln_both 5, 1, 25
    kiln_both 5, 5, 25
    kiln_both 6, 1, 8
    kiln_both 7, 1, 8

    .purgem kiln_run
    .purgem kiln_add_products
    .purgem kiln_body_rows
    .purgem kiln_body
    .purgem kiln_first_bodies
    .purgem kiln_last_bodies
    .purgem kiln_first_codes
    .purgem kiln_last_codes
    .purgem kiln_rows
    .purgem kiln_both
    "#,
    no_product_macros!(),
    options(raw)
);

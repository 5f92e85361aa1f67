//! Rows of a linear layer's weights, for its gradients.

use crate::Sgd;
use crate::ops::linear::{LinearRows, add_scaled_one_by_one, descend_one_by_one};

/// Values that a turn of a loop takes.
const BLOCK: usize = 8;

// SAFETY: the assembly defines these names, with these arguments.
unsafe extern "C" {
    fn kiln_add_scaled(sums: *mut f32, values: *const f32, blocks: usize, factor: f32);
    fn kiln_descend(
        weights: *mut f32,
        input: *const f32,
        d_input: *mut f32,
        blocks: usize,
        gradient: f32,
        rate: f32,
    );
    fn kiln_descend_last(
        weights: *mut f32,
        input: *const f32,
        blocks: usize,
        gradient: f32,
        rate: f32,
    );
}

/// Blocks of eight in assembly, the rest portable.
pub(crate) struct LinearLoops;

impl LinearRows for LinearLoops {
    // Once in flash, where four rules call it for whole rows.
    #[inline(never)]
    fn add_scaled(sums: &mut [f32], values: &[f32], factor: f32) {
        let len = sums.len().min(values.len());
        let whole = len - len % BLOCK;
        if whole > 0 {
            // SAFETY: both slices have as many values.
            unsafe {
                kiln_add_scaled(sums.as_mut_ptr(), values.as_ptr(), whole / BLOCK, factor);
            }
        }
        add_scaled_one_by_one(&mut sums[whole..len], &values[whole..len], factor);
    }

    fn descend(row: &mut [f32], input: &[f32], d_input: &mut [f32], gradient: f32, sgd: &Sgd) {
        let whole = row.len() - row.len() % BLOCK;
        let is_inside =
            input.len() >= row.len() && (d_input.is_empty() || d_input.len() >= row.len());
        assert!(is_inside, "a linear layer's buffers are cut off");
        let (weights, inputs, blocks) = (row.as_mut_ptr(), input.as_ptr(), whole / BLOCK);
        if blocks > 0 && d_input.is_empty() {
            // SAFETY: both slices have as many values.
            unsafe { kiln_descend_last(weights, inputs, blocks, gradient, sgd.rate) };
        } else if blocks > 0 {
            let d_inputs = d_input.as_mut_ptr();
            // SAFETY: all three slices have as many values.
            unsafe { kiln_descend(weights, inputs, d_inputs, blocks, gradient, sgd.rate) };
        }
        let (row, input) = (&mut row[whole..], &input[whole..]);
        let d_input = d_input.get_mut(whole..).unwrap_or(&mut []);
        descend_one_by_one(row, input, d_input, gradient, sgd);
    }
}

core::arch::global_asm!(
    product_macros!(),
    r#"
    .macro kiln_add_eight sum, a, b, more
        kiln_add_product \sum, \a, \b
        .if \more
            kiln_add_eight %(\sum + 1), %(\a + 1), \b, %(\more - 1)
        .endif
    .endm
    .macro kiln_subtract_eight sum, a, b, more
        kiln_subtract_product \sum, \a, \b
        .if \more
            kiln_subtract_eight %(\sum + 1), %(\a + 1), \b, %(\more - 1)
        .endif
    .endm

    // r0 sums, r1 values, r2 blocks left; s0 the factor.
    .section .text.kiln_add_scaled, "ax", %progbits
    .p2align 2
    .global kiln_add_scaled
    .type kiln_add_scaled, %function
    .thumb_func
kiln_add_scaled:
    vpush {s16-s31}
1:
    vldmia r0, {s8-s15}
    vldmia r1!, {s16-s23}
    kiln_add_eight 8, 16, 0, 7
    vstmia r0!, {s8-s15}
    subs r2, r2, #1
    bne 1b
    vpop {s16-s31}
    bx lr
    .size kiln_add_scaled, . - kiln_add_scaled

    // Updates eight weights. A gradient is a sum that begins at +0, which makes a product of -0 +0.
    .macro kiln_descend_block
        vldmia r12, {s18-s25}
        kiln_add_eight 18, 10, 0, 7
        kiln_subtract_eight 2, 18, 1, 7
        vstmia r0!, {s2-s9}
    .endm

    // r0 weights, r1 inputs, r2 their gradient, r3 blocks left, r12 zeros; s0 the output's gradient,
    // s1 the rate.
    .section .text.kiln_descend, "ax", %progbits
    .p2align 2
    .global kiln_descend
    .type kiln_descend, %function
    .thumb_func
kiln_descend:
    vpush {s16-s31}
    adr r12, 2f
1:
    vldmia r0, {s2-s9}
    vldmia r1!, {s10-s17}
    vldmia r2, {s18-s25}
    kiln_add_eight 18, 2, 0, 7
    vstmia r2!, {s18-s25}
    kiln_descend_block
    subs r3, r3, #1
    bne 1b
    vpop {s16-s31}
    bx lr
    .p2align 2
2:
    .zero 32
    .size kiln_descend, . - kiln_descend

    // r0 weights, r1 inputs, r2 blocks left, r12 zeros; s0 the output's gradient, s1 the rate.
    .section .text.kiln_descend_last, "ax", %progbits
    .p2align 2
    .global kiln_descend_last
    .type kiln_descend_last, %function
    .thumb_func
kiln_descend_last:
    vpush {s16-s31}
    adr r12, 2f
1:
    vldmia r0, {s2-s9}
    vldmia r1!, {s10-s17}
    kiln_descend_block
    subs r2, r2, #1
    bne 1b
    vpop {s16-s31}
    bx lr
    .p2align 2
2:
    .zero 32
    .size kiln_descend_last, . - kiln_descend_last

    .purgem kiln_descend_block
    .purgem kiln_add_eight
    .purgem kiln_subtract_eight
    "#,
    no_product_macros!(),
    options(raw)
);

//! Tiles of 4 x 4 sums in registers, for the gradients of a convolution whose kernel is one tap.

use crate::ops::conv2d::{PointwiseTiles, PortableTiles, StridedRows};

/// What a tile of the input's gradient is made of. Steps are in bytes.
#[repr(C)]
struct InputWork {
    weights: *const f32,
    weight_step: usize,
    d_output: *const f32,
    d_output_step: usize,
    /// 1 at least.
    filters: usize,
    tile: *mut f32,
    step: usize,
    fresh: usize,
}

/// What a tile of the weights' gradient is made of. Steps are in bytes.
#[repr(C)]
struct WeightWork {
    d_output: *const f32,
    d_output_step: usize,
    input: *const f32,
    input_step: usize,
    positions: usize,
    tile: *mut f32,
    step: usize,
}

// SAFETY: the assembly defines these names, with these arguments.
unsafe extern "C" {
    fn kiln_input_tile(work: *const InputWork);
    fn kiln_weight_tile(work: *const WeightWork);
}

/// Tiles of 4 x 4 in assembly, all others portable.
pub(crate) struct PointwiseLoops;

const SIDE: usize = 4;
const BYTES: usize = size_of::<f32>();

/// Values from the first of `rows` rows to the last, `columns` of which are used.
const fn extent(rows: usize, step: usize, columns: usize) -> usize {
    (rows - 1) * step + columns
}

impl PointwiseTiles for PointwiseLoops {
    fn add_input_gradient<const M: usize, const N: usize>(
        filters: usize,
        weights: StridedRows<'_>,
        d_output: StridedRows<'_>,
        fresh: bool,
        tile: &mut [f32],
        step: usize,
    ) {
        if (M, N) != (SIDE, SIDE) {
            return PortableTiles::add_input_gradient::<M, N>(
                filters, weights, d_output, fresh, tile, step,
            );
        }
        let is_inside = filters > 0
            && extent(filters, weights.step, SIDE) <= weights.values.len()
            && extent(filters, d_output.step, SIDE) <= d_output.values.len()
            && extent(SIDE, step, SIDE) <= tile.len();
        assert!(is_inside, "a convolution's buffers are cut off");
        let work = InputWork {
            weights: weights.values.as_ptr(),
            weight_step: weights.step * BYTES,
            d_output: d_output.values.as_ptr(),
            d_output_step: d_output.step * BYTES,
            filters,
            tile: tile.as_mut_ptr(),
            step: step * BYTES,
            fresh: fresh.into(),
        };
        // SAFETY: checked that all rows lie in the slices.
        unsafe { kiln_input_tile(&work) };
    }

    fn add_weight_gradient<const M: usize, const N: usize>(
        positions: usize,
        d_output: StridedRows<'_>,
        input: StridedRows<'_>,
        tile: &mut [f32],
        step: usize,
    ) {
        if (M, N) != (SIDE, SIDE) {
            return PortableTiles::add_weight_gradient::<M, N>(
                positions, d_output, input, tile, step,
            );
        }
        let is_inside = extent(SIDE, d_output.step, positions) <= d_output.values.len()
            && extent(SIDE, input.step, positions) <= input.values.len()
            && extent(SIDE, step, SIDE) <= tile.len();
        assert!(is_inside, "a convolution's buffers are cut off");
        let work = WeightWork {
            d_output: d_output.values.as_ptr(),
            d_output_step: d_output.step * BYTES,
            input: input.values.as_ptr(),
            input_step: input.step * BYTES,
            positions,
            tile: tile.as_mut_ptr(),
            step: step * BYTES,
        };
        // SAFETY: checked that all rows lie in the slices.
        unsafe { kiln_weight_tile(&work) };
    }
}

/// Two positions at a time, and what is left as a flag. Products of VMUL have no register here.
#[cfg(not(feature = "slow-vmla"))]
macro_rules! position_pairs {
    () => {
        r#"
    subs r8, r8, #2
    blo 2f
1:
    vldmia r0!, {s16-s17}
    vldmia r1!, {s18-s19}
    vldmia r2!, {s20-s21}
    vldmia r3!, {s22-s23}
    vldmia r4!, {s24-s25}
    vldmia r5!, {s26-s27}
    vldmia r6!, {s28-s29}
    vldmia r7!, {s30-s31}
    .irp first, 0, 1
        .irp filter, 0, 1, 2, 3
            kiln_add_product %(4 * \filter), %(24 + \first), %(16 + 2 * \filter + \first)
            kiln_add_product %(4 * \filter + 1), %(26 + \first), %(16 + 2 * \filter + \first)
            kiln_add_product %(4 * \filter + 2), %(28 + \first), %(16 + 2 * \filter + \first)
            kiln_add_product %(4 * \filter + 3), %(30 + \first), %(16 + 2 * \filter + \first)
        .endr
    .endr
    subs r8, r8, #2
    bhs 1b
2:
    adds r8, r8, #2
        "#
    };
}

#[cfg(feature = "slow-vmla")]
macro_rules! position_pairs {
    () => {
        "cmp r8, #0\n"
    };
}

core::arch::global_asm!(
    product_macros!(),
    r#"
    // Adds the products of one factor with four to four sums.
    .macro kiln_add_four sum, a, b
        kiln_add_product \sum, \a, \b
        kiln_add_product %(\sum + 1), \a, %(\b + 1)
        kiln_add_product %(\sum + 2), \a, %(\b + 2)
        kiln_add_product %(\sum + 3), \a, %(\b + 3)
    .endm

    // Loads or stores the tile at \tile, whose rows are \step apart.
    .macro kiln_move_tile move, tile, step
        \move \tile, {s0-s3}
        add \tile, \tile, \step
        \move \tile, {s4-s7}
        add \tile, \tile, \step
        \move \tile, {s8-s11}
        add \tile, \tile, \step
        \move \tile, {s12-s15}
    .endm

    // Registers: r1 weights, r2 their step, r3 gradients, r4 their step, r5 filters left, r6 tile,
    // r7 its step, r8 whether it is fresh.
    .section .text.kiln_input_tile, "ax", %progbits
    .p2align 2
    .global kiln_input_tile
    .type kiln_input_tile, %function
    .thumb_func
kiln_input_tile:
    push {r4-r9, lr}
    vpush {s16-s31}
    ldmia r0, {r1-r8}
    cmp r8, #0
    beq 1f
    adr r9, 4f
    vldmia r9, {s0-s15}
    b 2f
1:
    mov r9, r6
    kiln_move_tile vldmia, r9, r7
2:
    vldmia r1, {s16-s19}
    add r1, r1, r2
    vldmia r3, {s20-s23}
    add r3, r3, r4
    kiln_add_four 0, 16, 20
    kiln_add_four 4, 17, 20
    kiln_add_four 8, 18, 20
    kiln_add_four 12, 19, 20
    subs r5, r5, #1
    bne 2b
    kiln_move_tile vstmia, r6, r7
    vpop {s16-s31}
    pop {r4-r9, pc}
    .p2align 2
4:
    .zero 64
    .size kiln_input_tile, . - kiln_input_tile

    // Registers: r0 to r3 gradients of four filters, r4 to r7 inputs of four channels, r8 positions
    // left, r9 tile, r10 its step.
    .section .text.kiln_weight_tile, "ax", %progbits
    .p2align 2
    .global kiln_weight_tile
    .type kiln_weight_tile, %function
    .thumb_func
kiln_weight_tile:
    push {r4-r11, lr}
    vpush {s16-s31}
    ldmia r0, {r0, r1, r4, r5, r8, r9, r10}
    add r2, r0, r1, lsl #1
    add r3, r2, r1
    add r1, r1, r0
    add r6, r4, r5, lsl #1
    add r7, r6, r5
    add r5, r5, r4
    mov r11, r9
    kiln_move_tile vldmia, r11, r10
    "#,
    position_pairs!(),
    r#"
    beq 4f
3:
    vldmia r0!, {s16}
    vldmia r1!, {s17}
    vldmia r2!, {s18}
    vldmia r3!, {s19}
    vldmia r4!, {s20}
    vldmia r5!, {s21}
    vldmia r6!, {s22}
    vldmia r7!, {s23}
    kiln_add_four 0, 16, 20
    kiln_add_four 4, 17, 20
    kiln_add_four 8, 18, 20
    kiln_add_four 12, 19, 20
    subs r8, r8, #1
    bne 3b
4:
    kiln_move_tile vstmia, r9, r10
    vpop {s16-s31}
    pop {r4-r11, pc}
    .size kiln_weight_tile, . - kiln_weight_tile
    .purgem kiln_add_four
    .purgem kiln_move_tile
    "#,
    no_product_macros!(),
    options(raw)
);

//! The loops.

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

    // r0 values, r1 blocks of 16.
    .section .text.kiln_clear, "ax", %progbits
    .p2align 2
    .global kiln_clear
    .type kiln_clear, %function
    .thumb_func
kiln_clear:
    vpush {s16-s31}
    adr r2, 2f
    vldmia r2, {s16-s31}
1:
    vstmia r0!, {s16-s31}
    subs r1, r1, #1
    bne 1b
    vpop {s16-s31}
    bx lr
    .p2align 2
2:
    .zero 64
    .size kiln_clear, . - kiln_clear

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

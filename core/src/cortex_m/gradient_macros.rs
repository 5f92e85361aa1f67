//! What the loops of gradients share, as macros of the assembler.
//!
//! A block of assembly defines them at its beginning and takes them back at its end, since several
//! blocks may come to be one file, or each to be one. The floating-point unit is named, since
//! what looks for a block's symbols is not told the target's features.

/// `kiln_add_product sum, a, b` and `kiln_subtract_product sum, a, b`, registers given by their
/// numbers.
#[cfg(not(feature = "slow-vmla"))]
macro_rules! product_macros {
    () => {
        r#"
    .fpu fpv4-sp-d16
    .altmacro
    .macro kiln_add_product sum, a, b
        vmla.f32 s\sum, s\a, s\b
    .endm
    .macro kiln_subtract_product sum, a, b
        vmls.f32 s\sum, s\a, s\b
    .endm
        "#
    };
}

/// `kiln_add_product sum, a, b` and `kiln_subtract_product sum, a, b`, registers given by their
/// numbers; s30 holds products.
#[cfg(feature = "slow-vmla")]
macro_rules! product_macros {
    () => {
        r#"
    .fpu fpv4-sp-d16
    .altmacro
    .macro kiln_add_product sum, a, b
        vmul.f32 s30, s\a, s\b
        vadd.f32 s\sum, s\sum, s30
    .endm
    .macro kiln_subtract_product sum, a, b
        vmul.f32 s30, s\a, s\b
        vsub.f32 s\sum, s\sum, s30
    .endm
        "#
    };
}

/// Takes back what [`product_macros`] defined.
macro_rules! no_product_macros {
    () => {
        r#"
    .purgem kiln_add_product
    .purgem kiln_subtract_product
    .noaltmacro
    .text
        "#
    };
}

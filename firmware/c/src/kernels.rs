//! The kernels by name: a model points to those that it needs, so that no others are linked.

use crate::interface::ForeignKernel;
use kiln_core::{SingleGradientKernel, SingleInt8Kernel, SingleKernel};

macro_rules! kernels {
    ($kind:ident $kernel:ident $names:ident: $($symbol:ident $name:ident),+ $(,)?) => {
        $(
            // SAFETY: no other symbol of a program that this library is meant for begins so.
            #[unsafe(no_mangle)]
            /// A kernel, for the tables of exported models alone.
            pub static $symbol: ForeignKernel = ForeignKernel::$kind($kernel::named(stringify!($name)));
        )+

        /// Names in core, and symbols.
        #[cfg(test)]
        pub const $names: &[(&str, &str)] = &[$((stringify!($name), stringify!($symbol))),+];
    };
}

kernels! { Float SingleKernel FLOAT_NAMES:
    kiln_float_connect connect,
    kiln_float_pool_by_maximum pool_by_maximum,
    kiln_float_pool_by_mean pool_by_mean,
    kiln_float_add add,
    kiln_float_scale_and_shift scale_and_shift,
    kiln_float_activate activate,
    kiln_float_convolve_in_tiles convolve_in_tiles,
    kiln_float_convolve_and_pool convolve_and_pool,
    kiln_float_convolve_with_fans convolve_with_fans,
    kiln_float_convolve_with_fans_and_pool convolve_with_fans_and_pool,
    kiln_float_convolve_few convolve_few,
    kiln_float_convolve_few_and_pool convolve_few_and_pool,
    kiln_float_convolve_kept convolve_kept,
    kiln_float_convolve_kept_with_fans convolve_kept_with_fans,
    kiln_float_convolve_by_passes convolve_by_passes,
    kiln_float_convolve_with_fans_and_passes convolve_with_fans_and_passes,
    kiln_float_convolve_few_and_passes convolve_few_and_passes,
    kiln_float_convolve_columns convolve_columns,
    kiln_float_convolve_columns_with_fans convolve_columns_with_fans,
    kiln_float_convolve_columns_and_pool convolve_columns_and_pool,
    kiln_float_convolve_columns_and_kept convolve_columns_and_kept,
    kiln_float_convolve_columns_and_few convolve_columns_and_few,
    kiln_float_convolve_by_all convolve_by_all,
}

kernels! { Gradient SingleGradientKernel GRADIENT_NAMES:
    kiln_float_differentiate_convolution differentiate_convolution,
    kiln_float_differentiate_linear differentiate_linear,
    kiln_float_differentiate_scale_shift differentiate_scale_shift,
    kiln_float_differentiate_maximum differentiate_maximum,
    kiln_float_differentiate_mean differentiate_mean,
}

kernels! { Int8 SingleInt8Kernel INT8_NAMES:
    kiln_int8_convolve_portably convolve_portably,
    kiln_int8_convolve_by_tiles convolve_by_tiles,
    kiln_int8_convolve_by_paired_tiles convolve_by_paired_tiles,
    kiln_int8_convolve_by_lines convolve_by_lines,
    kiln_int8_convolve_by_paired_lines convolve_by_paired_lines,
    kiln_int8_convolve_by_planes convolve_by_planes,
    kiln_int8_convolve_and_add_portably convolve_and_add_portably,
    kiln_int8_convolve_and_add_by_tiles convolve_and_add_by_tiles,
    kiln_int8_convolve_and_add_by_paired_tiles convolve_and_add_by_paired_tiles,
    kiln_int8_convolve_and_add_by_lines convolve_and_add_by_lines,
    kiln_int8_convolve_and_add_by_paired_lines convolve_and_add_by_paired_lines,
    kiln_int8_convolve_and_add_by_planes convolve_and_add_by_planes,
    kiln_int8_add add,
    kiln_int8_pool_by_maximum pool_by_maximum,
    kiln_int8_pool_by_mean pool_by_mean,
    kiln_int8_clamp clamp,
}

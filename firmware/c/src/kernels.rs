//! The kernels by name: a model of `f32` points to those that it needs, so that no others are linked.

use kiln_core::SingleKernel;

macro_rules! kernels {
    ($($symbol:ident $name:ident),+ $(,)?) => {
        $(
            /// A kernel, for the tables of exported models alone.
            // SAFETY: no other symbol of a program that this library is meant for begins so.
            #[unsafe(no_mangle)]
            pub static $symbol: SingleKernel = SingleKernel::named(stringify!($name));
        )+

        /// Their names, each behind `kiln_`.
        #[cfg(test)]
        pub const NAMES: &[&str] = &[$(stringify!($name)),+];
    };
}

kernels! {
    kiln_connect connect,
    kiln_pool_by_maximum pool_by_maximum,
    kiln_pool_by_mean pool_by_mean,
    kiln_add add,
    kiln_scale_and_shift scale_and_shift,
    kiln_activate activate,
    kiln_convolve_in_tiles convolve_in_tiles,
    kiln_convolve_and_pool convolve_and_pool,
    kiln_convolve_with_fans convolve_with_fans,
    kiln_convolve_with_fans_and_pool convolve_with_fans_and_pool,
    kiln_convolve_few convolve_few,
    kiln_convolve_few_and_pool convolve_few_and_pool,
    kiln_convolve_kept convolve_kept,
    kiln_convolve_kept_with_fans convolve_kept_with_fans,
    kiln_convolve_by_all convolve_by_all,
}

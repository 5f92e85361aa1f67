//! Asks an x86-64 processor and its operating system what they have.

use core::arch::x86_64::{__cpuid, __cpuid_count, _xgetbv};

pub(in crate::lanes) fn has_avx2() -> bool {
    const YMM_STATE: u64 = 0b110;
    const AVX2: u32 = 1 << 5;
    saved_state() & YMM_STATE == YMM_STATE && extended_features() & AVX2 != 0
}

/// Sums of products rounded once.
pub(in crate::lanes) fn has_fma() -> bool {
    const FMA: u32 = 1 << 12;
    // Miri knows no CPUID.
    !cfg!(miri) && __cpuid(1).ecx & FMA != 0 && has_avx2()
}

/// The foundation, and its instructions on bytes, on wide integers and on shorter vectors.
pub(in crate::lanes) fn has_avx512() -> bool {
    const ZMM_STATE: u64 = 0b1110_0110;
    const F_DQ_BW_VL: u32 = 1 << 16 | 1 << 17 | 1 << 30 | 1 << 31;
    saved_state() & ZMM_STATE == ZMM_STATE
        && extended_features() & F_DQ_BW_VL == F_DQ_BW_VL
        && has_avx2()
}

/// The above, and sums of products of bytes.
pub(in crate::lanes) fn has_avx512_vnni() -> bool {
    const VNNI: u32 = 1 << 11;
    has_avx512() && __cpuid_count(7, 0).ecx & VNNI != 0
}

/// AVX-512, and permutations of bytes of two registers.
pub(in crate::lanes) fn has_avx512_vbmi() -> bool {
    const VBMI: u32 = 1 << 1;
    has_avx512() && __cpuid_count(7, 0).ecx & VBMI != 0
}

/// Register state the operating system saves on a switch of tasks; none if it does not say.
fn saved_state() -> u64 {
    const OSXSAVE: u32 = 1 << 27;
    // Miri knows no CPUID; it then has what every x86-64 processor has.
    if cfg!(miri) || __cpuid(1).ecx & OSXSAVE == 0 {
        return 0;
    }
    // SAFETY: OSXSAVE says that XGETBV is enabled, and register 0 always exists.
    unsafe { read_saved_state() }
}

#[target_feature(enable = "xsave")]
fn read_saved_state() -> u64 {
    // SAFETY: the caller established that XGETBV is enabled.
    unsafe { _xgetbv(0) }
}

fn extended_features() -> u32 {
    if __cpuid(0).eax < 7 {
        return 0;
    }
    __cpuid_count(7, 0).ebx
}

//! What an x86-64 processor has, and which packet type that is.

use super::super::choice::{in_code_packets, in_packets};
use super::super::{Arithmetic, CodeWork, LaneWidth, PacketWork, PortableCodes};
use super::{CodesX8, CodesX16, F32x4, F32x8, F32x16, FusedF32x8, FusedF32x16, detect};

/// The widest packet that every processor of the target has.
pub type BasicPacket = F32x4;

/// Hands the packet types to a macro.
macro_rules! each_packet {
    ($compile:ident) => {
        $compile!(
            () $crate::lanes::vectors::F32x4,
            () $crate::lanes::vectors::F32x8,
            () $crate::lanes::vectors::F32x16,
            () $crate::lanes::vectors::FusedF32x8,
            () $crate::lanes::vectors::FusedF32x16
        );
    };
}

/// Hands the types of packets of codes to a macro.
macro_rules! each_code_packet {
    ($compile:ident) => {
        $compile!(
            $crate::lanes::vectors::CodesX8,
            $crate::lanes::vectors::CodesX16
        );
    };
}

pub(crate) use {each_code_packet, each_packet};

pub(in crate::lanes) const fn name(width: LaneWidth) -> &'static str {
    match width {
        LaneWidth::X1 => "scalar",
        LaneWidth::X4 => "SSE2",
        LaneWidth::X8 => "AVX2",
        LaneWidth::X16 => "AVX-512",
    }
}

pub(in crate::lanes) fn has(width: LaneWidth, arithmetic: Arithmetic) -> bool {
    match (width, arithmetic) {
        (LaneWidth::X1, arithmetic) => arithmetic == Arithmetic::Separate,
        (LaneWidth::X4, arithmetic) => arithmetic == Arithmetic::Separate,
        (LaneWidth::X8, Arithmetic::Separate) => detect::has_avx2(),
        (LaneWidth::X16, Arithmetic::Separate) => detect::has_avx512(),
        (LaneWidth::X8, Arithmetic::Fused) => detect::has_fma(),
        (LaneWidth::X16, Arithmetic::Fused) => detect::has_avx512() && detect::has_fma(),
    }
}

pub(in crate::lanes) fn run<W: PacketWork>(
    width: LaneWidth,
    arithmetic: Arithmetic,
    work: W,
) -> Option<W::Output> {
    match (width, arithmetic) {
        (LaneWidth::X4, Arithmetic::Separate) => in_packets::<F32x4, W>(work),
        (LaneWidth::X8, Arithmetic::Separate) => in_packets::<F32x8, W>(work),
        (LaneWidth::X8, Arithmetic::Fused) => in_packets::<FusedF32x8, W>(work),
        (LaneWidth::X16, Arithmetic::Separate) => in_packets::<F32x16, W>(work),
        (LaneWidth::X16, Arithmetic::Fused) => in_packets::<FusedF32x16, W>(work),
        (LaneWidth::X1, _) | (LaneWidth::X4, Arithmetic::Fused) => None,
    }
}

pub(in crate::lanes) fn run_codes<W: CodeWork>(width: LaneWidth, work: W) -> Option<W::Output> {
    match width {
        LaneWidth::X1 => None,
        LaneWidth::X4 => in_code_packets::<PortableCodes, W>(work),
        LaneWidth::X8 => in_code_packets::<CodesX8, W>(work),
        LaneWidth::X16 => in_code_packets::<CodesX16, W>(work),
    }
}

/// Whether 64 bytes are looked up at a time; [`look_up_wide`] may run only then.
pub(in crate::lanes) fn has_wide_look_up() -> bool {
    detect::has_avx512_vbmi()
}

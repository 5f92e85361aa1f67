//! What an AArch64 processor has, and which packet type that is.

use super::super::choice::{in_code_packets, in_packets};
use super::super::{Arithmetic, CodeWork, LaneWidth, PacketWork, PortableCodes};
use super::{FusedNeonF32x4, FusedNeonF32x8, NeonF32x4, NeonF32x8};

/// The widest packet that every processor of the target has.
pub type BasicPacket = NeonF32x4;

/// Hands the packet types to a macro.
macro_rules! each_packet {
    ($compile:ident) => {
        $compile!(
            () $crate::lanes::vectors::NeonF32x4,
            () $crate::lanes::vectors::NeonF32x8,
            () $crate::lanes::vectors::FusedNeonF32x4,
            () $crate::lanes::vectors::FusedNeonF32x8
        );
    };
}

/// Hands the types of packets of codes to a macro: there are those for any processor alone.
macro_rules! each_code_packet {
    ($compile:ident) => {};
}

pub(crate) use {each_code_packet, each_packet};

pub(in crate::lanes) const fn name(width: LaneWidth) -> &'static str {
    match width {
        LaneWidth::X1 => "scalar",
        LaneWidth::X4 | LaneWidth::X8 => "NEON",
        LaneWidth::X16 => "16-lane",
    }
}

pub(in crate::lanes) fn has(width: LaneWidth, _: Arithmetic) -> bool {
    matches!(width, LaneWidth::X4 | LaneWidth::X8)
}

pub(in crate::lanes) fn run<W: PacketWork>(
    width: LaneWidth,
    arithmetic: Arithmetic,
    work: W,
) -> Option<W::Output> {
    match (width, arithmetic) {
        (LaneWidth::X4, Arithmetic::Separate) => in_packets::<NeonF32x4, W>(work),
        (LaneWidth::X4, Arithmetic::Fused) => in_packets::<FusedNeonF32x4, W>(work),
        (LaneWidth::X8, Arithmetic::Separate) => in_packets::<NeonF32x8, W>(work),
        (LaneWidth::X8, Arithmetic::Fused) => in_packets::<FusedNeonF32x8, W>(work),
        (LaneWidth::X1 | LaneWidth::X16, _) => None,
    }
}

pub(in crate::lanes) fn run_codes<W: CodeWork>(width: LaneWidth, work: W) -> Option<W::Output> {
    match width {
        LaneWidth::X4 => in_code_packets::<PortableCodes, W>(work),
        _ => None,
    }
}

pub(in crate::lanes) fn has_wide_look_up() -> bool {
    false
}

/// # Safety
///
/// None is needed: nothing is looked up so.
pub(in crate::lanes) unsafe fn look_up_wide(
    _: &[i8; 256],
    _: &[u8],
    _: &mut [i8],
    _: [usize; 2],
) -> usize {
    0
}

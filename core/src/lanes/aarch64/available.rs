//! What an AArch64 processor has, and which packet type that is.

use super::super::choice::in_packets;
use super::super::{Arithmetic, LaneWidth, PacketWork};
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

pub(crate) use each_packet;

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

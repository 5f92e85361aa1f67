//! What a WebAssembly engine has, and which packet type that is: what a module was compiled for, since an engine
//! without the instructions refuses it.

use super::super::choice::in_packets;
use super::super::{Arithmetic, LaneWidth, PacketWork};
use super::Simd128F32x4;

/// The widest packet that every engine that takes the module has.
pub type BasicPacket = Simd128F32x4;

/// Hands the packet types to a macro.
macro_rules! each_packet {
    ($compile:ident) => {
        $compile!(() $crate::lanes::vectors::Simd128F32x4);
    };
}

pub(crate) use each_packet;

pub(in crate::lanes) const fn name(width: LaneWidth) -> &'static str {
    match width {
        LaneWidth::X1 => "scalar",
        LaneWidth::X4 => "SIMD128",
        LaneWidth::X8 => "8-lane",
        LaneWidth::X16 => "16-lane",
    }
}

/// Sums of products that are rounded once are relaxed SIMD's alone, which may round them twice as well.
pub(in crate::lanes) fn has(width: LaneWidth, arithmetic: Arithmetic) -> bool {
    matches!((width, arithmetic), (LaneWidth::X4, Arithmetic::Separate))
}

pub(in crate::lanes) fn run<W: PacketWork>(
    width: LaneWidth,
    arithmetic: Arithmetic,
    work: W,
) -> Option<W::Output> {
    has(width, arithmetic)
        .then(|| in_packets::<Simd128F32x4, W>(work))
        .flatten()
}

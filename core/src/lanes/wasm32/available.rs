//! What a WebAssembly engine has, and which packet type that is: what a module was compiled for, since an engine
//! without the instructions refuses it.

use super::super::choice::{in_code_packets, in_packets};
use super::super::{Arithmetic, CodeWork, LaneWidth, PacketWork, PortableCodes};
use super::Simd128F32x4;

/// The widest packet that every engine that takes the module has.
pub type BasicPacket = Simd128F32x4;

/// Hands the packet types to a macro.
macro_rules! each_packet {
    ($compile:ident) => {
        $compile!(() $crate::lanes::vectors::Simd128F32x4);
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

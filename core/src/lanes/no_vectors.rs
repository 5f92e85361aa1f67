//! A target without packets over vector registers: one sample at a time, but for codes.

use super::choice::in_code_packets;
use super::{Arithmetic, CodeWork, LaneWidth, PacketWork, PortableCodes};

/// The widest packet that every processor of the target has.
pub type BasicPacket = f32;

/// Hands the packet types to a macro.
macro_rules! each_packet {
    ($compile:ident) => {};
}

/// Hands the types of packets of codes to a macro.
macro_rules! each_code_packet {
    ($compile:ident) => {};
}

pub(crate) use {each_code_packet, each_packet};

pub(in crate::lanes) const fn name(width: LaneWidth) -> &'static str {
    match width {
        LaneWidth::X1 => "scalar",
        LaneWidth::X4 => "4-lane",
        LaneWidth::X8 => "8-lane",
        LaneWidth::X16 => "16-lane",
    }
}

pub(in crate::lanes) fn has(_: LaneWidth, _: Arithmetic) -> bool {
    false
}

pub(in crate::lanes) fn run<W: PacketWork>(_: LaneWidth, _: Arithmetic, _: W) -> Option<W::Output> {
    None
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

pub(in crate::lanes) fn prefetch<T>(_: *const T) {}

pub(in crate::lanes) fn prefetch_to_write<T>(_: *const T) {}

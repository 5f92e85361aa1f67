//! A target without packets over vector registers: one sample at a time, but for codes.

pub(crate) use super::no_code_vectors::each_code_packet;
pub(super) use super::no_code_vectors::{has_wide_look_up, look_up_wide, run_codes};
use super::{Arithmetic, LaneWidth, PacketWork};

/// The widest packet that every processor of the target has.
pub type BasicPacket = f32;

/// Hands the packet types to a macro.
macro_rules! each_packet {
    ($compile:ident) => {};
}

pub(crate) use each_packet;

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

pub(in crate::lanes) fn prefetch<T>(_: *const T) {}

pub(in crate::lanes) fn prefetch_to_write<T>(_: *const T) {}

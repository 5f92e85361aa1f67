//! A target whose vector registers hold no packets of codes: codes go by the packets for any processor, and bytes are
//! looked up one by one.

use super::choice::in_code_packets;
use super::{CodeWork, LaneWidth, PortableCodes};

/// Hands the types of packets of codes to a macro: there are those for any processor alone.
macro_rules! each_code_packet {
    ($compile:ident) => {};
}

pub(crate) use each_code_packet;

pub(super) fn run_codes<W: CodeWork>(width: LaneWidth, work: W) -> Option<W::Output> {
    match width {
        LaneWidth::X4 => in_code_packets::<PortableCodes, W>(work),
        _ => None,
    }
}

pub(super) fn has_wide_look_up() -> bool {
    false
}

/// # Safety
///
/// None is needed: nothing is looked up so.
pub(super) unsafe fn look_up_wide(_: &[i8; 256], _: &[u8], _: &mut [i8], _: [usize; 2]) -> usize {
    0
}

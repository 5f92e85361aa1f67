//! Which packets there are: the one place that chooses a type by width and arithmetic.

use super::{Arithmetic, CodeLanes, LaneWidth, Lanes, vectors};

/// Work that is generic over the packet.
pub trait PacketWork {
    /// What it gives back.
    type Output;

    /// Does the work in packets like `zero`, a packet of zeros.
    fn run<L: Lanes>(self, zero: L) -> Self::Output;
}

/// Work that is generic over the packet of codes.
pub trait CodeWork {
    /// What it gives back.
    type Output;

    /// Does the work in packets like `proof`.
    fn run<C: CodeLanes>(self, proof: C) -> Self::Output;
}

impl LaneWidth {
    /// Does the work in packets of this width and an arithmetic; `None` where this processor lacks them.
    pub fn run<W: PacketWork>(self, arithmetic: Arithmetic, work: W) -> Option<W::Output> {
        match (self, arithmetic) {
            (Self::X1, Arithmetic::Separate) => in_packets::<f32, W>(work),
            _ => vectors::run(self, arithmetic, work),
        }
    }

    /// Does the work in packets of codes of this width; `None` where this processor lacks them, and
    /// where a sample goes by itself, which needs no packets.
    pub fn run_codes<W: CodeWork>(self, work: W) -> Option<W::Output> {
        vectors::run_codes(self, work)
    }
}

/// Does the work where this processor has the packets.
pub(super) fn in_packets<L: Lanes, W: PacketWork>(work: W) -> Option<W::Output> {
    L::zero().map(|zero| work.run(zero))
}

/// Likewise in packets of codes.
pub(super) fn in_code_packets<C: CodeLanes, W: CodeWork>(work: W) -> Option<W::Output> {
    C::zero().map(|proof| work.run(proof))
}

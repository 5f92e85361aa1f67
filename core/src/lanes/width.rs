//! The widths there are, and which of them this processor has.

use super::{Arithmetic, vectors};

/// Number of samples computed side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LaneWidth {
    /// One sample at a time: plain `f32`.
    X1,
    /// Four samples: SSE2, NEON, WebAssembly's SIMD128.
    X4,
    /// Eight samples: AVX2, or two registers of NEON.
    X8,
    /// Sixteen samples: AVX-512 (F, BW and VL).
    X16,
}

impl LaneWidth {
    /// Every width, narrowest first.
    pub const ALL: [Self; 4] = [Self::X1, Self::X4, Self::X8, Self::X16];

    /// Samples in a packet.
    pub const fn lanes(self) -> usize {
        match self {
            Self::X1 => 1,
            Self::X4 => 4,
            Self::X8 => 8,
            Self::X16 => 16,
        }
    }

    /// The instruction set behind the width, on this kind of processor; no set's name where it has none.
    pub const fn name(self) -> &'static str {
        vectors::name(self)
    }

    /// Whether this processor, under this operating system, can compute with the width.
    pub fn is_available(self) -> bool {
        Arithmetic::Separate.is_available_at(self)
    }

    /// The widths this processor has, narrowest first.
    pub fn available() -> impl DoubleEndedIterator<Item = Self> {
        Self::ALL.into_iter().filter(|width| width.is_available())
    }

    /// The widest of them.
    pub fn widest() -> Self {
        Self::available().next_back().unwrap_or(Self::X1)
    }
}

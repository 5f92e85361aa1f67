//! The widths there are, and which of them this processor has.

/// Number of samples computed side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LaneWidth {
    /// One sample at a time: plain `f32`.
    X1,
    /// Four samples: SSE2.
    X4,
    /// Eight samples: AVX2.
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

    /// The instruction set behind the width.
    pub const fn name(self) -> &'static str {
        match self {
            Self::X1 => "scalar",
            Self::X4 => "SSE2",
            Self::X8 => "AVX2",
            Self::X16 => "AVX-512",
        }
    }

    /// Whether this processor, under this operating system, can compute with the width.
    pub fn is_available(self) -> bool {
        match self {
            Self::X1 => true,
            #[cfg(target_arch = "x86_64")]
            Self::X4 => true,
            #[cfg(target_arch = "x86_64")]
            Self::X8 => super::detect::has_avx2(),
            #[cfg(target_arch = "x86_64")]
            Self::X16 => super::detect::has_avx512(),
            #[cfg(not(target_arch = "x86_64"))]
            _ => false,
        }
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

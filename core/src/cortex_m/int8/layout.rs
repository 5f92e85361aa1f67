//! What loops a convolution takes, and in which order they see its taps.

use super::Rounding;
use super::band::Band;
use crate::ops::conv2d::ConvGeometry;

/// Which loops a convolution of codes takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sweeping {
    /// Four positions and two filters at a time.
    Tiles,
    /// One position and four filters at a time: where there are fewer than four positions.
    Lines,
    /// A channel at a time, widened to a plane: where each filter sees only one.
    Planes,
}

impl Sweeping {
    pub const fn of(g: &ConvGeometry, pool: bool) -> Option<Self> {
        if g.group_channels() == 1 && g.groups > 1 {
            return if pool { None } else { Some(Self::Planes) };
        }
        Some(if !pool && g.output_area() < 4 {
            Self::Lines
        } else {
            Self::Tiles
        })
    }
}

/// Whether the kernel's rows are filled up to a multiple of four taps each, or only the last one.
///
/// Rows of such lengths are widened where they lie. Others are copied first, which is worth it where
/// many filters would have to add up zeros, or the rows lie in pieces anyway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TapLayout {
    Rows,
    Packed,
}

impl TapLayout {
    pub const fn of(g: &ConvGeometry) -> Self {
        if !Self::is_in_one_piece(g) {
            return Self::Packed;
        }
        // In instructions, for four positions.
        let words = Self::row_taps(g).div_ceil(4);
        let more_quads = g.kernel[0] * words - g.taps().div_ceil(4);
        let quads = more_quads * (20 + 23 * g.group_filters().div_ceil(2));
        let rows = 12 * (g.kernel[0] - 1);
        let copies = 4 * (25 + g.kernel[0] * (12 + 4 * words));
        if quads + rows > copies {
            Self::Packed
        } else {
            Self::Rows
        }
    }

    /// Whether the taps of a row of the kernel lie side by side.
    pub const fn is_in_one_piece(g: &ConvGeometry) -> bool {
        g.kernel[1] == 1 || (g.dilation[1] == 1 && g.groups == 1)
    }

    /// Taps of a row of the kernel.
    pub const fn row_taps(g: &ConvGeometry) -> usize {
        g.kernel[1] * g.group_channels()
    }

    /// Rows, and groups of four taps in each of them.
    pub const fn rows(self, g: &ConvGeometry) -> [usize; 2] {
        match self {
            Self::Rows => [g.kernel[0], Self::row_taps(g).div_ceil(4)],
            Self::Packed => [1, g.taps().div_ceil(4)],
        }
    }

    /// Four taps of a filter; 0 where it has none.
    pub fn quad(self, g: &ConvGeometry, filter: &[i8], quad: usize) -> [i8; 4] {
        let [rows, quads] = self.rows(g);
        let taps = filter.len() / rows;
        let row = &filter[quad / quads * taps..][..taps];
        [0, 1, 2, 3].map(|tap| row.get(quad % quads * 4 + tap).copied().unwrap_or(0))
    }
}

/// Words of [`Sizes`].
pub(crate) const SIZE_WORDS: usize = 6;

/// How a convolution is computed, and what that takes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    pub sweeping: Sweeping,
    pub layout: TapLayout,
    /// Groups of four taps.
    pub quads: usize,
    /// Those of a row, or all.
    pub row_quads: usize,
    /// Words of the arranged weights.
    pub words: usize,
    /// Bytes that taps take as numbers of 16 bits.
    pub taps: usize,
    /// Bytes that copies of taps take.
    pub copies: usize,
}

impl Sizes {
    /// As words, for a program that reads them where others have found them out.
    pub const fn to_words(self) -> [u32; SIZE_WORDS] {
        let kind = self.sweeping as u32 | (self.layout as u32) << 8;
        [
            kind,
            self.quads as u32,
            self.row_quads as u32,
            self.words as u32,
            self.taps as u32,
            self.copies as u32,
        ]
    }

    /// From words; nothing where they are none.
    pub const fn of_words(words: &[u32; SIZE_WORDS]) -> Option<Self> {
        let sweeping = match words[0] & 0xff {
            0 => Sweeping::Tiles,
            1 => Sweeping::Lines,
            2 => Sweeping::Planes,
            _ => return None,
        };
        Some(Self {
            sweeping,
            layout: if words[0] >> 8 == TapLayout::Rows as u32 {
                TapLayout::Rows
            } else {
                TapLayout::Packed
            },
            quads: words[1] as usize,
            row_quads: words[2] as usize,
            words: words[3] as usize,
            taps: words[4] as usize,
            copies: words[5] as usize,
        })
    }

    #[inline(never)]
    pub const fn of(g: &ConvGeometry, pool: bool) -> Option<Self> {
        let Some(sweeping) = Sweeping::of(g, pool) else {
            return None;
        };
        let layout = TapLayout::of(g);
        let [rows, row_quads] = layout.rows(g);
        let quads = rows * row_quads;
        let positions = match sweeping {
            Sweeping::Planes => {
                let weights = g.kernel[0] * g.kernel[1].div_ceil(4);
                return Some(Self {
                    sweeping,
                    layout,
                    quads,
                    row_quads,
                    words: 1 + g.filters * (4 + weights),
                    taps: Band::bytes(g),
                    copies: 0,
                });
            }
            Sweeping::Tiles => 4,
            Sweeping::Lines => 1,
        };
        let copies = match layout {
            // Every row is widened where it lies.
            TapLayout::Rows if g.is_pointwise() && g.group_channels().is_multiple_of(4) => 0,
            // The first one is of padding.
            TapLayout::Rows => (positions + 1) * 4 * row_quads,
            // A word behind the last one may be written, too.
            TapLayout::Packed => positions * 4 * row_quads + 4,
        };
        Some(Self {
            sweeping,
            layout,
            quads,
            row_quads,
            words: 1 + g.filters * (4 + quads),
            taps: positions * 8 * quads,
            copies,
        })
    }
}

/// The first word of arranged weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub rounding: Rounding,
    /// Whether two weights share 16 bits.
    pub paired: bool,
}

impl Header {
    /// The word of paired weights whose sums are rounded once.
    pub const PAIRED_ONCE: u32 = 0;

    pub fn word(self) -> u32 {
        u32::from(!self.paired) | u32::from(self.rounding == Rounding::Twice) << 1
    }
}

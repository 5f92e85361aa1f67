//! Weights and scales in the order in which the loops read them; written once, wherever a network is
//! exported.

use super::layout::{Header, Sizes, Sweeping};
use super::scale::CodeScale;
use super::{Rounding, Unserved};
use crate::ops::conv2d::ConvGeometry;

/// A convolution whose weights and scales are to be arranged. A linear layer is one with a kernel of
/// 1 x 1, a single position, and all its inputs as channels.
#[derive(Clone, Copy, Debug)]
pub struct CodeArrangement<'a> {
    /// The convolution, with all its outputs.
    pub geometry: ConvGeometry,
    /// Whether only the largest of each 2 x 2 outputs is wanted.
    pub pool: bool,
    /// How sums become codes.
    pub rounding: Rounding,
    /// The largest magnitude that an input's code may have: 127 or 128.
    pub reach: u8,
    /// The output's code that stands for 0.
    pub output_zero: i8,
    /// filters x kernel rows x kernel columns x channels of the group
    pub weights: &'a [i8],
    /// Biases, in which the input's zero is, then multipliers, then shifts; each filters long.
    pub constants: &'a [i32],
}

impl CodeArrangement<'_> {
    /// Words that the arranged weights take; none where no loop is made for the geometry.
    pub const fn words(geometry: &ConvGeometry, pool: bool) -> usize {
        match Sizes::of(geometry, pool) {
            Some(sizes) => sizes.words,
            None => 0,
        }
    }

    /// Bytes that the loops work in besides input and output.
    pub const fn scratch(geometry: &ConvGeometry, pool: bool) -> usize {
        match Sizes::of(geometry, pool) {
            Some(sizes) => sizes.taps + sizes.copies,
            None => 0,
        }
    }

    /// Whether arranged weights that begin with this word are paired, and their sums rounded once.
    pub(crate) const fn is_paired_word(first: u32) -> bool {
        first == Header::PAIRED_ONCE
    }

    /// Whether its words begin with the one that [`CodeArrangement::is_paired_word`] knows.
    pub(crate) fn has_paired_word(&self) -> bool {
        let sweeping = Sweeping::of(&self.geometry, self.pool);
        sweeping.is_some_and(|sweeping| sweeping != Sweeping::Planes) && self.is_paired()
    }

    /// Whether the loops can compute the convolution.
    pub fn is_served(&self) -> bool {
        let Some(sizes) = Sizes::of(&self.geometry, self.pool) else {
            return false;
        };
        let paired = sizes.sweeping != Sweeping::Planes && self.is_paired();
        (0..self.geometry.filters).all(|f| CodeScale::of(self, f, paired).is_ok())
    }

    /// Writes them: [`CodeArrangement::words`] words, for a little-endian processor.
    ///
    /// # Errors
    ///
    /// Where the loops cannot compute the convolution; the portable kernel can.
    ///
    /// # Panics
    ///
    /// Where a slice has another length than the geometry says.
    pub fn write(&self, words: &mut [u32]) -> Result<(), Unserved> {
        let g = &self.geometry;
        let sizes = Sizes::of(g, self.pool).ok_or(Unserved::Geometry)?;
        let sweeping = sizes.sweeping;
        let header = Header {
            rounding: self.rounding,
            paired: sweeping != Sweeping::Planes && self.is_paired(),
        };
        let (first, rest) = words.split_first_mut().ok_or(Unserved::Geometry)?;
        *first = header.word();
        let mut writer = Writer {
            arrangement: self,
            sizes,
            paired: header.paired,
            words: rest,
            written: 0,
        };
        for group in 0..g.groups {
            let filters = group * g.group_filters()..(group + 1) * g.group_filters();
            let block = match sweeping {
                Sweeping::Planes => {
                    filters.into_iter().try_for_each(|f| writer.plane(f))?;
                    continue;
                }
                Sweeping::Tiles => 2,
                Sweeping::Lines => 4,
            };
            let mut first = filters.start;
            while filters.end - first >= block {
                writer.block(first, block)?;
                first += block;
            }
            (first..filters.end).try_for_each(|f| writer.block(f, 1))?;
        }
        assert_eq!(
            writer.written,
            writer.words.len(),
            "words of another geometry"
        );
        Ok(())
    }

    /// Whether two weights can share 16 bits: codes that leave room, and sums of 23 bits.
    fn is_paired(&self) -> bool {
        let fits = |f| CodeScale::of(self, f, true).is_ok() && !self.filter(f).contains(&i8::MIN);
        self.reach <= 127 && self.rounding == Rounding::Once && (0..self.geometry.filters).all(fits)
    }

    /// The weights of a filter.
    pub(super) fn filter(&self, f: usize) -> &[i8] {
        let taps = self.geometry.taps();
        &self.weights[f * taps..][..taps]
    }
}

struct Writer<'a> {
    arrangement: &'a CodeArrangement<'a>,
    sizes: Sizes,
    paired: bool,
    words: &'a mut [u32],
    written: usize,
}

impl Writer<'_> {
    fn push(&mut self, word: u32) {
        self.words[self.written] = word;
        self.written += 1;
    }

    /// Filters side by side: their biases, their weights four taps at a time, their scales.
    fn block(&mut self, first: usize, filters: usize) -> Result<(), Unserved> {
        let all = self.arrangement;
        let layout = self.sizes.layout;
        for f in first..first + filters {
            let scale = CodeScale::of(all, f, self.paired)?;
            self.push(scale.bias as u32);
        }
        for quad in 0..self.sizes.quads {
            let taps = |f| layout.quad(&all.geometry, all.filter(f), quad);
            match (self.paired, filters) {
                (true, _) => (first..first + filters).for_each(|f| self.push(paired(taps(f)))),
                (false, 2) => {
                    let [a, b] = [taps(first), taps(first + 1)];
                    self.push(bytes([a[0], b[0], a[2], b[2]]));
                    self.push(bytes([a[1], b[1], a[3], b[3]]));
                }
                (false, _) => (first..first + filters).for_each(|f| self.push(bytes(taps(f)))),
            }
        }
        for f in first..first + filters {
            let scale = CodeScale::of(all, f, self.paired)?;
            scale.words().into_iter().for_each(|word| self.push(word));
        }
        Ok(())
    }

    /// A filter over one channel: its bias and scale, then its rows, each filled up to words.
    fn plane(&mut self, f: usize) -> Result<(), Unserved> {
        let all = self.arrangement;
        let scale = CodeScale::of(all, f, false)?;
        self.push(scale.bias as u32);
        scale.words().into_iter().for_each(|word| self.push(word));
        for row in all.filter(f).chunks(all.geometry.kernel[1]) {
            for taps in row.chunks(4) {
                let mut own = [0; 4];
                own[..taps.len()].copy_from_slice(taps);
                self.push(bytes(own));
            }
        }
        Ok(())
    }
}

fn bytes(codes: [i8; 4]) -> u32 {
    u32::from_le_bytes(codes.map(|code| code as u8))
}

/// Two numbers of 16 bits, `256 * odd + even` each.
fn paired(taps: [i8; 4]) -> u32 {
    let pair = |even: i8, odd: i8| u32::from((256 * i16::from(odd) + i16::from(even)) as u16);
    pair(taps[0], taps[1]) | pair(taps[2], taps[3]) << 16
}

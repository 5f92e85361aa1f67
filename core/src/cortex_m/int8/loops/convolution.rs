//! A convolution of codes: which positions the loops see side by side.

use super::Rounding;
use super::clamping::clamp_codes;
use super::gathering::Gathering;
use super::layout::{Header, SIZE_WORDS, Sizes, Sweeping};
use super::line::CodeLine;
use super::tile::Tile;
use crate::ops::conv2d::ConvGeometry;
use core::ops::Range;

/// The forward pass of a convolution of codes; a linear layer is one with a kernel of 1 x 1, a single
/// position, and all its inputs as channels.
pub struct CodeConvolution<'a> {
    /// The convolution, with all its outputs.
    pub geometry: ConvGeometry,
    /// Whether only the largest of each 2 x 2 outputs is wanted.
    pub pool: bool,
    /// Which rows of outputs to compute, of those behind the pool where there is one.
    pub rows: Range<usize>,
    /// rows x columns x channels
    pub input: &'a [i8],
    /// What padding is filled with.
    pub input_zero: i8,
    /// What [`CodeArrangement::write`](super::CodeArrangement::write) wrote.
    pub arranged: &'a [u32],
    /// rows x columns x filters, pooled where that is wanted: the rows asked for.
    pub output: &'a mut [i8],
    /// The least and the greatest code of the output.
    pub limits: [i8; 2],
    /// [`CodeArrangement::scratch`](super::CodeArrangement::scratch) bytes, aligned to words.
    pub scratch: &'a mut [i8],
}

/// Which loops go over a convolution's outputs, and what they take: found once, so that a program links
/// no others.
#[derive(Clone, Copy, Debug)]
pub struct CodeSweeping {
    sizes: Sizes,
    kernel: SweepKernel,
}

/// Goes over the outputs, of which a row has so many.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SweepKernel(fn(&mut CodeConvolution<'_>, &Sizes, usize));

impl SweepKernel {
    /// The loops of one kind.
    pub const fn of(sweeping: Sweeping) -> Self {
        Self(match sweeping {
            Sweeping::Tiles => sweep_tiles,
            Sweeping::Lines => sweep_lines,
            Sweeping::Planes => sweep_planes,
        })
    }

    /// The same for weights that are known to be paired, and their sums to be rounded once: these have
    /// loops of their own, which are shorter.
    pub const fn paired(sweeping: Sweeping) -> Self {
        Self(match sweeping {
            Sweeping::Tiles => sweep_paired_tiles,
            Sweeping::Lines => sweep_paired_lines,
            Sweeping::Planes => sweep_planes,
        })
    }
}

impl CodeSweeping {
    /// Those of a convolution; `None` where no loop is made for the geometry.
    pub const fn of(geometry: &ConvGeometry, pool: bool) -> Option<Self> {
        let Some(sizes) = Sizes::of(geometry, pool) else {
            return None;
        };
        let kernel = SweepKernel::of(sizes.sweeping);
        Some(Self { sizes, kernel })
    }

    /// From the words that [`size_words`](crate::dsp::size_words) gives, by the loops that are at hand.
    pub(crate) const fn of_words(kernel: SweepKernel, words: &[u32; SIZE_WORDS]) -> Option<Self> {
        match Sizes::of_words(words) {
            Some(sizes) => Some(Self { sizes, kernel }),
            None => None,
        }
    }

    /// The same by the loops that are at hand, which are those of the geometry.
    pub(crate) const fn by(
        kernel: SweepKernel,
        geometry: &ConvGeometry,
        pool: bool,
    ) -> Option<Self> {
        match Sizes::of(geometry, pool) {
            Some(sizes) => Some(Self { sizes, kernel }),
            None => None,
        }
    }
}

impl CodeConvolution<'_> {
    /// Runs it; gives `false`, and computes nothing, where no loop is made for the geometry.
    ///
    /// # Panics
    ///
    /// Where a slice has another length than the geometry says, or is not aligned.
    pub fn run(self) -> bool {
        let Some(sweeping) = CodeSweeping::of(&self.geometry, self.pool) else {
            return false;
        };
        self.run_by(&sweeping);
        true
    }

    /// Runs it by the loops of its geometry.
    ///
    /// # Panics
    ///
    /// As [`CodeConvolution::run`].
    pub(crate) fn run_by(mut self, sweeping: &CodeSweeping) {
        let sizes = &sweeping.sizes;
        let g = self.geometry;
        let [height, width] = match self.pool {
            true => g.pooled_output(),
            false => g.output,
        };
        // What the addresses rely on.
        let is_whole = self.input.len() == g.channels * g.input_area()
            && g.taps() > 0
            && self.arranged.len() == sizes.words
            && self.rows.end <= height
            && self.output.len() == g.filters * self.rows.len() * width
            && self.scratch.len() >= sizes.taps + sizes.copies
            && self.scratch.as_ptr().cast::<u32>().is_aligned();
        assert!(is_whole, "a convolution's buffers are not of its geometry");
        (sweeping.kernel.0)(&mut self, sizes, width);
        clamp_codes(self.output, self.limits);
    }

    pub(super) fn gathering(&mut self, sizes: &Sizes) -> Gathering<'_> {
        let header = header_of(self.arranged);
        Gathering::new(
            &self.geometry,
            self.input,
            self.input_zero,
            self.scratch,
            sizes,
            !header.paired,
        )
    }

    /// One position at a time, by the loops for its weights.
    #[inline(never)]
    fn lines(&mut self, sizes: &Sizes, run: LineLoops) {
        let g = self.geometry;
        let header = header_of(self.arranged);
        let filters = g.group_filters();
        let output = self.output.as_mut_ptr();
        let mut weights = self.arranged[1..].as_ptr();
        let [start, end] = [self.rows.start, self.rows.end].map(|row| row * g.output[1]);
        let places = start..end;
        let mut gathering = self.gathering(sizes);
        let taps = gathering.taps();
        for group in 0..g.groups {
            gathering.start_group(group);
            let mut behind = weights;
            for place in 0..places.len() {
                gathering.one(places.start + place);
                let output = output.wrapping_add(place * g.filters + group * filters);
                let line = CodeLine {
                    taps,
                    taps_end: taps.wrapping_byte_add(sizes.taps),
                    output,
                    blocks_end: output.wrapping_add(filters / 4 * 4),
                    output_end: output.wrapping_add(filters),
                    skipped: sizes.quads.wrapping_neg() % 4,
                    weights,
                    is_bytes: usize::from(!header.paired),
                    is_twice: usize::from(header.rounding == Rounding::Twice),
                };
                // SAFETY: the lengths are asserted: each tap, weight and code has its place.
                behind = unsafe { run(&line) };
            }
            weights = behind;
        }
    }
}

/// [`CodeLine::run`], or that for some weights alone.
type LineLoops = unsafe fn(&CodeLine) -> *const u32;

fn sweep_tiles(work: &mut CodeConvolution<'_>, sizes: &Sizes, width: usize) {
    flatten(work);
    work.tiles(sizes, width, Tile::run);
}

fn sweep_paired_tiles(work: &mut CodeConvolution<'_>, sizes: &Sizes, width: usize) {
    flatten(work);
    work.tiles(sizes, width, Tile::run_paired);
}

fn sweep_lines(work: &mut CodeConvolution<'_>, sizes: &Sizes, _: usize) {
    work.lines(sizes, CodeLine::run);
}

fn sweep_paired_lines(work: &mut CodeConvolution<'_>, sizes: &Sizes, _: usize) {
    work.lines(sizes, CodeLine::run_paired);
}

fn sweep_planes(work: &mut CodeConvolution<'_>, _: &Sizes, _: usize) {
    work.planes();
}

/// What the first word of arranged weights says.
pub(super) fn header_of(arranged: &[u32]) -> Header {
    let word = arranged.first().copied().unwrap_or(0);
    Header {
        rounding: match word & 2 {
            0 => Rounding::Once,
            _ => Rounding::Twice,
        },
        paired: word & 1 == 0,
    }
}

/// A kernel of 1 x 1 that takes every value sees one long row, in front of no pool.
#[inline(never)]
fn flatten(work: &mut CodeConvolution<'_>) {
    let g = &mut work.geometry;
    if !work.pool && g.is_pointwise() {
        [g.input, g.output] = [[1, g.input_area()], [1, g.output_area()]];
    }
}

//! The codes of a window, some channels at a time.

use super::MOST_LANES;

/// A window of codes: so many rows of so many columns, each with neighbouring channels.
#[derive(Clone, Copy, Debug)]
pub struct CodeWindow<'a> {
    /// From its first code to the end of the input.
    pub(crate) codes: &'a [i8],
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    /// Codes from a row to the next one.
    pub(crate) row_pitch: usize,
    /// Codes from a column to the next one.
    pub(crate) pitch: usize,
    /// Index of the last place.
    last: usize,
}

impl<'a> CodeWindow<'a> {
    /// The window of `[rows, columns]` that begins with the first of the codes; `[row_pitch, pitch]`
    /// codes lie between rows and between columns.
    ///
    /// # Panics
    ///
    /// Where there is no row or no column, or the last one leaves the codes.
    #[inline(always)]
    pub fn new(
        codes: &'a [i8],
        [rows, columns]: [usize; 2],
        [row_pitch, pitch]: [usize; 2],
    ) -> Self {
        assert!(rows > 0 && columns > 0, "no window");
        let own = Self {
            codes,
            rows,
            columns,
            row_pitch,
            pitch,
            last: (rows - 1) * row_pitch + (columns - 1) * pitch,
        };
        assert!(own.last < codes.len(), "a window leaves its input");
        // Whole rows of the input are one.
        match columns * pitch == row_pitch {
            true => Self {
                rows: 1,
                columns: rows * columns,
                row_pitch: rows * row_pitch,
                ..own
            },
            false => own,
        }
    }

    /// Values of each channel.
    pub fn taps(&self) -> usize {
        self.rows * self.columns
    }

    /// Channels that can be read from each place, or what lies where they would be.
    #[inline(always)]
    pub fn readable(&self) -> usize {
        self.codes.len().saturating_sub(self.last)
    }

    /// Divides channels into blocks, and calls `visit(first channel, channels, how many of them count)`
    /// for each. A block begins with channels of the one before where it would leave the input, and ends
    /// with what is none of the window's where that lies within.
    #[inline(always)]
    pub(super) fn each_block<L: WindowLanes>(
        &self,
        lanes: usize,
        mut visit: impl FnMut(usize, usize, usize),
    ) {
        let readable = self.readable();
        let mut lane = 0;
        while lane < lanes {
            let left = lanes - lane;
            let size = if L::MOST >= 16 && left > 8 && readable >= 16 {
                16
            } else if L::MOST >= 8 && left > 4 && readable >= 8 {
                8
            } else if readable >= 4 {
                4
            } else {
                1
            };
            let first = lane.min(readable - size);
            visit(first, size, size.min(lanes - first));
            lane = first + size;
        }
    }

    /// The sums of single channels.
    fn sum<const N: usize>(&self, lane: usize) -> [i32; N] {
        let mut sums = [0; N];
        self.each(lane, |codes: &[i8; N]| {
            for (sum, code) in sums.iter_mut().zip(codes) {
                *sum += i32::from(*code);
            }
        });
        sums
    }

    /// The largest codes of single channels.
    fn most<const N: usize>(&self, lane: usize) -> [i8; N] {
        let mut most = [i8::MIN; N];
        self.each(lane, |codes: &[i8; N]| {
            for (most, code) in most.iter_mut().zip(codes) {
                *most = (*most).max(*code);
            }
        });
        most
    }

    #[inline(always)]
    fn each<const N: usize>(&self, lane: usize, mut visit: impl FnMut(&[i8; N])) {
        for row in 0..self.rows {
            let first = row * self.row_pitch + lane;
            let line = &self.codes[first..first + (self.columns - 1) * self.pitch + N];
            for codes in line.windows(N).step_by(self.pitch) {
                if let Ok(codes) = codes.try_into() {
                    visit(codes);
                }
            }
        }
    }
}

/// How blocks of channels are computed. Blocks have 1, 4, 8 or 16 channels, `MOST` at most, all
/// [readable](CodeWindow::readable).
pub(crate) trait WindowLanes {
    /// Most channels of a block.
    const MOST: usize;

    /// The sum of each channel from `lane` on.
    fn sums(window: &CodeWindow<'_>, lane: usize, sums: &mut [i32]);

    /// The largest code of each channel from `lane` on.
    fn largest(window: &CodeWindow<'_>, lane: usize, codes: &mut [i8]);

    /// Raises codes below the first limit and lowers those above the second.
    fn clamp(codes: &mut [i8], limits: [i8; 2]);
}

/// Whatever the compiler makes of it.
#[allow(dead_code, reason = "processors with loops have others")]
pub(crate) struct PortableLanes;

impl WindowLanes for PortableLanes {
    // More would not stay in the registers of a small processor.
    const MOST: usize = match cfg!(target_pointer_width = "64") {
        true => MOST_LANES,
        false => 4,
    };

    fn sums(window: &CodeWindow<'_>, lane: usize, sums: &mut [i32]) {
        match sums.len() {
            16 => sums.copy_from_slice(&window.sum::<16>(lane)),
            8 => sums.copy_from_slice(&window.sum::<8>(lane)),
            4 => sums.copy_from_slice(&window.sum::<4>(lane)),
            _ => window.sum_singly(lane, sums),
        }
    }

    fn largest(window: &CodeWindow<'_>, lane: usize, codes: &mut [i8]) {
        match codes.len() {
            16 => codes.copy_from_slice(&window.most::<16>(lane)),
            8 => codes.copy_from_slice(&window.most::<8>(lane)),
            4 => codes.copy_from_slice(&window.most::<4>(lane)),
            _ => window.most_singly(lane, codes),
        }
    }

    fn clamp(codes: &mut [i8], [low, high]: [i8; 2]) {
        for code in codes {
            *code = (*code).max(low).min(high);
        }
    }
}

impl CodeWindow<'_> {
    /// The sums of channels that are too few for a block.
    #[inline(never)]
    pub(crate) fn sum_singly(&self, lane: usize, sums: &mut [i32]) {
        for (lane, sum) in (lane..).zip(sums) {
            [*sum] = self.sum(lane);
        }
    }

    /// The largest codes of channels that are too few for a block.
    #[inline(never)]
    pub(crate) fn most_singly(&self, lane: usize, codes: &mut [i8]) {
        for (lane, code) in (lane..).zip(codes) {
            [*code] = self.most(lane);
        }
    }
}

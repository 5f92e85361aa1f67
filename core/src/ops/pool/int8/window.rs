//! The codes of a window, some channels at a time.

use super::lanes::WindowLanes;
use super::mean::ShortScale;

/// A window of codes: so many rows of so many columns, each with neighbouring channels.
#[derive(Clone, Copy, Debug)]
pub struct CodeWindow<'a> {
    /// From its first code to the end of the input.
    codes: &'a [i8],
    shape: WindowShape,
    /// Index of the last place.
    last: usize,
}

/// Extents of a window, as the processor's loops read them.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct WindowShape {
    /// Codes from a column to the next one.
    pub pitch: usize,
    pub columns: usize,
    pub rows: usize,
    /// Codes from behind a row's last column to the next row.
    pub row_gap: usize,
}

impl<'a> CodeWindow<'a> {
    /// The window of `[rows, columns]` that begins with the first of the codes; `[row_pitch, pitch]`
    /// codes lie between rows and between columns.
    ///
    /// # Panics
    ///
    /// Where there is no row or no column, rows overlap, or the last one leaves the codes.
    pub fn new(
        codes: &'a [i8],
        [rows, columns]: [usize; 2],
        [row_pitch, pitch]: [usize; 2],
    ) -> Self {
        assert!(rows > 0 && columns > 0, "no window");
        assert!(columns * pitch <= row_pitch, "rows overlap");
        let last = (rows - 1) * row_pitch + (columns - 1) * pitch;
        assert!(last < codes.len(), "a window leaves its input");
        let row_gap = row_pitch - columns * pitch;
        // Rows without a gap are one.
        let [rows, columns] = match row_gap {
            0 => [1, rows * columns],
            _ => [rows, columns],
        };
        let shape = WindowShape {
            pitch,
            columns,
            rows,
            row_gap,
        };
        Self { codes, shape, last }
    }

    /// Goes on by so many codes.
    ///
    /// # Panics
    ///
    /// Where there are not as many.
    #[inline(always)]
    pub(super) fn advance(&mut self, codes: usize) {
        self.codes = &self.codes[codes..];
    }

    /// Values of each channel.
    pub(crate) fn taps(&self) -> usize {
        self.shape.rows * self.shape.columns
    }

    /// Channels that can be read from each place, or what lies where they would be.
    #[inline(always)]
    pub(crate) fn readable(&self) -> usize {
        self.codes.len().saturating_sub(self.last)
    }

    #[inline(always)]
    pub(crate) fn shape(&self) -> &WindowShape {
        &self.shape
    }

    #[inline(always)]
    pub(crate) fn codes(&self) -> &'a [i8] {
        self.codes
    }

    /// Its pieces of at most so many values: some columns of a row each.
    pub(crate) fn pieces(self, most: usize) -> impl Iterator<Item = Self> {
        let shape = self.shape;
        let row_pitch = shape.columns * shape.pitch + shape.row_gap;
        (0..shape.rows).flat_map(move |row| {
            let firsts = (0..shape.columns).step_by(most);
            firsts.map(move |column| {
                let columns = most.min(shape.columns - column);
                let shape = WindowShape {
                    columns,
                    rows: 1,
                    ..shape
                };
                Self {
                    codes: &self.codes[row * row_pitch + column * shape.pitch..],
                    shape,
                    last: (columns - 1) * shape.pitch,
                }
            })
        })
    }

    /// Calls `visit` with so many codes from each place on.
    #[inline(always)]
    fn each<const N: usize>(&self, mut visit: impl FnMut(&[i8; N])) {
        let shape = &self.shape;
        let row_pitch = shape.columns * shape.pitch + shape.row_gap;
        for row in 0..shape.rows {
            let line = &self.codes[row * row_pitch..][..(shape.columns - 1) * shape.pitch + N];
            for codes in line.windows(N).step_by(shape.pitch) {
                if let Ok(codes) = codes.try_into() {
                    visit(codes);
                }
            }
        }
    }

    /// The sums of the first channels.
    pub(super) fn sum<const N: usize>(&self) -> [i32; N] {
        let mut sums = [0; N];
        self.each(|codes: &[i8; N]| {
            for (sum, code) in sums.iter_mut().zip(codes) {
                *sum += i32::from(*code);
            }
        });
        sums
    }

    /// The largest codes of the first channels.
    pub(super) fn most<const N: usize>(&self) -> [i8; N] {
        let mut most = [i8::MIN; N];
        self.each(|codes: &[i8; N]| {
            for (most, code) in most.iter_mut().zip(codes) {
                *most = (*most).max(*code);
            }
        });
        most
    }

    /// The sums of channels that are too few for a block.
    #[inline(never)]
    pub(crate) fn sum_singly(mut self, sums: &mut [i32]) {
        for sum in sums {
            [*sum] = self.sum();
            self.advance(1);
        }
    }

    /// The largest codes of channels that are too few for a block.
    #[inline(never)]
    pub(crate) fn most_singly(mut self, codes: &mut [i8]) {
        for code in codes {
            [*code] = self.most();
            self.advance(1);
        }
    }
}

/// Neighbouring channels that are computed side by side.
pub(super) struct CodeBlock {
    /// The first of them.
    pub first: usize,
    /// 16, 8, 4 or 1, what lies behind few channels among them.
    pub size: usize,
    /// How many of them a block before this has computed.
    pub done: usize,
    /// How many of them are the window's.
    pub kept: usize,
}

impl CodeBlock {
    /// The block for channels from `lane` on, of so many, where so many can be read. It begins before
    /// `lane` where it would be longer than what is left.
    #[inline(always)]
    pub fn new(lane: usize, lanes: usize, readable: usize, most: usize) -> Self {
        let (left, readable) = (lanes - lane, readable.max(lanes));
        let size = if most >= 16 && left > 8 && readable >= 16 {
            16
        } else if most >= 8 && left > 4 && readable >= 8 {
            8
        } else if readable >= 4 {
            4
        } else {
            1
        };
        let first = lane.min(lanes.saturating_sub(size));
        Self {
            first,
            size,
            done: lane - first,
            kept: size.min(lanes - first),
        }
    }
}

/// Windows of the same extents, side by side.
pub(crate) struct CodeWindows<'a> {
    pub first: CodeWindow<'a>,
    pub count: usize,
    /// Codes from a window to the next.
    pub step: usize,
    /// Codes from an output to the next.
    pub output_step: usize,
}

impl CodeWindows<'_> {
    /// Channels that can be read from each place of each.
    pub fn readable(&self) -> usize {
        let apart = (self.count - 1) * self.step;
        self.first.readable().saturating_sub(apart)
    }

    /// Calls `visit(window, its place in the output)` for each.
    #[inline(always)]
    pub fn each(&self, mut visit: impl FnMut(&CodeWindow<'_>, usize)) {
        for index in 0..self.count {
            let mut window = self.first;
            window.advance(index * self.step);
            visit(&window, index * self.output_step);
        }
    }

    /// Whether a loop goes through all of them, and has written so many codes for each.
    #[inline(always)]
    pub(super) fn average_by_one<L: WindowLanes>(
        &self,
        scale: &ShortScale,
        size: usize,
        output: &mut [i8],
    ) -> bool {
        self.fit(size, output) && L::averages(self, scale, size, output)
    }

    /// As [`CodeWindows::average_by_one`].
    #[inline(always)]
    pub(super) fn largest_by_one<L: WindowLanes>(&self, size: usize, output: &mut [i8]) -> bool {
        self.fit(size, output) && L::maxima(self, size, output)
    }

    /// Whether there is a place for so many codes of each.
    fn fit(&self, size: usize, output: &[i8]) -> bool {
        (self.count - 1) * self.output_step + size <= output.len()
    }
}

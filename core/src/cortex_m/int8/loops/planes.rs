//! Filters over one channel each: channels are widened to planes of 16 bits, two at a time, a band of
//! rows at a time.

use super::Rounding;
use super::any_plane::AnyPlane;
use super::band::{Band, row_words};
use super::convolution::{CodeConvolution, header_of};
use super::pair::ChannelPair;
use super::plane::{NarrowPlane, PlanePlaces};
use crate::ops::conv2d::ConvGeometry;
use core::ops::Range;

impl CodeConvolution<'_> {
    /// Band by band.
    pub(super) fn planes(&mut self) {
        let g = self.geometry;
        let band = Band::of(&g);
        let mut y = self.rows.start;
        while y < self.rows.end {
            let rows = band.rows.min(self.rows.end - y);
            self.band(&band, y, rows);
            y += rows;
        }
    }

    /// Rows of outputs, from the `first` one on.
    #[inline(never)]
    fn band(&mut self, band: &Band, first: usize, rows: usize) {
        let g = self.geometry;
        // SAFETY: any four codes are a word.
        let (_, words, _) = unsafe { self.scratch.align_to_mut::<u32>() };
        let (planes, weights) = words.split_at_mut(band.plane);
        let zero = u32::from(i16::from(self.input_zero) as u16);
        planes.fill(zero | zero << 16);
        let planes = planes.as_mut_ptr().cast::<i16>();
        let planes = [planes, planes.wrapping_add(band.plane)];
        // What of the input is in the band's planes, and where there.
        let top = (first * g.stride[0]) as isize - g.padding[0] as isize;
        let end = top + Band::reach(&g, 0, rows) as isize;
        let (start, end) = (top.max(0), end.min(g.input[0] as isize));
        let reach = Band::reach(&g, 1, g.output[1]);
        let columns = g.input[1].min(reach.saturating_sub(g.padding[1]));
        let place = (start - top) * band.pitch as isize + g.padding[1] as isize;
        let row = g.input[1] * g.channels;
        let mut pair = ChannelPair {
            source: core::ptr::null(),
            pitch: g.channels,
            columns,
            rows: (end - start).max(0) as usize,
            source_step: row.wrapping_sub(columns * g.channels),
            planes: planes.map(|plane| plane.wrapping_offset(place)),
            plane_step: 2 * (band.pitch - columns.min(band.pitch)),
        };
        let place_of_band = (first - self.rows.start) * g.output[1] * g.filters;
        let stride = g.stride[1];
        let pairs_bytes = g.output[1] / 2 * 4 * stride;
        let mut filters = PlaneFilters {
            geometry: &g,
            band,
            rows,
            weights,
            is_narrow: g.kernel == [3, 3] && g.dilation == [1, 1] && [1, 2].contains(&stride),
            is_twice: header_of(self.arranged).rounding == Rounding::Twice,
            narrow: NarrowPlane {
                output_pitch: g.filters,
                pairs_bytes,
                is_odd: g.output[1] % 2,
                rows,
                row_step: (2 * band.pitch * g.stride[0]).wrapping_sub(pairs_bytes),
                pitch: 2 * band.pitch,
            },
            output: self.output[place_of_band..].as_mut_ptr(),
        };
        for channel in (0..g.channels).step_by(2) {
            // Of an odd number, the last two again.
            let one = channel.min(g.channels - 2);
            if pair.rows > 0 && pair.columns > 0 {
                pair.source = self.input[start as usize * row + one..].as_ptr();
                // SAFETY: the rows and columns are the input's, and the planes have room for them.
                unsafe { pair.widen() };
            }
            if one == channel {
                filters.run(one, &self.arranged[1..], planes[0]);
            }
            filters.run(one + 1, &self.arranged[1..], planes[1]);
        }
    }
}

/// Words of an arranged filter.
const fn filter_words(g: &ConvGeometry) -> usize {
    4 + g.kernel[0] * g.kernel[1].div_ceil(4)
}

/// Filters over a band.
struct PlaneFilters<'a> {
    geometry: &'a ConvGeometry,
    band: &'a Band,
    rows: usize,
    /// A filter's as numbers of 16 bits.
    weights: &'a mut [u32],
    is_narrow: bool,
    is_twice: bool,
    narrow: NarrowPlane,
    /// The band's first.
    output: *mut i8,
}

impl PlaneFilters<'_> {
    /// Those of a channel.
    fn run(&mut self, channel: usize, arranged: &[u32], plane: *const i16) {
        let g = self.geometry;
        let (len, filters) = (filter_words(g), g.group_filters());
        let own = &arranged[channel * filters * len..][..filters * len];
        let mut output = self.output.wrapping_add(channel * filters);
        for filter in own.chunks_exact(len) {
            if self.is_narrow {
                let at = PlanePlaces {
                    filter: filter.as_ptr(),
                    plane,
                    output,
                };
                // SAFETY: the plane has the rows and columns that so many outputs reach, and the
                // output a place for each.
                unsafe { self.narrow.run(at, g.stride[1] == 2, self.is_twice) };
            } else {
                self.any(filter, plane, output);
            }
            output = output.wrapping_add(1);
        }
    }

    /// Any kernel: four outputs of a row at a time, then of a column; the last ones of a line again
    /// where fewer are left.
    #[inline(never)]
    fn any(&mut self, filter: &[u32], plane: *const i16, output: *mut i8) {
        let g = self.geometry;
        self.widen(&filter[4..]);
        let mut work = AnyPlane {
            bias: filter[0],
            multiplier: filter[1],
            constant: filter[2],
            shift: filter[3],
            plane,
            step: 0,
            step_of_three: 0,
            words: row_words(g),
            word_step: 2 * if g.dilation[1] == 1 { 2 } else { g.dilation[1] },
            row_step: 2 * self.band.pitch * g.dilation[0],
            weights: self.weights.as_ptr(),
            rows: g.kernel[0],
            output,
            place: 0,
            place_of_three: 0,
            tiles: 0,
        };
        let at = PlanePlaces {
            filter: filter.as_ptr(),
            plane,
            output,
        };
        let (rows, width) = (self.rows, g.output[1]);
        let fours = width / 4 * 4;
        match (rows >= 4, width >= 4) {
            (true, _) => {
                self.lines(&mut work, at, 1, 0..rows, 0..fours);
                self.lines(&mut work, at, 0, fours..width, 0..rows);
            }
            (false, true) => self.lines(&mut work, at, 1, 0..rows, 0..width),
            (false, false) => {
                for y in 0..rows {
                    self.lines(&mut work, at, 0, 0..width, y..y + 1);
                }
            }
        }
    }

    /// Lines along an axis, from some output to another. Fewer than four are computed four times.
    #[inline(never)]
    fn lines(
        &self,
        work: &mut AnyPlane,
        at: PlanePlaces,
        axis: usize,
        lines: Range<usize>,
        along: Range<usize>,
    ) {
        let g = self.geometry;
        let steps = [self.band.pitch * g.stride[0], g.stride[1]];
        let places = [g.output[1] * g.filters, g.filters];
        let distance = usize::from(along.len() >= 4);
        (work.step, work.place) = (2 * distance * steps[axis], distance * places[axis]);
        (work.step_of_three, work.place_of_three) = (3 * work.step, 3 * work.place);
        for line in lines {
            let mut first = along.start;
            while first < along.end {
                let left = along.end - first;
                work.tiles = (left / 4).max(1);
                if distance == 1 && left < 4 {
                    first = along.end - 4;
                }
                let step = line * steps[1 - axis] + first * steps[axis];
                let place = line * places[1 - axis] + first * places[axis];
                work.plane = at.plane.wrapping_add(step);
                work.output = at.output.wrapping_add(place);
                first += match distance {
                    0 => 1,
                    _ => 4 * work.tiles,
                };
                // SAFETY: the plane has the rows and columns that so many outputs reach, and the
                // output a place for each.
                unsafe { work.run(self.is_twice) };
            }
        }
    }

    /// A filter's weights as numbers of 16 bits: two in a word, or one in its lower half.
    #[inline(never)]
    fn widen(&mut self, own: &[u32]) {
        let g = self.geometry;
        let taps = if g.dilation[1] == 1 { 2 } else { 1 };
        let rows = own.chunks_exact(g.kernel[1].div_ceil(4));
        for (row, words) in rows.zip(self.weights.chunks_exact_mut(row_words(g))) {
            for (index, word) in words.iter_mut().enumerate() {
                let tap = |at: usize| {
                    let code = row.get(at / 4).map_or(0, |word| word >> (8 * (at % 4))) as i8;
                    u32::from(i16::from(code) as u16)
                };
                let second = if taps == 2 { tap(2 * index + 1) } else { 0 };
                *word = tap(taps * index) | second << 16;
            }
        }
    }
}

//! Samples of one or two channels into packets of windows: each position with the next ones of its row.
//!
//! A row becomes *lines* first: packets of four neighbouring codes, of four positions or of two. A window begins at a
//! place of a line, and ends with it or in the next line.

use super::codes::{RUN, WriteCodes};
use crate::int8::four;
use crate::lanes::codes::{CodeLanes, QUAD};
use core::ops::Range;

/// What makes packets of windows, the same for all rows of samples of so many channels.
struct WindowOrders<C, const CHANNELS: usize> {
    padding: C,
    /// Of two channels, where the codes of each go in a line of the first positions of four, and of the last ones.
    channels: [[C; 2]; 2],
    /// Lines that begin before the input, or end behind it.
    borders: [LineBorder<C>; 2],
    /// For windows that begin at each place of a line: where their codes come from, of this line and of the next one.
    windows: [[C; 2]; QUAD],
}

/// A line of which some positions lie outside of the input.
#[derive(Clone, Copy)]
struct LineBorder<C> {
    line: usize,
    /// Where the input's codes come from; and padding elsewhere.
    own: C,
    outside: C,
}

impl<C: CodeLanes> WriteCodes<'_, C> {
    /// Each position with the next ones of its row in a packet, where the reader's windows begin.
    #[inline(always)]
    pub(super) fn by_windows(&mut self) {
        // As constants: windows of a line are few, and made without a loop.
        match (self.layout.channels, self.layout.spread) {
            (1, 1) => self.windows_of::<1, 1>(),
            (1, 2) => self.windows_of::<1, 2>(),
            (1, _) => self.windows_of::<1, 4>(),
            (_, 1) => self.windows_of::<2, 1>(),
            _ => self.windows_of::<2, 2>(),
        }
    }

    #[inline(always)]
    fn windows_of<const CHANNELS: usize, const SPREAD: usize>(&mut self) {
        let (layout, lines, each) = (self.layout, QUAD * CHANNELS, QUAD / CHANNELS);
        let [rows, columns] = layout.output;
        let orders = self.window_orders::<CHANNELS>();
        // The last window's line and the next one.
        let needed = (columns - 1) * SPREAD / each + 2;
        for row in 0..rows {
            let mut out = row * columns..(row + 1) * columns;
            let packets = &mut self.packets[out.start * C::LANES..out.end * C::LANES];
            // What lies before the input wraps around, far beyond its end.
            let row = row.wrapping_sub(layout.before[0]);
            if row >= layout.input[0] {
                packets.fill(four(layout.padding) as u32);
                continue;
            }
            let mut before = orders.padding;
            for first in (0..needed).step_by(lines) {
                let own = self.lines(&orders, row, first);
                for (next, line) in own.as_flattened().iter().enumerate() {
                    let line = self.within(&orders, first + next, *line);
                    if first + next > 0 {
                        self.store_windows::<CHANNELS, SPREAD>(&orders, [before, line], &mut out);
                    }
                    before = line;
                }
            }
        }
    }

    /// Sixteen positions of a padded row, as lines, of which the first is given.
    #[inline(always)]
    fn lines<const CHANNELS: usize>(
        &self,
        orders: &WindowOrders<C, CHANNELS>,
        row: usize,
        line: usize,
    ) -> [[C; QUAD]; CHANNELS] {
        let ([height, width], left) = (self.layout.input, self.layout.before[1]);
        let first = line * QUAD / CHANNELS;
        let mut lines = [[orders.padding; QUAD]; CHANNELS];
        if first + RUN <= left || first >= left + width {
            return lines;
        }
        let begin = RUN + row * width + first - left;
        let of_channel = |channel: usize| {
            let map = height * width;
            self.packets_of_run(begin + channel * map, CHANNELS * map)
        };
        lines[0] = of_channel(0);
        if CHANNELS == 2 {
            let [a, b] = [lines[0], of_channel(1)];
            for next in 0..2 * QUAD {
                let [first, second] = orders.channels[next % 2];
                let line = a[next / 2].reorder(first).add(b[next / 2].reorder(second));
                lines[next / QUAD][next % QUAD] = line;
            }
        }
        lines
    }

    /// A line with padding where it lies outside of the input.
    #[inline(always)]
    fn within<const CHANNELS: usize>(
        &self,
        orders: &WindowOrders<C, CHANNELS>,
        line: usize,
        codes: C,
    ) -> C {
        let (width, left) = (self.layout.input[1], self.layout.before[1]);
        let [begin, end] = [line, line + 1].map(|line| line * QUAD / CHANNELS);
        if begin >= left && end <= left + width {
            return codes;
        }
        match orders.borders.iter().find(|border| border.line == line) {
            Some(border) => codes.reorder(border.own).add(border.outside),
            None => orders.padding,
        }
    }

    /// The windows that begin in the first of two lines, as far as a row has any.
    #[inline(always)]
    fn store_windows<const CHANNELS: usize, const SPREAD: usize>(
        &mut self,
        orders: &WindowOrders<C, CHANNELS>,
        [line, next]: [C; 2],
        out: &mut Range<usize>,
    ) {
        let count = QUAD / CHANNELS / SPREAD;
        let mut windows = [line; QUAD];
        for (place, window) in windows.iter_mut().enumerate().take(count).skip(1) {
            let [own, behind] = orders.windows[place * SPREAD * CHANNELS];
            // Where one has codes the other has 0.
            *window = line.reorder(own).add(next.reorder(behind));
        }
        let packets = &mut self.packets[out.start * C::LANES..out.end * C::LANES];
        if let Some(packets) = packets.get_mut(..count * C::LANES) {
            for place in 0..count {
                windows[place].store(&mut packets[place * C::LANES..]);
            }
            out.start += count;
            return;
        }
        // Place by place: a loop of any number of turns would have all windows in memory, those above, too.
        for (place, window) in windows.iter().enumerate().take(count) {
            let own = place * C::LANES..(place + 1) * C::LANES;
            if let Some(packet) = packets.get_mut(own) {
                window.store(packet);
                out.start += 1;
            }
        }
    }

    #[inline(always)]
    fn window_orders<const CHANNELS: usize>(&self) -> WindowOrders<C, CHANNELS> {
        let proof = self.proof;
        let (width, left) = (self.layout.input[1], self.layout.before[1]);
        let padding = proof.splat(four(self.layout.padding) as u32 as i32);
        let mut orders = WindowOrders {
            padding,
            channels: [[padding; 2]; 2],
            borders: [LineBorder {
                line: 0,
                own: padding,
                outside: padding,
            }; 2],
            windows: [[padding; 2]; QUAD],
        };
        for (half, orders) in orders.channels.iter_mut().enumerate() {
            for (channel, order) in orders.iter_mut().enumerate() {
                let place =
                    |place: usize| (place % 2 == channel).then_some((half * 2 + place / 2) as u8);
                *order = proof.order([place(0), place(1), place(2), place(3)]);
            }
        }
        for (border, edge) in orders.borders.iter_mut().zip([left, left + width]) {
            border.line = edge * CHANNELS / QUAD;
            let first = border.line * QUAD / CHANNELS;
            let of = |is_own: bool, place: usize| {
                let inside = (left..left + width).contains(&(first + place / CHANNELS));
                (inside == is_own).then_some(place as u8)
            };
            let order = |own: bool| proof.order([of(own, 0), of(own, 1), of(own, 2), of(own, 3)]);
            border.own = order(true);
            border.outside = padding.reorder(order(false));
        }
        for (first, orders) in orders.windows.iter_mut().enumerate() {
            for (next, order) in orders.iter_mut().enumerate() {
                let of = |place: usize| {
                    let place = first + place;
                    (place / QUAD == next).then_some((place % QUAD) as u8)
                };
                *order = proof.order([of(0), of(1), of(2), of(3)]);
            }
        }
        orders
    }
}

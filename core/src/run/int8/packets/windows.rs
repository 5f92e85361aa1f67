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
    /// Where the input begins, and where it ends: a line, and its codes before that.
    borders: [[usize; 2]; 2],
}

impl<C: CodeLanes> WriteCodes<'_, C> {
    /// Each position with the next ones of its row in a packet, where the reader's windows begin.
    #[inline(always)]
    pub(super) fn by_windows(&mut self) {
        // As constants: windows of a line are few, and made without a loop.
        match (self.layout.channels, self.layout.spread) {
            // Where packets are no registers, to be short is more.
            (1, _) if const { !C::HAS_FUSED_SCALES } => self.windows_of::<1, 0>(),
            (_, _) if const { !C::HAS_FUSED_SCALES } => self.windows_of::<2, 0>(),
            (1, 1) => self.windows_of::<1, 1>(),
            (1, 2) => self.windows_of::<1, 2>(),
            (1, 4) => self.windows_of::<1, 4>(),
            (1, _) => self.windows_of::<1, 0>(),
            (_, 1) => self.windows_of::<2, 1>(),
            (_, 2) => self.windows_of::<2, 2>(),
            _ => self.windows_of::<2, 0>(),
        }
    }

    /// Windows `SPREAD` positions apart; with 0 as many as the layout says.
    #[inline(always)]
    fn windows_of<const CHANNELS: usize, const SPREAD: usize>(&mut self) {
        let orders = self.window_orders::<CHANNELS>();
        let [height, width] = self.layout.input;
        let each = C::LANES * CHANNELS * height * width;
        for packet in 0..self.count {
            for row in 0..self.layout.output[0] {
                self.row_of_windows::<CHANNELS, SPREAD>(&orders, [packet, row], packet * each);
            }
        }
    }

    /// A row of a packet of samples, whose first sample's codes begin so far behind all samples' first.
    #[inline(always)]
    fn row_of_windows<const CHANNELS: usize, const SPREAD: usize>(
        &mut self,
        orders: &WindowOrders<C, CHANNELS>,
        [packet, row]: [usize; 2],
        behind: usize,
    ) {
        let (layout, lines, each) = (self.layout, QUAD * CHANNELS, QUAD / CHANNELS);
        let [rows, columns] = layout.output;
        // The last window's line and the next one.
        let needed = (columns - 1) * layout.spread / each + 2;
        let first = (packet * rows + row) * columns;
        let mut out = first..first + columns;
        // What lies before the input wraps around, far beyond its end.
        let row = row.wrapping_sub(layout.before[0]);
        if row >= layout.input[0] {
            let packets = &mut self.packets[out.start * C::LANES..out.end * C::LANES];
            packets.fill(four(layout.padding) as u32);
            return;
        }
        let mut before = orders.padding;
        for first in (0..needed).step_by(lines) {
            let own = self.lines(orders, behind + row * layout.input[1], first);
            for (next, line) in own.as_flattened().iter().copied().enumerate() {
                match (first + next).checked_sub(1) {
                    None => {}
                    Some(number) if SPREAD == 0 => {
                        self.store_far_windows::<CHANNELS>([before, line], number, &mut out);
                    }
                    Some(_) => self.store_windows::<CHANNELS, SPREAD>([before, line], &mut out),
                }
                before = line;
            }
        }
    }

    /// Sixteen positions of a padded row, as lines, of which the first is given; the first sample's row begins so far
    /// behind all samples' first code.
    #[inline(always)]
    fn lines<const CHANNELS: usize>(
        &self,
        orders: &WindowOrders<C, CHANNELS>,
        behind: usize,
        line: usize,
    ) -> [[C; QUAD]; CHANNELS] {
        let ([height, width], left) = (self.layout.input, self.layout.before[1]);
        let first = line * QUAD / CHANNELS;
        let mut lines = [[orders.padding; QUAD]; CHANNELS];
        if first + RUN <= left || first >= left + width {
            return lines;
        }
        let begin = RUN + behind + first - left;
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
        let ([[begin, before], [end, _]], count) = (orders.borders, QUAD * CHANNELS);
        if line < begin || (line == begin && before > 0) || line + count > end {
            // Asked of all at once: of each line it would take as long as making it.
            for next in 0..count {
                let own = &mut lines[next / QUAD][next % QUAD];
                *own = Self::within(orders, line + next, *own);
            }
        }
        lines
    }

    /// A line with padding where it lies outside of the input.
    #[inline(always)]
    fn within<const CHANNELS: usize>(
        orders: &WindowOrders<C, CHANNELS>,
        line: usize,
        codes: C,
    ) -> C {
        let [[first, before], [last, inside]] = orders.borders;
        if line < first || line > last {
            return orders.padding;
        }
        let mut own = codes;
        if line == first && before > 0 {
            // Out with those before it, and padding in front of the others.
            let others = own.codes_from(own, before as u32);
            own = orders.padding.codes_from(others, (QUAD - before) as u32);
        }
        if line == last {
            let others = own.codes_from(own, inside as u32);
            own = others.codes_from(orders.padding, (QUAD - inside) as u32);
        }
        own
    }

    /// The windows that begin in the first of two lines, as far as a row has any.
    #[inline(always)]
    fn store_windows<const CHANNELS: usize, const SPREAD: usize>(
        &mut self,
        [line, next]: [C; 2],
        out: &mut Range<usize>,
    ) {
        let count = QUAD / CHANNELS / SPREAD;
        let mut windows = [line; QUAD];
        for (place, window) in windows.iter_mut().enumerate().take(count).skip(1) {
            *window = line.codes_from(next, (place * SPREAD * CHANNELS) as u32);
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

    /// The same of windows any number of positions apart, of which a line has some or none; which of a row's lines the
    /// first one is.
    #[inline(always)]
    fn store_far_windows<const CHANNELS: usize>(
        &mut self,
        [line, next]: [C; 2],
        number: usize,
        out: &mut Range<usize>,
    ) {
        let (columns, each) = (self.layout.output[1], QUAD / CHANNELS);
        let position = |out: &Range<usize>| (columns - out.len()) * self.layout.spread;
        while out.start < out.end && position(out) < (number + 1) * each {
            let place = (position(out) - number * each) * CHANNELS;
            let packet = &mut self.packets[out.start * C::LANES..];
            line.codes_from(next, place as u32).store(packet);
            out.start += 1;
        }
    }

    #[inline(always)]
    fn window_orders<const CHANNELS: usize>(&self) -> WindowOrders<C, CHANNELS> {
        let proof = self.proof;
        let (end, left) = (self.layout.end, self.layout.before[1]);
        let padding = proof.splat(four(self.layout.padding) as u32 as i32);
        let mut channels = [[padding; 2]; 2];
        for (half, orders) in channels.iter_mut().enumerate() {
            for (channel, order) in orders.iter_mut().enumerate() {
                let place =
                    |place: usize| (place % 2 == channel).then_some((half * 2 + place / 2) as u8);
                *order = proof.order([place(0), place(1), place(2), place(3)]);
            }
        }
        WindowOrders {
            padding,
            channels,
            borders: [left, left + end].map(|edge| {
                let codes = edge * CHANNELS;
                [codes / QUAD, codes % QUAD]
            }),
        }
    }
}

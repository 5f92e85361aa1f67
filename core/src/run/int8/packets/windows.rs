//! Samples of one or two channels into packets of windows: each position with the next ones of its row.

use super::codes::{InputPackets, RUN, WriteCodes};
use crate::int8::four;
use crate::lanes::codes::{CodeLanes, QUAD};

/// Packets of a row of each channel that windows are made of at once.
const LINE: usize = 16;

/// Most channels of samples that come in windows.
const WINDOW_CHANNELS: usize = 2;

impl<C: CodeLanes> WriteCodes<'_, C> {
    /// Each position with the next ones of its row in a packet.
    #[inline(always)]
    pub(super) fn by_windows(&mut self) {
        let layout = self.layout;
        let [rows, columns] = layout.output;
        let orders = self.window_orders();
        let padding = self.proof.splat(four(layout.padding) as u32 as i32);
        // Moved nowhere: copies would take longer than all else.
        let mut line = [[padding; LINE + QUAD]; WINDOW_CHANNELS];
        for row in 0..rows {
            for first in (0..columns).step_by(LINE * QUAD) {
                let count = (columns - first).min(LINE * QUAD);
                for (channel, line) in line.iter_mut().enumerate().take(layout.channels) {
                    let runs = line.as_chunks_mut::<QUAD>().0.iter_mut();
                    let needed = (count + layout.window - 1).div_ceil(RUN);
                    for (run, packets) in runs.enumerate().take(needed) {
                        self.take_run(channel, row, first + run * RUN, padding, packets);
                    }
                }
                let at = (row * columns + first) * C::LANES;
                let packets = &mut self.packets[at..][..count * C::LANES];
                store_windows(self.proof, layout.channels, &line, &orders, packets);
            }
        }
    }

    /// Sixteen positions of a padded row, four to a packet, of one channel.
    #[inline(always)]
    fn take_run(
        &self,
        channel: usize,
        row: usize,
        first: usize,
        padding: C,
        packets: &mut [C; QUAD],
    ) {
        let InputPackets {
            channels,
            input: [height, width],
            before: [above, left],
            ..
        } = self.layout;
        // What lies before the input wraps around, far beyond its end.
        let row = row.wrapping_sub(above);
        if row >= height || first + RUN <= left || first >= left + width {
            return *packets = [padding; QUAD];
        }
        let map = height * width;
        let begin = RUN + channel * map + row * width + first - left;
        *packets = self.packets_of_run(begin, channels * map);
        for (next, packet) in packets.iter_mut().enumerate() {
            let inside =
                |place: usize| (left..left + width).contains(&(first + next * QUAD + place));
            match [inside(0), inside(QUAD - 1)] {
                [true, true] => {}
                [false, false] if width >= QUAD => *packet = padding,
                _ => {
                    let order = |wanted: bool| {
                        let own = [0, 1, 2, 3]
                            .map(|place| (inside(place) == wanted).then_some(place as u8));
                        self.proof.order(own)
                    };
                    *packet = packet
                        .reorder(order(true))
                        .add(padding.reorder(order(false)));
                }
            }
        }
    }

    /// For windows that begin at each place of four positions: where the codes of either channel come from, of these
    /// positions and of the next four.
    #[inline(always)]
    fn window_orders(&self) -> [[[C; 2]; WINDOW_CHANNELS]; QUAD] {
        let channels = self.layout.channels;
        let mut orders = [[[self.proof; 2]; WINDOW_CHANNELS]; QUAD];
        for (phase, orders) in orders.iter_mut().enumerate() {
            for (channel, orders) in orders.iter_mut().enumerate() {
                for (next, order) in orders.iter_mut().enumerate() {
                    *order = self.proof.order([0, 1, 2, 3].map(|place| {
                        let position = phase + place / channels;
                        let is_own = place % channels == channel && position / QUAD == next;
                        is_own.then_some((position % QUAD) as u8)
                    }));
                }
            }
        }
        orders
    }
}

/// Makes windows of the codes of each channel of a line, four positions to a packet: where [`WriteCodes::window_orders`]
/// says.
#[inline(always)]
fn store_windows<C: CodeLanes>(
    proof: C,
    channels: usize,
    line: &[[C; LINE + QUAD]; WINDOW_CHANNELS],
    orders: &[[[C; 2]; WINDOW_CHANNELS]; QUAD],
    packets: &mut [u32],
) {
    for (four, packets) in packets.chunks_mut(QUAD * C::LANES).enumerate() {
        for (packet, orders) in packets.chunks_exact_mut(C::LANES).zip(orders) {
            let mut codes = proof.splat(0);
            for (line, orders) in line.iter().zip(orders).take(channels) {
                // Where one has codes the others have 0.
                codes = codes.add(line[four].reorder(orders[0]));
                codes = codes.add(line[four + 1].reorder(orders[1]));
            }
            codes.store(packet);
        }
    }
}

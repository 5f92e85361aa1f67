//! Samples of several channels into packets of four channels.

use super::codes::{RUN, WriteCodes};
use crate::lanes::codes::{CodeGrid, CodeLanes, QUAD};

/// Where the packets of positions go, row by row: in columns counted from those of padding on.
#[derive(Clone, Copy)]
struct ChannelRows {
    /// Where the input begins and ends, and columns from which on none are seen.
    begin: usize,
    end: usize,
    seen: usize,
    /// Words from a position to the next, and besides from a row's last one to the next row's first: less than none where
    /// columns are left out.
    step: usize,
    skip: usize,
    /// Where the first position's packet of the first quad goes.
    first: usize,
}

impl<C: CodeLanes> WriteCodes<'_, C> {
    /// Four channels to a packet, sixteen positions at once.
    #[inline(always)]
    pub(super) fn by_channels(&mut self) {
        let layout = self.layout;
        if layout.input != layout.output || layout.before != [0; 2] {
            self.pad();
        }
        let ([_, width], [_, seen], before) = (layout.input, layout.output, layout.before);
        let step = layout.quads * C::LANES;
        let mut rows = ChannelRows {
            begin: before[1],
            end: before[1] + width,
            seen,
            step,
            skip: seen.wrapping_sub(width).wrapping_mul(step),
            first: (before[0] * seen + before[1]) * step,
        };
        if before[1] == 0 && width == seen {
            // One long row.
            rows.end = layout.input[0] * width;
            rows.seen = rows.end;
        }
        for quad in 0..layout.quads {
            match layout.channels - quad * QUAD {
                // Where packets are no registers, to be short is more.
                _ if const { !C::HAS_FUSED_SCALES } => self.quad_of_channels::<QUAD>(quad, rows),
                1 => self.quad_of_channels::<1>(quad, rows),
                2 => self.quad_of_channels::<2>(quad, rows),
                3 => self.quad_of_channels::<3>(quad, rows),
                _ => self.quad_of_channels::<QUAD>(quad, rows),
            }
        }
    }

    /// One packet of each position, which has so many channels.
    #[inline(always)]
    fn quad_of_channels<const CHANNELS: usize>(&mut self, quad: usize, rows: ChannelRows) {
        let map = self.layout.input[0] * self.layout.input[1];
        let (mut column, mut at) = (rows.begin, rows.first + quad * C::LANES);
        for first in (0..map).step_by(RUN) {
            let grid = self.grid::<CHANNELS>(quad, first);
            let packets = self.proof.packets_of_channels::<CHANNELS>(grid);
            let is_whole = column + RUN <= rows.end.min(rows.seen) && first + RUN <= map;
            let place = at..at.wrapping_add((RUN - 1) * rows.step + C::LANES);
            if let (true, Some(all)) = (is_whole, self.packets.get_mut(place)) {
                for (next, packet) in packets.as_flattened().iter().enumerate() {
                    packet.store(&mut all[next * rows.step..]);
                }
                [column, at] = rows.behind([column, at], RUN);
                continue;
            }
            // What is counted through lies in memory: those above stay in registers.
            let in_memory = packets;
            let mut rest = &in_memory.as_flattened()[..RUN.min(map - first)];
            while !rest.is_empty() {
                // As far as their row goes.
                let (own, behind) = rest.split_at(rest.len().min(rows.end - column));
                let seen = own.len().min(rows.seen.saturating_sub(column));
                if let (Some(all), true) = (self.packets.get_mut(at..), seen > 0) {
                    for (packet, to) in own[..seen].iter().zip(all.chunks_mut(rows.step)) {
                        packet.store(to);
                    }
                }
                [column, at] = rows.behind([column, at], own.len());
                rest = behind;
            }
        }
    }

    /// The runs from a position on, of a quad's channels, so many of which are there. Codes behind a map's end are the
    /// next map's, and go nowhere.
    #[inline(always)]
    fn grid<const CHANNELS: usize>(&self, quad: usize, first: usize) -> CodeGrid<'_> {
        let layout = &self.layout;
        let map = layout.input[0] * layout.input[1];
        let present = CHANNELS.min(layout.channels - quad * QUAD);
        let begin = [0, 1, 2, 3]
            .map(|channel: usize| RUN + (quad * QUAD + channel.min(present - 1)) * map + first);
        self.samples(begin, layout.channels * map)
    }
}

impl ChannelRows {
    /// Column and place so many positions of a row behind others: the next row's first where it ends.
    #[inline(always)]
    fn behind(&self, [column, at]: [usize; 2], positions: usize) -> [usize; 2] {
        let at = at.wrapping_add(positions.wrapping_mul(self.step));
        match column + positions == self.end {
            true => [self.begin, at.wrapping_add(self.skip)],
            false => [column + positions, at],
        }
    }
}

//! The order in which weights lie: as they are read.

use super::ConvGeometry;
use crate::program::packet_lanes;

/// How a convolution's weights are arranged: group by group, blocks of packets of filters; in a
/// block tap by tap, in the contract's order, a packet of weights for each packet of filters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrangement {
    /// Whether lanes hold filters of several groups; these are arranged as one.
    pub(crate) is_per_lane: bool,
    /// Groups.
    pub(crate) groups: usize,
    /// Filters of a group.
    pub(crate) filters: usize,
    /// Lanes of the packets in use.
    pub(crate) lanes: usize,
    /// Packets of filters of a group.
    pub(crate) packets: usize,
    /// Weights of one filter.
    pub(crate) taps: usize,
    /// Most packets of a block.
    most: usize,
}

/// Whether groups have so few filters that one has no packet to itself.
pub(crate) const fn is_per_lane(groups: usize, filters: usize) -> bool {
    groups > 1 && filters / groups < 4
}

impl Arrangement {
    /// The arrangement where the widest packets have so many lanes, on a processor with so many
    /// registers for them; these change the order alone, not the lengths.
    pub(crate) const fn new(g: &ConvGeometry, widest: usize, registers: usize) -> Self {
        let is_per_lane = is_per_lane(g.groups, g.filters);
        let groups = if is_per_lane { 1 } else { g.groups };
        let filters = g.filters / groups;
        let lanes = packet_lanes(filters, widest);
        let most = if is_per_lane || lanes == 1 && registers < 32 {
            1
        } else if g.output_area() == 1 {
            8
        } else if registers >= 32 && lanes == widest {
            4
        } else {
            2
        };
        Self {
            is_per_lane,
            groups,
            filters,
            lanes,
            packets: filters.div_ceil(lanes),
            taps: g.taps(),
            most,
        }
    }

    /// Packets of the block that begins at packet `packet` of a group.
    #[inline(always)]
    pub(crate) const fn block(&self, packet: usize) -> usize {
        let mut size = self.most;
        while size > self.packets - packet {
            size /= 2;
        }
        size
    }

    /// Number of arranged weights, and of arranged biases.
    pub(crate) const fn lens(&self) -> [usize; 2] {
        let filters = self.groups * self.packets * self.lanes;
        [filters * self.taps, filters]
    }

    /// Arranges weights and biases; lanes behind the last filter get zeros, and so do sums without a
    /// bias.
    pub(crate) fn arrange(&self, tensors: [&[f32]; 2], arranged: [&mut [f32]; 2]) {
        let [weights, bias] = tensors;
        let [arranged, biases] = arranged;
        for group in 0..self.groups {
            let start = group * self.packets * self.lanes;
            let own = group * self.filters..(group + 1) * self.filters;
            for (lane, to) in biases[start..][..self.packets * self.lanes]
                .iter_mut()
                .enumerate()
            {
                *to = bias
                    .get(own.clone())
                    .and_then(|own| own.get(lane))
                    .copied()
                    .unwrap_or(0.0);
            }
            let weights = &weights[own.start * self.taps..own.end * self.taps];
            let mut packet = 0;
            while packet < self.packets {
                let (filter, size) = (packet * self.lanes, self.block(packet) * self.lanes);
                let block = &mut arranged[(start + filter) * self.taps..][..size * self.taps];
                for (tap, packets) in block.chunks_exact_mut(size).enumerate() {
                    for (lane, to) in packets.iter_mut().enumerate() {
                        let weight = weights.get((filter + lane) * self.taps + tap);
                        *to = weight.copied().unwrap_or(0.0);
                    }
                }
                packet += self.block(packet);
            }
        }
    }
}

//! The order in which weights lie: as they are read.

use super::ConvGeometry;
use crate::lanes::Lanes;
use crate::program::packet_lanes;

/// How a convolution's weights are arranged: group by group, blocks of packets of filters; in a
/// block tap by tap, in the contract's order, a packet of weights for each packet of filters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrangement {
    /// Whether each channel is a group of its own with one filter; it is arranged as one group,
    /// each lane of which has its own channel.
    pub(crate) is_depthwise: bool,
    /// Groups.
    pub(crate) groups: usize,
    /// Lanes of the packets in use: filters of different groups share none.
    pub(crate) lanes: usize,
    /// Packets of filters of a group.
    pub(crate) packets: usize,
    /// Weights of one filter.
    pub(crate) taps: usize,
    /// Filters of all groups.
    filters: usize,
    /// Most packets of a block.
    most: usize,
}

impl Arrangement {
    /// The arrangement where the widest packets are `L`.
    pub(crate) const fn new<L: Lanes>(g: &ConvGeometry) -> Self {
        let lanes = L::LANES;
        let is_depthwise = g.groups > 1 && g.groups == g.channels && g.groups == g.filters;
        let groups = if is_depthwise { 1 } else { g.groups };
        let filters = g.filters / groups;
        let own = if groups == 1 {
            packet_lanes(filters, lanes)
        } else {
            shared_lanes(filters, lanes)
        };
        let most = if g.output_area() == 1 {
            8
        } else if L::REGISTERS >= 32 && own == lanes {
            4
        } else {
            2
        };
        Self {
            is_depthwise,
            groups,
            lanes: own,
            packets: filters.div_ceil(own),
            taps: g.taps(),
            filters: g.filters,
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
        for (filter, own) in biases.iter_mut().enumerate() {
            *own = bias.get(filter).copied().unwrap_or(0.0);
        }
        for group in 0..self.groups {
            let mut packet = 0;
            while packet < self.packets {
                let size = self.block(packet) * self.lanes;
                let filter = (group * self.packets + packet) * self.lanes;
                let block = &mut arranged[filter * self.taps..][..size * self.taps];
                for (tap, packets) in block.chunks_exact_mut(size).enumerate() {
                    for (lane, own) in packets.iter_mut().enumerate() {
                        *own = match filter + lane < self.filters {
                            true => weights[(filter + lane) * self.taps + tap],
                            false => 0.0,
                        };
                    }
                }
                packet += self.block(packet);
            }
        }
    }
}

/// Lanes of the widest packets that `filters` fill without a rest: several groups lie side by side.
const fn shared_lanes(filters: usize, lanes: usize) -> usize {
    let mut own = lanes;
    while own >= 4 && !filters.is_multiple_of(own) {
        own /= 2;
    }
    if own >= 4 { own } else { 1 }
}

//! Linear layers one behind another, a packet of samples at a time, as one function.

use super::PacketLayer;
use crate::lanes::Kernel;
use crate::lanes::codes::CodeLanes;
use crate::ops::conv2d::{OnePosition, PacketConv};

/// Layers of one position each, of which each has [`PacketLayer::linears`].
pub struct PacketLinears<'a, C> {
    pub(super) proof: C,
    /// Packets of samples that there is room for, and how many there are.
    pub(super) stack: [usize; 2],
    pub(super) layers: &'a [PacketLayer],
    /// Of the whole network.
    pub(super) words: &'a [u32],
    pub(super) values: &'a mut [u32],
    /// What samples came into that the first layer reads in windows.
    pub(super) copy: &'a [u32],
}

impl<C: CodeLanes> Kernel for PacketLinears<'_, C> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for layer in self.layers {
            let Some(conv) = &layer.conv else {
                unreachable!("a linear layer has packets' geometry");
            };
            let [room, count] = self.stack;
            let place = |at: usize, packets: usize| {
                at * room * C::LANES..(at * room + packets * count) * C::LANES
            };
            let from = place(conv.from, conv.read);
            let to = place(conv.to, conv.places.blocks);
            let (input, output) = match conv.quads.takes_samples {
                true => (self.copy, &mut self.values[to]),
                false => match self.values.get_disjoint_mut([from, to]) {
                    Ok([input, output]) => (&*input, output),
                    Err(_) => unreachable!("values alive at the same time overlap"),
                },
            };
            let conv = PacketConv {
                proof: self.proof,
                geometry: &conv.quads,
                places: conv.places,
                runs: conv.runs,
                stack: conv.stack(count),
                pool: false,
                rule: conv.rule,
                weights: layer.of(self.words),
                quantization: conv.quantization,
                input,
                padding: conv.padding,
                output,
                ring: &mut [],
                sum: None,
            };
            OnePosition::of(conv).run();
        }
    }
}

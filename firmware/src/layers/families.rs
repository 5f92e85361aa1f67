//! Kinds of layers, each drawn at random, so that no kind is slow unseen.

use super::{LayerBench, LayerCase};
use kiln_core::{Activation, Conv2d, Layer, Linear, Padding, Shape};

/// Layers of a kind.
pub struct LayerFamily {
    /// What they have in common.
    pub name: &'static str,
    /// Draws one of them.
    pub draw: fn(&mut LayerBench) -> LayerCase,
}

/// All kinds.
pub const FAMILIES: [LayerFamily; 14] = [
    family("plain", |from| {
        let conv = from.kernel(2, 7).padded(from.padding());
        from.convolution(conv, [2, 16], [3, 17])
    }),
    family("uneven kernel", |from| {
        let kernels = [
            [1, 7],
            [7, 1],
            [2, 5],
            [5, 2],
            [1, 3],
            [3, 1],
            [2, 7],
            [6, 3],
            [1, 5],
        ];
        let [rows, columns] = kernels[from.below(9) as usize];
        let conv = Conv2d::new(from.within(1, 17), 1).kernel(rows, columns);
        let conv = conv.padded(from.padding());
        from.convolution(conv, [5, 16], [5, 17])
    }),
    family("strided", |from| {
        let mut conv = from.kernel(2, 7).padded(from.padding());
        conv.stride = [from.within(1, 3), from.within(2, 3)];
        from.convolution(conv, [2, 16], [7, 20])
    }),
    family("dilated", |from| {
        let mut conv = from.kernel(2, 4).padded(from.padding());
        conv.dilation = [from.within(1, 3), from.within(2, 3)];
        from.convolution(conv, [3, 12], [10, 18])
    }),
    family("few filters", |from| {
        let mut conv = from.kernel(1, 5).padded(from.padding());
        conv.filters = from.within(1, 3);
        from.convolution(conv, [9, 20], [3, 14])
    }),
    family("point", |from| {
        let mut conv = Conv2d::new(from.within(1, 40), 1);
        conv.stride = [from.within(1, 2); 2];
        from.convolution(conv, [9, 40], [3, 14])
    }),
    family("small map", |from| {
        let conv = from.kernel(2, 5).padded(from.padding());
        from.convolution(conv, [4, 32], [3, 6])
    }),
    family("few groups", |from| {
        let groups = from.within(2, 4);
        let mut conv = from.kernel(2, 5).padded(from.padding()).groups(groups);
        conv.filters = groups * from.within(1, 9);
        let channels = groups * from.within(3, 8);
        from.on(conv, channels, [5, 14])
    }),
    family("groups of two", |from| {
        let groups = from.within(2, 12);
        let mut conv = from.kernel(3, 5).padded(from.padding()).groups(groups);
        conv.filters = 2 * groups;
        from.on(conv, 2 * groups, [5, 14])
    }),
    family("groups, strided", |from| {
        let groups = from.within(2, 6);
        let mut conv = from.kernel(2, 5).padded(from.padding()).groups(groups);
        conv.filters = groups * from.within(1, 5);
        conv.stride = [from.within(1, 3), from.within(2, 3)];
        let channels = groups * from.within(2, 6);
        from.on(conv, channels, [7, 18])
    }),
    family("depthwise", |from| {
        let channels = from.within(3, 20);
        depthwise(from, channels, [3, 7], [7, 16])
    }),
    family("depthwise, uneven or doubled", |from| {
        let channels = from.within(3, 12);
        let mut conv = from.kernel(3, 5).padded(from.padding()).groups(channels);
        conv.kernel = [from.within(2, 7), from.within(2, 7)];
        conv.filters = channels * from.within(1, 2);
        from.on(conv, channels, [7, 14])
    }),
    family("depthwise, small map", |from| {
        let channels = from.within(8, 64);
        depthwise(from, channels, [3, 3], [3, 6])
    }),
    family("linear", |from| LayerCase {
        input: Shape::new(u32::from(from.within(9, 200)), 1, 1),
        layer: Layer::Linear(Linear::new(from.within(1, 60))),
        activation: Activation::Relu,
        pool: false,
    }),
];

/// A filter for each channel, with a square kernel of the least to the greatest extent, on such a map.
fn depthwise(
    from: &mut LayerBench,
    channels: u16,
    kernel: [u16; 2],
    extents: [u16; 2],
) -> LayerCase {
    let conv = from.kernel(kernel[0], kernel[1]).padded(from.padding());
    let conv = Conv2d {
        filters: channels,
        groups: channels,
        ..conv
    };
    let conv = conv.stride(from.within(1, 2));
    from.on(conv, channels, extents)
}

const fn family(name: &'static str, draw: fn(&mut LayerBench) -> LayerCase) -> LayerFamily {
    LayerFamily { name, draw }
}

impl LayerBench {
    /// A number from `least` to `most`.
    fn within(&mut self, least: u16, most: u16) -> u16 {
        least + self.below(u32::from(most - least) + 1) as u16
    }

    /// A few filters with a square kernel.
    fn kernel(&mut self, least: u16, most: u16) -> Conv2d {
        let size = self.within(least, most);
        Conv2d::new(self.within(4, 20), size)
    }

    /// None, as much on all sides, or as it comes.
    fn padding(&mut self) -> Padding {
        match self.below(3) {
            0 => Padding::each(0, 0),
            1 => {
                let all = self.within(1, 2);
                Padding::each(all, all)
            }
            _ => Padding {
                top: self.within(0, 3),
                left: self.within(0, 3),
                bottom: self.within(0, 3),
                right: self.within(0, 3),
            },
        }
    }

    /// A convolution of so many channels and rows or columns.
    fn convolution(&mut self, conv: Conv2d, channels: [u16; 2], extents: [u16; 2]) -> LayerCase {
        let channels = self.within(channels[0], channels[1]);
        self.on(conv, channels, extents)
    }

    fn on(&mut self, conv: Conv2d, channels: u16, [least, most]: [u16; 2]) -> LayerCase {
        let [rows, columns] = [self.within(least, most), self.within(least, most)];
        LayerCase {
            input: Shape::new(u32::from(channels), u32::from(rows), u32::from(columns)),
            layer: Layer::Conv2d(conv),
            activation: Activation::Relu,
            pool: false,
        }
    }
}

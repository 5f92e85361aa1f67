//! Sums of taps for many samples, any kernel, stride, padding and dilation: the forward pass, and
//! the gradient of the input, which is made of output gradients the same way.
//!
//! Places whose sums have the same taps make a rectangle; its places are taken in tiles, in scan
//! order, wherever its rows end. Padding is in no rectangle's taps.

use super::ConvGeometry;
use super::depthwise::Depthwise;
use super::places::Layout;
use super::segments::{Direction, each_segment};
use crate::lanes::{Kernel, Lanes, Weights, add_own_products, add_products, prefetch};
use crate::ops::activation::{Activation, GradientMask};

/// One packet of samples.
pub(super) struct Gather<'a, L> {
    pub geometry: ConvGeometry,
    pub direction: Direction,
    /// Forward the input, channels x rows x columns; backward the gradient of the output, filters x
    /// rows x columns.
    pub values: &'a [L],
    pub weights: &'a [f32],
    /// One for each channel of `sums`, or empty where sums begin at +0.
    pub bias: &'a [f32],
    pub activation: Activation,
    /// What is let through of the sums; everything, forward.
    pub mask: GradientMask<'a, L>,
    /// The other way round.
    pub sums: &'a mut [L],
}

impl<L: Lanes> Kernel for Gather<'_, L> {
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        let (g, direction) = (self.geometry, self.direction);
        let is_depthwise = g.group_channels() == 1 && g.group_filters() == 1;
        if is_depthwise && self.values[0].vectorize(Depthwise { work: &mut self }) {
            return;
        }
        each_segment(&g, direction, 0, |rows| {
            each_segment(&g, direction, 1, |columns| {
                let layout = Layout::new(&g, direction, rows, columns);
                self.rectangle(&layout);
            });
        });
    }
}

impl<L: Lanes> Gather<'_, L> {
    #[inline(always)]
    fn rectangle(&mut self, layout: &Layout) {
        if layout.channels[1] == 1 {
            self.separate(layout);
            return;
        }
        for group in 0..self.geometry.groups {
            if const { L::REGISTERS >= 32 } {
                self.dense::<4>(layout, group);
            } else {
                self.dense::<3>(layout, group);
            }
        }
    }

    /// Several channels of sums share their values. Channels run innermost, so that values stay in
    /// the first cache.
    #[inline(always)]
    fn dense<const P: usize>(&mut self, layout: &Layout, group: usize) {
        let mut place = 0;
        while place + P <= layout.places() {
            self.channels::<P>(layout, group, place);
            place += P;
        }
        // Of three, both that are left: alone, each has too few sums to add to at once.
        if const { P == 3 } && place + 2 <= layout.places() {
            self.channels::<2>(layout, group, place);
            place += 2;
        }
        while place < layout.places() {
            self.channels::<1>(layout, group, place);
            place += 1;
        }
    }

    #[inline(always)]
    fn channels<const P: usize>(&mut self, layout: &Layout, group: usize, place: usize) {
        let at = layout.at::<P>(place);
        let mut channel = 0;
        // Four sums alone would wait for their own additions where a product takes half a cycle.
        if const { P == 1 && L::REGISTERS < 32 && L::LANES > 1 } {
            while channel + 8 <= layout.channels[1] {
                self.tile::<8, P>(layout, group, channel, at);
                channel += 8;
            }
            if channel + 6 <= layout.channels[1] {
                self.tile::<6, P>(layout, group, channel, at);
                channel += 6;
            }
        }
        while channel + 4 <= layout.channels[1] {
            self.fetch_next::<P>(layout, group, channel, at[0][P - 1]);
            self.tile::<4, P>(layout, group, channel, at);
            channel += 4;
        }
        if channel + 2 <= layout.channels[1] {
            self.tile::<2, P>(layout, group, channel, at);
            channel += 2;
        }
        while channel < layout.channels[1] {
            self.tile::<1, P>(layout, group, channel, at);
            channel += 1;
        }
    }

    /// Asks for the values that the next `P` places meet first: their share of each tile of channels
    /// from `channel` on. No processor sees by itself that they are wanted, a map away from one
    /// another.
    #[inline(always)]
    fn fetch_next<const P: usize>(
        &self,
        layout: &Layout,
        group: usize,
        channel: usize,
        last: usize,
    ) {
        let [values, sums] = layout.channels;
        let area = layout.areas[0];
        let stride = layout.columns.value_stride;
        let share = |channel: usize| (group * sums + channel) * values / sums;
        for value in share(channel)..share((channel + 4).min(sums)) {
            let first = value * area + last + layout.reach + stride;
            for p in 0..P {
                prefetch(self.values, first + p * stride);
            }
        }
    }

    /// Each channel of sums has values of its own.
    #[inline(always)]
    fn separate(&mut self, layout: &Layout) {
        let groups = self.geometry.groups;
        let whole = layout.places() / 8 * 8;
        for group in 0..groups {
            for place in (0..whole).step_by(8) {
                self.tile::<1, 8>(layout, group, 0, layout.at(place));
            }
        }
        for place in whole..layout.places() {
            let at = layout.at::<1>(place);
            let mut group = 0;
            while group + 8 <= groups {
                self.groups::<8>(layout, group, at);
                group += 8;
            }
            while group < groups {
                self.tile::<1, 1>(layout, group, 0, at);
                group += 1;
            }
        }
    }

    /// `C` channels of sums of a group x `P` places.
    #[inline(always)]
    fn tile<const C: usize, const P: usize>(
        &mut self,
        layout: &Layout,
        group: usize,
        channel: usize,
        at: [[usize; P]; 2],
    ) {
        self.values[0].vectorize(GatherTile::<L, C, P> {
            work: self,
            layout,
            group,
            channel,
            at,
        });
    }

    /// The same place of `C` groups that have one channel of sums each.
    #[inline(always)]
    fn groups<const C: usize>(&mut self, layout: &Layout, group: usize, at: [[usize; 1]; 2]) {
        self.values[0].vectorize(GatherGroups::<L, C> {
            work: self,
            layout,
            group,
            at,
        });
    }

    /// Masks a tile of channels x places whose maps are `area` apart; the first begins at `first`.
    #[inline(always)]
    fn mask<const C: usize, const P: usize>(
        &self,
        tile: &mut [[L; P]; C],
        first: usize,
        area: usize,
        places: [usize; P],
    ) {
        if self.mask.activation == Activation::Identity {
            return;
        }
        for c in 0..C {
            for p in 0..P {
                tile[c][p] = self.mask.apply(first + c * area + places[p], tile[c][p]);
            }
        }
    }

    #[inline(always)]
    pub(super) fn start(&self, channel: usize) -> L {
        let bias = self.bias.get(channel).copied();
        self.values[0].splat(bias.unwrap_or(0.0))
    }
}

// A kernel of its own: compiled once, for both directions.
struct GatherTile<'w, 'a, L, const C: usize, const P: usize> {
    work: &'w mut Gather<'a, L>,
    layout: &'w Layout,
    group: usize,
    channel: usize,
    at: [[usize; P]; 2],
}

impl<L: Lanes, const C: usize, const P: usize> Kernel for GatherTile<'_, '_, L, C, P> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self {
            work,
            layout,
            group,
            channel,
            at: [from, to],
        } = self;
        let [values, sums] = layout.channels;
        let own = group * sums + channel;
        // What is stored behind the tile is on its way meanwhile.
        for c in 0..C {
            for p in 0..P {
                prefetch(work.sums, (own + c) * layout.areas[1] + to[p]);
            }
        }
        if !work.mask.outputs.is_empty() {
            for c in 0..C {
                for p in 0..P {
                    prefetch(work.mask.outputs, (own + c) * layout.areas[1] + to[p]);
                }
            }
        }
        let mut tile = [[work.values[0]; P]; C];
        for c in 0..C {
            tile[c] = [work.start(own + c); P];
        }
        let first = group * layout.group_weights + channel * layout.weight_stride + layout.tap;
        add_products::<L, Weights, C, P>(
            &layout.nest,
            work.weights,
            (first, layout.weight_stride),
            &work.values[group * values * layout.areas[0]..],
            from,
            &mut tile,
        );
        activate(work.activation, &mut tile);
        work.mask(&mut tile, own * layout.areas[1], layout.areas[1], to);
        for c in 0..C {
            let map = &mut work.sums[(own + c) * layout.areas[1]..][..layout.areas[1]];
            for p in 0..P {
                map[to[p]] = tile[c][p];
            }
        }
    }
}

struct GatherGroups<'w, 'a, L, const C: usize> {
    work: &'w mut Gather<'a, L>,
    layout: &'w Layout,
    group: usize,
    at: [[usize; 1]; 2],
}

impl<L: Lanes, const C: usize> Kernel for GatherGroups<'_, '_, L, C> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self {
            work,
            layout,
            group,
            at: [[from], [to]],
        } = self;
        let maps = layout.channels[0] * layout.areas[0];
        let mut sums = [work.values[0]; C];
        for c in 0..C {
            sums[c] = work.start(group + c);
        }
        add_own_products::<L, Weights, C>(
            &layout.nest,
            work.weights,
            (
                group * layout.group_weights + layout.tap,
                layout.group_weights,
            ),
            work.values,
            (group * maps + from, maps),
            &mut sums,
        );
        let mut tile = [sums];
        activate(work.activation, &mut tile);
        for c in 0..C {
            let at = (group + c) * layout.areas[1] + to;
            work.sums[at] = work.mask.apply(at, tile[0][c]);
        }
    }
}

/// Asked once a tile, not for each of its values.
#[inline(always)]
fn activate<L: Lanes, const C: usize, const P: usize>(
    activation: Activation,
    tile: &mut [[L; P]; C],
) {
    match activation {
        Activation::Identity => {}
        Activation::Relu => apply(Activation::Relu, tile),
        Activation::Relu6 => apply(Activation::Relu6, tile),
    }
}

#[inline(always)]
fn apply<L: Lanes, const C: usize, const P: usize>(activation: Activation, tile: &mut [[L; P]; C]) {
    for c in 0..C {
        for p in 0..P {
            tile[c][p] = activation.apply(tile[c][p]);
        }
    }
}

//! Pools of one sample, with the channels side by side in packets.

use super::{Clip, PoolGeometry};
use crate::lanes::{Kernel, Lanes};

/// Max or average pool of one sample.
#[derive(Debug)]
pub struct PoolChannelsLast<'a> {
    pub geometry: PoolGeometry,
    /// Whether windows give their mean, not their maximum.
    pub average: bool,
    /// positions x padded channels
    pub input: &'a [f32],
    /// positions x padded channels
    pub output: &'a mut [f32],
    /// Channels with those that fill up their packets.
    pub padded: usize,
}

/// A pool in packets of `L`.
pub(crate) struct PoolInPackets<'a, L> {
    pub proof: L,
    pub pool: PoolChannelsLast<'a>,
}

impl<L: Lanes> Kernel for PoolInPackets<'_, L> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        // One channel's windows, each value of which stands for those of all channels.
        let g = PoolGeometry {
            channels: 1,
            ..self.pool.geometry
        };
        let padded = self.pool.padded;
        g.each_clip(
            #[inline(always)]
            |window, clip| {
                for channel in (0..padded).step_by(L::LANES) {
                    let value = match self.pool.average {
                        true => self.mean(&g, &clip, channel),
                        false => self.maximum(&g, &clip, channel),
                    };
                    value.store(&mut self.pool.output[window * padded + channel..]);
                }
            },
        );
    }
}

impl<L: Lanes> PoolInPackets<'_, L> {
    #[inline(always)]
    fn value(&self, position: usize, channel: usize) -> L {
        let at = position * self.pool.padded + channel;
        self.proof.load(&self.pool.input[at..])
    }

    #[inline(always)]
    fn mean(&self, g: &PoolGeometry, clip: &Clip, channel: usize) -> L {
        let mut sum = self.proof.splat(0.0);
        clip.each(
            g,
            #[inline(always)]
            |_, position| sum = sum.add(self.value(position, channel)),
        );
        sum.mul(sum.splat(1.0 / clip.count as f32))
    }

    #[inline(always)]
    fn maximum(&self, g: &PoolGeometry, clip: &Clip, channel: usize) -> L {
        let mut best = self.value(clip.corner, channel);
        clip.each(
            g,
            #[inline(always)]
            |_, position| best = self.value(position, channel).larger(best),
        );
        best
    }
}

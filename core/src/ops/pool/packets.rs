//! Pools of codes, a packet of samples at a time.

use super::PoolGeometry;
use super::int8::{Int8PoolKind, MeanKind};
use crate::int8::{ChannelScale, Int8Rule, Quantization};
use crate::lanes::Kernel;
use crate::lanes::codes::{CODE_BIAS, CodeLanes, QUAD};
use core::ops::Range;

/// Forward pass of a pool whose windows the packets serve.
pub(crate) struct PacketPool<'a, C> {
    pub proof: C,
    pub geometry: PoolGeometry,
    pub kind: Int8PoolKind,
    /// rows x columns x quads packets
    pub input: &'a [u32],
    /// rows x columns x quads packets
    pub output: &'a mut [u32],
    pub quantization: Quantization,
}

/// Whether packets compute a pool: any largest codes, and means of whole windows by a scale.
pub(crate) fn is_served(g: &PoolGeometry, kind: &Int8PoolKind) -> bool {
    match kind {
        Int8PoolKind::Max => true,
        Int8PoolKind::Mean(MeanKind::Divided) => false,
        Int8PoolKind::Mean(_) => g.is_inside(),
    }
}

impl<C: CodeLanes> Kernel for PacketPool<'_, C> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let g = self.geometry;
        let scale = match self.kind {
            Int8PoolKind::Mean(MeanKind::Once { scale, zero }) => {
                Some((scale, Int8Rule::Once, zero))
            }
            Int8PoolKind::Mean(MeanKind::Twice { scale, zero }) => {
                Some((scale, Int8Rule::TensorFlowLite, zero))
            }
            _ => None,
        };
        let scale = scale.map(|(scale, rule, zero)| {
            let own = ChannelScale::new(scale, rule, self.quantization.zero);
            (own, zero)
        });
        let quads = g.channels.div_ceil(QUAD);
        for y in 0..g.output[0] {
            for x in 0..g.output[1] {
                for quad in 0..quads {
                    let codes = match &scale {
                        Some((scale, zero)) => self.mean([y, x], quad, scale, *zero),
                        None => self.largest([y, x], quad),
                    };
                    let codes = self.quantization.clamp_packet(codes);
                    let at = ((y * g.output[1] + x) * quads + quad) * C::LANES;
                    codes.store(&mut self.output[at..]);
                }
            }
        }
    }
}

impl<C: CodeLanes> PacketPool<'_, C> {
    #[inline(always)]
    fn mean(&self, place: [usize; 2], quad: usize, scale: &ChannelScale, zero: i8) -> C {
        let count = (self.geometry.window[0] * self.geometry.window[1]) as i32;
        let distance = -count * (i32::from(zero) + CODE_BIAS);
        let mut sums = [self.proof.splat(distance); QUAD];
        let [rows, columns] = self.window(place);
        for row in rows {
            for column in columns.clone() {
                let codes = self.codes(row, column, quad);
                for (place, sum) in (0..).zip(&mut sums) {
                    *sum = sum.add(codes.code(place));
                }
            }
        }
        for sum in &mut sums {
            *sum = scale.apply(*sum);
        }
        C::narrow(sums)
    }

    #[inline(always)]
    fn largest(&self, place: [usize; 2], quad: usize) -> C {
        // No code lies below 0.
        let mut largest = self.proof.splat(0);
        let [rows, columns] = self.window(place);
        for row in rows {
            for column in columns.clone() {
                largest = largest.larger_codes(self.codes(row, column, quad));
            }
        }
        largest
    }

    #[inline(always)]
    fn codes(&self, row: usize, column: usize, quad: usize) -> C {
        let g = &self.geometry;
        let at = (row * g.input[1] + column) * g.channels.div_ceil(QUAD) + quad;
        self.proof.load(&self.input[at * C::LANES..])
    }

    /// Rows and columns of the input that a window has inside.
    #[inline(always)]
    fn window(&self, place: [usize; 2]) -> [Range<usize>; 2] {
        let g = &self.geometry;
        [0, 1].map(|axis| {
            let inside = g.inside(axis, place[axis]);
            let first = place[axis] * g.stride[axis] + inside.start - g.before[axis];
            first..first + inside.len()
        })
    }
}

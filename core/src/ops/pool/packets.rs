//! Pools of codes, a packet of samples at a time.

use super::PoolGeometry;
use super::int8::{Int8PoolKind, MeanKind, MeanScale};
use crate::int8::{ChannelScale, Int8Rule, Quantization};
use crate::lanes::Kernel;
use crate::lanes::codes::{CODE_BIAS, CodeLanes, QUAD, QuadScales};
use crate::ops::conv2d::{FilterScale, float_zero};
use core::ops::Range;

/// Samples of the widest packet.
const MOST_LANES: usize = 16;

/// Forward pass of a pool.
pub struct PacketPool<'a, C> {
    pub proof: C,
    pub geometry: PoolGeometry,
    pub kind: Int8PoolKind,
    /// What [`mean_multiplier`] gives for it.
    pub multiplier: Option<f32>,
    /// rows x columns x quads packets
    pub input: &'a [u32],
    /// rows x columns x quads packets
    pub output: &'a mut [u32],
    pub quantization: Quantization,
}

/// What the sums of windows become.
enum PacketScale<C> {
    /// The distances from a zero of all windows whose divisor is a whole one's.
    Whole { own: ChannelScale, zero: i8 },
    /// The same where floating-point numbers give the same codes.
    Floats { own: QuadScales<C>, zero: i8 },
    /// The sums of codes, sample by sample.
    Singly(MeanScale),
}

/// The floating-point number by which the distances from the zero of windows, whose divisor is a whole one's, become
/// what integers make of them; `None` where there is none, and where such windows' codes are no means of one scale.
pub fn mean_multiplier(
    kind: Int8PoolKind,
    g: &PoolGeometry,
    quantization: &Quantization,
) -> Option<f32> {
    let (own, zero, rule) = match kind {
        Int8PoolKind::Mean(MeanKind::Once { scale, zero }) => (scale, zero, Int8Rule::Once),
        Int8PoolKind::Mean(MeanKind::Twice { scale, zero }) => {
            (scale, zero, Int8Rule::TensorFlowLite)
        }
        _ => return None,
    };
    let taps = (g.window[0] * g.window[1]) as i64;
    let farthest = |code: i8| taps * (i64::from(code) - i64::from(zero));
    let scale = FilterScale {
        own,
        rule,
        quantization,
        sums: [farthest(i8::MIN), farthest(i8::MAX)],
    };
    scale.float_multiplier()
}

impl<C: CodeLanes> Kernel for PacketPool<'_, C> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let g = self.geometry;
        let quads = g.channels.div_ceil(QUAD);
        let mut last = None;
        let weights = [self.only(0), self.only(1), self.only(2), self.only(3)];
        for y in 0..g.output[0] {
            let rows = self.inside(0, y);
            let counted = g.counted(0, y, &g.inside(0, y));
            for x in 0..g.output[1] {
                let window = [rows.clone(), self.inside(1, x)];
                let count = counted * g.counted(1, x, &g.inside(1, x));
                let counts = [count, window[0].len() * window[1].len()];
                let scale = match (self.kind, &mut last) {
                    (Int8PoolKind::Max, _) => None,
                    (_, Some((known, scale))) if *known == counts => Some(&*scale),
                    (Int8PoolKind::Mean(kind), last) => {
                        Some(&last.insert((counts, self.scale(kind, counts))).1)
                    }
                };
                for quad in 0..quads {
                    let codes = match scale {
                        Some(scale) => self.mean(&window, quad, scale, weights),
                        None => self.largest(&window, quad),
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
    /// For windows with this divisor and so many values inside.
    fn scale(&self, kind: MeanKind, counts: [usize; 2]) -> PacketScale<C> {
        let whole = self.geometry.window[0] * self.geometry.window[1];
        let output_zero = self.quantization.zero;
        let (scale, zero, rule) = match kind {
            MeanKind::Once { scale, zero } if counts[0] == whole => (scale, zero, Int8Rule::Once),
            MeanKind::Twice { scale, zero } => (scale, zero, Int8Rule::TensorFlowLite),
            _ => return PacketScale::Singly(MeanScale::new(kind, output_zero, whole, counts)),
        };
        match self.multiplier {
            Some(multiplier) => PacketScale::Floats {
                own: QuadScales::new(
                    self.proof,
                    [multiplier; QUAD],
                    float_zero(&self.quantization),
                ),
                zero,
            },
            None => PacketScale::Whole {
                own: ChannelScale::new(scale, rule, output_zero),
                zero,
            },
        }
    }

    #[inline(always)]
    fn mean(
        &self,
        window: &[Range<usize>; 2],
        quad: usize,
        scale: &PacketScale<C>,
        weights: [C::Taps; QUAD],
    ) -> C {
        let zero = match scale {
            PacketScale::Whole { zero, .. } | PacketScale::Floats { zero, .. } => i32::from(*zero),
            PacketScale::Singly(_) => 0,
        };
        let taps = (window[0].len() * window[1].len()) as i32;
        let mut sums = [self.proof.splat(-taps * (zero + CODE_BIAS)); QUAD];
        // Those of every second column: the sums of all would wait for one another.
        let mut others = [self.proof.splat(0); QUAD];
        for row in window[0].clone() {
            let mut columns = window[1].clone();
            while let Some(column) = columns.next() {
                self.count(&mut sums, weights, [row, column, quad]);
                if let Some(column) = columns.next() {
                    self.count(&mut others, weights, [row, column, quad]);
                }
            }
        }
        for f in 0..QUAD {
            sums[f] = sums[f].add(others[f]);
        }
        match scale {
            PacketScale::Whole { own, .. } => {
                for sum in &mut sums {
                    *sum = own.apply(*sum);
                }
                C::narrow(sums)
            }
            PacketScale::Floats { own, .. } => C::narrow_scaled::<QUAD>(sums, own),
            PacketScale::Singly(scale) => self.single_codes(sums, scale),
        }
    }

    /// Adds the codes of a packet, of a row, a column and a quad, to their sums.
    #[inline(always)]
    fn count(&self, sums: &mut [C; QUAD], weights: [C::Taps; QUAD], place: [usize; 3]) {
        let [row, column, quad] = place;
        let codes = self.codes(row, column, quad).taps();
        for f in 0..QUAD {
            sums[f] = sums[f].add_products(codes, weights[f]);
        }
    }

    /// The weights that leave one of four codes.
    #[inline(always)]
    fn only(&self, place: usize) -> C::Taps {
        let (mut weight, mut words) = ([0; QUAD], [0; 2]);
        weight[place] = 1;
        C::arrange_weight(weight, &mut words);
        self.proof.weight(&words)
    }

    /// By the arithmetic of a single sample.
    #[inline(never)]
    fn single_codes(&self, sums: [C; QUAD], scale: &MeanScale) -> C {
        C::narrow(sums.map(|sum| {
            let (mut words, mut codes) = ([0; MOST_LANES], [0; MOST_LANES]);
            sum.store(&mut words);
            scale.codes(&words.map(|word| word as i32), &mut codes);
            self.proof
                .load(&codes.map(|code| (i32::from(code) + CODE_BIAS) as u32))
        }))
    }

    #[inline(always)]
    fn largest(&self, window: &[Range<usize>; 2], quad: usize) -> C {
        // No code lies below 0.
        let mut largest = self.proof.splat(0);
        for row in window[0].clone() {
            for column in window[1].clone() {
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

    /// Rows (axis 0) or columns (axis 1) of the input that a window has inside.
    #[inline(always)]
    fn inside(&self, axis: usize, place: usize) -> Range<usize> {
        let g = &self.geometry;
        let inside = g.inside(axis, place);
        let first = place * g.stride[axis] + inside.start - g.before[axis];
        first..first + inside.len()
    }
}

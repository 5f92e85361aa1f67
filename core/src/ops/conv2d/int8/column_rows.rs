//! Gathers rows of an input so that four neighbouring columns of a channel make a quad, see
//! [`columns`](super::columns).

use crate::lanes::Kernel;
use crate::lanes::codes::{CodeLanes, QUAD};
use crate::ops::conv2d::ConvGeometry;

/// Gathers rows of a quad of channels.
pub(super) struct GatherRows<'a, C> {
    pub proof: C,
    pub conv: ConvGeometry,
    /// Quads of channels, and which is gathered.
    pub quads: usize,
    pub quad: usize,
    /// The first row, counted from those of padding on.
    pub first: usize,
    /// Columns from a place to the next, and places of a row.
    pub step: usize,
    pub places: usize,
    /// Places that are so many columns apart, before others that begin four columns behind them.
    pub even: usize,
    /// rows x columns x quads packets
    pub input: &'a [u32],
    /// What padding holds.
    pub padding: u32,
    /// rows x places x four channels
    pub ring: &'a mut [u32],
}

/// A row of a quad of channels.
struct SourceRow<'a, C> {
    proof: C,
    /// From the quad's first packet on.
    row: &'a [u32],
    quads: usize,
    width: usize,
    /// Columns of padding before it.
    left: usize,
    padding: C,
}

impl<C: CodeLanes> Kernel for GatherRows<'_, C> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        match self.conv.channels - self.quad * QUAD {
            1 => self.of_channels::<1>(),
            2 => self.of_channels::<2>(),
            _ => self.of_channels::<QUAD>(),
        }
    }
}

impl<C: CodeLanes> GatherRows<'_, C> {
    /// The first `N` of four channels.
    #[inline(always)]
    fn of_channels<const N: usize>(self) {
        let [height, width] = self.conv.input;
        let [above, left] = [self.conv.padding[0], self.conv.padding[1]];
        let each = self.places * QUAD * C::LANES;
        let words = width * self.quads * C::LANES;
        for (next, ring) in self.ring.chunks_exact_mut(each).enumerate() {
            // What lies before the input wraps around, far beyond its end.
            let row = (self.first + next).wrapping_sub(above);
            if row >= height {
                ring.fill(self.padding);
                continue;
            }
            let row = &self.input[row * words..][..words];
            let source = SourceRow {
                proof: self.proof,
                row: &row[self.quad * C::LANES..],
                quads: self.quads,
                width,
                left,
                padding: self.proof.splat(self.padding as i32),
            };
            match self.step {
                1 => source.every_column::<N>(ring),
                2 => source.every_other_column::<N>(ring),
                step => source.columns::<N>(ring, step, self.even),
            }
        }
    }
}

impl<C: CodeLanes> SourceRow<'_, C> {
    /// Places a column apart, so that each column is brought beside the next one once, and each two beside those two
    /// columns on once.
    #[inline(always)]
    fn every_column<const N: usize>(&self, ring: &mut [u32]) {
        let [a, b, mut last] = [self.turned(0), self.turned(1), self.turned(2)];
        let (mut first, mut second) = (C::pair(a, b), C::pair(b, last));
        for (place, out) in ring.chunks_exact_mut(QUAD * C::LANES).enumerate() {
            let next = self.turned(place + 3);
            let third = C::pair(last, next);
            store::<C, N>(C::join(first, third), out);
            (first, second, last) = (second, third, next);
        }
    }

    /// Places two columns apart, so that each two columns are brought together once.
    #[inline(always)]
    fn every_other_column<const N: usize>(&self, ring: &mut [u32]) {
        let mut first = C::pair(self.turned(0), self.turned(1));
        for (place, out) in ring.chunks_exact_mut(QUAD * C::LANES).enumerate() {
            let column = 2 * place + 2;
            let second = C::pair(self.turned(column), self.turned(column + 1));
            store::<C, N>(C::join(first, second), out);
            first = second;
        }
    }

    #[inline(always)]
    fn columns<const N: usize>(&self, ring: &mut [u32], step: usize, even: usize) {
        let quads = ring.chunks_mut(even * QUAD * C::LANES);
        for (quad, ring) in quads.enumerate() {
            let mut column = quad * QUAD;
            for out in ring.chunks_exact_mut(QUAD * C::LANES) {
                let first = C::pair(self.turned(column), self.turned(column + 1));
                let second = C::pair(self.turned(column + 2), self.turned(column + 3));
                store::<C, N>(C::join(first, second), out);
                column += step;
            }
        }
    }

    /// The packet of a column, counted from those of padding on.
    #[inline(always)]
    fn turned(&self, column: usize) -> C {
        // What lies before the input wraps around, far beyond its end.
        let column = column.wrapping_sub(self.left);
        match column < self.width {
            // SAFETY: the row has so many columns of so many quads, and begins with this one.
            true => unsafe { self.proof.load_unchecked(self.row, column * self.quads) }.turned(),
            // Four times the same code.
            false => self.padding,
        }
    }
}

/// Those of the first `N` channels.
#[inline(always)]
fn store<C: CodeLanes, const N: usize>(packets: [C; QUAD], out: &mut [u32]) {
    for f in 0..N {
        packets[f].store(&mut out[f * C::LANES..]);
    }
}

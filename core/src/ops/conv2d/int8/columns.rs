//! Depthwise convolutions of codes, a packet of samples at a time, by quads of neighbouring columns.
//!
//! In packets four channels lie side by side, of which a filter sees one. So the codes of a row are
//! gathered first: at each place, for each of four channels, the codes of four neighbouring columns, which
//! two outputs share where they see no more. As many rows are gathered as half of a first cache holds, and all filters
//! of those channels are computed as far as they go; then those that are still seen move to the front.

use super::block_output::{BlockCodes, larger};
use super::block_scale::{ArrangedScale, BlockScale};
use super::column_rows::GatherRows;
use super::packets::PacketConv;
use crate::lanes::Kernel;
use crate::lanes::codes::{BlockColumns, CodeLanes, QUAD};
use crate::ops::add::packets::PacketSum;
use core::ops::Range;

impl<C: CodeLanes> PacketConv<'_, C> {
    /// Computes all outputs.
    #[inline(always)]
    pub(super) fn by_columns(mut self) {
        let g = self.geometry;
        let each = g.channel_filters();
        let height = self.places.extents[0];
        let step = g.stride[0] * self.pool_window();
        let band = (g.held_rows - g.seen_rows) / step + 1;
        for quad in 0..g.blocks().div_ceil(each) {
            // Those of one quad of channels see the same rows.
            let blocks = quad * each..g.blocks().min((quad + 1) * each);
            // The rows that are held.
            let mut held = 0..0;
            for y in (0..height).step_by(band) {
                let rows = y..height.min(y + band);
                let seen = y * step..(rows.end - 1) * step + g.seen_rows;
                self.hold_rows(quad, &mut held, seen);
                for index in blocks.clone() {
                    self.column_block(index, rows.clone());
                }
            }
        }
    }

    /// Moves the rows that are still seen to the front, and gathers the others behind them.
    #[inline(always)]
    fn hold_rows(&mut self, quad: usize, held: &mut Range<usize>, seen: Range<usize>) {
        let g = self.geometry;
        let row = g.column_places() * QUAD * C::LANES;
        let kept = seen.start.min(held.end)..held.end;
        let [from, behind] = [kept.start, kept.end].map(|row| row - held.start);
        self.ring.copy_within(from * row..behind * row, 0);
        let next = seen.start + kept.len()..seen.end;
        *held = seen;
        let proof = self.proof;
        proof.apart(GatherRows {
            proof,
            conv: *g.conv(),
            quads: self.places.quads,
            quad,
            first: next.start,
            step: g.column_share * g.stride[1],
            places: g.column_places(),
            even: g.even_places(),
            input: self.input,
            padding: self.padding,
            ring: &mut self.ring[kept.len() * row..][..next.len() * row],
        });
    }

    /// Some rows of outputs of four filters, from the first row that is held on.
    #[inline(always)]
    fn column_block(&mut self, index: usize, rows: Range<usize>) {
        let (proof, g, way) = (self.proof, self.geometry, self.way());
        let words = BlockScale::WORDS + g.block_words::<C>(0);
        let runs = g.column_runs();
        let (scale, weights) = ArrangedScale::split(&self.weights[index * words..]);
        let work = ColumnRows {
            proof,
            columns: runs.of_block::<C>(self.ring, g.block_channels(index), weights),
            row_step: g.stride[0] * runs.row_step,
            width: self.places.extents[1],
            rows,
            codes: BlockCodes::new(&way, index, scale, self.output),
        };
        // Without the products of filters that are not there.
        let filters = match index + 1 == g.blocks() {
            true => way.places.last_filters,
            false => QUAD,
        };
        if way.is_pooled {
            assert!(way.sum.is_none(), "outputs are added behind a pool");
            match filters {
                _ if const { !C::HAS_FUSED_SCALES } || !scale.has_floats() => {
                    proof.apart(PooledColumns::<C, false, QUAD>(work));
                }
                1 => proof.apart(PooledColumns::<C, true, 1>(work)),
                2 => proof.apart(PooledColumns::<C, true, 2>(work)),
                3 => proof.apart(PooledColumns::<C, true, 3>(work)),
                _ => proof.apart(PooledColumns::<C, true, QUAD>(work)),
            }
        } else if let Some(sum) = way.sum {
            proof.apart(AddedColumns(work, *sum));
        } else if const { C::HAS_FUSED_SCALES } && scale.has_floats() {
            match filters {
                1 => proof.apart(PlainColumns::<C, true, 1>(work)),
                2 => proof.apart(PlainColumns::<C, true, 2>(work)),
                3 => proof.apart(PlainColumns::<C, true, 3>(work)),
                _ => proof.apart(PlainColumns::<C, true, QUAD>(work)),
            }
        } else {
            proof.apart(PlainColumns::<C, false, QUAD>(work));
        }
    }
}

/// Rows of outputs of four filters.
struct ColumnRows<'b, C> {
    proof: C,
    columns: BlockColumns<'b>,
    /// Packets from what a row of outputs sees, of which none is pooled yet, to what the next one does.
    row_step: usize,
    /// Outputs of a row.
    width: usize,
    rows: Range<usize>,
    codes: BlockCodes<'b>,
}

/// All outputs of rows, of the first `F` of four filters.
struct PlainColumns<'b, C, const FLOATS: bool, const F: usize>(ColumnRows<'b, C>);

impl<C: CodeLanes, const FLOATS: bool, const F: usize> Kernel for PlainColumns<'_, C, FLOATS, F> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let own = self.0;
        let mut start = 0;
        let mut output = own.codes.ready(own.proof, own.rows.start * own.width);
        for _ in own.rows {
            let mut x = 0;
            while C::POSITIONS == 4 && own.width - x >= 4 {
                let sums = own.columns.sums::<C, 4, F>(output.biases(), x, start);
                output.finish::<4, FLOATS, F>(sums);
                x += 4;
            }
            while own.width - x >= 2 {
                let sums = own.columns.sums::<C, 2, F>(output.biases(), x, start);
                output.finish::<2, FLOATS, F>(sums);
                x += 2;
            }
            if x < own.width {
                let sums = own.columns.sums::<C, 1, F>(output.biases(), x, start);
                output.finish::<1, FLOATS, F>(sums);
            }
            start += own.row_step;
        }
    }
}

/// All outputs of rows, added to what lies there.
struct AddedColumns<'b, C>(ColumnRows<'b, C>, PacketSum);

impl<C: CodeLanes> Kernel for AddedColumns<'_, C> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self(own, sum) = self;
        let mut start = 0;
        let mut output = own.codes.ready(own.proof, own.rows.start * own.width);
        for _ in own.rows {
            let mut x = 0;
            while own.width - x >= 2 {
                let sums = own.columns.sums::<C, 2, QUAD>(output.biases(), x, start);
                output.add(&sum, sums);
                x += 2;
            }
            if x < own.width {
                let sums = own.columns.sums::<C, 1, QUAD>(output.biases(), x, start);
                output.add(&sum, sums);
            }
            start += own.row_step;
        }
    }
}

/// The largest of each 2 x 2 outputs of rows, of the first `F` of four filters.
struct PooledColumns<'b, C, const FLOATS: bool, const F: usize>(ColumnRows<'b, C>);

impl<C: CodeLanes, const FLOATS: bool, const F: usize> Kernel for PooledColumns<'_, C, FLOATS, F> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let own = self.0;
        let mut start = 0;
        let mut output = own.codes.ready(own.proof, own.rows.start * own.width);
        for _ in own.rows {
            let behind = start + own.row_step;
            let mut x = 0;
            while C::POSITIONS == 4 && own.width - x >= 2 {
                let [a, b, c, d] = own.columns.sums::<C, 4, F>(output.biases(), 2 * x, start);
                let above = [larger::<C, F>(a, b), larger::<C, F>(c, d)];
                let [a, b, c, d] = own.columns.sums::<C, 4, F>(output.biases(), 2 * x, behind);
                let largest = [larger::<C, F>(a, b), larger::<C, F>(c, d)];
                let left = larger::<C, F>(above[0], largest[0]);
                let right = larger::<C, F>(above[1], largest[1]);
                output.finish::<2, FLOATS, F>([left, right]);
                x += 2;
            }
            for x in x..own.width {
                let [left, right] = own.columns.sums::<C, 2, F>(output.biases(), 2 * x, start);
                let above = larger::<C, F>(left, right);
                let [left, right] = own.columns.sums::<C, 2, F>(output.biases(), 2 * x, behind);
                let largest = larger::<C, F>(above, larger::<C, F>(left, right));
                output.finish::<1, FLOATS, F>([largest]);
            }
            start += 2 * own.row_step;
        }
    }
}

//! Which sweeps make a convolution: any kernel, stride, padding, dilation and number of groups.
//!
//! Padding taps are skipped, so outputs beside the borders have fewer of them. Outputs with the
//! same taps make a region, a rectangle, and a region is swept in lines: what changes from one to
//! the next is a few addresses and steps, not code.

use super::Rectangle;
use super::filter_block::FilterBlock;
use crate::ops::activation::Activation;
use crate::ops::conv2d::scalar::parts;
use crate::ops::conv2d::{ConvGeometry, ScalarForward};

/// What sums begin at without a bias.
pub(super) static ZERO: f32 = 0.0;

impl ScalarForward<'_> {
    /// All outputs, with the activation but for a ceiling, and the pool: by the `PARTS` of the kernels.
    ///
    /// # Panics
    ///
    /// A convolution that needs another part.
    pub(crate) fn convolve_by_tiles<const PARTS: u8>(&mut self) {
        let pool = self.pool && PARTS & parts::POOL != 0;
        let g = flattened(self.geometry, pool);
        let [height, width] = if pool {
            g.output.map(|extent| extent / 2)
        } else {
            g.output
        };
        // What the addresses rely on.
        let is_whole = self.input.len() == g.channels * g.input_area()
            && self.weights.len() == g.filters * g.taps()
            && [0, g.filters].contains(&self.bias.len())
            && self.output.len() == g.filters * height * width;
        assert!(is_whole, "a convolution's buffers are not of its geometry");
        let relu = self.activation == Activation::Relu;
        let mut block = FilterBlock::<PARTS>::new(
            &g,
            if pool {
                f32::NEG_INFINITY
            } else {
                self.floor()
            },
        );
        // Filters of all groups at once, where a group has few, each for itself.
        let is_at_once =
            !pool && PARTS & parts::SINGLES != 0 && is_single(&g, g.group_filters(), true);
        let groups = if is_at_once { 1 } else { g.groups };
        block.is_at_once = is_at_once;
        block.groups = g.groups / groups;
        let map = height * width;
        for group in 0..groups {
            let end = (group + 1) * g.group_filters();
            let mut filter = group * g.group_filters();
            let input = &self.input[group * g.group_channels() * g.input_area()..];
            while filter < end {
                let filters = block.take(end - filter, self.weights, filter, self.bias);
                block.input = input.as_ptr();
                let output = &mut self.output[filter * map..];
                if pool {
                    let winners = self.winners.get_mut(filter * map..).unwrap_or(&mut []);
                    block.pool(relu, output, winners);
                } else {
                    let first = output.as_mut_ptr();
                    let target = OutputPlaces {
                        outputs: block.each(|f| first.wrapping_add(f * map)),
                        pitch: width,
                        first: [0, 0],
                    };
                    block.regions([0..height, 0..width], &target);
                }
                filter += filters;
            }
        }
    }
}

/// A 1 x 1 kernel that takes every value sees one long row; but rows of a few filters are lines.
fn flattened(g: ConvGeometry, pool: bool) -> ConvGeometry {
    let is_in_lines = g.group_filters() <= 2 && parts::takes_lines(&g);
    if pool || is_in_lines || g.kernel != [1, 1] || g.stride != [1, 1] || g.input != g.output {
        return g;
    }
    ConvGeometry {
        input: [1, g.input_area()],
        output: [1, g.output_area()],
        ..g
    }
}

/// Bytes of so many values.
pub(super) const fn bytes(values: usize) -> i32 {
    (values * size_of::<f32>()) as i32
}

/// Whether rectangles can be made of the kernel's rows.
pub(super) fn is_narrow(g: &ConvGeometry) -> bool {
    g.dilation[1] == 1 && g.kernel[1] <= Rectangle::COLUMNS
}

/// Whether a block is one filter, swept in rectangles and lines, not up to four, swept in tiles: of the
/// filters left in the group, where all groups may be computed at once or not.
#[inline(never)]
pub(super) fn is_single(g: &ConvGeometry, filters: usize, is_at_once: bool) -> bool {
    let takes_lines = parts::takes_lines(g);
    let is_depthwise = g.group_channels() == 1 && g.group_filters() < 4;
    let is_pair = is_at_once && takes_lines && g.group_filters() == 2;
    // Rows of one tap cost more alone than they do four times in a tile.
    let is_thin = g.kernel[1] == 1 && g.group_channels() > 1 && !takes_lines;
    is_narrow(g) && !is_thin && (filters == 1 || is_depthwise || is_pair)
}

/// Where outputs go.
pub(super) struct OutputPlaces {
    /// Each filter's.
    pub outputs: [*mut f32; 4],
    /// Values from a row to the next one.
    pub pitch: usize,
    /// The output that is written first.
    pub first: [usize; 2],
}

impl OutputPlaces {
    pub fn at(&self, y: usize, x: usize) -> [*mut f32; 4] {
        let place = self.place(y, x);
        self.outputs.map(|output| output.wrapping_add(place))
    }

    /// Values from a filter's first place to that of an output.
    pub fn place(&self, y: usize, x: usize) -> usize {
        (y - self.first[0]) * self.pitch + x - self.first[1]
    }
}

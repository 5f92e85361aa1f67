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
        // In place: a second geometry would lie on the stack for as long.
        if !pool {
            flatten(&mut self.geometry);
        }
        let g = &self.geometry;
        let [height, width] = if pool { g.pooled_output() } else { g.output };
        // What the addresses rely on.
        let is_whole = self.input.len() == g.channels * g.input_area()
            && self.weights.len() == g.filters * g.taps()
            && [0, g.filters].contains(&self.bias.len())
            && self.output.len() == g.filters * height * width;
        assert!(is_whole, "a convolution's buffers are not of its geometry");
        // The pool has the floor.
        let floor = if pool {
            f32::NEG_INFINITY
        } else {
            self.floor()
        };
        let mut block = FilterBlock::<PARTS>::new(g, floor);
        let buffers = [self.input, self.weights, self.bias];
        if !pool {
            return block.convolve(buffers, self.output.as_mut_ptr());
        }
        // As many filters as a strip holds at once.
        let relu = self.activation == Activation::Relu;
        for group in 0..g.groups {
            for first in (0..g.group_filters()).step_by(4) {
                let filters = 4.min(g.group_filters() - first);
                block.take(buffers, group..group + 1, first, filters);
                let place = (group * g.group_filters() + first) * height * width;
                let winners = self.winners.get_mut(place..).unwrap_or(&mut []);
                block.pool(relu, &mut self.output[place..], winners);
            }
        }
    }
}

impl<const PARTS: u8> FilterBlock<'_, PARTS> {
    /// All outputs of the convolution with these inputs, weights and biases.
    // Apart, so that what has a pool does not have its places on the stack.
    #[inline(never)]
    fn convolve(&mut self, buffers: [&[f32]; 3], output: *mut f32) {
        let g = self.geometry;
        let [height, width] = g.output;
        self.take(buffers, 0..g.groups, 0, g.group_filters());
        let target = OutputPlaces {
            first: output,
            map: height * width,
            pitch: width,
            origin: [0, 0],
        };
        if Self::HAS_ONLY_PASSES {
            return self.passes(&target);
        }
        // Without other loops for few filters all of them take these.
        let takes_passes = !Self::HAS_FEW || parts::takes_passes(g);
        if Self::HAS_PASSES && self.few > 0 && takes_passes {
            self.passes(&target);
            if self.tiled == 0 {
                return;
            }
            self.few = 0;
        }
        self.regions([0..height, 0..width], &target);
    }
}

/// A 1 x 1 kernel that takes every value sees one long row.
fn flatten(g: &mut ConvGeometry) {
    if g.is_pointwise() {
        g.input = [1, g.input_area()];
        g.output = g.input;
    }
}

/// Bytes of so many values.
pub(super) const fn bytes(values: usize) -> i32 {
    (values * size_of::<f32>()) as i32
}

/// Whether there are loops for the kernel's rows as a whole.
pub(super) fn is_narrow(g: &ConvGeometry) -> bool {
    g.dilation[1] == 1 && g.kernel[1] <= Rectangle::COLUMNS
}

/// Where outputs go.
pub(super) struct OutputPlaces {
    /// The first filter's.
    pub first: *mut f32,
    /// Values from a filter's to the next one's.
    pub map: usize,
    /// Values from a row to the next one.
    pub pitch: usize,
    /// The output that is written first.
    pub origin: [usize; 2],
}

impl OutputPlaces {
    /// Values from a filter's first place to that of an output.
    pub fn place(&self, y: usize, x: usize) -> usize {
        (y - self.origin[0]) * self.pitch + x - self.origin[1]
    }

    /// A filter's place.
    pub fn of(&self, filter: usize, place: usize) -> *mut f32 {
        self.first.wrapping_add(filter * self.map + place)
    }
}

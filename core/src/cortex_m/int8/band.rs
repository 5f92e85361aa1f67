//! Bands of rows of planes: what filters over one channel each see at once.

use crate::ops::conv2d::ConvGeometry;

/// Bytes that two planes may take, unless that is less than [`LEAST_ROWS`].
const BYTES: usize = 640;

/// Rows of outputs that a band has at least, so that few rows of input are widened twice.
const LEAST_ROWS: usize = 8;

/// Extents of a band's planes.
#[derive(Clone, Copy)]
pub(super) struct Band {
    /// Rows of outputs; the last band may have fewer.
    pub rows: usize,
    /// Numbers of 16 bits in a row of a plane, even.
    pub pitch: usize,
    /// Numbers of 16 bits in a plane, even.
    pub plane: usize,
}

impl Band {
    pub const fn of(g: &ConvGeometry) -> Self {
        let pitch = Self::reach(g, 1, g.output[1]).next_multiple_of(2);
        let whole = Self::with(g, g.output[0], pitch);
        let fitting = {
            let rows = BYTES / (4 * pitch);
            let kernel = Self::reach(g, 0, 1);
            if rows < kernel {
                0
            } else {
                (rows - kernel) / g.stride[0] + 1
            }
        };
        let most = if fitting < LEAST_ROWS {
            LEAST_ROWS
        } else {
            fitting
        };
        if most >= g.output[0] {
            return whole;
        }
        // As high as each other.
        let bands = g.output[0].div_ceil(most);
        Self::with(g, g.output[0].div_ceil(bands), pitch)
    }

    const fn with(g: &ConvGeometry, rows: usize, pitch: usize) -> Self {
        // Words may be read that begin with the last number.
        let plane = Self::reach(g, 0, rows) * pitch + 2;
        Self { rows, pitch, plane }
    }

    /// Inputs, along an axis, that so many outputs reach.
    pub const fn reach(g: &ConvGeometry, axis: usize, outputs: usize) -> usize {
        (outputs - 1) * g.stride[axis] + (g.kernel[axis] - 1) * g.dilation[axis] + 1
    }

    /// Words of two planes, and of a filter's weights as numbers of 16 bits.
    pub const fn bytes(g: &ConvGeometry) -> usize {
        let band = Self::of(g);
        4 * (band.plane + g.kernel[0] * row_words(g))
    }
}

/// Words of a row of a filter's weights: two taps each, or one where taps are apart.
pub(super) const fn row_words(g: &ConvGeometry) -> usize {
    if g.dilation[1] == 1 {
        g.kernel[1].div_ceil(2)
    } else {
        g.kernel[1]
    }
}

//! The options of layers.

use crate::Shape;
use serde::{Deserialize, Serialize};

/// Options of a convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conv2d {
    /// Number of output channels.
    pub filters: u16,
    /// Extent of the kernel, `[rows, columns]`.
    pub kernel: [u16; 2],
    /// Distance between neighbouring outputs, in input pixels.
    pub stride: [u16; 2],
    /// Rows and columns imagined around the input, whose taps are skipped.
    pub padding: Padding,
    /// Distance between neighbouring taps of the kernel, in input pixels: `[rows, columns]`.
    pub dilation: [u16; 2],
    /// Number of independent groups the channels are split into; as many as channels is depthwise.
    pub groups: u16,
    /// Whether each filter has a bias; a sum begins at +0 without one.
    pub bias: bool,
}

/// Rows and columns imagined around an input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Padding {
    /// Rows above the first.
    pub top: u16,
    /// Columns before the first.
    pub left: u16,
    /// Rows below the last.
    pub bottom: u16,
    /// Columns behind the last.
    pub right: u16,
}

impl Padding {
    /// None at all.
    pub const NONE: Self = Self::each(0, 0);

    /// `rows` above and below, `columns` before and behind.
    pub const fn each(rows: u16, columns: u16) -> Self {
        Self {
            top: rows,
            left: columns,
            bottom: rows,
            right: columns,
        }
    }

    /// Rows above and below together, and columns before and behind.
    pub const fn total(self) -> [u32; 2] {
        [
            self.top as u32 + self.bottom as u32,
            self.left as u32 + self.right as u32,
        ]
    }

    /// Rows above, and columns before, the input.
    pub const fn before(self) -> [u16; 2] {
        [self.top, self.left]
    }
}

impl PartialEq<[u16; 2]> for Padding {
    fn eq(&self, [rows, columns]: &[u16; 2]) -> bool {
        *self == Self::each(*rows, *columns)
    }
}

impl Conv2d {
    /// A square kernel with stride 1, no padding and one group.
    pub const fn new(filters: u16, kernel: u16) -> Self {
        Self {
            filters,
            kernel: [kernel, kernel],
            stride: [1, 1],
            padding: Padding::NONE,
            dilation: [1, 1],
            groups: 1,
            bias: true,
        }
    }

    /// The same convolution with a kernel of `rows` x `columns`.
    pub const fn kernel(mut self, rows: u16, columns: u16) -> Self {
        self.kernel = [rows, columns];
        self
    }

    /// The same convolution with another stride, both ways.
    pub const fn stride(mut self, stride: u16) -> Self {
        self.stride = [stride, stride];
        self
    }

    /// The same convolution with padding on every side.
    pub const fn padding(mut self, padding: u16) -> Self {
        self.padding = Padding::each(padding, padding);
        self
    }

    /// The same convolution with padding of each side by itself.
    pub const fn padded(mut self, padding: Padding) -> Self {
        self.padding = padding;
        self
    }

    /// The same convolution with its taps further apart, both ways.
    pub const fn dilation(mut self, dilation: u16) -> Self {
        self.dilation = [dilation, dilation];
        self
    }

    /// The same convolution without biases.
    pub const fn without_bias(mut self) -> Self {
        self.bias = false;
        self
    }

    /// The same convolution in `groups` independent groups.
    pub const fn groups(mut self, groups: u16) -> Self {
        self.groups = groups;
        self
    }
}

/// Options of a pooling layer, as PyTorch counts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pool2d {
    /// Extent of the window, `[rows, columns]`.
    pub window: [u16; 2],
    /// Distance between neighbouring windows, in input pixels.
    pub stride: [u16; 2],
    /// Rows and columns imagined around the input: never the maximum, zeros of a mean.
    pub padding: Padding,
    /// Whether windows that reach over the padded edge are kept, with what of them is inside,
    /// where they start before it.
    pub ceil_mode: bool,
    /// Whether the divisor of a mean counts padding, though not what `ceil_mode` adds.
    pub count_include_pad: bool,
}

impl Pool2d {
    /// A square window that moves by its own size.
    pub const fn new(window: u16) -> Self {
        Self {
            window: [window, window],
            stride: [window, window],
            padding: Padding::NONE,
            ceil_mode: false,
            count_include_pad: true,
        }
    }

    /// A window as large as its input.
    pub const fn whole(input: Shape) -> Self {
        let window = [input.height as u16, input.width as u16];
        Self {
            window,
            stride: window,
            ..Self::new(1)
        }
    }

    /// The same window with another stride, both ways.
    pub const fn stride(mut self, stride: u16) -> Self {
        self.stride = [stride, stride];
        self
    }

    /// The same pool with padding on every side.
    pub const fn padding(mut self, padding: u16) -> Self {
        self.padding = Padding::each(padding, padding);
        self
    }

    /// The same pool with the windows that reach over the edge.
    pub const fn ceil_mode(mut self) -> Self {
        self.ceil_mode = true;
        self
    }

    /// The same pool, its means over what is inside the input alone.
    pub const fn without_padding_counted(mut self) -> Self {
        self.count_include_pad = false;
        self
    }
}

/// Options of a fully connected layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Linear {
    /// Number of output values.
    pub outputs: u16,
    /// Whether each output has a bias; a sum begins at +0 without one.
    pub bias: bool,
}

impl Linear {
    /// A fully connected layer with biases.
    pub const fn new(outputs: u16) -> Self {
        Self {
            outputs,
            bias: true,
        }
    }

    /// The same layer without biases.
    pub const fn without_bias(mut self) -> Self {
        self.bias = false;
        self
    }
}

/// Options of a batch normalisation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct BatchNorm {
    /// Share of a batch's statistics in the running ones, as PyTorch's `momentum`.
    pub momentum: f32,
    /// Added to the variance.
    pub epsilon: f32,
}

impl BatchNorm {
    /// PyTorch's defaults.
    pub const DEFAULT: Self = Self {
        momentum: 0.1,
        epsilon: 1e-5,
    };
}

/// Options of a dropout.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dropout {
    /// Probability of a value to become zero, at least 0 and below 1.
    pub probability: f32,
}

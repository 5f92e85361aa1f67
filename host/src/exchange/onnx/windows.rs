//! Windows that slide over maps: their padding, written in any of ONNX's ways, and pools.

use super::error::Fault;
use super::held::Held;
use super::importer::Importer;
use super::node::{OnnxOperation, attribute_fault};
use crate::exchange::output_shape;
use kiln_core::{Layer, LayerFault, Padding, Pool2d, Shape};

/// The padding of a window, without zeros that a Pad adds before.
#[derive(Clone, Copy, Debug)]
pub struct WindowPadding {
    own: Padding,
    /// Whether it follows from the extents, so that there is nothing to round.
    is_computed: bool,
}

impl WindowPadding {
    /// The padding with the zeros around the input.
    pub fn with_zeros(&self, input: &Held) -> Result<Padding, Fault> {
        sum(self.own, input.zeros)
    }
}

impl OnnxOperation<'_, '_> {
    /// The padding that `auto_pad` or `pads` says for windows over `input`.
    pub fn padding(
        &self,
        input: &Held,
        window: [u16; 2],
        stride: [u16; 2],
        dilation: [u16; 2],
    ) -> Result<WindowPadding, Fault> {
        let upper = match self.text("auto_pad", "NOTSET")? {
            b"NOTSET" | b"" => {
                let own = self.pads("pads")?;
                let is_computed = false;
                return Ok(WindowPadding { own, is_computed });
            }
            b"VALID" => {
                return Ok(WindowPadding {
                    own: Padding::NONE,
                    is_computed: false,
                });
            }
            b"SAME_UPPER" => true,
            b"SAME_LOWER" => false,
            found => {
                return Err(Fault::Attribute {
                    name: "auto_pad",
                    found: String::from_utf8_lossy(found).escape_debug().to_string(),
                    expected: "NOTSET, VALID, SAME_UPPER or SAME_LOWER".into(),
                });
            }
        };
        let mut sides = [[0; 2]; 2];
        for axis in 0..2 {
            let (extent, stride) = (input.padded()[axis], u32::from(stride[axis].max(1)));
            let reach = u32::from(window[axis].max(1) - 1) * u32::from(dilation[axis]) + 1;
            let last = (extent.div_ceil(stride) - 1) * stride;
            let total = (last + reach).saturating_sub(extent);
            let less = side((total / 2).into())?;
            let more = side(total.div_ceil(2).into())?;
            sides[axis] = if upper { [less, more] } else { [more, less] };
        }
        let [[top, bottom], [left, right]] = sides;
        Ok(WindowPadding {
            own: Padding {
                top,
                left,
                bottom,
                right,
            },
            is_computed: true,
        })
    }

    /// Rows above, columns before, rows below and columns behind.
    fn pads(&self, name: &'static str) -> Result<Padding, Fault> {
        match self.list(name)? {
            None => Ok(Padding::NONE),
            Some(list) => four(list)
                .ok_or_else(|| attribute_fault(name, list, "four numbers from 0 to 65535")),
        }
    }

    /// The pool without its padding.
    fn window(&self, own: &str) -> Result<Pool2d, Fault> {
        let known = [
            "auto_pad",
            "ceil_mode",
            "channels_last",
            "dilations",
            "kernel_shape",
            "pads",
            "strides",
            own,
        ];
        self.only(&known)?;
        self.require_all("dilations", 1)?;
        Ok(Pool2d {
            window: self.pair("kernel_shape", [0, 0])?,
            stride: self.pair("strides", [1, 1])?,
            ceil_mode: self.int("ceil_mode", 0)? != 0,
            ..Pool2d::new(1)
        })
    }
}

impl<'m> Importer<'m> {
    pub fn max_pool(&mut self, operation: &OnnxOperation<'_, 'm>) -> Result<Held, Fault> {
        let input = self.padded_input(operation, 0)?;
        // A zero is never the maximum of values that are not below it: as if it were not there.
        if input.zeros != Padding::NONE && !self.is_positive(&input) {
            return Err(Fault::Zeros);
        }
        let pool = operation.max_window(&input)?;
        let pooled = self.push_plain(operation, Layer::MaxPool2d(pool), &input)?;
        Ok(pooled.as_maps())
    }

    pub fn average_pool(&mut self, operation: &OnnxOperation<'_, 'm>) -> Result<Held, Fault> {
        let input = self.padded_input(operation, 0)?;
        let pool = operation.average_window(&input)?;
        let pooled = self.push_plain(operation, Layer::AvgPool2d(pool), &input)?;
        Ok(pooled.as_maps())
    }
}

impl OnnxOperation<'_, '_> {
    /// The window of a max pool over `input`.
    pub fn max_window(&self, input: &Held) -> Result<Pool2d, Fault> {
        self.require("storage_order", 0)?;
        let pool = padded_pool(self, self.window("storage_order")?, input, false)?;
        Ok(within(pool, input.shape))
    }

    /// That of an average pool.
    pub fn average_window(&self, input: &Held) -> Result<Pool2d, Fault> {
        let mut pool = self.window("count_include_pad")?;
        let counts = self.int("count_include_pad", 0)? != 0;
        pool.count_include_pad = counts || input.zeros != Padding::NONE;
        padded_pool(self, pool, input, counts)
    }
}

/// A max pool whose only window ends with the input. PyTorch's exporter works an adaptive pool's window out from shapes
/// that count one window more of a pool before it than there is; onnxruntime takes what is there.
fn within(mut pool: Pool2d, input: Shape) -> Pool2d {
    let Padding {
        top,
        left,
        bottom,
        right,
    } = pool.padding;
    let extents = [
        input.height + u32::from(top) + u32::from(bottom),
        input.width + u32::from(left) + u32::from(right),
    ];
    for (axis, extent) in extents.into_iter().enumerate() {
        let beyond = u32::from(pool.window[axis]).saturating_sub(extent);
        if beyond > 0 && beyond < u32::from(pool.stride[axis]) {
            // Below the window, which has 16 bits.
            pool.window[axis] = extent as u16;
        }
    }
    pool
}

/// The pool with all its padding.
fn padded_pool(
    operation: &OnnxOperation<'_, '_>,
    pool: Pool2d,
    input: &Held,
    counts: bool,
) -> Result<Pool2d, Fault> {
    input.maps()?;
    let padding = operation.padding(input, pool.window, pool.stride, [1, 1])?;
    let has_zeros = input.zeros != Padding::NONE;
    // As if the zeros were values.
    let explicit = Shape::new(1, input.padded()[0], input.padded()[1]);
    let mut own = Pool2d {
        padding: padding.own,
        ceil_mode: pool.ceil_mode && !padding.is_computed,
        ..pool
    };
    if !counts && (is_wide(&own) || has_zeros && own.padding != Padding::NONE) {
        own = reached(own, explicit).unwrap_or(own);
    }
    if !counts && (is_wide(&own) || has_zeros && own.padding != Padding::NONE) {
        own = rounding_up(own, explicit).unwrap_or(own);
    }
    if !counts && has_zeros && own.padding != Padding::NONE {
        return Err(Fault::Zeros);
    }
    let mut pool = Pool2d {
        padding: sum(own.padding, input.zeros)?,
        ..own
    };
    if has_zeros && pool.ceil_mode {
        // The last window may start in zeros that are values, but not in a pool's own padding.
        let shape = |pool: Pool2d, input: Shape| {
            let shape = output_shape(Layer::AvgPool2d(pool), [input; 2]).ok();
            shape.map(|shape| [shape.height, shape.width])
        };
        match rounds_up(&own, explicit) {
            true if shape(own, explicit) != shape(pool, input.shape) => return Err(Fault::Zeros),
            true => {}
            false => pool.ceil_mode = false,
        }
    }
    Ok(pool)
}

/// Whether padding at an end is more than half the window, as exporters write what rounds up.
fn is_wide(pool: &Pool2d) -> bool {
    let [rows, columns] = pool.window;
    pool.padding.bottom > rows / 2 || pool.padding.right > columns / 2
}

/// Windows along an axis of so many values, padding included.
fn windows(pool: &Pool2d, all: u32, axis: usize) -> Option<u32> {
    let room = all.checked_sub(pool.window[axis].into())?;
    Some(room / u32::from(pool.stride[axis].max(1)) + 1)
}

/// The pool without padding at its ends that no window reaches.
fn reached(pool: Pool2d, input: Shape) -> Option<Pool2d> {
    let needed = |extent: u32, before: u16, behind: u16, axis: usize| {
        let start = extent + u32::from(before);
        let count = windows(&pool, start + u32::from(behind), axis)?;
        let end = (count - 1) * u32::from(pool.stride[axis]) + u32::from(pool.window[axis]);
        u16::try_from(end.saturating_sub(start)).ok()
    };
    let Padding {
        top,
        left,
        bottom,
        right,
    } = pool.padding;
    let padding = Padding {
        bottom: needed(input.height, top, bottom, 0)?,
        right: needed(input.width, left, right, 1)?,
        ..pool.padding
    };
    (!pool.ceil_mode).then_some(Pool2d { padding, ..pool })
}

/// The pool without padding at one end or both, but with as many windows, rounded up. What such windows
/// have beyond the maps must not count.
fn rounding_up(pool: Pool2d, input: Shape) -> Option<Pool2d> {
    let [rows, columns] = pool.padding.total();
    let own = [
        windows(&pool, input.height + rows, 0)?,
        windows(&pool, input.width + columns, 1)?,
    ];
    let Padding { bottom, right, .. } = pool.padding;
    let ends = [(0, 0), (0, right), (bottom, 0)];
    let rounded = ends.map(|(bottom, right)| Pool2d {
        padding: Padding {
            bottom,
            right,
            ..pool.padding
        },
        ceil_mode: true,
        ..pool
    });
    let mut fitting = rounded.into_iter().filter(|rounded| {
        let shape = output_shape(Layer::AvgPool2d(*rounded), [input; 2]);
        shape.is_ok_and(|shape| own == [shape.height, shape.width])
    });
    fitting.next().filter(|_| !pool.ceil_mode)
}

/// Whether `ceil_mode` adds a window.
pub fn rounds_up(pool: &Pool2d, input: Shape) -> bool {
    let shape = |ceil_mode| {
        let pool = Pool2d { ceil_mode, ..*pool };
        output_shape(Layer::AvgPool2d(pool), [input; 2]).ok()
    };
    shape(true) != shape(false)
}

pub fn four(list: &[i64]) -> Option<Padding> {
    let [top, left, bottom, right] = *list else {
        return None;
    };
    Some(Padding {
        top: top.try_into().ok()?,
        left: left.try_into().ok()?,
        bottom: bottom.try_into().ok()?,
        right: right.try_into().ok()?,
    })
}

pub fn sum(one: Padding, other: Padding) -> Result<Padding, Fault> {
    let add = |one: u16, other: u16| side(i64::from(one) + i64::from(other));
    Ok(Padding {
        top: add(one.top, other.top)?,
        left: add(one.left, other.left)?,
        bottom: add(one.bottom, other.bottom)?,
        right: add(one.right, other.right)?,
    })
}

fn side(value: i64) -> Result<u16, Fault> {
    u16::try_from(value).map_err(|_| Fault::Layer(LayerFault::TooLarge))
}

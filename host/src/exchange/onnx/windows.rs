//! Windows that slide over maps: their padding, written in any of ONNX's ways, and pools.

use super::error::Fault;
use super::held::Held;
use super::importer::Importer;
use super::node::{OnnxOperation, attribute_fault};
use super::view::{AxesView, AxisPart};
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

    /// Zeros, which the reader takes into its padding.
    pub fn pad(&mut self, operation: &OnnxOperation<'_, 'm>) -> Result<Held, Fault> {
        let input = self.padded_input(operation, 0)?;
        let value = match operation.has_input(2) {
            true => operation.floats(2)?.1.first().copied().unwrap_or(0.0),
            false => operation.float("value", 0.0)?,
        };
        operation.surrounded(input, value)
    }
}

impl OnnxOperation<'_, '_> {
    /// The window of a max pool over `input`.
    pub fn max_window(&self, input: &Held) -> Result<Pool2d, Fault> {
        self.require("storage_order", 0)?;
        padded_pool(self, self.window("storage_order")?, input)
    }

    /// That of an average pool.
    pub fn average_window(&self, input: &Held) -> Result<Pool2d, Fault> {
        let mut pool = self.window("count_include_pad")?;
        let counts = self.int("count_include_pad", 0)? != 0;
        pool.count_include_pad = counts || input.zeros != Padding::NONE;
        if !counts && input.zeros != Padding::NONE {
            let own = self.padding(input, pool.window, pool.stride, [1, 1])?;
            if own.own != Padding::NONE {
                return Err(Fault::Zeros);
            }
        }
        padded_pool(self, pool, input)
    }

    /// A value with the zeros around it that a Pad adds, if `value` is what those are.
    pub fn surrounded(&self, input: Held, value: f32) -> Result<Held, Fault> {
        self.only(&["mode", "pads", "value"])?;
        let mode = self.text("mode", "constant")?;
        if mode != b"constant" {
            return Err(Fault::Attribute {
                name: "mode",
                found: String::from_utf8_lossy(mode).escape_debug().to_string(),
                expected: "constant".into(),
            });
        }
        if value != 0.0 {
            return Err(Fault::Attribute {
                name: "value",
                found: value.to_string(),
                expected: "0".into(),
            });
        }
        let list = match self.list("pads")? {
            Some(list) => list.to_vec(),
            None => self.ints(1)?,
        };
        let axes = match self.has_input(3) {
            true => self.ints(3)?,
            false => (0..input.view.rank() as i64).collect(),
        };
        let added = around_maps(&input, &list, &axes)
            .ok_or_else(|| attribute_fault("pads", &list, "zeros around maps"))?;
        let zeros = sum(input.zeros, added)?;
        let held = Held { zeros, ..input };
        match held
            .padded()
            .iter()
            .all(|&extent| extent <= u16::MAX.into())
        {
            true => Ok(held),
            false => Err(Fault::Layer(LayerFault::TooLarge)),
        }
    }
}

/// The pool with all its padding.
fn padded_pool(
    operation: &OnnxOperation<'_, '_>,
    pool: Pool2d,
    input: &Held,
) -> Result<Pool2d, Fault> {
    input.maps()?;
    let padding = operation.padding(input, pool.window, pool.stride, [1, 1])?;
    let mut pool = Pool2d {
        padding: padding.with_zeros(input)?,
        ceil_mode: pool.ceil_mode && !padding.is_computed,
        ..pool
    };
    if input.zeros != Padding::NONE && pool.ceil_mode {
        // The last window may start in zeros that are values, but not in a pool's own padding.
        let explicit = Shape::new(1, input.padded()[0], input.padded()[1]);
        let unpadded = Pool2d {
            padding: padding.own,
            ..pool
        };
        if rounds_up(&unpadded, explicit) {
            return Err(Fault::Zeros);
        }
        pool.ceil_mode = false;
    }
    Ok(pool)
}

/// Whether `ceil_mode` adds a window.
pub fn rounds_up(pool: &Pool2d, input: Shape) -> bool {
    let shape = |ceil_mode| {
        let pool = Pool2d { ceil_mode, ..*pool };
        output_shape(Layer::AvgPool2d(pool), [input; 2]).ok()
    };
    shape(true) != shape(false)
}

/// The padding of a list of all axes' starts, then all their ends.
fn around_maps(held: &Held, list: &[i64], axes: &[i64]) -> Option<Padding> {
    if list.len() != 2 * axes.len() {
        return None;
    }
    let rank = held.view.rank() as i64;
    let [mut rows, mut columns] = [[0; 2]; 2];
    for (place, &axis) in axes.iter().enumerate() {
        let axis = if axis < 0 {
            axis.checked_add(rank)?
        } else {
            axis
        };
        let axis = usize::try_from(axis)
            .ok()
            .filter(|&it| (it as i64) < rank)?;
        let added = [list[place], list[place + axes.len()]];
        if added == [0; 2] {
            continue;
        }
        match held.map_part(axis)? {
            AxisPart::Rows => rows = added,
            _ => columns = added,
        }
    }
    four(&[rows[0], columns[0], rows[1], columns[1]])
}

impl Held {
    /// What an axis is: rows, or columns, and nothing else that is longer than one.
    fn map_part(&self, axis: usize) -> Option<AxisPart> {
        let is_of_maps = |part: &AxisPart| matches!(part, AxisPart::Rows | AxisPart::Columns);
        let long = self.long_parts(axis);
        let parts: Vec<AxisPart> = self.view.parts(axis).filter(is_of_maps).collect();
        match (long.as_slice(), parts.as_slice()) {
            ([part], _) | ([], [part]) if is_of_maps(part) => Some(*part),
            _ => None,
        }
    }

    /// The same as N x channels x rows x columns.
    pub fn as_maps(self) -> Self {
        let view = AxesView::MAPS;
        Self { view, ..self }
    }
}

fn four(list: &[i64]) -> Option<Padding> {
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

fn sum(one: Padding, other: Padding) -> Result<Padding, Fault> {
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

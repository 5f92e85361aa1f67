//! Windows that slide over maps: their padding, pools, means over whole maps, and zeros around them.

use super::constant::INT32;
use super::error::TfliteFault;
use super::held::{TfliteHeld, is_maps};
use super::importer::TfliteImporter;
use super::layers::side;
use super::operation::TfliteOperation;
use super::schema::TfliteOptions;
use crate::exchange::integers::Int8Node;
use kiln_core::{Conv2d, Layer, LayerFault, Padding, Pool2d, Requantization};

/// Number of the kind of options.
const POOL_2D: u8 = 5;

impl<'a> TfliteOperation<'a> {
    /// A convolution with the stride, dilation and padding that its options say; `dilation` are the
    /// numbers of the fields for columns and rows.
    pub fn placed(
        &self,
        conv: Conv2d,
        options: &TfliteOptions<'a>,
        dilation: [usize; 2],
        input: &TfliteHeld,
    ) -> Result<Conv2d, TfliteFault> {
        let stride = pair(options, [1, 2], 0)?;
        let dilation = pair(options, dilation, 1)?;
        let own = padding(options, input, conv.kernel, stride, dilation)?;
        Ok(Conv2d {
            stride,
            dilation,
            padding: sum(own, input.zeros)?,
            ..conv
        })
    }
}

impl<'a> TfliteImporter<'a> {
    /// A pool, whose means count nothing but what is inside the input.
    pub fn pool(
        &mut self,
        operation: &TfliteOperation<'a>,
        layer: fn(Pool2d) -> Layer,
    ) -> Result<(), TfliteFault> {
        operation.reads(&[1], "one")?;
        let input = self.input(operation, 0)?;
        input.maps()?;
        let quantization = operation.given.codes()?;
        if !input.has_scale_of(&quantization) {
            return Err(TfliteFault::Rescaled);
        }
        let options = operation.options(POOL_2D)?;
        let (window, stride) = (pair(&options, [3, 4], 0)?, pair(&options, [1, 2], 0)?);
        let padding = padding(&options, &input, window, stride, [1, 1])?;
        let pool = Pool2d {
            window,
            stride,
            padding,
            count_include_pad: padding == Padding::NONE,
            ..Pool2d::new(1)
        };
        let given = self.push(layer(pool), [&input; 2], Int8Node::plain(quantization))?;
        self.activated(operation, options.choice(5)?, given)
    }

    /// A mean over rows and columns: the sum of a map's distances from zero by one scale, in which
    /// the division is.
    pub fn mean(&mut self, operation: &TfliteOperation<'a>) -> Result<(), TfliteFault> {
        operation.reads(&[2], "two")?;
        let input = self.input(operation, 0)?;
        input.maps()?;
        let (_, axes) = operation.input(1)?;
        let mut found = axes.ints(&axes.dims()?)?;
        for axis in &mut found {
            *axis += if *axis < 0 { 4 } else { 0 };
        }
        found.sort_unstable();
        found.dedup();
        if found != [1, 2] {
            return Err(TfliteFault::Option {
                name: "axes",
                found: format!("{found:?}"),
                expected: "rows and columns ([1, 2])",
            });
        }
        let quantization = operation.given.codes()?;
        let scale = f64::from(input.quantization.scale) / f64::from(quantization.scale);
        let scale = mean_scale(scale, input.shape.map_elements());
        let scale = scale.ok_or(TfliteFault::Scale { channel: 0 })?;
        let node = Int8Node {
            weights: Vec::new(),
            constants: vec![scale.multiplier, scale.shift],
            quantization,
        };
        let given = self.push(Layer::GlobalAvgPool2d, [&input; 2], node)?;
        self.give(operation, given)
    }

    /// Zeros, which the reader takes into its padding.
    pub fn pad(&mut self, operation: &TfliteOperation<'a>) -> Result<(), TfliteFault> {
        operation.reads(&[2], "two")?;
        let input = self.padded(operation, 0)?;
        input.maps()?;
        if !input.has_scale_of(&operation.given.codes()?) {
            return Err(TfliteFault::Rescaled);
        }
        let (_, sides) = operation.input(1)?;
        sides.require(INT32)?;
        let sides = sides.ints(&[4, 2])?;
        let [0, 0, top, bottom, left, right, 0, 0] = *sides.as_slice() else {
            return Err(TfliteFault::Option {
                name: "paddings",
                found: format!("{sides:?}"),
                expected: "rows and columns",
            });
        };
        let around = |side: i32| {
            let side = u16::try_from(side);
            side.map_err(|_| TfliteFault::Layer(LayerFault::TooLarge))
        };
        let added = Padding {
            top: around(top)?,
            left: around(left)?,
            bottom: around(bottom)?,
            right: around(right)?,
        };
        let mut given = TfliteHeld {
            zeros: sum(input.zeros, added)?,
            ..input
        };
        let [rows, columns] = given.padded();
        given.dims = vec![
            1,
            rows as usize,
            columns as usize,
            given.shape.channels as usize,
        ];
        debug_assert!(is_maps(&given.dims));
        self.give(operation, given)
    }
}

/// The scale of a sum of so many values, with the bits that TensorFlow Lite has for it: a power of
/// two goes into the multiplier before it is divided, which is then rounded down.
fn mean_scale(scale: f64, count: usize) -> Option<Requantization> {
    let Requantization { multiplier, shift } = Requantization::twice(scale)?;
    let power = i32::try_from(count.checked_ilog2()?).ok()?;
    let power = power.min(32).min(31 + shift);
    let multiplier = (i64::from(multiplier) << power) / i64::try_from(count).ok()?;
    Some(Requantization {
        multiplier: i32::try_from(multiplier).ok()?,
        shift: shift - power,
    })
}

/// The padding that the options say: none, or as much as keeps the extent but for the stride, the
/// larger half behind.
fn padding(
    options: &TfliteOptions<'_>,
    input: &TfliteHeld,
    window: [u16; 2],
    stride: [u16; 2],
    dilation: [u16; 2],
) -> Result<Padding, TfliteFault> {
    match options.choice(0)? {
        0 => {}
        1 => return Ok(Padding::NONE),
        found => {
            return Err(TfliteFault::Option {
                name: "padding",
                found: found.to_string(),
                expected: "SAME (0) or VALID (1)",
            });
        }
    }
    let mut sides = [[0; 2]; 2];
    for axis in 0..2 {
        let (extent, stride) = (input.padded()[axis], u32::from(stride[axis]));
        let reach = u32::from(window[axis] - 1) * u32::from(dilation[axis]) + 1;
        let last = (extent.div_ceil(stride).saturating_sub(1)) * stride;
        let total = last.saturating_add(reach).saturating_sub(extent);
        for (side, half) in sides[axis].iter_mut().zip([total / 2, total.div_ceil(2)]) {
            *side = u16::try_from(half).map_err(|_| TfliteFault::Layer(LayerFault::TooLarge))?;
        }
    }
    let [[top, bottom], [left, right]] = sides;
    Ok(Padding {
        top,
        left,
        bottom,
        right,
    })
}

/// Rows and columns of an option whose fields are those of columns and rows.
fn pair(
    options: &TfliteOptions<'_>,
    [columns, rows]: [usize; 2],
    default: i32,
) -> Result<[u16; 2], TfliteFault> {
    let extent = |number| {
        let extent = usize::try_from(options.int(number, default)?);
        side(extent.unwrap_or(0))
    };
    Ok([extent(rows)?, extent(columns)?])
}

fn sum(one: Padding, other: Padding) -> Result<Padding, TfliteFault> {
    let add = |one: u16, other: u16| {
        let sum = one.checked_add(other);
        sum.ok_or(TfliteFault::Layer(LayerFault::TooLarge))
    };
    Ok(Padding {
        top: add(one.top, other.top)?,
        left: add(one.left, other.left)?,
        bottom: add(one.bottom, other.bottom)?,
        right: add(one.right, other.right)?,
    })
}

//! Whether the layers fit one another, decided in `const` so that a build can fail on it.

use super::{LayerFault, MAX_NODES, Network, NetworkError};
use crate::{Conv2d, Layer, MAX_ELEMENTS, Padding, Pool2d, Shape};

impl Network {
    /// Checks every node against the shapes that reach it.
    ///
    /// # Errors
    ///
    /// The first node that does not fit, by number, with the reason.
    pub const fn check(&self) -> Result<(), NetworkError> {
        match self.checked_shapes() {
            Ok(_) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The shape of every value, by number, of a network in which every node fits.
    pub(crate) const fn checked_shapes(&self) -> Result<[Shape; MAX_NODES + 1], NetworkError> {
        let mut shapes = [self.input; MAX_NODES + 1];
        if self.len == 0 {
            return fault(0, "input", LayerFault::NoLayers);
        }
        if self.len > MAX_NODES {
            return fault(MAX_NODES + 1, "", LayerFault::TooManyLayers);
        }
        if let Err(found) = check_size(self.input) {
            return fault(0, "input", found);
        }
        let mut is_read = [false; MAX_NODES + 1];
        let mut parameters = 0;
        let mut index = 0;
        while index < self.len {
            let layer = &self.layers[index];
            match output_shape_of(self, index, &shapes) {
                Err(found) => return fault(index + 1, layer.name(), found),
                Ok(output) => {
                    let [first, second] = self.inputs[index];
                    let (weights, biases) = layer.parameters(shapes[first.number()]);
                    parameters += weights + biases;
                    shapes[index + 1] = output;
                    is_read[first.number()] = true;
                    is_read[second.number()] = true;
                }
            }
            if parameters > MAX_ELEMENTS as u64 {
                return fault(index + 1, layer.name(), LayerFault::TooLarge);
            }
            index += 1;
        }
        // All but the last, which is the network's output.
        index = 0;
        while index < self.len {
            if !is_read[index] {
                let name = if index == 0 {
                    "input"
                } else {
                    self.layers[index - 1].name()
                };
                return fault(index, name, LayerFault::Unread);
            }
            index += 1;
        }
        Ok(shapes)
    }

    /// Panics with the words of the error, which fails the build where it runs in a `const`.
    pub(crate) const fn assert_sound(&self) {
        if let Err(error) = self.check() {
            panic_with(&error)
        }
    }
}

/// Shape of the value of node `index`, counted from 0, among those before it.
const fn output_shape_of(
    network: &Network,
    index: usize,
    shapes: &[Shape; MAX_NODES + 1],
) -> Result<Shape, LayerFault> {
    let [first, second] = network.inputs[index];
    let mut slot = 0;
    while slot < 2 {
        let input = network.inputs[index][slot].number();
        if input > index {
            return Err(LayerFault::NotEarlier { input });
        }
        slot += 1;
    }
    let (left, right) = (shapes[first.number()], shapes[second.number()]);
    let alike =
        left.channels == right.channels && left.height == right.height && left.width == right.width;
    if !alike {
        return Err(LayerFault::Addends { left, right });
    }
    output_shape(&network.layers[index], left)
}

/// Shape behind `layer` for an input of a sound shape.
pub(crate) const fn output_shape(layer: &Layer, input: Shape) -> Result<Shape, LayerFault> {
    let output = match layer {
        Layer::Conv2d(conv) => match conv_output(conv, input) {
            Ok(shape) => shape,
            Err(found) => return Err(found),
        },
        Layer::MaxPool2d(pool) => {
            if pool.window[0] as u32 * pool.window[1] as u32 > 256 {
                return Err(LayerFault::WindowArea {
                    window: pool.window,
                });
            }
            match pool_output(pool, input) {
                Ok(shape) => shape,
                Err(found) => return Err(found),
            }
        }
        Layer::AvgPool2d(pool) => match pool_output(pool, input) {
            Ok(shape) => shape,
            Err(found) => return Err(found),
        },
        Layer::Relu | Layer::Relu6 | Layer::Add | Layer::ScaleShift => input,
        Layer::BatchNorm(norm) => {
            if !(norm.momentum > 0.0 && norm.momentum <= 1.0) {
                return Err(LayerFault::Fraction { option: "momentum" });
            }
            if !(norm.epsilon > 0.0 && norm.epsilon <= 1.0) {
                return Err(LayerFault::Fraction { option: "epsilon" });
            }
            input
        }
        Layer::Dropout(dropout) => {
            if !(dropout.probability >= 0.0 && dropout.probability < 1.0) {
                let option = "probability";
                return Err(LayerFault::Fraction { option });
            }
            input
        }
        Layer::GlobalAvgPool2d => Shape::new(input.channels, 1, 1),
        Layer::Linear(linear) => {
            if linear.outputs == 0 {
                return Err(LayerFault::Zero { option: "outputs" });
            }
            Shape::new(linear.outputs as u32, 1, 1)
        }
    };
    match check_size(output) {
        Ok(()) => Ok(output),
        Err(found) => Err(found),
    }
}

const fn conv_output(conv: &Conv2d, input: Shape) -> Result<Shape, LayerFault> {
    if conv.filters == 0 {
        return Err(LayerFault::Zero { option: "filters" });
    }
    if conv.groups == 0 {
        return Err(LayerFault::Zero { option: "groups" });
    }
    if !input.channels.is_multiple_of(conv.groups as u32)
        || !conv.filters.is_multiple_of(conv.groups)
    {
        return Err(LayerFault::Groups {
            groups: conv.groups,
            channels: input.channels,
            filters: conv.filters,
        });
    }
    let weights = input.channels as u64 * conv.filters as u64;
    if weights * conv.kernel[0] as u64 > MAX_ELEMENTS as u64
        || weights * conv.kernel[0] as u64 * conv.kernel[1] as u64 > MAX_ELEMENTS as u64
    {
        return Err(LayerFault::TooLarge);
    }
    match slide(
        input,
        conv.kernel,
        conv.stride,
        conv.padding,
        conv.dilation,
        false,
        "kernel",
    ) {
        Ok([height, width]) => Ok(Shape::new(conv.filters as u32, height, width)),
        Err(found) => Err(found),
    }
}

const fn pool_output(pool: &Pool2d, input: Shape) -> Result<Shape, LayerFault> {
    match slide(
        input,
        pool.window,
        pool.stride,
        pool.padding,
        [1, 1],
        pool.ceil_mode,
        "window",
    ) {
        Ok(_) if !is_padding_within_half(pool.padding, pool.window) => {
            Err(LayerFault::PaddingTooLarge {
                padding: pool.padding,
                window: pool.window,
            })
        }
        Ok([height, width]) => Ok(Shape::new(input.channels, height, width)),
        Err(found) => Err(found),
    }
}

/// What PyTorch asks of a pool: then no window lies in the padding altogether.
const fn is_padding_within_half(padding: Padding, window: [u16; 2]) -> bool {
    let [rows, columns] = [window[0] / 2, window[1] / 2];
    padding.top <= rows
        && padding.bottom <= rows
        && padding.left <= columns
        && padding.right <= columns
}

/// Number of places, down and across, at which a window fits into the padded input.
const fn slide(
    input: Shape,
    window: [u16; 2],
    stride: [u16; 2],
    padding: Padding,
    dilation: [u16; 2],
    ceil_mode: bool,
    option: &'static str,
) -> Result<[u32; 2], LayerFault> {
    let extent = [input.height, input.width];
    let before = padding.before();
    let total = padding.total();
    let mut places = [0; 2];
    let mut axis = 0;
    while axis < 2 {
        if window[axis] == 0 {
            return Err(LayerFault::Zero { option });
        }
        if stride[axis] == 0 {
            return Err(LayerFault::Zero { option: "stride" });
        }
        if dilation[axis] == 0 {
            return Err(LayerFault::Zero { option: "dilation" });
        }
        let padded = extent[axis] + total[axis];
        let reach = (window[axis] as u32 - 1) * dilation[axis] as u32 + 1;
        if padded < reach {
            return Err(LayerFault::WindowTooLarge { window, input });
        }
        let stride = stride[axis] as u32;
        places[axis] = (padded - reach) / stride + 1;
        if ceil_mode {
            let more = (padded - reach).div_ceil(stride) + 1;
            // The last window has to start inside the input or the padding before it.
            if (more - 1) * stride < extent[axis] + before[axis] as u32 {
                places[axis] = more;
            }
        }
        axis += 1;
    }
    Ok(places)
}

/// Rows and columns must fit 16 bits, as windows do.
const fn check_size(shape: Shape) -> Result<(), LayerFault> {
    if shape.height > u16::MAX as u32 || shape.width > u16::MAX as u32 {
        return Err(LayerFault::TooLarge);
    }
    match shape.checked_elements() {
        None => Err(LayerFault::TooLarge),
        Some(0) => Err(LayerFault::Zero {
            option: "an extent",
        }),
        Some(_) => Ok(()),
    }
}

const fn fault<T>(layer: usize, name: &'static str, fault: LayerFault) -> Result<T, NetworkError> {
    Err(NetworkError { layer, name, fault })
}

/// The number is spelled by hand: a `const` panic can show a string but not format one.
pub(super) const fn panic_with(error: &NetworkError) -> ! {
    let reason = match error.fault {
        LayerFault::Zero { .. } => ": a size or stride is 0",
        LayerFault::WindowTooLarge { .. } => ": its window does not fit into its input",
        LayerFault::PaddingTooLarge { .. } => ": its padding is more than half its window",
        LayerFault::Groups { .. } => ": its groups do not divide its channels and filters",
        LayerFault::WindowArea { .. } => ": its max pool window has more than 256 values",
        LayerFault::TooLarge => ": a tensor or the parameters are too large",
        LayerFault::NoLayers => ": the network has no layers",
        LayerFault::TooManyLayers => ": the network has too many nodes",
        LayerFault::NotEarlier { .. } => ": it reads a value that is not earlier",
        LayerFault::Addends { .. } => ": its two inputs have different shapes",
        LayerFault::Unread => ": no node reads its value",
        LayerFault::Fraction { .. } => ": an option is out of its range",
    };
    let mut text = [b' '; 96];
    let mut len = put(&mut text, 0, b"layer ");
    if error.layer >= 100 {
        text[len] = b'0' + (error.layer / 100) as u8;
        len += 1;
    }
    if error.layer >= 10 {
        text[len] = b'0' + (error.layer / 10 % 10) as u8;
        len += 1;
    }
    text[len] = b'0' + (error.layer % 10) as u8;
    len = put(&mut text, len + 1, reason.as_bytes());
    match core::str::from_utf8(text.split_at(len).0) {
        Ok(message) => panic!("{}", message),
        Err(_) => panic!("the network is not sound"),
    }
}

const fn put(text: &mut [u8; 96], at: usize, bytes: &[u8]) -> usize {
    let mut index = 0;
    while index < bytes.len() {
        text[at + index] = bytes[index];
        index += 1;
    }
    at + bytes.len()
}

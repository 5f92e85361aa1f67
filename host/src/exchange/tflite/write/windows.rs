//! Windows that slide over maps as operators: paddings, pools, means over whole maps.

use super::TfliteWriter;
use super::flatbuffer::{WrittenOperator, WrittenTensor};
use super::layers::{NONE_BEHIND, WrittenWeights, is_scaled, maps};
use crate::exchange::clips_windows;
use crate::exchange::integers::{IntegerNode, WriteFault};
use kiln_core::{Conv2d, Padding, Pool2d, Requantization, Shape};

/// Codes of operators.
const AVERAGE_POOL_2D: i32 = 1;
const MAX_POOL_2D: i32 = 17;
const PAD: i32 = 34;
const MEAN: i32 = 40;

/// Numbers of the paddings.
const SAME: i8 = 0;
const VALID: i8 = 1;

/// How a padding is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WrittenPadding {
    /// As much as keeps the extent but for the stride, the larger half behind.
    Same,
    /// None.
    Valid,
    /// By an operator in front.
    Explicit(Padding),
}

impl WrittenPadding {
    /// That of windows, strides and dilations between an input and an output of these shapes.
    pub fn of(
        padding: Padding,
        [window, stride, dilation]: [[u16; 2]; 3],
        [input, output]: [Shape; 2],
    ) -> Self {
        let inputs = [input.height, input.width].map(i64::from);
        let outputs = [output.height, output.width].map(i64::from);
        let before = padding.before().map(i64::from);
        let [mut is_same, mut is_valid] = [true; 2];
        for axis in 0..2 {
            let stride = i64::from(stride[axis]);
            let reach = i64::from(window[axis] - 1) * i64::from(dilation[axis]) + 1;
            let total = (outputs[axis] - 1) * stride + reach - inputs[axis];
            is_same &= outputs[axis] == (inputs[axis] + stride - 1) / stride
                && before[axis] == total.max(0) / 2;
            is_valid &= before[axis] == 0 && total <= 0;
        }
        match (is_valid, is_same) {
            (true, _) => Self::Valid,
            (_, true) => Self::Same,
            // As many windows fit into the input with all of it around.
            _ => Self::Explicit(padding),
        }
    }

    fn choice(self) -> Option<i8> {
        match self {
            Self::Same => Some(SAME),
            Self::Valid => Some(VALID),
            Self::Explicit(_) => None,
        }
    }
}

impl TfliteWriter {
    /// What a window reads with its padding around it, and how its operator says the rest of that.
    pub fn padded(
        &mut self,
        node: &IntegerNode<'_>,
        read: usize,
        padding: WrittenPadding,
    ) -> (usize, i8) {
        let WrittenPadding::Explicit(own) = padding else {
            return (read, padding.choice().unwrap_or(VALID));
        };
        let sides = [0, 0, own.top, own.bottom, own.left, own.right, 0, 0].map(i32::from);
        let [rows, columns] = own.total();
        let shape = Shape::new(
            node.input.channels,
            node.input.height + rows,
            node.input.width + columns,
        );
        let name = format!("{}.padded", node.number);
        let sides = WrittenTensor::ints(format!("{name}.sides"), vec![4, 2], &sides, vec![]);
        let inputs = vec![read, self.tensor(sides)];
        let output = self.tensor(WrittenTensor::codes(name, maps(shape), &node.inputs[0]));
        self.graph.operators.push(WrittenOperator {
            code: PAD,
            version: 2,
            inputs,
            output,
            options: 22,
            choices: vec![],
            ints: vec![],
        });
        (output, VALID)
    }

    pub fn max_pool(
        &mut self,
        node: &IntegerNode<'_>,
        pool: &Pool2d,
        fused: i8,
    ) -> Result<usize, WriteFault> {
        let output = self.given(node, maps(node.output));
        self.pool(node, pool, output, (MAX_POOL_2D, fused))
    }

    /// TensorFlow Lite's own average pool passes the scale on. One with a scale of its own is a
    /// depthwise convolution by ones, or, where windows are clipped, both.
    pub fn average_pool(
        &mut self,
        node: &IntegerNode<'_>,
        pool: &Pool2d,
        fused: i8,
    ) -> Result<usize, WriteFault> {
        let is_clipped = clips_windows(pool, node.input, node.output);
        if is_clipped && pool.count_include_pad && pool.padding != Padding::NONE {
            return Err(WriteFault::PoolPadding);
        }
        if !is_scaled(node) {
            let output = self.given(node, maps(node.output));
            return self.pool(node, pool, output, (AVERAGE_POOL_2D, fused));
        }
        if !is_clipped {
            let read = self.read_maps(node);
            return self.summed_by_ones(node, read, pool, node.input, fused);
        }
        self.remarks.push(format!(
            "layer {} (avg_pool2d) is rounded twice there: as a mean, and to its output's scale",
            node.number
        ));
        let name = format!("{}.means", node.number);
        let means = WrittenTensor::codes(name, maps(node.output), &node.inputs[0]);
        let means = self.tensor(means);
        let means = self.pool(node, pool, means, (AVERAGE_POOL_2D, NONE_BEHIND))?;
        self.summed_by_ones(node, means, &Pool2d::new(1), node.output, fused)
    }

    /// A depthwise convolution of maps of shape `input` by ones; its scale is the node's for as many
    /// values as the node's window has.
    fn summed_by_ones(
        &mut self,
        node: &IntegerNode<'_>,
        read: usize,
        window: &Pool2d,
        input: Shape,
        fused: i8,
    ) -> Result<usize, WriteFault> {
        let channels = u16::try_from(input.channels).map_err(|_| WriteFault::Layer)?;
        let count = |pool: &Pool2d| usize::from(pool.window[0]) * usize::from(pool.window[1]);
        let whole = match node.layer {
            kiln_core::Layer::AvgPool2d(pool) => count(&pool),
            _ => 1,
        };
        let &[multiplier, shift] = node.constants else {
            return Err(WriteFault::Layer);
        };
        let scale = node.codes(Requantization { multiplier, shift }, 0);
        let scale = scale.nearest(node.ends()) * (whole / count(window)) as f32;
        let weights = WrittenWeights {
            conv: Conv2d {
                stride: window.stride,
                padding: window.padding,
                groups: channels,
                ..Conv2d::new(channels, 1).kernel(window.window[0], window.window[1])
            },
            weights: vec![1; count(window) * usize::from(channels)],
            biases: None,
            scales: vec![scale],
        };
        let given = self.given(node, maps(node.output));
        let node = IntegerNode { input, ..*node };
        self.convolved(&node, read, &weights, given, fused)
    }

    fn pool(
        &mut self,
        node: &IntegerNode<'_>,
        pool: &Pool2d,
        output: usize,
        (code, fused): (i32, i8),
    ) -> Result<usize, WriteFault> {
        let read = self.read_maps(node);
        let window = [pool.window, pool.stride, [1, 1]];
        let padding = WrittenPadding::of(pool.padding, window, [node.input, node.output]);
        let padding = padding.choice().ok_or(WriteFault::PoolPadding)?;
        let [down, across] = pool.stride.map(i32::from);
        let [rows, columns] = pool.window.map(i32::from);
        self.graph.operators.push(WrittenOperator {
            code,
            version: 2,
            inputs: vec![read],
            output,
            options: 5,
            choices: vec![(0, padding), (5, fused)],
            ints: vec![(1, across), (2, down), (3, columns), (4, rows)],
        });
        Ok(output)
    }

    /// A mean over rows and columns.
    pub fn mean(&mut self, node: &IntegerNode<'_>) -> usize {
        let read = self.read_maps(node);
        let name = format!("{}.axes", node.number);
        let axes = self.tensor(WrittenTensor::ints(name, vec![2], &[1, 2], vec![]));
        let output = self.given(node, maps(node.output));
        self.graph.operators.push(WrittenOperator {
            code: MEAN,
            version: 2,
            inputs: vec![read, axes],
            output,
            options: 27,
            choices: vec![(0, 1)],
            ints: vec![],
        });
        output
    }
}

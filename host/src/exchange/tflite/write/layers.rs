//! Layers with weights, additions and activations as operators.

use super::TfliteWriter;
use super::flatbuffer::{WrittenOperator, WrittenTensor};
use super::windows::WrittenPadding;
use crate::exchange::integers::{IntegerNode, WriteFault};
use kiln_core::{Conv2d, Int8Rule, Layer, Quantization, Shape};

/// Codes of operators.
pub const ADD: i32 = 0;
pub const CONV_2D: i32 = 3;
pub const DEPTHWISE_CONV_2D: i32 = 4;
pub const FULLY_CONNECTED: i32 = 9;
pub const RELU: i32 = 19;
pub const RELU6: i32 = 21;
pub const RESHAPE: i32 = 22;

/// Numbers of the activations that an operator may have behind it.
pub const NONE_BEHIND: i8 = 0;
pub const RELU_BEHIND: i8 = 1;
pub const RELU6_BEHIND: i8 = 3;

/// Extents of maps.
pub fn maps(shape: Shape) -> Vec<usize> {
    [1, shape.height, shape.width, shape.channels]
        .map(|extent| extent as usize)
        .to_vec()
}

/// A convolution's weights and what is added, as an operator takes them.
pub struct WrittenWeights {
    pub conv: Conv2d,
    /// Filters x rows x columns x channels of the group.
    pub weights: Vec<i8>,
    pub biases: Option<Vec<i32>>,
    /// One for each filter, or one for all.
    pub scales: Vec<f32>,
}

impl TfliteWriter {
    pub fn tensor(&mut self, tensor: WrittenTensor) -> usize {
        self.graph.tensors.push(tensor);
        self.graph.tensors.len() - 1
    }

    /// The tensor that a node gives.
    pub fn given(&mut self, node: &IntegerNode<'_>, dims: Vec<usize>) -> usize {
        let name = format!("{}.{}", node.number, node.layer.name());
        self.tensor(WrittenTensor::codes(name, dims, &node.quantization))
    }

    /// The tensor that a node reads, as maps.
    pub fn read_maps(&mut self, node: &IntegerNode<'_>) -> usize {
        self.reshaped(
            self.values[node.reads[0]],
            maps(node.input),
            &node.inputs[0],
        )
    }

    fn reshaped(&mut self, read: usize, dims: Vec<usize>, own: &Quantization) -> usize {
        if self.graph.tensors[read].dims == dims {
            return read;
        }
        let name = format!("{read}.reshaped");
        let extents: Vec<i32> = dims.iter().map(|extent| *extent as i32).collect();
        let shape =
            WrittenTensor::ints(format!("{name}.shape"), vec![dims.len()], &extents, vec![]);
        let inputs = vec![read, self.tensor(shape)];
        let output = self.tensor(WrittenTensor::codes(name, dims, own));
        self.graph.operators.push(WrittenOperator {
            code: RESHAPE,
            version: 1,
            inputs,
            output,
            options: 0,
            choices: vec![],
            ints: vec![],
        });
        output
    }

    pub fn convolution(
        &mut self,
        node: &IntegerNode<'_>,
        conv: &Conv2d,
        fused: i8,
    ) -> Result<usize, WriteFault> {
        let weights = WrittenWeights {
            conv: *conv,
            weights: node.weights.to_vec(),
            biases: Some(node.biases()?),
            scales: scales(node),
        };
        let read = self.read_maps(node);
        let given = self.given(node, maps(node.output));
        self.convolved(node, read, &weights, given, fused)
    }

    /// The operator of a convolution between two tensors.
    pub fn convolved(
        &mut self,
        node: &IntegerNode<'_>,
        read: usize,
        own: &WrittenWeights,
        output: usize,
        fused: i8,
    ) -> Result<usize, WriteFault> {
        let conv = &own.conv;
        let (filters, [rows, columns]) = (usize::from(conv.filters), conv.kernel.map(usize::from));
        let taps = rows * columns;
        let channels = own.weights.len() / (filters * taps).max(1);
        let is_depthwise = channels == 1 && u32::from(conv.groups) == node.input.channels;
        let window = [conv.kernel, conv.stride, conv.dilation];
        let padding = WrittenPadding::of(conv.padding, window, [node.input, node.output]);
        let (read, padding) = self.padded(node, read, padding);
        let (dims, axis, weights) = match is_depthwise {
            false => (
                vec![filters, rows, columns, channels],
                0,
                own.weights.clone(),
            ),
            true => {
                let turned = (0..taps).flat_map(|tap| own.weights.iter().skip(tap).step_by(taps));
                (
                    vec![1, rows, columns, filters],
                    3,
                    turned.copied().collect(),
                )
            }
        };
        let part = |what: &str| format!("{}.{what}", node.number);
        let scales = (own.scales.clone(), axis);
        let weights = WrittenTensor::weights(part("weight"), dims, scales, &weights);
        let mut inputs = vec![read, self.tensor(weights)];
        if let Some(biases) = &own.biases {
            inputs.push(self.biases(node, biases, &own.scales));
        }
        let [down, across] = conv.stride.map(i32::from);
        let [rows_apart, columns_apart] = conv.dilation.map(i32::from);
        let operator = WrittenOperator {
            code: CONV_2D,
            version: 3,
            inputs,
            output,
            options: 1,
            choices: vec![(0, padding), (3, fused)],
            ints: vec![(1, across), (2, down), (4, columns_apart), (5, rows_apart)],
        };
        let times = filters / (node.input.channels as usize).max(1);
        self.graph.operators.push(match is_depthwise {
            false => operator,
            true => WrittenOperator {
                code: DEPTHWISE_CONV_2D,
                options: 2,
                choices: vec![(0, padding), (4, fused)],
                ints: vec![
                    (1, across),
                    (2, down),
                    (3, times as i32),
                    (5, columns_apart),
                    (6, rows_apart),
                ],
                ..operator
            },
        });
        Ok(output)
    }

    fn biases(&mut self, node: &IntegerNode<'_>, biases: &[i32], scales: &[f32]) -> usize {
        let input = node.inputs[0].scale;
        let scales = scales.iter().map(|scale| input * scale).collect();
        let name = format!("{}.bias", node.number);
        self.tensor(WrittenTensor::ints(
            name,
            vec![biases.len()],
            biases,
            scales,
        ))
    }

    pub fn linear(&mut self, node: &IntegerNode<'_>, fused: i8) -> Result<usize, WriteFault> {
        let outputs = node.outputs();
        let scales = scales(node);
        let dims = vec![outputs, node.input.elements()];
        let name = format!("{}.weight", node.number);
        let weights = WrittenTensor::weights(name, dims, (scales.clone(), 0), node.weights);
        let weights = self.tensor(weights);
        let biases = self.biases(node, &node.biases()?, &scales);
        let inputs = vec![self.values[node.reads[0]], weights, biases];
        let output = self.given(node, vec![1, outputs]);
        self.graph.operators.push(WrittenOperator {
            code: FULLY_CONNECTED,
            version: 4,
            inputs,
            output,
            options: 8,
            choices: vec![(0, fused)],
            ints: vec![],
        });
        Ok(output)
    }

    pub fn addition(&mut self, node: &IntegerNode<'_>, fused: i8) -> usize {
        let [first, second] = node.reads.map(|read| self.values[read]);
        let dims = self.graph.tensors[first].dims.clone();
        let second = self.reshaped(second, dims.clone(), &node.inputs[1]);
        let output = self.given(node, dims);
        self.graph.operators.push(WrittenOperator {
            code: ADD,
            version: 2,
            inputs: vec![first, second],
            output,
            options: 11,
            choices: vec![(0, fused)],
            ints: vec![],
        });
        output
    }

    /// An activation by itself.
    pub fn activation(&mut self, node: &IntegerNode<'_>, code: i32) -> usize {
        let read = self.values[node.reads[0]];
        let dims = self.graph.tensors[read].dims.clone();
        let output = self.given(node, dims);
        self.graph.operators.push(WrittenOperator {
            code,
            version: 2,
            inputs: vec![read],
            output,
            options: 0,
            choices: vec![],
            ints: vec![],
        });
        output
    }
}

/// The scale of each output's weights: the nearest, or of a network that rounds once that by which those
/// of LiteRT's kernels that round once, too, give the nearest codes.
fn scales(node: &IntegerNode<'_>) -> Vec<f32> {
    let is_once = node.network_rule == Int8Rule::Once;
    let scale = |channel| match (node.sum_codes(channel), is_once) {
        (codes, true) => codes.fit(node.ends()).scale,
        (codes, false) => codes.nearest(node.ends()),
    };
    (0..node.outputs()).map(scale).collect()
}

/// Whether a layer's sums are rounded by a scale of their own.
pub fn is_scaled(node: &IntegerNode<'_>) -> bool {
    matches!(node.layer, Layer::AvgPool2d(_)) && !node.constants.is_empty()
}

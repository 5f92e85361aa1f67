//! The nodes of a network of integers with all that another format says of them.

use super::SumCodes;
use kiln_core::{
    Int8Rule, Layer, Quantization, QuantizedNetwork, Requantization, Shape, constants_of,
};

/// Why a network of integers cannot be written in a format.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteIntegersError {
    /// A layer that the format cannot say.
    #[error("layer {node} ({layer}): {fault}")]
    Node {
        /// Number of the node, counted from 1.
        node: usize,
        /// The layer's name.
        layer: &'static str,
        /// Why.
        fault: WriteFault,
    },
    /// The note of the network cannot be written.
    #[error("cannot write its note: {0}")]
    Note(#[from] serde_json::Error),
    /// A model file that is none: its tables do not fit its network.
    #[error("{0}")]
    Integers(#[from] kiln_core::Int8Error),
}

/// Why a layer cannot be said in a format.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum WriteFault {
    /// A bias that exceeds 32 bits without what the input's zero adds.
    #[error(
        "the bias of channel {channel} exceeds 32 bits when the input's zero is taken out of it; \
         smaller weights, or a smaller bias"
    )]
    Bias {
        /// The output channel, counted from 0.
        channel: usize,
    },
    /// Padding of a max pool that the format has no word for.
    #[error(
        "TFLite's pools have no padding but as much as keeps the extent (SAME); pad evenly for \
         that, or export to ONNX, which has any"
    )]
    PoolPadding,
    /// Integers are not computed for it.
    #[error("no integers are computed for it")]
    Layer,
}

/// A file, and what of the network it says otherwise.
#[derive(Clone, Debug)]
pub struct WrittenIntegers {
    /// The file's bytes.
    pub bytes: Vec<u8>,
    /// What another program computes otherwise, a line each, for people to read.
    pub remarks: Vec<String>,
}

/// A node and its integers.
#[derive(Clone, Copy, Debug)]
pub struct IntegerNode<'a> {
    /// Number of the node, counted from 1, which is that of its value.
    pub number: usize,
    /// What it does.
    pub layer: Layer,
    /// How sums become codes; those of a linear layer are rounded once whatever the network's rule.
    pub rule: Int8Rule,
    /// The rule of the network.
    pub network_rule: Int8Rule,
    /// Numbers of the values that it reads; only an addition reads the second.
    pub reads: [usize; 2],
    /// Shape of the first of these.
    pub input: Shape,
    /// Shape of its own value.
    pub output: Shape,
    /// In core's order.
    pub weights: &'a [i8],
    /// As core's table has them.
    pub constants: &'a [i32],
    /// What the codes that it reads stand for.
    pub inputs: [Quantization; 2],
    /// What those that it gives stand for.
    pub quantization: Quantization,
    /// The node that alone reads its value, if that is an activation which narrows its limits.
    pub activation: Option<usize>,
}

/// All nodes of a network, in order.
pub fn integer_nodes<'a>(quantized: &QuantizedNetwork<'a>) -> Vec<IntegerNode<'a>> {
    let (network, values) = (quantized.network(), quantized.values());
    let nodes = quantized.nodes().zip(network.layers().iter().enumerate());
    let mut nodes: Vec<IntegerNode<'a>> = nodes
        .map(|((weights, constants), (index, layer))| {
            let reads = network.inputs()[index].map(|value| value.number());
            IntegerNode {
                number: index + 1,
                layer: *layer,
                rule: match layer {
                    Layer::Linear(_) => Int8Rule::Once,
                    _ => quantized.rule(),
                },
                network_rule: quantized.rule(),
                reads,
                input: network.input_shape_of(index),
                output: network.output_shape(index),
                weights,
                constants,
                inputs: reads.map(|read| values[read]),
                quantization: values[index + 1],
                activation: None,
            }
        })
        .collect();
    for index in 0..nodes.len() {
        nodes[index].activation = activation_behind(&nodes, index);
    }
    nodes
}

fn activation_behind(nodes: &[IntegerNode<'_>], index: usize) -> Option<usize> {
    let own = &nodes[index];
    let reads_own = |node: &IntegerNode<'_>| node.reads_of().contains(&own.number);
    let mut readers = nodes[index + 1..].iter().filter(|node| reads_own(node));
    let reader = readers.next().filter(|_| readers.next().is_none())?;
    let (from, to) = (own.quantization, reader.quantization);
    let narrows = from.low <= to.low && to.high <= from.high;
    (narrows && matches!(reader.layer, Layer::Relu | Layer::Relu6)).then_some(reader.number - 1)
}

impl<'a> IntegerNode<'a> {
    /// Numbers of the values that it reads.
    pub fn reads_of(&self) -> &[usize] {
        match self.layer {
            Layer::Add => &self.reads,
            _ => &self.reads[..1],
        }
    }

    /// Number of outputs of a layer that sums products.
    pub fn outputs(&self) -> usize {
        constants_of(&self.layer, self.rule) / 3
    }

    /// The weights of each output of such a layer.
    pub fn rows(&self) -> impl Iterator<Item = &'a [i8]> + use<'a> {
        let outputs = self.outputs().max(1);
        self.weights
            .chunks_exact((self.weights.len() / outputs).max(1))
    }

    /// What is added to the sums of products of distances from the input's zero.
    ///
    /// # Errors
    ///
    /// One that exceeds 32 bits.
    pub fn biases(&self) -> Result<Vec<i32>, WriteFault> {
        let zero = i64::from(self.inputs[0].zero);
        let rows = self.rows().zip(self.constants).enumerate();
        rows.map(|(channel, (row, folded))| {
            let sum: i64 = row.iter().map(|weight| i64::from(*weight)).sum();
            i32::try_from(i64::from(*folded) + zero * sum).map_err(|_| WriteFault::Bias { channel })
        })
        .collect()
    }

    /// How the sums of a channel become codes, and how large they may be.
    pub fn sum_codes(&self, channel: usize) -> SumCodes {
        let outputs = self.outputs();
        let row = self.rows().nth(channel).unwrap_or_default();
        let weights: i64 = row.iter().map(|weight| i64::from(*weight).abs()).sum();
        self.codes(
            Requantization {
                multiplier: self.constants[outputs + channel],
                shift: self.constants[2 * outputs + channel],
            },
            128 * weights + i64::from(self.constants[channel]).abs(),
        )
    }

    /// How sums up to `most` become codes by this scale.
    pub fn codes(&self, scale: Requantization, most: i64) -> SumCodes {
        SumCodes {
            scale,
            rule: self.rule,
            output: self.quantization,
            most,
        }
    }

    /// The scales of its input and its output.
    pub fn ends(&self) -> [f32; 2] {
        [self.inputs[0].scale, self.quantization.scale]
    }

    /// The error that names it.
    pub fn refused(&self, fault: WriteFault) -> WriteIntegersError {
        WriteIntegersError::Node {
            node: self.number,
            layer: self.layer.name(),
            fault,
        }
    }
}

//! A network of integers as an ONNX file: raw pixels in, logits out, codes in between.
//!
//! What sums products is a QLinearConv, a linear layer as one whose kernel is its input's maps, and so
//! is an average of whole windows, each of whose channels is summed by ones. Its weights' scales are
//! those by which onnxruntime, which rounds a product of floating-point numbers, gives the codes of the
//! scale in integers. Limits are Clips of codes.

use super::options::{conv_options, int, pool_options};
use super::parts::{GraphParts, SCALED, codes, value};
use super::{INPUT, OUTPUT, file};
use crate::exchange::integers::{
    INTEGERS_KEY, IntegerNode, IntegersNote, SumCodes, WriteFault, WriteIntegersError,
    integer_nodes,
};
use crate::exchange::onnx::message::Graph;
use crate::exchange::{KEY, Metadata, WrittenIntegers};
use crate::output::grouped;
use kiln_core::{Conv2d, Int8ModelFile, Layer, Quantization, QuantizedNetwork, Scaling, Shape};
use prost::Message;

/// A model of integers as an ONNX file.
///
/// The input `pixels` is N x C x H x W, as of a model of floating-point numbers; the output `logits` is
/// N x classes, the numbers that the codes stand for. Tensors have the numbers of layers that
/// `kiln summary` prints.
///
/// # Errors
///
/// The first layer that no graph can say.
pub fn write_integers(model: &Int8ModelFile<'_>) -> Result<WrittenIntegers, WriteIntegersError> {
    let quantized = model.quantized();
    let (graph, remarks) = graph(&quantized, model.scaling())?;
    let notes = vec![
        (KEY, Metadata::of_integers(model).to_text()?),
        (INTEGERS_KEY, IntegersNote::of(&quantized).to_text()?),
    ];
    Ok(WrittenIntegers {
        bytes: file(graph, notes).encode_to_vec(),
        remarks,
    })
}

/// The graph of a network, and what is computed otherwise in it.
pub fn graph(
    quantized: &QuantizedNetwork<'_>,
    scaling: &Scaling,
) -> Result<(Graph, Vec<String>), WriteIntegersError> {
    let network = quantized.network();
    let mut writer = CodesWriter::default();
    writer.input(&quantized.values()[0], scaling);
    for node in integer_nodes(quantized) {
        writer.node(&node).map_err(|fault| node.refused(fault))?;
    }
    writer.output(&quantized.values()[network.layers().len()]);
    let input = network.input_shape();
    let extents = [input.channels, input.height, input.width].map(i64::from);
    let remarks = writer.all_remarks();
    let graph = Graph {
        nodes: writer.parts.nodes,
        name: "network".into(),
        tensors: writer.parts.tensors,
        inputs: vec![value(INPUT, &extents)],
        outputs: vec![value(OUTPUT, &[network.classes() as i64])],
    };
    Ok((graph, remarks))
}

/// Codes that a value may have, the least and the greatest.
type CodeRange = [i8; 2];

const ALL_CODES: CodeRange = [i8::MIN, i8::MAX];

/// What is written so far.
#[derive(Default)]
pub struct CodesWriter {
    pub parts: GraphParts,
    /// Name of each value, and the codes that it may have.
    pub values: Vec<(String, CodeRange)>,
    /// Sums that get another code, and all whose codes are within limits.
    differing: u64,
    sums: u64,
    pub remarks: Vec<String>,
}

/// What the weights of a QLinearConv are, and what goes around them.
pub struct Sums<'a> {
    /// The options of the convolution.
    pub conv: Conv2d,
    /// Filters x channels x rows x columns.
    pub weights: Vec<i8>,
    pub biases: Option<Vec<i32>>,
    /// One for each filter, or one for all.
    pub scales: Vec<f32>,
    /// What codes stand for that come in and go out.
    pub ends: [&'a Quantization; 2],
}

impl CodesWriter {
    fn input(&mut self, own: &Quantization, scaling: &Scaling) {
        self.parts.scaling(INPUT, scaling);
        let differing = (0..scaling.scale().len())
            .flat_map(|channel| (0..=255).filter_map(move |byte| scaling.apply(channel, byte)))
            .filter(|&number| own.code(number) != quantized_by_others(own, number))
            .count();
        if differing > 0 {
            self.remarks.push(format!(
                "{differing} values of a pixel are halfway between two codes: onnxruntime takes the \
                 even one, the model the larger"
            ));
        }
        self.give("codes", "QuantizeLinear", ALL_CODES, own, |parts, name| {
            let ends = codes(parts, own);
            let inputs = [SCALED, &ends[0], &ends[1]];
            parts.node("QuantizeLinear", name, &inputs, Vec::new());
        });
    }

    fn output(&mut self, own: &Quantization) {
        let last = self.values.last().map_or("", |(name, _)| name).to_owned();
        let flat = vec![int("axis", 1)];
        self.parts.node("Flatten", "output.codes", &[&last], flat);
        let ends = codes(&mut self.parts, own);
        let inputs = ["output.codes", &ends[0], &ends[1]];
        self.parts
            .node("DequantizeLinear", OUTPUT, &inputs, Vec::new());
    }

    fn node(&mut self, node: &IntegerNode<'_>) -> Result<(), WriteFault> {
        let (read, range) = self.values[node.reads[0]].clone();
        match node.layer {
            Layer::Conv2d(conv) => self.summed(node, conv)?,
            Layer::Linear(linear) => {
                let Shape { height, width, .. } = node.input;
                let side = |extent: u32| u16::try_from(extent).map_err(|_| WriteFault::Layer);
                let conv = Conv2d::new(linear.outputs, 1).kernel(side(height)?, side(width)?);
                self.summed(node, conv)?;
            }
            Layer::Add => self.added(node),
            Layer::AvgPool2d(_) | Layer::GlobalAvgPool2d => self.averaged(node)?,
            Layer::MaxPool2d(pool) => self.emit(node, range, |parts, name| {
                let options = pool_options(&pool, [node.input, node.output]);
                parts.node("MaxPool", name, &[&read], options);
            }),
            Layer::Relu | Layer::Relu6 => self.limit(node, &read, range),
            _ => return Err(WriteFault::Layer),
        }
        Ok(())
    }

    /// A convolution, or a linear layer as one.
    fn summed(&mut self, node: &IntegerNode<'_>, conv: Conv2d) -> Result<(), WriteFault> {
        let mut scales = Vec::with_capacity(node.outputs());
        for channel in 0..node.outputs() {
            scales.push(self.fit(&node.sum_codes(channel), node.ends()));
        }
        let channels = (node.input.channels / u32::from(conv.groups).max(1)).max(1) as usize;
        let turned = |row: &[i8]| -> Vec<i8> {
            let planes = (0..channels).flat_map(|c| row.iter().skip(c).step_by(channels));
            planes.copied().collect()
        };
        let sums = Sums {
            conv,
            weights: node.rows().flat_map(turned).collect(),
            biases: Some(node.biases()?),
            scales,
            ends: [&node.inputs[0], &node.quantization],
        };
        self.convolved(node, &sums);
        Ok(())
    }

    /// The scale of a channel's weights; what differs by it is counted.
    pub fn fit(&mut self, codes: &SumCodes, ends: [f32; 2]) -> f32 {
        let fit = codes.fit(ends);
        self.differing += fit.differing;
        self.sums += fit.sums;
        fit.scale
    }

    /// A QLinearConv.
    pub fn convolved(&mut self, node: &IntegerNode<'_>, sums: &Sums<'_>) {
        let (read, _) = self.values[node.reads[0]].clone();
        let part = |what: &str| format!("{}.{what}", node.number);
        let filters = usize::from(sums.conv.filters);
        let [rows, columns] = sums.conv.kernel.map(usize::from);
        let channels = sums.weights.len() / (filters * rows * columns).max(1);
        let shape = [filters, channels, rows, columns];
        let along = [sums.scales.len()];
        let along = if sums.scales.len() == 1 {
            &[][..]
        } else {
            &along
        };
        let zeros = vec![0_i8; sums.scales.len()];
        let parts = &mut self.parts;
        parts.codes_tensor(&part("weight"), &shape, &sums.weights);
        parts.tensor(&part("weight_scale"), along, &sums.scales);
        parts.codes_tensor(&part("weight_zero"), along, &zeros);
        let from = codes(parts, sums.ends[0]);
        let to = codes(parts, sums.ends[1]);
        let mut inputs = vec![read, from[0].clone(), from[1].clone()];
        inputs.extend(["weight", "weight_scale", "weight_zero"].map(part));
        inputs.extend(to);
        if let Some(biases) = &sums.biases {
            parts.wide_ints(&part("bias"), biases);
            inputs.push(part("bias"));
        }
        self.emit(node, ALL_CODES, |parts, name| {
            let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
            parts.node("QLinearConv", name, &inputs, conv_options(&sums.conv));
        });
    }

    /// An activation: its limits, where they are not kept already.
    fn limit(&mut self, node: &IntegerNode<'_>, read: &str, range: CodeRange) {
        let own = &node.quantization;
        match own.low <= range[0] && range[1] <= own.high {
            true => self.values.push((read.into(), range)),
            false => self.clip(&named(node), read, range, own),
        }
    }

    /// Writes a node's operator by `write`, which gives a value of the name it gets, and its limits
    /// where the activation behind it does not have narrower ones.
    pub fn emit(
        &mut self,
        node: &IntegerNode<'_>,
        range: CodeRange,
        write: impl FnOnce(&mut GraphParts, &str),
    ) {
        let all = Quantization {
            low: i8::MIN,
            high: i8::MAX,
            ..node.quantization
        };
        let limits = if node.activation.is_some() {
            &all
        } else {
            &node.quantization
        };
        self.give(&named(node), "unlimited", range, limits, write);
    }

    fn give(
        &mut self,
        name: &str,
        inner: &str,
        range: CodeRange,
        limits: &Quantization,
        write: impl FnOnce(&mut GraphParts, &str),
    ) {
        if limits.low <= range[0] && range[1] <= limits.high {
            write(&mut self.parts, name);
            return self.values.push((name.into(), range));
        }
        let unlimited = format!("{name}.{inner}");
        write(&mut self.parts, &unlimited);
        self.clip(name, &unlimited, range, limits);
    }

    fn clip(&mut self, name: &str, read: &str, range: CodeRange, limits: &Quantization) {
        let bounds = [limits.low, limits.high].map(|code| self.parts.code(code));
        let inputs = [read, &bounds[0], &bounds[1]];
        self.parts.node("Clip", name, &inputs, Vec::new());
        let range = range.map(|code| limits.clamp(code.into()));
        self.values.push((name.into(), range));
    }

    /// Name of what a node reads first.
    pub fn read(&self, node: &IntegerNode<'_>) -> String {
        self.values[node.reads[0]].0.clone()
    }

    /// Remarks on layers, and one on all sums.
    fn all_remarks(&mut self) -> Vec<String> {
        let (differing, sums) = (grouped(self.differing), grouped(self.sums));
        self.remarks.push(match self.differing {
            0 => format!("onnxruntime makes the same code of each of {sums} sums within limits"),
            _ => format!(
                "onnxruntime, whose scales have 24 bits, makes a neighbouring code of {differing} of \
                 {sums} sums within limits"
            ),
        });
        std::mem::take(&mut self.remarks)
    }
}

/// A node's name.
fn named(node: &IntegerNode<'_>) -> String {
    format!("{}.{}", node.number, node.layer.name())
}

/// The code of a number by QuantizeLinear, within limits.
fn quantized_by_others(own: &Quantization, number: f32) -> i8 {
    let place = (number / own.scale).round_ties_even();
    own.clamp(place.clamp(-1024.0, 1024.0) as i32 + i32::from(own.zero))
}

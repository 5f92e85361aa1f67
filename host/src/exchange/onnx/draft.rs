//! A network as it is read: like `Network`, but of any length, and with lines between its layers
//! that are not folded yet.

use kiln_core::{Layer, Shape};

/// Number of a value: 0 is the input, others are of the nodes, counted from 1.
pub type Number = usize;

/// The nodes in an order in which each reads earlier values.
#[derive(Debug)]
pub struct Draft {
    /// Shape of the input.
    pub input: Shape,
    pub nodes: Vec<DraftNode>,
    /// The value that is the network's output.
    pub output: Number,
}

/// A layer, or a line, with its parameters.
#[derive(Debug)]
pub struct DraftNode {
    pub operation: DraftOperation,
    /// The values that it reads: an addition two, all others the first alone.
    pub inputs: [Number; 2],
    /// Shape of its value.
    pub shape: Shape,
    /// What it is called in remarks: the file's nodes that became it.
    pub labels: Vec<String>,
    /// What it is called in errors.
    pub described: String,
    /// Whether it is taken out.
    pub is_gone: bool,
}

/// What a node does.
#[derive(Debug)]
pub enum DraftOperation {
    /// A layer with weights and biases, or neither.
    Layer {
        layer: Layer,
        weights: Vec<f32>,
        biases: Vec<f32>,
    },
    /// `x * scale + shift`.
    Line(DraftLine),
}

/// A scale and a shift for each channel, or for each value of maps that were flattened, not rounded
/// yet.
#[derive(Clone, Debug, Default)]
pub struct DraftLine {
    pub scale: Vec<f64>,
    pub shift: Vec<f64>,
    /// The batch normalisation that it comes from, as long as it is nothing more.
    pub norm: Option<NormTensors>,
}

/// The tensors of a batch normalisation.
#[derive(Clone, Debug)]
pub struct NormTensors {
    pub weight: Vec<f32>,
    pub bias: Vec<f32>,
    pub mean: Vec<f32>,
    pub variance: Vec<f32>,
    pub epsilon: f32,
}

impl DraftLine {
    /// This one, and then `next`, of as many channels.
    pub fn then(&self, next: &Self) -> Self {
        let shifted = self.shift.iter().zip(&next.scale).zip(&next.shift);
        let scales = self.scale.iter().zip(&next.scale);
        Self {
            scale: scales.map(|(one, other)| one * other).collect(),
            shift: shifted
                .map(|((own, scale), shift)| own * scale + shift)
                .collect(),
            norm: None,
        }
    }

    /// Whether it only multiplies.
    pub fn is_product(&self) -> bool {
        let zero = (-0.0_f64).to_bits();
        self.shift.iter().all(|shift| shift.to_bits() == zero)
    }

    /// Whether it only adds.
    pub fn is_sum(&self) -> bool {
        self.scale.iter().all(|scale| *scale == 1.0)
    }
}

impl DraftNode {
    /// The values that it reads, each once or twice.
    pub fn reads(&self) -> &[Number] {
        match self.operation {
            DraftOperation::Layer {
                layer: Layer::Add, ..
            } => &self.inputs,
            _ => &self.inputs[..1],
        }
    }

    /// Its line, if it is one with a scale for each of its channels.
    pub fn channel_line(&self) -> Option<&DraftLine> {
        match &self.operation {
            DraftOperation::Line(line) if line.scale.len() == self.shape.channels as usize => {
                Some(line)
            }
            _ => None,
        }
    }

    /// Its layer, if it is one.
    pub fn layer(&self) -> Option<Layer> {
        match self.operation {
            DraftOperation::Layer { layer, .. } => Some(layer),
            DraftOperation::Line(_) => None,
        }
    }
}

impl Draft {
    /// The node that gives a value; none gives the input.
    pub fn giver(&self, value: Number) -> Option<usize> {
        value.checked_sub(1)
    }

    /// Shape of a value.
    pub fn shape(&self, value: Number) -> Shape {
        self.giver(value)
            .map_or(self.input, |index| self.nodes[index].shape)
    }

    /// The node that alone reads a value, which is not the output.
    pub fn sole_reader(&self, value: Number) -> Option<usize> {
        let nodes = self.nodes.iter().enumerate();
        let mut readers = nodes.flat_map(|(index, node)| {
            let times = node.reads().iter().filter(|&&read| read == value).count();
            std::iter::repeat_n(index, if node.is_gone { 0 } else { times })
        });
        let reader = readers.next();
        reader.filter(|_| readers.next().is_none() && self.output != value)
    }

    /// The node whose value this one, which is still there, alone reads.
    pub fn only_giver(&self, index: usize) -> Option<usize> {
        let node = &self.nodes[index];
        let giver = self.giver(node.inputs[0]).filter(|_| !node.is_gone)?;
        self.sole_reader(giver + 1).map(|_| giver)
    }

    /// Takes a node out: who read its value reads what it read.
    pub fn take_out(&mut self, index: usize) {
        let (from, to) = (index + 1, self.nodes[index].inputs[0]);
        self.nodes[index].is_gone = true;
        for node in &mut self.nodes {
            for input in node.inputs.iter_mut().filter(|input| **input == from) {
                *input = to;
            }
        }
        if self.output == from {
            self.output = to;
        }
    }

    /// Takes out what the output does not need.
    pub fn prune(&mut self) {
        let mut needed = vec![false; self.nodes.len() + 1];
        needed[self.output] = true;
        for (index, node) in self.nodes.iter_mut().enumerate().rev() {
            node.is_gone |= !needed[index + 1];
            for &read in node.reads().iter().filter(|_| !node.is_gone) {
                needed[read] = true;
            }
        }
    }
}
